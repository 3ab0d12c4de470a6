package graph

import (
	"encoding/binary"
	"slices"
)

// table gives texts small numbers, up to a bound. Ids depend on the order of
// arrival and must never reach a result; Build replaces them by ranks.
type table struct {
	ids   map[string]uint32
	texts []string
	// lately is by their ends which texts were asked for last: a log says the same again
	// and again, and Go's map takes four times as long to tell.
	lately  []uint32
	max     int // texts
	longest int // bytes of a text
	// refused texts found no room, tooLong ones are longer than any that mean something.
	refused, tooLong int64
}

// Ids that stand for no text: the field was absent, or not taken.
const (
	absent uint32 = iota
	overflow
	firstID
)

func newTable(max, longest int) table {
	return table{ids: make(map[string]uint32), texts: make([]string, firstID), lately: make([]uint32, manyTexts), max: max, longest: longest}
}

// manyTexts is a power of two, over the addresses and names of a usual mesh.
const manyTexts = 1 << 10

// lateAt is the place of a text in lately: by what is in its middle and at its end, where
// the names and addresses of one mesh differ.
func lateAt(text []byte) int {
	n := len(text)
	if n < 8 {
		h := uint64(n)
		for _, c := range text {
			h = h<<8 | uint64(c)
		}
		return int(h * 0x9e3779b97f4a7c15 >> (64 - 10))
	}
	middle, end := binary.LittleEndian.Uint64(text[n/2-4:]), binary.LittleEndian.Uint64(text[n-8:])
	return int((middle*0xbf58476d1ce4e5b9 ^ end) * 0x9e3779b97f4a7c15 >> (64 - 10))
}

// has reports whether a text has an id.
func (t *table) has(text []byte) bool {
	_, ok := t.ids[string(text)]
	return ok
}

// id interns text; absent for an empty one, overflow when it is not taken.
func (t *table) id(text []byte) uint32 {
	if len(text) == 0 {
		return absent
	}
	late := &t.lately[lateAt(text)]
	if *late != absent && t.texts[*late] == string(text) {
		return *late
	}
	if id, ok := t.ids[string(text)]; ok {
		*late = id
		return id
	}
	switch {
	case len(text) > t.longest:
		t.tooLong++
		return overflow
	case len(t.ids) >= t.max:
		t.refused++
		return overflow
	}
	id := uint32(len(t.texts))
	s := string(text)
	t.ids[s] = id
	t.texts = append(t.texts, s)
	return id
}

// absorb interns all of o's texts and returns what became of o's ids.
func (t *table) absorb(o *table) []uint32 {
	to := make([]uint32, len(o.texts))
	to[overflow] = overflow
	for id := int(firstID); id < len(o.texts); id++ {
		to[id] = t.id([]byte(o.texts[id]))
	}
	t.refused += o.refused
	t.tooLong += o.tooLong
	return to
}

// sort renumbers the texts that are used by their order, drops the others, and
// returns what became of each id: what is built on the table then depends on
// the set of texts alone.
func (t *table) sort(used []bool) []uint32 {
	old := t.texts
	to := make([]uint32, len(old))
	to[overflow] = overflow
	t.texts = append(make([]string, 0, len(old)), old[:firstID]...)
	for id := int(firstID); id < len(old); id++ {
		if used[id] {
			t.texts = append(t.texts, old[id])
		}
	}
	slices.Sort(t.texts[firstID:])
	ids := make(map[string]uint32, len(t.texts))
	for id := int(firstID); id < len(t.texts); id++ {
		ids[t.texts[id]] = uint32(id)
	}
	for id := int(firstID); id < len(old); id++ {
		to[id] = ids[old[id]]
	}
	t.ids = ids
	clear(t.lately) // its ids are of before
	return to
}
