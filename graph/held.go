package graph

import (
	"cmp"
	"slices"
)

// A caller's line lasts from before its first try to after its last: the others lie in
// between. Callers and callees have clocks of their own, but those of one request that
// belong to each other for certain, answered calls in the order in which they ended, tell
// how far these are apart for as long as the request takes.

// held is a call, by its caller's line, that may hold tries besides the last: they began no
// earlier than from and ended by until, on the caller's clock. spare is how much longer it
// lasted than all that it is known to hold.
type held struct {
	pair               int32
	from, until, spare Micros
}

// tick is a callee's line and, where it is there, its caller's of the same call.
type tick struct {
	pod      int32
	answered bool
	add      Micros // what the two differ by at their ends
	out, in  Micros // the ends
}

// podClock is what to add to the clock of a callee's pod to get the caller's.
// It is sure if answered calls tell.
type podClock struct {
	pod  int32
	add  Micros
	sure bool
}

// ending is the end of a failed call on the caller's clock: of the callee's view, which may
// be of any try, or of the caller's.
type ending struct {
	pod   int32
	at    Micros
	out   bool
	index int32 // of the hop, or the pair
}

// holders is the scratch of findTries.
type holders struct {
	byCallee []int32 // pairs
	ticks    []tick
	clocks   []podClock
	endings  []ending
	stack    []int32
	free     []int32
	tries    []int32 // pairs whose callee's line is of no answer
	// waiting are the calls by from, of which so many have begun; ready are those that may
	// hold a try, by until, longest all of them by spare.
	waiting, ready, longest []held
	begun                   int
	spare                   []Micros // of the pairs
}

// findTries marks what was tried again among the calls of a request, in n log n.
func (p *pairer) findTries(hops []hop) {
	p.byCallee = p.byCallee[:0]
	for k := range p.pairs {
		p.byCallee = append(p.byCallee, int32(k))
	}
	order := func(x, y int32) int { return sameCaller(p.view(hops, x), p.view(hops, y)) }
	slices.SortStableFunc(p.byCallee, order)
	for group := range runs(p.byCallee, func(x, y int32) bool { return order(x, y) == 0 }) {
		p.findTriesOf(hops, group)
	}
}

// view is one of the hops of a pair.
func (p *pairer) view(hops []hop, k int32) *hop { return &hops[max(p.pairs[k].out, p.pairs[k].in)] }

// findTriesOf does it for the calls of one caller to one callee.
func (p *pairer) findTriesOf(hops []hop, group []int32) {
	unanswered, lone := 0, 0
	for _, k := range group {
		if c := p.pairs[k]; c.in >= 0 && hops[c.in].event.unanswered() {
			unanswered++
			lone += b2i(c.out < 0)
		}
	}
	if unanswered == 0 {
		return
	}
	p.clocks = p.clocks[:0]
	if len(group) > 1 {
		p.tellClocks(hops, group)
		if lone > 0 && lone < unanswered {
			p.rematch(hops, group)
		}
	}
	p.tries = p.tries[:0]
	for _, k := range group {
		switch c := p.pairs[k]; {
		case c.in < 0 || !hops[c.in].event.unanswered():
		case c.out >= 0 && !hops[c.out].event.unanswered():
			switch end, sure := p.endsBefore(hops, c); {
			case !sure:
				hops[c.in].try, hops[c.out].again = crossed, true
			case end > 2*rounding:
				hops[c.in].try, hops[c.out].again = lastLost, true
			} // else it is the last, and the caller's sidecar tells its application an answer
		default:
			p.tries = append(p.tries, k)
		}
	}
	if len(group) > 1 && len(p.tries) > 0 {
		p.hold(hops, group)
	}
}

// endsBefore is by how much the callee's view of a call ends before the caller's, if other
// calls of the request tell.
func (p *pairer) endsBefore(hops []hop, c pairing) (by Micros, sure bool) {
	in, out := hops[c.in].event, hops[c.out].event
	i, ok := p.clockAt(&hops[c.in])
	if !ok || !p.clocks[i].sure || !out.lasting() {
		return 0, false
	}
	return out.end() - in.end() - p.clocks[i].add, true
}

// lasting reports whether both ends of an event are known.
func (e *event) lasting() bool { return e.timed() && e.duration != noSpan }

// tellClocks finds the clocks of the callee's pods: most of the answered calls tell the same.
// Where none was answered, the last that ended did so on both sides.
func (p *pairer) tellClocks(hops []hop, group []int32) {
	p.ticks, p.clocks = p.ticks[:0], p.clocks[:0]
	for _, k := range group {
		c := p.pairs[k]
		if c.in < 0 || hops[c.in].toPod == none || !hops[c.in].event.lasting() {
			continue
		}
		in := &hops[c.in]
		t := tick{pod: in.toPod, in: in.event.end(), out: Missing}
		if c.out >= 0 && hops[c.out].event.lasting() {
			out := hops[c.out].event
			t.out, t.add, t.answered = out.end(), out.end()-t.in, !in.event.unanswered() && !out.unanswered()
		}
		p.ticks = append(p.ticks, t)
	}
	slices.SortFunc(p.ticks, func(a, b tick) int {
		return cmp.Or(cmp.Compare(a.pod, b.pod), cmp.Compare(b2i(b.answered), b2i(a.answered)), cmp.Compare(a.add, b.add))
	})
	for of := range runs(p.ticks, func(a, b tick) bool { return a.pod == b.pod }) {
		answered, out, in := 0, Micros(Missing), Micros(Missing)
		for _, t := range of {
			answered += b2i(t.answered)
			out, in = max(out, t.out), max(in, t.in)
		}
		switch {
		case answered > 0:
			p.clocks = append(p.clocks, podClock{of[0].pod, of[answered/2].add, true})
		case out != Missing:
			p.clocks = append(p.clocks, podClock{of[0].pod, out - in, false})
		}
	}
}

