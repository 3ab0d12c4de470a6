package graph

import (
	"cmp"
	"slices"
)

// fewEvents are sorted faster by comparing them.
const fewEvents = 24

// digits of eight bits that a tag is sorted by: those of key, then of id.
const digits = 12

// tag stands for an event while events are sorted: it is a fourth as long, so that those of a
// shard stay in a core's own cache.
type tag struct {
	key uint64
	// id is the upper half of the event's, at the event's index.
	id, at uint32
}

// digit of a tag, the weightiest first.
func (t *tag) digit(d uint) byte {
	if d < 8 {
		return byte(t.key >> (56 - 8*d))
	}
	return byte(t.id >> (88 - 8*d))
}

// sortEvents puts events into canonical order, which is that of hashes: their digits are
// spread evenly, so that two rounds of dealing them out leave a few together, where
// comparing would take twenty. Nobody can choose hashes to make this slow: there are only
// so many digits. McIlroy, Bostic and McIlroy, Engineering radix sort, 1993. Each event is
// moved once, when its place is known.
func sortEvents(es []event) {
	if len(es) <= fewEvents {
		insertEvents(es)
		return
	}
	tags, sorted := make([]tag, len(es)), true
	for i := range es {
		e := &es[i]
		tags[i] = tag{e.key, uint32(e.id >> 32), uint32(i)}
		sorted = sorted && (i == 0 || compareEvents(&es[i-1], e) <= 0)
	}
	if sorted {
		return
	}
	sortTags(tags, es, 0)
	for i := range tags {
		if int(tags[i].at) == i {
			continue
		}
		// Along the ring of those that stand in each other's places.
		e, to := es[i], i
		for from := int(tags[to].at); from != i; from = int(tags[to].at) {
			es[to], tags[to].at = es[from], uint32(to)
			to = from
		}
		es[to], tags[to].at = e, uint32(to)
	}
}

// insertEvents sorts a few. Events are large: they are moved once, and compared where
// they are.
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

// sortTags sorts the tags of events that agree in their first d digits.
func sortTags(tags []tag, es []event, d uint) {
	switch {
	case len(tags) <= fewEvents:
		insertTags(tags, es)
		return
	case d == digits:
		slices.SortFunc(tags, func(a, b tag) int { return a.compare(&b, es) })
		return
	}
	var next, end [256]int
	for i := range tags {
		end[tags[i].digit(d)]++
	}
	if end[tags[0].digit(d)] == len(tags) {
		sortTags(tags, es, d+1)
		return
	}
	sum := 0
	for v, n := range end {
		next[v] = sum
		sum += n
		end[v] = sum
	}
	dealTags(tags, d, &next, &end)
	from := 0
	for _, to := range end {
		if to-from > 1 {
			sortTags(tags[from:to], es, d+1)
		}
		from = to
	}
}

// insertTags sorts a few.
func insertTags(tags []tag, es []event) {
	for i := 1; i < len(tags); i++ {
		t, at := tags[i], i
		for ; at > 0 && t.compare(&tags[at-1], es) < 0; at-- {
			tags[at] = tags[at-1]
		}
		tags[at] = t
	}
}

// compare is compareEvents, which looks at the events only where the tags are the same.
func (t *tag) compare(o *tag, es []event) int {
	switch {
	case t.key != o.key:
		return cmp.Compare(t.key, o.key)
	case t.id != o.id:
		return cmp.Compare(t.id, o.id)
	}
	return cmp.Compare(es[t.at].id, es[o.at].id)
}

// dealTags moves each tag into the part that its digit has, from next to end.
func dealTags(tags []tag, d uint, next, end *[256]int) {
	for v := range next {
		for next[v] < end[v] {
			t := &tags[next[v]]
			to := t.digit(d)
			if int(to) != v {
				*t, tags[next[to]] = tags[next[to]], *t
			}
			next[to]++
		}
	}
}
