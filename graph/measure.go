package graph

// measure sums up rates, durations and calls, now that each writer's exposure
// is known. What lines tell one by one and what they tell together are summed up beside
// each other: they have no figure in common.
func (s *survey) measure() {
	f := follower{survey: s}
	s.inParts(func() *pairer { return &pairer{j: s.join} }, func(r *resolved) {
		for i := range r.hops {
			s.sum(&r.hops[i], r.weight)
		}
		s.witness(r.hops)
		s.oversized += int64(b2i(r.weight != s.events.scale))
	}, func(r *resolved) {
		if !r.whole {
			s.sumLoose(r.hops, r.weight)
			return
		}
		for _, c := range r.pairs {
			s.sumCall(r.hops, c, r.weight)
		}
		f.follow(r.hops, r.pairs)
	})
}

// sum adds one hop to the figures of its edge and of the pods at its ends.
func (s *survey) sum(h *hop, weight float64) {
	side := sideOf(h)
	w := &s.writers[s.writerOf(h)]
	rate, bursts := weight/w.exposed[side]*s.standsFor(h), w.bursts
	s.remark(h)
	if h.unsure != nil || h.to == none {
		s.waver(h)
	}
	laid := h.unsure != nil && s.doubt(h, rate)
	gone := h.unreached()
	if h.to >= 0 && h.from < 0 && !laid && !gone && (side == inSide || h.toPod != none && s.writers[h.toPod].in == 0) {
		s.lost[h.to] += rate
	}
	if p := s.podTally(h.toPod); p != nil && !gone {
		p.received.add(rate, side == inSide || s.passedBy(h), s.thin(h, side) && side == inSide)
	}
	if p := s.podTally(h.fromPod); p != nil {
		p.sent.add(rate, side == outSide, s.thin(h, side) && side == outSide)
	}
	if h.from < 0 || h.to < 0 {
		return
	}
	e := s.edge(h.from, h.to)
	tally := &e.in
	switch {
	case s.thin(h, side):
		tally = &e.thin[side]
		tally.add(rate, bursts, false)
	case side == outSide:
		tally = &e.out
		tally.add(rate, bursts, gone || h.toPod != none && s.deaf(h.toPod))
	default:
		tally.add(rate, bursts, h.fromPod != none && s.dumb(h.fromPod))
	}
	tally.open += rate * h.event.seconds()
	switch {
	case gone:
		tally.gone += rate
	case s.mayNotArrive(h):
		tally.failing += rate
	}
	e.note(h.event, side)
	s.noteHome(e, h, side)
}

// thin reports whether a hop was logged by a proxy that logs its side only in part.
func (s *survey) thin(h *hop, side int) bool {
	if pod := h.own(); pod != none {
		return s.partly[side][pod]
	}
	return false
}

// remark counts what the warnings tell of.
func (s *survey) remark(h *hop) {
	if h.implied {
		return
	}
	p := s.calledAt(h.event)
	s.odd.addressless += int64(b2i(s.join.at(h.event.down).odd))
	switch {
	case s.aimless(h.event):
		s.odd.aimless++
	case h.to < 0:
		s.odd.calleeless++
	case h.from < 0 && h.unsure != nil:
		s.odd.unsure++
	case h.from < 0:
		s.odd.callerless++
	case len(p.pods) > 0 && p.node != h.to && len(s.podsOf(p, h.to)) == 0 && !h.event.aimed():
		s.odd.reused++
	}
}

func (s *survey) podTally(pod int32) *podTally {
	if pod < 0 {
		return nil
	}
	return &s.byPod[pod]
}

func (p *podSide) add(rate float64, own, thin bool) {
	switch {
	case thin:
		p.thinRate += rate
	case own:
		p.ownRate += rate
	default:
		p.otherRate += rate
	}
}

// rate by the pod's own lines, or by others' where it has none or not all: these tell of
// the same calls, and it is never the sum.
func (p *podSide) rate() float64 {
	switch {
	case p.ownRate > 0:
		return p.ownRate
	case p.otherRate > 0:
		return p.otherRate
	}
	return p.thinRate
}

// note keeps a hop's duration, outcome, size and name.
func (e *edgeTally) note(ev *event, side int) {
	if ev.duration != noSpan && side == e.side() {
		e.durations = append(e.durations, ev.duration)
		e.total += ev.duration.micros()
	}
	e.events[side]++
	e.traced[side] += int64(b2i(ev.traced()))
	e.failed[side] += int64(b2i(ev.failed()))
	if ev.sent != noBytes {
		e.bytes[side] += int64(ev.sent)
		e.sized[side]++
	}
	run := &e.runs[side]
	if run.name != ev.name {
		e.noteRun(side)
		run.name = ev.name
	}
	run.calls++
	run.last = max(run.last, ev.start)
}

// noteRun adds the latest calls by one name to the others of that name.
func (e *edgeTally) noteRun(side int) {
	run := &e.runs[side]
	if run.calls == 0 {
		return
	}
	if e.hosts[side] == nil {
		e.hosts[side] = make(map[uint32]hostTally)
	}
	t := e.hosts[side][run.name]
	e.hosts[side][run.name] = hostTally{t.calls + run.calls, max(t.last, run.last)}
	*run = hostRun{}
}

// sumCall counts one call of a whole request.
func (s *survey) sumCall(hops []hop, c pairing, weight float64) {
	fromPod, toPod := none, none
	var from, to int32
	if c.out >= 0 {
		if s.arrive(&hops[c.out], c.in >= 0); hops[c.out].again {
			s.noteMade(&hops[c.out], c.in >= 0)
		}
	}
	again := c.in >= 0 && hops[c.in].try != sole && s.noteTry(&hops[c.in], c.out >= 0)
	if c.out < 0 && !again {
		s.noteUntold(&hops[c.in])
	}
	for _, i := range [...]int32{c.out, c.in} {
		if i < 0 {
			continue
		}
		h := &hops[i]
		from, to = h.from, h.to
		fromPod, toPod = max(fromPod, h.fromPod), max(toPod, h.toPod)
	}
	if p := s.podTally(toPod); p != nil {
		p.received.calls += weight
	}
	if again {
		return // its caller sent one call, and logged it
	}
	s.edge(from, to).paired += weight
	if p := s.podTally(fromPod); p != nil {
		p.sent.calls += weight
	}
}

// sumLoose counts hops that no request_id joins to their other side.
func (s *survey) sumLoose(hops []hop, weight float64) {
	for i := range hops {
		h := &hops[i]
		side := sideOf(h)
		if p := s.podTally(h.toPod); p != nil {
			p.received.loose[side] += weight
		}
		if p := s.podTally(h.fromPod); p != nil {
			p.sent.loose[side] += weight
		}
		if h.from >= 0 && h.to >= 0 {
			s.edge(h.from, h.to).loose[side] += weight
		}
	}
}

// count of calls: those paired, and of the loose ones the more of either side.
func (p *podSide) count() int { return int(p.calls + max(p.loose[0], p.loose[1]) + 0.5) }

func (e *edgeTally) count() int { return int(e.paired + max(e.loose[0], e.loose[1]) + 0.5) }
