package graph

import (
	"cmp"
	"slices"
)

// clocks tells how far the clocks of those proxies are apart whose times must be
// compared: where a pod's own proxy does not log what the pod receives, only its
// callers' lines tell when it was called. What it sends for a request lies within the
// calls that it received for it, so that each request bounds the difference of the two
// clocks; many of them bound it to milliseconds, where windows are seconds long. A
// clock that is a day off is found like any other. Proxies that were never seen in one
// request are compared by way of others.
type clocks struct {
	// top is the proxy that each is tied to, itself at the top; add is what to add
	// to a proxy's clock to get that of top.
	top []int32
	add []Micros
}

func newClocks(proxies int) *clocks {
	c := &clocks{make([]int32, proxies), make([]Micros, proxies)}
	for i := range c.top {
		c.top[i] = int32(i)
	}
	return c
}

// topOf is the proxy that p hangs under, and what to add to p's clock to get its.
func (c *clocks) topOf(p int32) (top int32, add Micros) {
	for top = p; c.top[top] != top; top = c.top[top] {
		add += c.add[top]
	}
	for at, rest := p, add; at != top; { // shorten the way for the next
		next, step := c.top[at], c.add[at]
		c.top[at], c.add[at] = top, rest
		at, rest = next, rest-step
	}
	return top, add
}

// tie joins two proxies unless they are: add is for b's clock to get a's.
func (c *clocks) tie(a, b int32, add Micros) {
	p, dp := c.topOf(a)
	q, dq := c.topOf(b)
	if p != q {
		c.top[q], c.add[q] = p, add+dp-dq
	}
}

// offset is what to add to b's clock to get a's, if the two are tied.
func (c *clocks) offset(a, b int32) (add Micros, ok bool) {
	p, dp := c.topOf(a)
	q, dq := c.topOf(b)
	return dq - dp, p == q
}

// maxBounds is how many requests of a caller and a pod bound their clocks: the first in
// canonical order, which knows nothing of time.
//
// One in mostBounds of them must agree: in a capture of heads a service may be called by
// several, most of whose lines are cut off, and what it sent for those does not lie
// within the call that is there.
const (
	maxBounds  = 64
	mostBounds = 4
)

// bounds of what to add to a pod's clock to get its caller's.
type bounds struct {
	ends [2]int32 // caller's proxy, pod
	all  []Window
}

func (b *bounds) note(low, high Micros) {
	if len(b.all) < maxBounds {
		b.all = append(b.all, Window{low, high})
	}
}

// settle is the middle of what the bounds leave, and how wide that is. ok is false
// where too many of them contradict one another, as when what counts as one proxy is
// several.
func (b *bounds) settle() (middle, width Micros, ok bool) {
	w, votes := Agreed(b.all, rounding)
	return (w.First + w.Last) >> 1, max(0, w.Last-w.First), mostBounds*votes > len(b.all)
}

// Agreed is the stretch that most of the windows, each as much wider on either side as
// the log rounds, have in common, less that width, and how many they are: how a clock
// is told from several that may be wrong (K. Marzullo, 1984; NTP does so). A window that
// only rounding leaves any room may come out backwards. Of several such stretches it is
// the first. It reorders the windows.
func Agreed(windows []Window, rounding Micros) (at Window, votes int) {
	windows = slices.DeleteFunc(windows, func(w Window) bool { return w.Last < w.First-2*rounding })
	ends := make([]Micros, len(windows))
	for i, w := range windows {
		ends[i] = w.Last + rounding
	}
	slices.Sort(ends)
	slices.SortFunc(windows, func(a, b Window) int { return cmp.Compare(a.First, b.First) })
	over := 0 // windows that ended
	for i, w := range windows {
		for over < len(ends) && ends[over] < w.First-rounding {
			over++
		}
		if n := i + 1 - over; n > votes {
			votes, at = n, Window{w.First, ends[over] - rounding}
		}
	}
	return at, votes
}

