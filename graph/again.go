package graph

import (
	"math"
	"slices"
)

// Envoy makes a call again that failed in a way its route retries (envoy: RetryPolicy;
// Istio's default is 503 and its like, twice). The caller's sidecar writes one line for all
// tries, by the upstream of the last; the callees' write one for each that came. What a
// callee receives, and all that follows from it, is then more than was sent.
//
// A try that was made again failed, and has no line at the caller, whose line of the same
// request to the same callee tells of a call that it lies in, before the last (file held.go).
// Where a caller's line is merely lost, the callee's is as often of a call that was answered,
// and others lasted no longer than theirs did.

// try is what the callee's view of a call is among several to the same callee.
type try uint8

const (
	sole try = iota
	// earlier is a try that was made again within one call.
	earlier
	// crossed is the same where the callee's line of the last is lost, so that it is
	// paired with the line of the caller, whose call was answered.
	crossed
	// lastLost is the same where it is certain, as it ended long before the caller's view of
	// the call did. The others may be the last, which the caller's sidecar told as an answer.
	lastLost
	// alike is a failed call with a line of its own at the caller, without which it would
	// look like an earlier try of another; answered are those of its caller and callee that
	// did not fail, beside any that failed and has its line. Which part of the latter lacks the caller's line tells how many of the
	// former do by chance.
	alike
	answered
)

// unanswered reports whether a call failed, or its caller gave up: what is made again.
func (e *event) unanswered() bool {
	return e.failed() || e.flags&(isGivenUp|isInbound) == isGivenUp|isInbound
}

// givenUp reports whether the callee's line is of a call that ended without any code, as one
// whose time ran out does. TCP has no code either, and no tries.
func (r *Record) givenUp() bool { return r.Direction == Inbound && r.Code == 0 && len(r.Flags) > 0 }

// tries counts the tries of an edge's calls: those made again, what tells how many of them
// only lack the caller's line, and of how many calls that is.
type tries struct {
	arrivals
	again, crossed, lastLost, alike int
	// made are the answered calls that were tried again, by whether the callee's line of any
	// try is there in the place of the last.
	made lacked
	// untold are the callee's lines without the caller's, but for those of earlier tries, by
	// whether the call was unanswered.
	untold [2]int
	// answered counts those near the latter by whether the caller's line is there.
	answered lacked
}

// noteMade counts a call that was tried again, by its caller's view.
func (s *survey) noteMade(h *hop, here bool) {
	if !h.event.unanswered() && !h.unreached() {
		s.edge(h.from, h.to).tries[b2i(h.toPod != none && s.deaf(h.toPod))].made.add(here)
	}
}

// noteUntold counts the callee's view of a call that has no line at the caller, and is no
// earlier try of one that has.
func (s *survey) noteUntold(h *hop) {
	s.edge(h.from, h.to).tries[b2i(h.toPod != none && s.deaf(h.toPod))].untold[b2i(h.event.unanswered())]++
}

// noteTry counts the callee's view of a call that is not the sole try, and reports whether
// it is an earlier one of another.
func (s *survey) noteTry(h *hop, own bool) (again bool) {
	t := &s.edge(h.from, h.to).tries[b2i(h.toPod != none && s.deaf(h.toPod))]
	switch h.try {
	case earlier:
		t.again++
		return true
	case crossed:
		t.crossed++
	case lastLost:
		t.lastLost++
	case alike:
		t.alike++
	case answered:
		t.answered.add(own)
	}
	return false
}

// enoughHeard is the part of the answered calls whose callee's line must be there where a
// proxy logs them in part: one that logs failures alone would show all earlier tries, and
// next to none of the last.
const enoughHeard = 0.5

// all are the tries, with those at callees that log what they receive in part, if that is
// enough.
func (t *edgeTally) all() tries {
	a, b := t.tries[0], t.tries[1]
	if b.heard() < enoughHeard {
		return a
	}
	for failed := range a.here {
		a.here[failed] += b.here[failed]
		a.alone[failed] += b.alone[failed]
	}
	a.untold[0], a.untold[1] = a.untold[0]+b.untold[0], a.untold[1]+b.untold[1]
	a.never += b.never
	a.again, a.crossed, a.lastLost, a.alike = a.again+b.again, a.crossed+b.crossed, a.lastLost+b.lastLost, a.alike+b.alike
	a.answered, a.made = a.answered.plus(b.answered), a.made.plus(b.made)
	return a
}

// heard is the part of the answered calls whose callee's line is there or, where none was
// answered, of all.
func (r *tries) heard() float64 {
	l := lacked{r.here[0], r.alone[0]}
	if l.has == 0 {
		l = l.plus(lacked{r.here[1], r.alone[1]})
	}
	return 1 - l.part().value
}

