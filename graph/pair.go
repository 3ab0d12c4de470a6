package graph

import (
	"cmp"
	"math/bits"
	"slices"
)

// pairing is one call of a request: the indexes of its caller's and its
// callee's hop, -1 for the side that was not logged.
type pairing struct{ out, in int32 }

// pairer finds the calls of one request after the other, in scratch of its own.
type pairer struct {
	j         *join
	outs, ins []int32
	rest      []int32
	partners  []int32 // of the outs, see matchFew
	pairs     []pairing
	holders
}

// pair joins the two views of each call among the hops of one request. Calls
// from the same caller to the same callee are told apart by their order of
// start on each side's own clock; the clocks are never compared. It takes time
// n log n, however many calls the request has.
func (p *pairer) pair(hops []hop) []pairing {
	p.outs, p.ins, p.pairs = p.outs[:0], p.ins[:0], p.pairs[:0]
	failed, unanswered := 0, 0
	for i := range hops {
		switch h := &hops[i]; {
		case h.from < 0 || h.to < 0:
		case h.unreached():
			p.pairs = append(p.pairs, pairing{out: int32(i), in: -1})
		case h.in:
			unanswered += b2i(h.event.unanswered())
			p.ins = append(p.ins, int32(i))
		default:
			failed += b2i(h.event.unanswered())
			p.outs = append(p.outs, int32(i))
		}
	}
	// Of a call that was tried again both sides tell which try came to the callee, or was
	// the last.
	mixed := failed > 0 && failed < len(p.outs) || unanswered > 0 && unanswered < len(p.ins)
	if !p.matchFew(hops) {
		if mixed {
			p.match(hops, samePodsAndOutcome, byEnd)
			p.match(hops, samePods, byEnd)
		} else {
			p.match(hops, samePods, byStart)
		}
	}
	p.matchOpen(hops, mixed)
	for _, i := range p.outs {
		p.pairs = append(p.pairs, pairing{out: i, in: -1})
	}
	for _, i := range p.ins {
		p.pairs = append(p.pairs, pairing{out: -1, in: i})
	}
	if unanswered > 0 {
		p.findTries(hops)
	}
	return p.pairs
}

// meet makes a call of the two views of it.
func (p *pairer) meet(hops []hop, out, in int32) {
	hops[out].met, hops[in].met = true, true
	p.pairs = append(p.pairs, pairing{out: out, in: in})
}

// fewCalls are found faster by comparing each of the outs with each of the ins. Of more
// the order in which they are found would show, where sorting takes calls for equal.
const fewCalls = 12

// matchFew is match by pods where it takes no sorting: no two calls of the request, of which
// there are few, have the same ends. Else it does nothing and says so.
func (p *pairer) matchFew(hops []hop) bool {
	if len(p.outs) > fewCalls || len(p.ins) > fewCalls {
		return false
	}
	p.partners = p.partners[:0]
	var found uint // bits of the ins
	for _, o := range p.outs {
		out, at := &hops[o], none
		for k, i := range p.ins {
			if in := &hops[i]; in.to != out.to || in.from != out.from || in.toPod != out.toPod || in.fromPod != out.fromPod {
				continue
			}
			if at != none || found&(1<<k) != 0 {
				return false
			}
			at, found = int32(k), found|1<<k
		}
		p.partners = append(p.partners, at)
	}
	if len(p.outs)+len(p.ins)-bits.OnesCount(found) > fewCalls {
		return false
	}
	outs, ins := p.outs[:0], p.ins[:0]
	for k, o := range p.outs {
		if at := p.partners[k]; at != none {
			p.meet(hops, o, p.ins[at])
		} else {
			outs = append(outs, o)
		}
	}
	for k, i := range p.ins {
		if found&(1<<k) == 0 {
			ins = append(ins, i)
		}
	}
	p.outs, p.ins = outs, ins
	return true
}

