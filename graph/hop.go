package graph

import (
	"cmp"
	"slices"
)

// hop is one event with its ends resolved.
type hop struct {
	event *event
	// from and to are nodes, none where the line cannot tell. fromPod and toPod
	// are numbers of pods, none where not known.
	from, to, fromPod, toPod int32
	// in is set on the callee's view.
	in bool
	// met is set once the other end's line of the same call is found.
	met bool
	// failedThere is set besides where it tells of a call that failed (file lone.go).
	failedThere bool
	// writer is the address whose proxy wrote the line.
	writer uint32
	// implied is a call without a line of its own, received by a gateway among the
	// pods from outside: it logs only what it sent on, in one line for both.
	implied bool
	// entered is set besides where the gateway logged nothing at all, so that the
	// line is that of whom it called (file entrance.go).
	entered bool
	// try is set on the callee's view where it tells of one of several tries, again on the
	// caller's view of a call that was tried again (file again.go).
	try   try
	again bool
	// inferred is set where from was found by what services are known to call.
	inferred bool
	// unsure is the place of several candidates for from; the request's other lines
	// decide (file shared.go).
	unsure *place
}

// resolve appends the hops of the events of one request to hops.
func (j *join) resolve(hops []hop, request []event) []hop {
	first, unsure, undirected, nameless := len(hops), false, false, false
	for i := range request {
		h := j.hop(&request[i])
		unsure = unsure || h.unsure != nil
		nameless = nameless || h.nameless() && h.from == none
		undirected = undirected || h.event.either()
		hops = append(hops, h)
	}
	if undirected {
		j.direct(hops[first:])
	}
	for i := first; i < first+len(request); i++ {
		h := &hops[i]
		if h.event.aimed() && !h.in {
			h.toPod = none // it was meant, and not reached
		}
		if h.in || h.fromPod == none || j.podReceives[h.fromPod] {
			continue // nearly always, see implied
		}
		if h, ok := j.implied(&hops[i]); ok {
			hops = append(hops, h)
			nameless = true // who was called by it may tell the client's address instead
		}
	}
	if j.entrances != nil {
		hops = j.enter(hops, first)
	}
	if unsure {
		j.decide(hops[first:])
		j.settleTwins(hops[first:])
	}
	if nameless {
		adopt(hops[first:])
	}
	return hops
}

func (j *join) hop(e *event) hop {
	h := hop{event: e, in: e.inbound()}
	if j.aimless(e) {
		h.from, h.to, h.fromPod, h.toPod, h.writer = none, none, none, none, absent
		return h
	}
	p := j.calledAt(e)
	h.to, h.toPod = j.callee(e, p)
	if h.in {
		h.writer = j.canon[e.up]
		if p != &j.places[h.writer] {
			h.writer = j.canon[e.local]
		}
		h.sentFrom(j, j.at(e.down))
		return h
	}
	h.writer = j.sender(e)
	h.sentFrom(j, &j.places[h.writer])
	if h.from == 0 && h.writer == j.canon[e.down] {
		h.writer = absent // clients do not write lines: their gateway did
	}
	return h
}

// sender is the address whose proxy wrote an outbound line: the downstream's,
// or that of a gateway, which opens its connections from another address than
// the one it was called from.
func (j *join) sender(e *event) uint32 {
	down, own := j.canon[e.down], j.canon[e.local]
	if e.aimed() {
		return down // it opened no connection
	}
	d, o := &j.places[down], &j.places[own]
	switch {
	case o.local || o.odd || down == own:
		return down
	case len(o.pods) > 0 || d.local || d.odd:
		return own
	case len(d.pods) > 0 && !o.receives:
		return down
	}
	if n := j.called(d); n >= 0 && j.nodes[n].Kind == Service {
		return down // an unlisted pod of that service
	}
	return own
}

// sentFrom sets the caller by its place. Addresses that only ever send are the
// root: the ingress gateway and what stands outside it.
func (h *hop) sentFrom(j *join, p *place) {
	h.from, h.fromPod = none, none
	switch {
	case p.node >= 0:
		h.from, h.fromPod = p.node, j.podOf(p, p.node)
	case p.node == several:
		h.unsure = p
	case p.local || p.odd && !p.receives:
	case p.receives:
		if h.from = j.called(p); h.from == several {
			h.from, h.unsure = none, p
		}
	default:
		h.from = 0
	}
}

// implied is the call to a gateway that is itself a pod, which wrote an
// outbound line for a downstream that is not itself. A pod that is seen to be
// called is no gateway of that kind, and is not asked for here.
func (j *join) implied(h *hop) (hop, bool) {
	e := h.event
	d := j.at(e.down)
	if d.local || j.canon[e.down] == h.writer {
		return hop{}, false
	}
	in := hop{event: e, in: true, to: h.from, toPod: h.fromPod, writer: h.writer, implied: true}
	in.sentFrom(j, d)
	return in, in.from != none && in.from != in.to
}

// nameless reports whether a hop is a callee's view that does not say who called, or
// tells the client in the place of the gateway.
func (h *hop) nameless() bool {
	return h.in && !h.implied && h.unsure == nil && h.to >= 0 && (h.from == none || h.from == 0 && h.event.forwarded())
}

// adopt finds the callers of nameless hops: those of the request's calls to the same
// pod of which the callee's view is not there, the longest of them for the longest.
func adopt(hops []hop) {
	var outs, ins []*hop
	told := make(map[sides]int) // calls of which the callee's view says who called
	for i := range hops {
		switch h := &hops[i]; {
		case h.nameless():
			ins = append(ins, h)
		case h.from < 0 || h.to < 0 || h.implied:
		case h.in:
			told[sides{h.from, h.to, h.fromPod, h.toPod}]++
		default:
			outs = append(outs, h)
		}
	}
	byCallee := func(a, b *hop) int { return cmp.Or(cmp.Compare(a.to, b.to), cmp.Compare(a.toPod, b.toPod)) }
	for _, of := range [...][]*hop{outs, ins} {
		slices.SortFunc(of, func(a, b *hop) int {
			return cmp.Or(byCallee(a, b), cmp.Compare(b.event.duration, a.event.duration), cmp.Compare(a.event.id, b.event.id))
		})
	}
	for _, o := range outs {
		k := sides{o.from, o.to, o.fromPod, o.toPod}
		if told[k] > 0 {
			told[k]--
			continue
		}
		for len(ins) > 0 && byCallee(ins[0], o) < 0 {
			ins = ins[1:]
		}
		if len(ins) > 0 && byCallee(ins[0], o) == 0 {
			ins[0].from, ins[0].fromPod = o.from, o.fromPod
			ins = ins[1:]
		}
	}
}
