package graph

// fewEvents are sorted faster by comparing them.
const fewEvents = 24

// digits of eight bits that an event is sorted by: those of key, then of id.
const digits = 16

// digit of an event, the weightiest first.
func (e *event) digit(d uint) byte {
	if d < digits/2 {
		return byte(e.key >> (56 - 8*d))
	}
	return byte(e.id >> (120 - 8*d))
}

// sortEvents puts events that agree in their first d digits into canonical
// order, which is that of hashes: their digits are spread evenly, so that two
// rounds of dealing them out leave a few together, where comparing would take
// twenty. Nobody can choose hashes to make this slow: there are only so many
// digits. McIlroy, Bostic and McIlroy, Engineering radix sort, 1993.
func sortEvents(es []event, d uint) {
	if len(es) <= fewEvents || d == digits {
		insertEvents(es)
		return
	}
	var next, end [256]int
	for i := range es {
		end[es[i].digit(d)]++
	}
	sum := 0
	for v, n := range end {
		next[v] = sum
		sum += n
		end[v] = sum
	}
	if n := end[es[0].digit(d)] - next[es[0].digit(d)]; n == len(es) {
		sortEvents(es, d+1)
		return
	}
	deal(es, d, &next, &end)
	from := 0
	for _, to := range end {
		sortEvents(es[from:to], d+1)
		from = to
	}
}

// insertEvents sorts a few, or those that are all alike. Events are large: they
// are moved once, and compared where they are.
func insertEvents(es []event) {
	for i := 1; i < len(es); i++ {
		at := i
		for at > 0 && compareEvents(&es[i], &es[at-1]) < 0 {
			at--
		}
		if at < i {
			e := es[i]
			copy(es[at+1:i+1], es[at:i])
			es[at] = e
		}
	}
}

// deal moves each event into the part of es that its digit has, from next to end.
func deal(es []event, d uint, next, end *[256]int) {
	for v := range next {
		for next[v] < end[v] {
			e := &es[next[v]]
			to := e.digit(d)
			if int(to) != v {
				*e, es[next[to]] = es[next[to]], *e
			}
			next[to]++
		}
	}
}
