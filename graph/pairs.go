package graph

// Pairs gives pairs of numbers that are not negative, such as the two nodes of an edge, a
// number each. It is asked several times for every event, and Go's map takes five times as
// long: open addressing, by multiplication, in a table of which at most half is taken. The
// zero value is ready and has none.
type Pairs struct {
	keys    []uint64 // with the top bit set where one is
	numbers []int32
	shift   uint // of a product, to the index
	taken   int
}

const (
	fewPairs = 64
	taken    = 1 << 63
)

// pairKey of two numbers that are not negative.
func pairKey(a, b int32) uint64 { return taken | uint64(uint32(a))<<32 | uint64(uint32(b)) }

// slot is where a key is, or where it would be put.
func (p *Pairs) slot(key uint64) int {
	i := int(key * 0x9e3779b97f4a7c15 >> p.shift)
	for p.keys[i] != key && p.keys[i] != 0 {
		i = (i + 1) & (len(p.keys) - 1)
	}
	return i
}

// Find is the number of a pair, -1 where it has none.
func (p *Pairs) Find(a, b int32) int32 {
	if p.taken == 0 {
		return none
	}
	if i := p.slot(pairKey(a, b)); p.keys[i] != 0 {
		return p.numbers[i]
	}
	return none
}

// Set gives a pair a number.
func (p *Pairs) Set(a, b, number int32) {
	if 2*p.taken >= len(p.keys) {
		p.grow()
	}
	i := p.slot(pairKey(a, b))
	if p.keys[i] == 0 {
		p.keys[i] = pairKey(a, b)
		p.taken++
	}
	p.numbers[i] = number
}

// Len is how many pairs have a number.
func (p *Pairs) Len() int { return p.taken }

func (p *Pairs) grow() {
	keys, numbers := p.keys, p.numbers
	n := max(fewPairs, 2*len(keys))
	p.keys, p.numbers, p.shift = make([]uint64, n), make([]int32, n), 64
	for m := n; m > 1; m >>= 1 {
		p.shift--
	}
	for i, key := range keys {
		if key != 0 {
			at := p.slot(key)
			p.keys[at], p.numbers[at] = key, numbers[i]
		}
	}
}
