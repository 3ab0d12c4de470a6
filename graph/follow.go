package graph

import (
	"cmp"
	"slices"
)

// follower counts what pods sent in return for what they received, request by
// request.
type follower struct {
	*survey
	visits []visit
	begun  []*event // calls received by one pod, by start
	edges  []int32
}

// visit is one hop as it concerns one pod: a call that it received by its own
// line, one that it sent, or one that it received by its caller's line.
type visit struct {
	pod, hop int32
	kind     uint8
}

const (
	receivedHere uint8 = iota
	sentHere
	heardOf
)

// followed sums, over the requests in which a pod was called n times and made c
// calls along an edge in return, what the ratio and its variance need.
type followed struct{ c, cc, cn float64 }

// follow takes the pods of one request one by one.
func (f *follower) follow(hops []hop) {
	f.visits = f.visits[:0]
	for i := range hops {
		h, at := &hops[i], int32(i)
		switch {
		case h.entered:
		case h.in && h.toPod != none:
			f.visits = append(f.visits, visit{h.toPod, at, receivedHere})
		case !h.in && h.fromPod != none:
			f.visits = append(f.visits, visit{h.fromPod, at, sentHere})
		}
		if !h.in && h.toPod != none && (f.deaf(h.toPod) && f.heard[h.to].once() || f.passedBy(h)) {
			f.visits = append(f.visits, visit{h.toPod, at, heardOf})
		}
	}
	slices.SortFunc(f.visits, func(a, b visit) int {
		return cmp.Or(cmp.Compare(a.pod, b.pod), cmp.Compare(a.hop, b.hop), cmp.Compare(a.kind, b.kind))
	})
	for from, to := 0, 0; from < len(f.visits); from = to {
		for to = from + 1; to < len(f.visits) && f.visits[to].pod == f.visits[from].pod; to++ {
		}
		visits := f.visits[from:to]
		if pod := visits[0].pod; !f.deaf(pod) {
			f.followPod(hops, visits)
		} else if f.heard[f.node(pod)].once() {
			f.followDeaf(hops, visits)
		}
	}
}

// deaf reports whether a pod's proxy logs nothing that it receives.
func (s *survey) deaf(pod int32) bool { return s.writers[pod].in == 0 }

// passedBy reports whether a call that was sent is known to be received by its
// caller's line alone, though the proxy of the pod that it reached logs others.
func (s *survey) passedBy(h *hop) bool {
	return s.partlyDeaf && !h.in && h.from >= 0 && h.toPod != none && !s.deaf(h.toPod) && s.edge(h.from, h.to).unheard()
}

// followPod counts the calls that a pod received within its window, from their
// start to their end: then whatever they made it send was logged too, however
// the log was cut. What it sent belongs to the call under way that began last;
// what began outside of all of them belongs to calls whose lines are cut off.
func (f *follower) followPod(hops []hop, visits []visit) {
	window := &f.writers[visits[0].pod].window
	f.begun, f.edges = f.begun[:0], f.edges[:0]
	if untimed(hops, visits) {
		f.followUntimed(hops, visits)
		return
	}
	received := 0
	for _, v := range visits {
		h := &hops[v.hop]
		if v.kind == heardOf && h.fromPod != v.pod {
			f.followStrangers(hops, visits)
			return
		}
		if e := h.event; v.kind != sentHere && e.timed() {
			f.begun = append(f.begun, e)
			received += b2i(window.covers(e.start, e.end()))
		}
	}
	if received == 0 {
		return
	}
	slices.SortFunc(f.begun, func(a, b *event) int { return cmp.Compare(a.start, b.start) })
	for _, v := range visits {
		if v.kind != sentHere || hops[v.hop].to < 0 {
			continue
		}
		if e := f.underWay(hops[v.hop].event.start); e != nil && window.covers(e.start, e.end()) {
			f.note(&hops[v.hop])
		}
	}
	f.add(visits[0].pod, received)
}

// untimed reports whether a line of a pod lacks its start, or that of a call it
// received its duration.
func untimed(hops []hop, visits []visit) bool {
	return slices.ContainsFunc(visits, func(v visit) bool {
		e := hops[v.hop].event
		return !e.timed() || v.kind == receivedHere && e.duration == noSpan
	})
}