// matchOpen pairs what one side knows the callee's pod of and the other does
// not, as callers log the address of the service where it has one. Two sides
// that know different pods are different calls.
func (p *pairer) matchOpen(hops []hop, mixed bool) {
	if len(p.outs) == 0 || len(p.ins) == 0 {
		return
	}
	match := func() {
		if mixed {
			p.match(hops, sameCallerAndOutcome, p.loosely)
		}
		p.match(hops, sameCaller, p.loosely)
	}
	p.outs = p.setAside(p.outs, func(i int32) bool { return hops[i].toPod != none })
	match()
	p.outs = append(p.outs, p.rest...)
	p.ins = p.setAside(p.ins, func(i int32) bool { return hops[i].toPod != none })
	match()
	p.ins = append(p.ins, p.rest...)
}

// setAside moves to p.rest what is to be left out, and returns what stays.
func (p *pairer) setAside(is []int32, leave func(int32) bool) []int32 {
	stay := is[:0]
	p.rest = p.rest[:0]
	for _, i := range is {
		if leave(i) {
			p.rest = append(p.rest, i)
		} else {
			stay = append(stay, i)
		}
	}
	return stay
}

// The orders below look at one thing after the other and no further than they need: most
// calls of a request differ in the first.

func sameCaller(a, b *hop) int {
	switch {
	case a.from != b.from:
		return cmp.Compare(a.from, b.from)
	case a.to != b.to:
		return cmp.Compare(a.to, b.to)
	}
	return cmp.Compare(a.fromPod, b.fromPod)
}

func samePods(a, b *hop) int {
	if c := sameCaller(a, b); c != 0 {
		return c
	}
	return cmp.Compare(a.toPod, b.toPod)
}

func samePodsAndOutcome(a, b *hop) int { return cmp.Or(samePods(a, b), outcome(a, b)) }

func sameCallerAndOutcome(a, b *hop) int { return cmp.Or(sameCaller(a, b), outcome(a, b)) }

func outcome(a, b *hop) int {
	return cmp.Compare(b2i(a.event.unanswered()), b2i(b.event.unanswered()))
}

func byStart(a, b *hop) int {
	if a.event.start != b.event.start {
		return cmp.Compare(a.event.start, b.event.start)
	}
	return cmp.Compare(a.event.id, b.event.id)
}

// byEnd orders calls of which some may have been tried again: both sides' lines end with the
// last try.
func byEnd(a, b *hop) int {
	return cmp.Or(cmp.Compare(a.event.end(), b.event.end()), byStart(a, b))
}

// loosely orders hops of one caller and callee that the clocks of several pods
// may have timed: by duration, the longest first, for what took the caller
// longest took a callee longest too.
func (p *pairer) loosely(a, b *hop) int {
	if len(p.j.nodes[a.to].Pods) > 1 && a.event.duration != b.event.duration {
		return cmp.Compare(b.event.duration, a.event.duration)
	}
	return byStart(a, b)
}

// match pairs the outs and ins that are equal under group, within a group in
// their order, and leaves the rest in p.outs and p.ins.
func (p *pairer) match(hops []hop, group, order func(a, b *hop) int) {
	if len(p.outs) == 0 || len(p.ins) == 0 {
		return
	}
	for _, is := range [...][]int32{p.outs, p.ins} {
		slices.SortFunc(is, func(x, y int32) int {
			if c := group(&hops[x], &hops[y]); c != 0 {
				return c
			}
			return order(&hops[x], &hops[y])
		})
	}
	outs, ins := p.outs[:0], p.ins[:0]
	i, k := 0, 0
	for i < len(p.outs) && k < len(p.ins) {
		o, n := p.outs[i], p.ins[k]
		switch c := group(&hops[o], &hops[n]); {
		case c < 0:
			outs = append(outs, o)
			i++
		case c > 0:
			ins = append(ins, n)
			k++
		default:
			p.meet(hops, o, n)
			i++
			k++
		}
	}
	p.outs, p.ins = append(outs, p.outs[i:]...), append(ins, p.ins[k:]...)
}
