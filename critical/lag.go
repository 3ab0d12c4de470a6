package critical

import (
	"cmp"
	"iter"
	"slices"
)

// lag is the time one call spent between the two sidecars.
type lag struct {
	edge int32
	// pair is of two pods, whose clocks are one offset apart.
	pair int32
	role role
	// toll marks a call of which only the caller's line is there: reply is its
	// duration less upstream_service_time then, and start is 0.
	toll         bool
	start, reply micros
}

// compare orders those of one edge by kind and pair, which is all that matters.
func (l lag) compare(o lag) int {
	if c := compareBool(l.toll, o.toll); c != 0 {
		return c
	}
	return cmp.Compare(l.pair, o.pair)
}

// lags works out each edge's start and reply lag. Only what lies above the usual
// counts: the constant part cannot be split between the two sides, as a clock
// that is ahead and a call that is late look alike; and being constant it is no
// sign of a sidecar short of CPU. So no offset of two clocks has a part in it.
func (c *combiner) lags() {
	deal(c.ev.lags, len(c.r.Edges), func(l *lag) int32 { return l.edge }, func(of []lag) {
		slices.SortFunc(of, lag.compare)
		e := &c.r.Edges[of[0].edge]
		if n, _ := slices.BinarySearchFunc(of, true, func(l lag, t bool) int { return compareBool(l.toll, t) }); n > 0 {
			of = of[:n]
			e.Both = n
		}
		c.edge(e, of)
	})
}

// edge sums the lags of one edge. Pairs of pods with few calls are compared with
// the edge as a whole, by the clocks' offsets as estimated.
func (c *combiner) edge(e *EdgeShare, of []lag) {
	start, reply := c.usualLags(of)
	var late [2]float64
	calls, gap := 0.0, 0.0
	for pair := range runs(of, func(a, b *lag) bool { return a.pair == b.pair }) {
		start, reply := start, reply
		if len(pair) >= enough {
			start, reply = c.usualLags(pair)
		}
		var starts, replies byRole
		for i := range pair {
			starts.add(pair[i].role, pair[i].start)
			replies.add(pair[i].role, pair[i].reply)
		}
		weight, sumStart := starts.weigh(e.Serial)
		_, sumReply := replies.weigh(e.Serial)
		calls += weight
		gap += sumStart + sumReply
		late[0] += sumStart - weight*start
		late[1] += sumReply - weight*reply
	}
	if calls > 0 {
		e.Gap = duration(gap / calls)
		e.StartLag, e.ReplyLag = duration(max(0, late[0]/calls)), duration(max(0, late[1]/calls))
	}
}

// usualLags are what the start and reply lags of calls usually are.
func (c *combiner) usualLags(of []lag) (start, reply float64) {
	v := make([]micros, len(of))
	for i := range of {
		v[i] = of[i].start
	}
	c.sorter.Sort(v)
	start = usual(v, c.ev.s.grain(), traversal).mean
	for i := range of {
		v[i] = of[i].reply
	}
	c.sorter.Sort(v)
	return start, usual(v, c.ev.s.grain(), traversal).mean
}

// runs cuts s into its stretches of like elements.
func runs[T any](s []T, like func(a, b *T) bool) iter.Seq[[]T] {
	return func(yield func([]T) bool) {
		for i := 0; i < len(s); {
			j := i + 1
			for j < len(s) && like(&s[i], &s[j]) {
				j++
			}
			if !yield(s[i:j]) {
				return
			}
			i = j
		}
	}
}
