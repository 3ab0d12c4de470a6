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

// newClocks has room for so many calls.
func newClocks(calls int) clocks {
	return clocks{pairs: map[uint64]int32{}, seen: make([]sample, 0, calls)}
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
	for i := 0; i < len(c.seen); {
		j := i
		for j < len(c.seen) && c.seen[j].pair == c.seen[i].pair && c.seen[j].loose == c.seen[i].loose {
			j++
		}
		c.known[c.seen[i].pair] = middle(c.seen[i:j])
		// What both sides saw sorts first; containment has nothing to add to it.
		for k := c.seen[i].pair; j < len(c.seen) && c.seen[j].pair == k; j++ {
		}
		i = j
	}
	c.seen = nil
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
	return l
}

// hulls gathers, within one trace, what each pod received and sent as a whole:
// where only one side of the calls is logged, the two clocks are held together
// by containment alone. Slices are by pod; stamp tells whose are of this trace.
type hulls struct {
	now   int32
	pods  []podHull
	touch []int32
}

type podHull struct {
	stamp int32
	// sent and got are logged by the pod itself.
	sent, got       window
	hasSent, hasGot bool
	outOnly, inOnly window // calls to it that one side logged: the caller's view, its own
	outFrom, inFrom int32  // the pod that made them; none: nobody, many: several
}

const (
	none int32 = -1
	many int32 = -2
)

func (h *hulls) init(pods int) { h.pods = make([]podHull, pods) }

func (h *hulls) next() {
	h.now++
	h.touch = h.touch[:0]
}

func (h *hulls) at(pod int32) *podHull {
	p := &h.pods[pod]
	if p.stamp != h.now {
		*p = podHull{stamp: h.now, outFrom: none, inFrom: none}
		h.touch = append(h.touch, pod)
	}
	return p
}

func (h *hulls) add(caller, callee int32, out, in window, sent, got bool) {
	if sent {
		p := h.at(caller)
		grow(&p.sent, &p.hasSent, out)
	}
	if got {
		p := h.at(callee)
		grow(&p.got, &p.hasGot, in)
	}
	switch p := h.at(callee); {
	case sent && !got:
		join(&p.outOnly, &p.outFrom, caller, out)
	case got && !sent:
		join(&p.inOnly, &p.inFrom, caller, in)
	}
}

func grow(w *window, has *bool, by window) {
	if *has {
		by = w.hull(by)
	}
	*w, *has = by, true
}

func join(w *window, from *int32, caller int32, by window) {
	switch *from {
	case none:
		*w, *from = by, caller
	case caller:
		*w = w.hull(by)
	default:
		*from = many
	}
}

// bounds hands the trace's evidence to c. The whole of a pod's calls is compared
// with the whole of its caller's view, which needs no pairing of single calls.
func (h *hulls) bounds(c *clocks) {
	for _, pod := range h.touch {
		p := &h.pods[pod]
		if p.outFrom >= 0 && p.outFrom != pod && p.hasSent && !p.hasGot {
			c.nested(p.outFrom, pod, window{p.outOnly.start - p.sent.start, p.outOnly.end - p.sent.end})
		}
		if p.inFrom < 0 || p.inFrom == pod {
			continue
		}
		if f := &h.pods[p.inFrom]; f.stamp == h.now && f.hasGot {
			c.nested(p.inFrom, pod, window{f.got.start - p.inOnly.start, f.got.end - p.inOnly.end})
		}
	}
}
