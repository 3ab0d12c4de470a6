package critical

import (
	"cmp"
	"math"
	"slices"
)

// role is what a call was to the call during which it was sent.
type role uint8

const (
	// unknown: nothing shows during which call it was sent.
	unknown role = iota
	// critical: its caller waited for it and for nothing else that ended later.
	critical
	// beside: it ran beside a call that ended later.
	beside
	// loose: it was still running when its caller had answered.
	loose
)

// waits is what one call waited for.
type waits struct {
	// covered is the union of the calls it waited for.
	covered micros
	// kids is how many they were, stages how many of them followed one another.
	kids, stages int
	// longest is the critical one that took longest, none for a leaf.
	longest int32
}

// waiter works out what a call waited for. Its slices are reused.
type waiter struct {
	b     *tree
	roles []role
	order []int32
}

// wait settles the roles of kids, which are by start, within span: the window of
// the call they were sent during, in the clock of the pod that sent them.
func (w *waiter) wait(kids []int32, span sight) waits {
	limit, longest := micros(math.MaxInt64), micros(math.MaxInt64)
	// A derived window's edges are only as good as the clocks, so nothing is
	// taken to outlast it; but what is longer than it did, whatever the clocks say.
	switch span.how {
	case logged:
		limit = span.end + w.b.slack()
	case derived:
		longest = span.length() + w.b.slack()
	}
	if span.how != logged {
		span.window = always
	}
	r := waits{longest: none}
	w.order = w.order[:0]
	end := span.start
	for _, k := range kids {
		s := w.b.sent[k].window
		if s.end > limit || s.length() > longest {
			w.roles[k] = loose
			continue
		}
		w.roles[k] = beside
		w.order = append(w.order, k)
		if till := min(s.end, span.end); till > end {
			r.covered += till - max(s.start, end)
			end = till
		}
	}
	r.kids = len(w.order)
	w.walk(&r)
	return r
}

// walk goes back from the end, as CRISP does (Zhang et al., USENIX ATC 2022):
// the call that ends last is critical, then the one that ends last of those that
// ended before it began, and so on. What overlaps a critical call and ends
// earlier held nobody up.
func (w *waiter) walk(r *waits) {
	sent := w.b.sent
	slices.SortFunc(w.order, func(i, j int32) int {
		return cmp.Or(cmp.Compare(sent[j].end, sent[i].end), cmp.Compare(sent[j].start, sent[i].start), cmp.Compare(i, j))
	})
	front, took := micros(math.MaxInt64), micros(-1)
	for _, k := range w.order {
		s := sent[k].window
		if !w.before(s, front) {
			continue
		}
		w.roles[k] = critical
		r.stages++
		front = s.start
		if s.length() > took {
			r.longest, took = k, s.length()
		}
	}
}

// before reports whether s was over when the call that began at front was sent.
// Rounding can put the end of one call a grain past the start of the next; two
// that begin in the same grain are taken to run side by side, because a fan-out
// does so always and a call with two sidecars on its way rarely ends so soon.
func (w *waiter) before(s window, front micros) bool {
	return front == math.MaxInt64 || s.start < front && s.end <= front+w.overlap()
}

// overlap is what two calls in a row may seem to overlap by. Whole milliseconds
// cut down do so by none, rounded to the nearest by one.
func (w *waiter) overlap() micros {
	if g := w.b.s.grain(); g > 1 {
		return g
	}
	return 0
}
