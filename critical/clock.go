package critical

import (
	"cmp"
	"slices"

	"github.com/sluice-mesh/sluice/graph"
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
// least reply lag equal. There d = 0 is not preferred: a skew of any size, a day too,
// then changes no figure. Where only callees' lines are there, a call's window lies
// anywhere within its caller's, and the middles of several would make calls one after
// the other look side by side; so clocks that may agree are taken to, and a skew that
// the bounds hold goes unseen.
type clocks struct {
	pairs graph.Pairs // by both pods' numbers
	ends  [][2]int32  // of each pair
	seen  []sample
	// known is filled by settle: what it found of each pair.
	known []link
	ties  ties
	mixed mixed
}

// sample is one observation of a pair: bounds of d.
type sample struct {
	pair int32
	from source
	d    window
}

// source is what a sample rests on, the best first: both sides' lines of a call, or
// containment where only the callers' lines are there, or only the callees'.
type source uint8

const (
	fromSides source = iota
	fromCallers
	fromCallees
)

// link is two pods that call one another: the number of the pair and what to add
// to the callee's clock to get the caller's, if that is known.
type link struct {
	pair  int32
	known bool
	d     micros
	// doubt is how far d may be off on either side.
	doubt micros
}

// newClocks has room for so many pods and calls.
func newClocks(pods, calls int) clocks {
	return clocks{seen: make([]sample, 0, calls), ties: newTies(pods)}
}

func (c *clocks) pair(caller, callee int32) int32 {
	p := c.pairs.Find(caller, callee)
	if p == none {
		p = int32(len(c.ends))
		c.pairs.Set(caller, callee, p)
		c.ends = append(c.ends, [2]int32{caller, callee})
	}
	return p
}

// sides notes a call that both ends logged.
func (c *clocks) sides(caller, callee int32, d window) {
	c.seen = append(c.seen, sample{c.pair(caller, callee), fromSides, d})
}

// nested notes that what the callee's clock says lies inside what the caller's
// says: for logs that hold only one side of the calls.
func (c *clocks) nested(caller, callee int32, from source, d window) {
	c.seen = append(c.seen, sample{c.pair(caller, callee), from, d})
}

// settle turns the samples into one offset for each pair and lets go of them.
func (c *clocks) settle() {
	c.known = make([]link, len(c.ends))
	deal(c.seen, len(c.ends), func(s *sample) int32 { return s.pair }, func(of []sample) {
		// What both sides saw sorts first; containment has nothing to add to it.
		slices.SortFunc(of, func(a, b sample) int { return cmp.Compare(a.from, b.from) })
		n := slices.IndexFunc(of, func(s sample) bool { return s.from != of[0].from })
		if n < 0 {
			n = len(of)
		}
		l := link{pair: of[0].pair}
		l.d, l.doubt, l.known = middle(of[:n])
		if of[0].from == fromCallees && l.d-l.doubt <= millisecond && l.d+l.doubt >= -millisecond {
			l.d = 0
		}
		c.known[l.pair] = l
	})
	c.seen = nil
	c.tie()
}

// tie joins all pods that calls connect into one frame of time, so that two of
// them can be compared that never called one another.
func (c *clocks) tie() {
	for p, pods := range c.ends {
		if l := c.known[p]; l.known {
			c.ties.join(pods[0], pods[1], l.d)
		}
	}
	c.mixed.settle(&c.ties)
}

// middle is the offset that most of s agree on, and how far it may be off. A call
// joined to the wrong answer, or what was sent for a call whose line is cut off, must not
// move the clock, however many there are. ok is false where nothing lies within what it
// should. It reorders s.
func middle(s []sample) (d, doubt micros, ok bool) {
	bounds := make([]graph.Window, len(s))
	for i := range s {
		bounds[i] = graph.Window{First: s[i].d.start, Last: s[i].d.end}
	}
	w, votes := graph.Agreed(bounds, millisecond)
	return half(w.First + w.Last), max(0, half(w.Last-w.First)), votes > 0
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
	c.pair(caller, callee)
	return c.find(caller, callee)
}

// find is link for two pods of which no call need be known.
func (c *clocks) find(caller, callee int32) link {
	p := c.pairs.Find(caller, callee)
	l := link{pair: max(0, p), known: caller == callee}
	if !l.known && p != none && int(p) < len(c.known) {
		l = c.known[p]
		l.pair = p
	}
	if !l.known {
		l.d, l.known = c.ties.offset(caller, callee)
	}
	return l
}
