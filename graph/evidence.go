package graph

// evidence is what one pod's own lines prove about what it does not call.
type evidence struct {
	// received calls; whole ones began and ended while the lines go on.
	received, whole int
	// sent requests have a request_id; lone lines have none.
	sent, lone int
	// last is the key of the request counted last in sent.
	last uint64
	// passed on are calls that it received as a gateway does.
	passed bool
}

// witness notes what the hops of one request prove about the pods that logged
// them. It counts what is here and does not weigh it: where a sample was kept,
// the calls of the rest were not seen either.
func (s *survey) witness(hops []hop) {
	for i := range hops {
		h := &hops[i]
		switch {
		case h.in && h.toPod != none:
			p := &s.byPod[h.toPod].evidence
			p.passed = p.passed || h.implied && !h.entered
			p.received++
			if e := h.event; e.timed() && s.writers[h.toPod].window.covers(e.start, e.end()) {
				p.whole++
			}
		case !h.in && h.fromPod != none:
			s.byPod[h.fromPod].evidence.send(h.event)
		}
	}
}

// send counts a call sent: once for each request, as far as they can be told.
func (p *evidence) send(e *event) {
	switch {
	case !e.traced():
		p.lone++
	case p.sent == 0 || p.last != e.key:
		p.last = e.key
		p.sent++
	}
}

// fillEvidence sets what pod number i proves. Calls that were under way when the
// lines begin lack what they sent before, and those under way when they end lack
// their own line, but have sent: in a steady stream the two make up for each other,
// and every call received counts. A burst is no such stream: of calls that all
// began before the lines do, what they sent may be lost, so there are no more than
// as many again as whole ones. Lines without a request_id may all be of one request,
// one for each callee, so they count for one callee's share.
func (s *survey) fillEvidence(g *Graph, i int) {
	ref, w, t := s.pods[i], &s.writers[i], &s.byPod[i].evidence
	n := &g.Nodes[ref.node]
	p := &n.Pods[ref.index]
	p.Inbound, p.Outbound = w.in, w.out
	n.Gateway = n.Gateway || t.passed
	switch {
	case s.mute(i):
	case !s.deaf(int32(i)):
		p.Logged = min(t.received, 2*t.whole)
	case t.lone > 0:
		p.Logged = t.sent + t.lone/max(1, s.callees(ref.node))
	default:
		p.Logged = t.sent
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