// followUntimed does what followPod does where lines lack times: what a pod sent
// belongs to the one call that it received for the request. Of several nothing
// tells which, and the request does not count: lines lack fields at random.
func (f *follower) followUntimed(hops []hop, visits []visit) {
	window := &f.writers[visits[0].pod].window
	received := 0
	for _, v := range visits {
		h := &hops[v.hop]
		if v.kind != sentHere {
			received++
		} else if h.to >= 0 {
			f.note(h)
		}
		if h.event.timed() && !window.covers(h.event.start, h.event.end()) {
			return
		}
	}
	if received == 1 {
		f.add(visits[0].pod, 1)
	}
}

// followStrangers counts a request of which a pod received calls that are timed by
// other clocks alone: all that it received and sent, if its window holds whatever it
// may have done for the longest of them around its own lines. Requests of which it has
// no line of its own are not seen; see allowForSilence.
func (f *follower) followStrangers(hops []hop, visits []visit) {
	var own block
	var took Micros
	received, lines := 0, 0
	for _, v := range visits {
		h := &hops[v.hop]
		e := h.event
		if v.kind != sentHere {
			received++
		} else if h.to >= 0 {
			f.note(h)
		}
		if v.kind == heardOf {
			took = max(took, e.duration.micros())
			continue
		}
		own.extend(e, lines == 0)
		lines++
	}
	if lines > 0 && f.writers[visits[0].pod].window.covers(own.last-took, own.first+took) && f.writers[visits[0].pod].window.covers(own.first, own.last) {
		f.add(visits[0].pod, received)
	}
}

// underWay is the call received that began last before a time and had not
// ended, give or take the rounding of the log; nil without one.
func (f *follower) underWay(at Micros) *event {
	n, _ := slices.BinarySearchFunc(f.begun, at+rounding+1, func(e *event, at Micros) int { return cmp.Compare(e.start, at) })
	for i := n - 1; i >= max(0, n-maxCandidates); i-- {
		if e := f.begun[i]; at <= e.end()+rounding {
			return e
		}
	}
	return nil
}

// followDeaf does the same for a pod that logs only what it sends, as in
// captures of outbound lines, of a service that is called once for a request:
// where it is called more often the lines of some of its callers are cut off,
// and nothing tells how many. A request counts if the pod's window holds all of
// the time that its call took around what the pod sent. Requests in return for
// which it sent nothing are not seen; see allowForSilence.
func (f *follower) followDeaf(hops []hop, visits []visit) {
	f.edges = f.edges[:0]
	var sent block
	took := f.heard[f.node(visits[0].pod)].mean()
	for _, v := range visits {
		h := &hops[v.hop]
		if e := h.event; !e.timed() {
			return
		} else if v.kind == heardOf {
			took = max(0, e.duration.micros())
		} else if h.to >= 0 {
			sent.extend(e, len(f.edges) == 0)
			f.note(h)
		}
	}
	if len(f.edges) > 0 && f.writers[visits[0].pod].window.covers(sent.last-took, sent.first+took) {
		f.add(visits[0].pod, 1)
	}
}

// extend makes b hold e.
func (b *block) extend(e *event, first bool) {
	if first {
		*b = block{e.start, e.end()}
		return
	}
	b.first, b.last = min(b.first, e.start), max(b.last, e.end())
}

// note counts one call sent.
func (f *follower) note(h *hop) {
	f.edges = append(f.edges, f.at[[2]int32{h.from, h.to}])
}

// add counts one request at a pod: the calls received and those noted.
func (f *follower) add(pod int32, received int) {
	n := float64(received)
	f.byPod[pod].seen += n
	f.byPod[pod].seenSquare += n * n
	slices.Sort(f.edges)
	for from, to := 0, 0; from < len(f.edges); from = to {
		for to = from + 1; to < len(f.edges) && f.edges[to] == f.edges[from]; to++ {
		}
		k, c := [2]int32{f.edges[from], pod}, float64(to-from)
		was := f.followed[k]
		f.followed[k] = followed{was.c + c, was.cc + c*c, was.cn + c*n}
	}
}

// heard sums what callers logged of the calls to one node.
type heard struct {
	total           Micros
	calls           int64
	requests, again int64 // requests, and those that called it again
	last            uint64
	repeated        bool
}

func (h *heard) add(e *event) {
	h.total += max(0, e.duration.micros())
	h.calls++
	switch {
	case e.key != h.last || h.requests == 0:
		h.last, h.repeated = e.key, false
		h.requests++
	case !h.repeated:
		h.repeated = true
		h.again++
	}
}

func (h *heard) mean() Micros { return h.total / max(1, h.calls) }

// once reports whether requests call the node once, but for a retry in fifty.
func (h *heard) once() bool { return 50*h.again <= h.requests }