// clock is what to add to the times of a callee's view to get the caller's.
func (p *pairer) clock(h *hop) (add Micros, ok bool) {
	i, ok := p.clockAt(h)
	if !ok {
		return 0, false
	}
	return p.clocks[i].add, true
}

func (p *pairer) clockAt(h *hop) (i int, ok bool) {
	if !h.event.lasting() {
		return 0, false
	}
	return slices.BinarySearchFunc(p.clocks, h.toPod, func(c podClock, pod int32) int { return cmp.Compare(c.pod, pod) })
}

// rematch gives to each call whose callee's line is of no answer that which ended last before
// it did: others are earlier tries.
func (p *pairer) rematch(hops []hop, group []int32) {
	p.endings = p.endings[:0]
	for _, k := range group {
		c := p.pairs[k]
		if c.in < 0 || !hops[c.in].event.unanswered() {
			continue
		}
		in := &hops[c.in]
		add, ok := p.clock(in)
		if !ok || c.out >= 0 && !hops[c.out].event.lasting() {
			continue
		}
		if c.out >= 0 {
			p.endings = append(p.endings, ending{in.toPod, hops[c.out].event.end() + 2*rounding, true, k})
		} else {
			p.endings = append(p.endings, ending{in.toPod, Missing, true, k}) // its place is for what is left
		}
		p.endings = append(p.endings, ending{in.toPod, in.event.end() + add, false, c.in})
	}
	slices.SortFunc(p.endings, func(a, b ending) int {
		return cmp.Or(cmp.Compare(a.pod, b.pod), cmp.Compare(a.at, b.at), cmp.Compare(b2i(a.out), b2i(b.out)), cmp.Compare(a.index, b.index))
	})
	for of := range runs(p.endings, func(a, b ending) bool { return a.pod == b.pod }) {
		p.rematchPod(hops, of)
	}
}

// rematchPod does it for the calls to one pod, by their ends.
func (p *pairer) rematchPod(hops []hop, of []ending) {
	p.stack, p.free = p.stack[:0], p.free[:0]
	give := func(k, in int32) {
		c := &p.pairs[k]
		c.in, hops[in].met = in, c.out >= 0
	}
	for _, e := range of {
		switch n := len(p.stack); {
		case !e.out:
			p.stack = append(p.stack, e.index)
		case p.pairs[e.index].out < 0 || n == 0:
			p.free = append(p.free, e.index)
		default:
			give(e.index, p.stack[n-1])
			p.stack = p.stack[:n-1]
		}
	}
	// What has a caller's line comes last in free.
	for i, k := range p.free {
		give(k, p.stack[i])
	}
}

// hold finds for each try the call that holds it besides its own last one, and marks what
// that makes of it.
func (p *pairer) hold(hops []hop, group []int32) {
	p.waiting, p.ready, p.begun = p.waiting[:0], p.ready[:0], 0
	p.spare = slices.Grow(p.spare[:0], len(p.pairs))[:len(p.pairs)]
	for _, k := range group {
		if p.pairs[k].out >= 0 {
			h, lasts := p.heldBy(hops, k)
			if p.spare[k] = h.spare; lasts {
				p.waiting = append(p.waiting, h)
			}
		}
	}
	slices.SortFunc(p.waiting, func(a, b held) int { return cmp.Or(cmp.Compare(a.from, b.from), cmp.Compare(a.pair, b.pair)) })
	slices.SortFunc(p.tries, func(x, y int32) int { return p.byCallersClock(hops, x, y) })
	timed := 0
	for ; timed < len(p.tries); timed++ {
		if _, ok := p.clock(&hops[p.pairs[p.tries[timed]].in]); !ok {
			break
		}
		p.holdTimed(hops, p.tries[timed])
	}
	if timed < len(p.tries) && p.findLongest(hops, group) {
		for _, k := range p.tries[timed:] {
			p.holdUntimed(hops, k)
		}
	}
	if slices.ContainsFunc(p.tries, func(k int32) bool { return p.pairs[k].out >= 0 }) {
		p.markAnswered(hops, group)
	}
}

// findLongest orders calls by how much longer they lasted than what they are known to hold,
// and reports whether there are any.
func (p *pairer) findLongest(hops []hop, group []int32) bool {
	p.longest = p.longest[:0]
	for _, k := range group {
		if p.pairs[k].out >= 0 {
			p.longest = append(p.longest, held{pair: k, spare: p.spare[k]})
		}
	}
	slices.SortFunc(p.longest, bySpare)
	return len(p.longest) > 0
}