// perCall is how many tries besides the last came to the callee for each call that was sent.
// As many in a hundred of them have a line as of calls that were answered; of those counted
// some are calls that lost their own line, as many as of the answered ones beside such.
func (r *tries) perCall() estimate {
	lost := float64(r.alike) * float64(r.answered.lacks) / float64(max(1, r.answered.has))
	crossed := r.lostLast() + r.lastLost
	n := float64(r.again+crossed) - lost
	if n < minPartly || n < unsureArrival*math.Sqrt(lost) {
		return estimate{}
	}
	sent := float64(r.here[0] + r.here[1] + r.alone[0] + r.alone[1] + r.never)
	heard := *r
	heard.here[0], heard.alone[0] = r.here[0]-crossed, r.alone[0]+crossed
	if p := heard.heard(); p > 0 {
		sent *= p
	}
	tries, calls := r.filtered()
	n, sent = n+tries, sent+calls
	return estimate{n / sent, (n + 2*lost) / sq(sent)}
}

// lostLast is how many of those crossed lost the line of their last try. They are as many, of
// the calls that were tried again, as of others lack the callee's line: more are failures that
// the caller's sidecar tells its application as answers, and that try is the last.
func (r *tries) lostLast() int {
	lacks := lacked{r.here[0] - r.made.has, r.alone[0] - r.made.lacks}
	if r.crossed == 0 || lacks.has <= 0 {
		return 0
	}
	due := float64(r.made.has-r.crossed-r.lastLost) * float64(lacks.lacks) / float64(lacks.has)
	if float64(r.crossed) > due+unsureArrival*math.Sqrt(max(1, due)) {
		return 0
	}
	return r.crossed
}

// filtered is how many tries, and calls, come to those of which the caller's line is there.
// Lines that are lost at random, or for a time, are those of calls that were tried again as
// often as of others: neither count. A proxy that leaves out calls by how long they took, or
// that did not fail, keeps those that were tried again. Then all count that the callee tells
// of; those that failed at last lack the caller's line as often as those that were answered
// or, where none of these has it, never: failures alone are logged, all of them.
func (r *tries) filtered() (tries, calls float64) {
	answered := float64(r.here[0] + r.untold[0])
	if r.untold[0] == 0 || answered == 0 {
		return 0, 0
	}
	told, untold := float64(r.here[0])/answered, float64(r.untold[1])
	failed := 0.0
	if told > 0 {
		failed = min(untold, float64(r.here[1])*(1-told)/told)
	}
	again := float64(r.again) + untold - failed
	mean := float64(r.here[0]+r.again) / (answered + again)
	chance := math.Sqrt(mean * (1 - mean) * (1/answered + 1/again))
	if float64(r.again)/again-told <= unsureArrival*chance {
		return 0, 0
	}
	return untold - failed, float64(r.untold[0]) + failed
}

// last is the part of the calls received that are the last try of their call: of 1-unreached+again
// that came for each call that was sent.
func (e *Edge) last() float64 {
	if e.Again == 0 {
		return 1
	}
	return (1 - e.Unreached) / e.Came()
}

// thinned leaves that part of a side's calls, which comes of so many earlier tries for each of them
// (variance is that of their number for each call sent, of which so many came).
func (s sideRate) thinned(part, variance, came float64) sideRate {
	switch {
	case part == 1 || s.events == 0:
		return s
	case part == 0: // only earlier tries came: they do not tell how many calls there were
		return sideRate{}
	}
	s.variance = part*part*s.variance + sq(part*s.rate/came)*variance
	s.rate *= part
	s.square *= part
	s.mute *= part
	s.open *= part
	s.events = int(part * float64(s.events))
	return s
}

// unansweredHere reports whether any callee's line is of an unanswered call.
func unansweredHere(hops []hop) bool {
	return slices.ContainsFunc(hops, func(h hop) bool { return h.in && h.event.unanswered() })
}

// leaveOutTries makes of what the other ends tell of the calls that pods sent how many these
// were, as their own lines count them, whatever callees received for each.
func (a *audit) leaveOutTries() {
	for i := range a.pods[outSide] {
		p := &a.pods[outSide][i]
		if p.tries.lacks >= minPartly {
			p.told = p.told.thinned(1-p.tries.part().value, 0, 1)
		}
	}
}

// triesHeard is, by node, how many tries came to it for each call that its callers' lines
// show to have come: where its own proxy does not tell, these serve.
func (g *Graph) triesHeard() []float64 {
	came, calls := make([]float64, len(g.Nodes)), make([]float64, len(g.Nodes))
	for i := range g.Edges {
		e := &g.Edges[i]
		came[e.To] += e.received()
		calls[e.To] += e.Rate * (1 - e.Unreached)
	}
	for n := range came {
		if calls[n] == 0 || came[n] == 0 {
			came[n] = 1
		} else {
			came[n] /= calls[n]
		}
	}
	return came
}