// tieClocks compares the clocks of pods that log only what they send with those of
// their callers; nil where no such pod is.
func (s *survey) tieClocks() *clocks {
	f := follower{survey: s}
	if !slices.Contains(s.listens, true) {
		return nil
	}
	found, guessed := make(map[[2]int32]*bounds), make(map[[2]int32]*bounds)
	s.callers = make(map[[2]int32]int)
	var hops []hop
	for r := range s.events.requests() {
		if !r.whole {
			continue
		}
		hops = s.resolve(hops[:0], r.events)
		f.gather(hops, nil)
		for visits := range f.groups() {
			if s.listens[visits[0].unit] {
				if !f.bound(found, hops, visits) {
					f.guess(guessed, hops, visits)
				}
			}
		}
	}
	c := newClocks(len(s.writers))
	c.tieAll(found)
	c.tieAll(guessed) // what no better bounds have tied
	return c
}

// tieAll ties what bounds tell of, the closest of them first, so that proxies are compared
// along the best of ways.
func (c *clocks) tieAll(found map[[2]int32]*bounds) {
	all := make([]settled, 0, len(found))
	for ends, b := range found { // sorted below
		if middle, width, ok := b.settle(); ok {
			all = append(all, settled{ends, middle, width})
		}
	}
	slices.SortFunc(all, func(a, b settled) int {
		return cmp.Or(cmp.Compare(a.width, b.width), cmp.Compare(a.ends[0], b.ends[0]), cmp.Compare(a.ends[1], b.ends[1]))
	})
	for _, t := range all {
		c.tie(t.ends[0], t.ends[1], t.middle)
	}
}

type settled struct {
	ends          [2]int32
	middle, width Micros
}

// bound notes what one request says of the clocks of a pod that logs only what it
// sends and of the one that called it, and reports whether there was one. Of several callers
// nothing tells within whose call it sent, and of several pods behind one address which of
// them was called.
func (f *follower) bound(found map[[2]int32]*bounds, hops []hop, visits []visit) (sole bool) {
	caller, got := f.soleCaller(hops, visits)
	pod := none
	var sent block
	for _, v := range visits {
		e := hops[v.hop].event
		if v.kind != sentHere || !e.timed() {
			continue
		}
		if pod != none && pod != hops[v.hop].fromPod {
			pod = several
			continue
		}
		at := block{e.start, e.end()}
		if at.last-at.first > got.last-got.first+2*rounding {
			at.last = at.first // nobody waited for it, but it began meanwhile
		}
		sent.extend(at, pod == none)
		pod = hops[v.hop].fromPod
	}
	if caller == several {
		return false
	}
	if caller >= 0 && pod >= 0 && (!f.shared(visits[0].unit) || f.heard[f.node(pod)].once()) {
		boundsOf(found, caller, pod).note(got.first-sent.first, got.last-sent.last)
	}
	return true
}

// boundsOf a caller and a pod.
func boundsOf(found map[[2]int32]*bounds, caller, pod int32) *bounds {
	k := [2]int32{caller, pod}
	if found[k] == nil {
		found[k] = &bounds{ends: k}
	}
	return found[k]
}

// guess notes what a request says of the clocks of a pod that several called for it: each
// call that it sent lies within one of those that it received, so that of two callers half of
// the bounds are right, and agree, which is more than settle wants.
func (f *follower) guess(found map[[2]int32]*bounds, hops []hop, visits []visit) {
	if f.shared(visits[0].unit) {
		return
	}
	received := 0
	for _, v := range visits {
		received += b2i(v.kind == heardOf)
	}
	if received >= mostBounds {
		return
	}
	for _, v := range visits {
		h := &hops[v.hop]
		if by := f.writerOf(h); v.kind == heardOf && by != v.unit && h.event.timed() && h.event.duration != noSpan {
			b := boundsOf(found, by, v.unit)
			for _, w := range visits {
				if e := hops[w.hop].event; w.kind == sentHere && e.timed() {
					b.note(h.event.start-e.start, h.event.end()-e.end())
				}
			}
		}
	}
}

// soleCaller is the proxy that logged all calls of a request to a unit, and from when to
// when they lasted: none or several where there is not one. What the unit called itself
// for lies within what it sent anyway. All callers are counted.
func (f *follower) soleCaller(hops []hop, visits []visit) (caller int32, got block) {
	caller = none
	for _, v := range visits {
		if v.kind != heardOf {
			continue
		}
		h := &hops[v.hop]
		by := f.writerOf(h)
		f.callers[[2]int32{by, h.to}]++
		switch {
		case by == v.unit:
		case h.event.duration == noSpan || !h.event.timed() || caller != none && caller != by:
			caller = several
		default:
			got.extend(h.event.block(), caller == none)
			caller = by
		}
	}
	return caller, got
}