// byCallersClock orders tries by start on the caller's clock and, where nobody knows it,
// after these, by how long they took, the longest first.
func (p *pairer) byCallersClock(hops []hop, x, y int32) int {
	a, b := &hops[p.pairs[x].in], &hops[p.pairs[y].in]
	addA, okA := p.clock(a)
	addB, okB := p.clock(b)
	switch {
	case okA != okB:
		return cmp.Compare(b2i(okB), b2i(okA))
	case okA:
		return cmp.Or(cmp.Compare(a.event.start+addA, b.event.start+addB), cmp.Compare(a.event.id, b.event.id))
	}
	return cmp.Or(cmp.Compare(b.event.duration, a.event.duration), cmp.Compare(a.event.id, b.event.id))
}

func bySpare(a, b held) int {
	return cmp.Or(cmp.Compare(b.spare, a.spare), cmp.Compare(a.pair, b.pair))
}

// heldBy is what a call may hold besides its last try, and whether it is known when.
func (p *pairer) heldBy(hops []hop, k int32) (h held, lasts bool) {
	c := p.pairs[k]
	out := hops[c.out].event
	h = held{pair: k, from: out.start, until: out.end(), spare: max(0, out.duration.micros())}
	if c.in >= 0 {
		last := max(0, hops[c.in].event.duration.micros())
		h.spare -= last
		if add, ok := p.clock(&hops[c.in]); ok {
			h.until = hops[c.in].event.start + add
		} else {
			h.until -= last
		}
	}
	return h, out.lasting()
}

// holdTimed looks for the call that a try, no earlier than those before, lies in: of several
// that which has least time left.
func (p *pairer) holdTimed(hops []hop, k int32) {
	in := &hops[p.pairs[k].in]
	add, _ := p.clock(in)
	start, end := in.event.start+add, in.event.end()+add
	byUntil := func(h held, at Micros) int { return cmp.Compare(h.until, at) }
	for ; p.begun < len(p.waiting) && p.waiting[p.begun].from <= start+2*rounding; p.begun++ {
		i, _ := slices.BinarySearchFunc(p.ready, p.waiting[p.begun].until, byUntil)
		p.ready = slices.Insert(p.ready, i, p.waiting[p.begun])
	}
	over, _ := slices.BinarySearchFunc(p.ready, start-rounding, byUntil)
	p.ready = slices.Delete(p.ready, 0, over)
	i, _ := slices.BinarySearchFunc(p.ready, end-rounding, byUntil)
	if i < len(p.ready) && p.ready[i].pair == k {
		i++
	}
	if i == len(p.ready) {
		return
	}
	if p.pairs[k].out >= 0 {
		in.try = alike
		return
	}
	h := p.ready[i]
	p.ready = slices.Delete(p.ready, i, i+1)
	h.from = end
	at, _ := slices.BinarySearchFunc(p.waiting[p.begun:], end, func(h held, at Micros) int { return cmp.Compare(h.from, at) })
	p.waiting = slices.Insert(p.waiting, p.begun+at, h)
	p.take(hops, k, h.pair)
}

// take makes a try one of a call.
func (p *pairer) take(hops []hop, k, of int32) {
	in := &hops[p.pairs[k].in]
	in.try, hops[p.pairs[of].out].again = earlier, true
	p.spare[of] -= max(0, in.event.duration.micros())
}

// holdUntimed does it where nobody knows the pod's clock: the call that has most time to
// spare may hold the try. Those of tries come longest first.
func (p *pairer) holdUntimed(hops []hop, k int32) {
	c := &p.pairs[k]
	in := &hops[c.in]
	i := 0
	if p.longest[i].pair == k {
		i++
	}
	if i == len(p.longest) || p.longest[i].spare+rounding < in.event.duration.micros() {
		return
	}
	if c.out >= 0 {
		in.try = alike
		return
	}
	h := p.longest[i]
	if last := &p.pairs[h.pair]; last.in >= 0 && hops[last.in].try == sole && hops[last.in].event.unanswered() &&
		hops[last.in].toPod == in.toPod && hops[last.in].event.start < in.event.start {
		last.in, c.in = c.in, last.in // all failed, and the caller's line is of the last
		hops[last.in].met, hops[c.in].met = true, false
	}
	p.take(hops, k, h.pair)
	h.spare = p.spare[h.pair]
	p.longest = slices.Delete(p.longest, i, i+1)
	at, _ := slices.BinarySearchFunc(p.longest, h, bySpare)
	p.longest = slices.Insert(p.longest, at, h)
}

// markAnswered marks the answered calls beside those that failed and have the caller's line,
// whether or not another call may hold these: one that does has its own.
func (p *pairer) markAnswered(hops []hop, group []int32) {
	for _, k := range group {
		if in := p.pairs[k].in; in >= 0 && !hops[in].event.unanswered() {
			hops[in].try = answered
		}
	}
}
