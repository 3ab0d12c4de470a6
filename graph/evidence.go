package graph

import "slices"

// evidence is what one pod's own lines prove about what it does not call.
type evidence struct {
	// received calls; whole ones began and ended while the lines go on.
	received, whole int
	// start is that of a call received, where there is a timed one; varied is that another
	// began at another time, so that times tell something.
	start         Micros
	timed, varied bool
	// sent requests have a request_id; lone lines have none.
	sent, lone int
	// last is the key of the request counted last in sent.
	last uint64
	// heard are calls to it by others' lines, heardLast the request of the last of them;
	// followed are requests in sent of which others show that they came to it.
	heard, followed int
	heardLast       uint64
	// nameless calls were sent to nobody knows whom, the last of them at that time.
	nameless     int
	lastNameless Micros
	// passed on are calls that it received as a gateway does.
	passed bool
	// requests of which some are counted: calls received by its own lines, else what
	// it sent for, else calls received by others' lines.
	requests sampler
}

// witness notes what the hops of one request prove about the pods that logged
// them. It counts what is here and does not weigh it: where a sample was kept,
// the calls of the rest were not seen either.
func (s *survey) witness(hops []hop) {
	for i := range hops {
		if h := &hops[i]; !h.in && h.toPod != none {
			p := &s.byPod[h.toPod].evidence
			p.heard++
			p.heardLast = h.event.key
			if s.writers[h.toPod].lines == 0 {
				p.requests.add(h.event)
			}
		}
	}
	for i := range hops {
		h := &hops[i]
		switch {
		case h.in && h.toPod != none:
			p := &s.byPod[h.toPod].evidence
			p.passed = p.passed || h.implied && !h.entered
			p.received++
			p.requests.add(h.event)
			p.when(h.event, &s.writers[h.toPod].window)
		case !h.in && h.fromPod != none:
			p := &s.byPod[h.fromPod].evidence
			p.passed = p.passed || s.passesOn(h)
			if h.to < 0 {
				p.nameless, p.lastNameless = p.nameless+1, max(p.lastNameless, h.event.start)
			}
			if p.send(h.event) && s.writers[h.fromPod].in == 0 {
				p.requests.add(h.event)
				p.followed += b2i(p.heard > 0 && p.heardLast == h.event.key)
			}
		}
	}
}

// when notes the time of a call received.
func (p *evidence) when(e *event, lines *window) {
	if !e.timed() {
		return
	}
	if lines.covers(e.start, e.end()) {
		p.whole++
	}
	if !p.timed {
		p.start, p.timed = e.start, true
	}
	p.varied = p.varied || e.start != p.start
}

// passesOn is whether a pod sent what another pod of the request sent to it, in one line
// for both: sidecars write one for each, gateways do so, an egress gateway too, which
// others' lines show to be called.
func (s *survey) passesOn(h *hop) bool {
	d := s.canon[h.event.down]
	pods := s.places[d].pods
	return len(pods) > 0 && d != h.writer && !slices.Contains(pods, h.fromPod)
}

// send counts a call sent, once for each request as far as they can be told, and
// tells whether it was the first of its request.
func (p *evidence) send(e *event) bool {
	switch {
	case !e.traced():
		p.lone++
	case p.sent == 0 || p.last != e.key:
		p.last = e.key
		p.sent++
	default:
		return false
	}
	return true
}

// fillEvidence sets what pod number i proves. Calls that were under way when the
// lines begin lack what they sent before, and those under way when they end lack
// their own line, but have sent: in a steady stream the two make up for each other,
// and every call received counts. A burst is no such stream: of calls that all
// began before the lines do, what they sent may be lost, so there are no more than
// as many again as whole ones. Where no times are there, or all are the same (those of a
// second or less in whole seconds, say), nothing tells of a burst and each counts. Lines without a request_id may all be of one request,
// one for each callee, so they count for one callee's share. Where no request that it
// sent for is one that came to it, its application does not pass request_id on (or the
// two were logged at other times): then what it sent may be of as few requests as came.
func (s *survey) fillEvidence(g *Graph, i int) {
	ref, w, t := s.pods[i], &s.writers[i], &s.byPod[i].evidence
	n := &g.Nodes[ref.node]
	p := &n.Pods[ref.index]
	p.Inbound, p.Outbound = w.in, w.out
	p.Requests, p.Home = t.requests.sample(), s.homes.of[i]
	p.Nameless = Host{Calls: t.nameless, Last: t.lastNameless}
	n.Gateway = n.Gateway || t.passed
	switch {
	case s.mute(i):
	case !s.deaf(int32(i)) && !t.varied:
		p.Logged = t.received
	case !s.deaf(int32(i)):
		p.Logged = min(t.received, 2*t.whole)
	case t.lone > 0:
		p.Logged = t.sent + t.lone/max(1, s.callees(ref.node))
	default:
		p.Logged = t.sent
	}
	if w.in == 0 && t.heard > 0 && t.followed == 0 {
		p.Logged = min(p.Logged, t.heard)
	}
}

// callees is how many nodes a node calls. The edges are sorted by caller's name
// and few, so they are counted when first asked for.
func (s *survey) callees(node int32) int {
	if s.fanout == nil {
		s.fanout = make([]int, len(s.nodes))
		for i := range s.tally {
			s.fanout[s.tally[i].from]++
		}
	}
	return s.fanout[node]
}
