package graph

import (
	"bytes"
	"math"
	"slices"
	"strings"
)

// A call may fail before it comes to its callee: no connection, no healthy host, an open
// circuit, no route. Then it is in its caller's log alone, and its callee's sidecar did
// nothing for it. Calls per request count what was sent; what a callee received, and all
// that follows from it, counts without such calls.

// neverSent are the response flags of calls that Envoy's router, or a filter before it,
// ended without an upstream (envoy: access_log/usage, %RESPONSE_FLAGS%): no connection,
// no healthy host, overflow of a circuit breaker, no route, no cluster, rate limits,
// refusals, injected faults, overload, no name resolved. mayHaveCome are those of calls
// that an upstream had begun with: of retries it can be both.
const (
	neverSent   = " UF UH UO NR NC RL UAEX RLSE FI IH DO NFCF OM DF "
	mayHaveCome = " UC UT UR UPE UMSDR "
)

// unreached reports whether the line is of a call that was sent and never came to its
// callee. A call that has an upstream's own time, or succeeded after all, did.
func (r *Record) unreached() bool {
	if r.Direction != Outbound || 0 < r.Code && r.Code < 400 {
		return false
	}
	if len(r.Flags) == 0 {
		return len(r.Upstream) == 0 && r.Code >= 500 && r.ServiceTime == Missing
	}
	never := false
	for flag := range bytes.SplitSeq(r.Flags, []byte(",")) {
		word := " " + string(bytes.TrimSpace(flag)) + " "
		if strings.Contains(mayHaveCome, word) {
			return false
		}
		never = never || strings.Contains(neverSent, word)
	}
	return never
}

// unreached reports whether a hop is the caller's view of a call that never came.
func (h *hop) unreached() bool { return !h.in && h.event.unreached() }

// Came is how many calls To received for each that was sent: without those that never came,
// with those that From's sidecar tried again.
func (e *Edge) Came() float64 { return max(0, 1-e.Unreached+e.Again) }

// received is the rate of the calls that came to the callee.
func (e *Edge) received() float64 { return e.Rate * e.Came() }

// unreached is the part of a side's calls that never came to the other end.
func (s *sideRate) unreached() float64 {
	if s.gone == 0 {
		return 0
	}
	return min(1, s.gone/s.rate)
}

// arrivals counts the calls of an edge that its callers logged, by whether they failed and
// whether the callee's line is there: where failed calls lack it and others do not, they
// never came, though no flag says so.
type arrivals struct {
	here, alone [2]int
	never       int // as flags say
}

// mayNotArrive reports whether a hop is the view of a caller whose call failed nobody
// knows where, though its callee would have logged it.
func (s *survey) mayNotArrive(h *hop) bool {
	return !h.in && h.event.failed() && !h.unreached() && s.hearable(h)
}

// hearable reports whether the callee logs what it receives, as far as it is known.
func (s *survey) hearable(h *hop) bool {
	if h.toPod == none {
		return h.to >= 0 && s.listensTo(h.to)
	}
	return !s.deaf(h.toPod)
}

// arrive counts a call that was sent, and whether the callee's line of it is there.
func (s *survey) arrive(h *hop, here bool) {
	partly := 0
	if !s.hearable(h) {
		if h.toPod == none || s.writers[h.toPod].in == 0 {
			return
		}
		partly = 1
	}
	a, failed := &s.edge(h.from, h.to).tries[partly].arrivals, b2i(h.event.failed())
	if h.unreached() {
		a.never++
		return
	}
	a.here[failed] += b2i(here)
	a.alone[failed] += b2i(!here)
}

// unsureArrival is by how many standard deviations the failed calls must lack more of the
// callee's lines than others do before they are thought never to have come.
const unsureArrival = 3

// gone is the part of the failed calls that never came. Of others the callee's line is
// there with the probability p, as far as the log goes; if it is with q of the failed ones,
// q/p of these came. Where those of all edges together tell that calls fail on their way, it
// takes no more than what is likelier of the few of one edge.
func (a *arrivals) gone(usual bool) float64 {
	due, lacking, variance := a.lacking()
	chance := math.Sqrt(variance)
	if due == 0 || lacking <= chance || !usual && !manyGone(lacking, variance) {
		return 0
	}
	return lacking / due
}

// lacking is how many of the failed calls the callee should have a line of, and how many of
// these it lacks, with the variance of that by chance.
func (a *arrivals) lacking() (due, lacking, variance float64) {
	sent, failed := float64(a.here[0]+a.alone[0]), float64(a.here[1]+a.alone[1])
	if sent == 0 || failed == 0 {
		return 0, 0, 0
	}
	p := float64(a.here[0]) / sent
	return p * failed, p*failed - float64(a.here[1]), p * (1 - p) * failed * (1 + failed/sent)
}

// manyGone reports whether failed calls lack more of the callees' lines than chance has it.
func manyGone(lacking, variance float64) bool {
	return lacking >= minPartly && lacking >= unsureArrival*math.Sqrt(variance)
}

// failsUnderWay reports whether the log as a whole shows calls to fail on their way.
func (s *survey) failsUnderWay() bool {
	var lacking, variance float64
	for i := range s.tally {
		_, l, v := s.tally[i].tries[0].lacking()
		lacking += l
		variance += v
	}
	return manyGone(lacking, variance)
}

// judgeArrivals takes what never came out of what the callee should have logged. Where
// all calls failed and the callee logs others, but none of these, none came.
func (s *survey) judgeArrivals(t *edgeTally) {
	part := t.tries[0].gone(s.goneUsual)
	if t.tries[0].alone[1] >= minPartly && !t.answered && t.lines[inSide] == 0 && !t.unnamed && s.listensTo(t.to) {
		part = 1
	}
	t.out.mute += part * t.out.failing
	t.out.gone += part * t.out.failing
	t.thin[outSide].gone += part * t.thin[outSide].failing
}

// listensTo reports whether the sidecars of a node log what they receive.
func (s *survey) listensTo(node int32) bool {
	return slices.ContainsFunc(s.podsOfNode(node), func(p int32) bool { return !s.deaf(p) })
}
