package critical

import (
	"cmp"
	"slices"
)

// clocks learns how far the clocks of two pods that call one another are apart.
//
// A call is sent before it is received and received whole before it is answered.
// With d added to the callee's clock to get the caller's, each call that both
// sides logged says
//
//	Out.start ≤ In.start + d   and   In.end + d ≤ Out.end
//
// so d lies between Out.start − In.start and Out.end − In.end. Over many calls
// the bounds close in, as in NTP; the middle makes the least start lag and the
// least reply lag equal. Nothing here prefers d = 0: a skew of any size, a day
// too, then changes no figure.
type clocks struct {
	pairs map[uint64]int32 // by both pods' numbers
	seen  []sample
	// known is filled by settle: the offset of each pair, to be added to the
	// callee's clock to get the caller's.
	known []micros
	ties  ties
	mixed mixed
}

// sample is one observation of a pair: bounds of d.
type sample struct {
	pair  int32
	loose bool
	d     window
}

// link is two pods that call one another: the number of the pair and what to add
// to the callee's clock to get the caller's, if that is known.
type link struct {
	pair  int32
	known bool
	d     micros
}

// newClocks has room for so many pods and calls.
func newClocks(pods, calls int) clocks {
	return clocks{pairs: map[uint64]int32{}, seen: make([]sample, 0, calls), ties: newTies(pods)}
}

func (c *clocks) pair(caller, callee int32) int32 {
	k := uint64(uint32(caller))<<32 | uint64(uint32(callee))
	p, ok := c.pairs[k]
	if !ok {
		p = int32(len(c.pairs))
		c.pairs[k] = p
	}
	return p
}

// sides notes a call that both ends logged.
func (c *clocks) sides(caller, callee int32, d window) {
	c.seen = append(c.seen, sample{c.pair(caller, callee), false, d})
}

// nested notes that what the callee's clock says lies inside what the caller's
// says: for logs that hold only one side of the calls.
func (c *clocks) nested(caller, callee int32, d window) {
	c.seen = append(c.seen, sample{c.pair(caller, callee), true, d})
}

// settle turns the samples into one offset for each pair and lets go of them.
func (c *clocks) settle() {
	slices.SortFunc(c.seen, func(a, b sample) int {
		return cmp.Or(cmp.Compare(a.pair, b.pair), compareBool(a.loose, b.loose))
	})
	c.known = make([]micros, len(c.pairs))
	for of := range runs(c.seen, func(a, b *sample) bool { return a.pair == b.pair }) {
		// What both sides saw sorts first; containment has nothing to add to it.
		n := slices.IndexFunc(of, func(s sample) bool { return s.loose != of[0].loose })
		if n < 0 {
			n = len(of)
		}
		c.known[of[0].pair] = middle(of[:n])
	}
	c.seen = nil
	c.tie()
}

// tie joins all pods that calls connect into one frame of time, so that two of
// them can be compared that never called one another.
func (c *clocks) tie() {
	pods := make([]uint64, len(c.pairs))
	for k, p := range c.pairs {
		pods[p] = k
	}
	for p, k := range pods {
		c.ties.join(int32(k>>32), int32(uint32(k)), c.known[p])
	}
	c.mixed.settle(&c.ties)
}

// trim is the part of a pair's samples, one in so many, that may contradict the
// rest at either end: a call joined to the wrong answer must not move the clock.
const trim = 50

// middle is the offset that s agrees on. It reorders s.
func middle(s []sample) micros {
	n := len(s)
	k := n / trim
	slices.SortFunc(s, func(a, b sample) int { return cmp.Compare(b.d.start, a.d.start) })
	low := s[k].d.start
	slices.SortFunc(s, func(a, b sample) int { return cmp.Compare(a.d.end, b.d.end) })
	high := s[k].d.end
	if low-high <= 2*millisecond {
		return half(low + high)
	}
	// The bounds cross by more than whole milliseconds explain: the clock was
	// set meanwhile, or the pod is not one pod. The median call decides.
	slices.SortFunc(s, func(a, b sample) int { return cmp.Compare(a.d.start+a.d.end, b.d.start+b.d.end) })
	return half(s[n/2].d.start + s[n/2].d.end)
}

// half rounds down whatever the sign, so that shifting a clock shifts the result
// by exactly as much.
func half(v micros) micros { return v >> 1 }

func compareBool(a, b bool) int {
	switch {
	case a == b:
		return 0
	case b:
		return -1
	}
	return 1
}

// link finds a pair once the clocks are settled.
func (c *clocks) link(caller, callee int32) link {
	l := link{pair: c.pair(caller, callee), known: caller == callee}
	if !l.known && int(l.pair) < len(c.known) {
		l.d, l.known = c.known[l.pair], true
	}
	if !l.known {
		l.d, l.known = c.ties.offset(caller, callee)
	}
	return l
}
