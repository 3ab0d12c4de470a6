package graph

import (
	"cmp"
	"iter"
	"slices"
)

// follower counts what pods sent in return for what they received, request by
// request.
type follower struct {
	*survey
	visits []visit
	begun  []*event // calls received by one pod, by start
	sent   []sentCall
	called []int32 // what the request called, once someone asked; see isCalled
	// doubts are where calls of the request came from whose callers are not known.
	doubts []*place
}

// visit is one hop as it concerns one pod: a call that it received by its own
// line, one that it sent, or one that it received by its caller's line. Its unit is
// the pod or, where callers do not log which pod of a service they called, the
// first pod for all of them.
type visit struct {
	unit, hop int32
	kind      uint8
}

const (
	receivedHere uint8 = iota
	sentHere
	heardOf
	sentAlone     // that it sent by its callee's line, its own being lost
	receivedAlone // that it received by its caller's line, though its own proxy logs others
	perhapsAlone  // the same of a call that failed, and may never have come
)

// sentCall is a call sent along an edge, and how many it stands for; met is set where both its
// ends' lines are there, failed besides where it failed for the callee, lone where the callee's
// is alone. after is for how much longer than is thought of the one that it was sent for went
// on; see followed.
type sentCall struct {
	edge   int32
	weight float64
	after  Micros
	met    bool
	failed bool
	lone   bool
}

// followed sums, over the requests in which a pod was called n times and made c
// calls along an edge in return, what the ratio and its variance need.
type followed struct {
	c, cc, cn float64
	// strays are the calls that it sent during none that it received; see stray.
	// excused are those of which callers' lines tell what they were sent for, perhaps those
	// of which they tell that it failed.
	strays, excused, perhaps int
	// after sums up, in µs, for how long the calls received went on when what was sent for
	// them had ended and the longest that is thought of was over: see pending.
	after float64
	// alone is how many of the calls have their caller's line only, lone how many their
	// callee's.
	alone, lone float64
	// met is how many have both, failed those of them that failed for the callee.
	met, failed float64
}

// following is what was followed of each edge and calling pod.
type following struct {
	index Pairs
	sums  []followed
}

// at is where calls along an edge are summed up for a pod.
func (f *following) at(edge, pod int32) *followed {
	i := f.index.Find(edge, pod)
	if i == none {
		i = int32(len(f.sums))
		f.index.Set(edge, pod, i)
		f.sums = append(f.sums, followed{})
	}
	return &f.sums[i]
}

// of is what was summed up, nothing where nothing was.
func (f *following) of(edge, pod int32) followed {
	if i := f.index.Find(edge, pod); i != none {
		return f.sums[i]
	}
	return followed{}
}

// follow takes the pods of one request one by one.
func (f *follower) follow(hops []hop, pairs []pairing) {
	f.gather(hops, pairs)
	f.called = f.called[:0]
	f.doubts = doubtful(f.doubts, hops)
	for visits := range f.groups() {
		own, lone := f.setLone(visits)
		switch unit := visits[0].unit; {
		case len(own) == 0 || f.doubted(unit):
		case f.listens[unit]:
			f.followDeaf(hops, own)
		case !f.deaf(unit):
			f.followPod(hops, own, lone)
		}
	}
}

// doubted reports whether a pod may have made calls that nobody can lay to it.
func (f *follower) doubted(pod int32) bool {
	return slices.ContainsFunc(f.doubts, func(p *place) bool {
		_, ok := slices.BinarySearch(p.pods, pod)
		return ok
	})
}

// gather lists the visits of a request's hops by unit, and those that its calls show to
// lack a line.
func (f *follower) gather(hops []hop, pairs []pairing) {
	f.visits = f.visits[:0]
	for i := range hops {
		h, at := &hops[i], int32(i)
		switch {
		case h.entered:
		case h.in && h.toPod != none && !f.partly[inSide][h.toPod]:
			f.visits = append(f.visits, visit{f.unit[h.toPod], at, receivedHere})
		case !h.in && h.fromPod != none && !f.partly[outSide][h.fromPod]:
			f.visits = append(f.visits, visit{f.unit[h.fromPod], at, sentHere})
		}
		if unit := f.heardAt(h); unit != none {
			f.visits = append(f.visits, visit{unit, at, heardOf})
		}
	}
	f.gatherLone(hops, pairs)
	sortVisits(f.visits)
}

// fewVisits are sorted faster by moving each back to where it belongs.
const fewVisits = 32

// sortVisits groups visits, which are in the order of the hops, by unit.
func sortVisits(visits []visit) {
	if len(visits) > fewVisits {
		slices.SortStableFunc(visits, func(a, b visit) int { return cmp.Compare(a.unit, b.unit) })
		return
	}
	for i := 1; i < len(visits); i++ {
		v, at := visits[i], i
		for ; at > 0 && visits[at-1].unit > v.unit; at-- {
			visits[at] = visits[at-1]
		}
		visits[at] = v
	}
}

// groups walks the visits of each unit.
func (f *follower) groups() iter.Seq[[]visit] {
	return runs(f.visits, func(a, b visit) bool { return a.unit == b.unit })
}

// runs cuts s into its stretches of like elements.
func runs[T any](s []T, like func(a, b T) bool) iter.Seq[[]T] {
	return func(yield func([]T) bool) {
		for from, to := 0, 0; from < len(s); from = to {
			for to = from + 1; to < len(s) && like(s[from], s[to]); to++ {
			}
			if !yield(s[from:to]) {
				return
			}
		}
	}
}

// deaf reports whether a pod's proxy logs nothing that it receives, or not all.
func (s *survey) deaf(pod int32) bool { return s.writers[pod].in == 0 || s.partly[inSide][pod] }

// passedBy reports whether a call that was sent is known to be received by its
// caller's line alone, though the proxy of the pod that it reached logs others.
func (s *survey) passedBy(h *hop) bool {
	return s.partlyDeaf && !h.in && h.from >= 0 && h.toPod != none && !s.deaf(h.toPod) && s.edge(h.from, h.to).unheard()
}

// heardAt is the unit that a call which was sent is heard of at, for want of a line
// of the callee's; none where it is not.
func (f *follower) heardAt(h *hop) int32 {
	switch {
	case h.in || h.to < 0 || f.nodes[h.to].Kind != Service || h.unreached():
		return none
	case h.toPod == none:
		if pod := f.first[h.to]; f.listens[pod] && f.shared(pod) && !f.unlisted(h) {
			return pod
		}
		return none
	case f.listens[f.unit[h.toPod]] || f.passedBy(h):
		return f.unit[h.toPod]
	}
	return none
}

// unlisted reports whether a hop's callee is a pod that the request does not list,
// as it shows by writing lines of its own: no address of a service does.
func (s *survey) unlisted(h *hop) bool {
	_, ok := s.others[otherWriter{address: s.canon[h.event.up], node: none}]
	return ok
}

// followPod counts the calls that a pod received within its window, from their
// start to their end: then whatever they made it send was logged too, however
// the log was cut. What it sent belongs to the call under way that began last.
func (f *follower) followPod(hops []hop, visits, lone []visit) {
	pod := visits[0].unit
	window := &f.writers[pod].window
	f.begun, f.sent = f.begun[:0], f.sent[:0]
	if untimed(hops, visits) {
		f.followUntimed(hops, visits, lone)
		return
	}
	received, inner := 0.0, false
	for _, v := range visits {
		h := &hops[v.hop]
		if v.kind == heardOf && h.fromPod != pod {
			f.followStrangers(hops, visits)
			return
		}
		e := h.event
		switch {
		case v.kind == sentHere:
			inner = inner || f.inner[pod].covers(e.start, e.end())
		case e.timed():
			f.begun = append(f.begun, e)
			received += window.weight(e.start, e.end())
		}
	}
	if inner {
		f.noteTold(hops, pod, visits, lone)
	}
	slices.SortFunc(f.begun, func(a, b *event) int { return cmp.Compare(a.start, b.start) })
	l, why := f.lonely(pod, lone), f.causeOf(lone)
	for _, v := range visits {
		h := &hops[v.hop]
		if v.kind != sentHere || h.to < 0 {
			continue
		}
		if e := f.underWay(h.event.start); e != nil {
			f.note(h, window.weight(e.start, e.end()), e.end()-h.event.end()-f.writers[pod].long())
		} else if l.received > 0 {
			f.note(h, l.weight, 0)
		} else {
			f.stray(h, why)
		}
	}
	if received > 0 {
		f.noteLone(hops, lone, l.weight)
		f.byPod[pod].seenLone += l.received
		f.add(pod, received+l.received)
	}
}

// stray counts a call that a pod sent during none that it received: its application
// made up another request_id, or went on when it had answered, or the line of what it
// received is lost, or its request_id. It counts if it was sent when the log would have
// shown the call that it was sent for.
// It is excused if its caller's line tells what it was sent for.
func (f *follower) stray(h *hop, why cause) {
	end := h.event.end()
	if !h.event.traced() || !h.event.timed() || !f.hears[h.fromPod].covers(end, end) {
		return
	}
	at := f.followed.at(f.at.Find(h.from, h.to), h.fromPod)
	switch why {
	case noCause:
		at.strays++
	case lostCause:
		at.excused++
	case perhapsCause:
		at.perhaps++
	}
}

// isCalled reports whether any line of a request shows a call to a pod, or to its
// service by an address that tells no pod.
func (f *follower) isCalled(hops []hop, pod int32) bool {
	if len(f.called) == 0 {
		for i := range hops {
			if h := &hops[i]; h.toPod != none {
				f.called = append(f.called, h.toPod)
			} else {
				f.called = append(f.called, -2-h.to)
			}
		}
		slices.Sort(f.called)
	}
	_, ok := slices.BinarySearch(f.called, pod)
	if !ok {
		_, ok = slices.BinarySearch(f.called, -2-f.node(pod))
	}
	return ok
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
func (f *follower) followUntimed(hops []hop, visits, lone []visit) {
	window := &f.writers[visits[0].unit].window
	received := 0
	for _, v := range visits {
		h := &hops[v.hop]
		if v.kind != sentHere {
			received++
		} else if h.to >= 0 {
			f.note(h, 1, 0)
		}
		if h.event.timed() && !window.covers(h.event.start, h.event.end()) {
			return
		}
	}
	if alone, perhaps := receivedLone(lone); received == 1 && alone+perhaps == 0 {
		f.noteLone(hops, lone, 1)
		f.add(visits[0].unit, 1)
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
			f.note(h, 1, 0)
		}
		if v.kind == heardOf {
			took = max(took, e.duration.micros())
			continue
		}
		own.extend(e.block(), lines == 0)
		lines++
	}
	window := &f.writers[visits[0].unit].window
	if lines > 0 && window.covers(own.last-took, own.first+took) && window.covers(own.first, own.last) {
		f.add(visits[0].unit, float64(received))
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

// block is the stretch of an event.
func (e *event) block() block { return block{e.start, e.end()} }

// extend makes b hold another stretch.
func (b *block) extend(by block, first bool) {
	if !first {
		by = block{min(b.first, by.first), max(b.last, by.last)}
	}
	*b = by
}

// note counts one call sent.
func (f *follower) note(h *hop, weight float64, after Micros) {
	f.sent = append(f.sent, sentCall{f.at.Find(h.from, h.to), weight, max(0, after), h.met, h.met && h.failedThere, h.in})
}

// add counts one request at a unit: the calls received and those noted.
func (f *follower) add(unit int32, received float64) {
	f.byPod[unit].seen += received
	f.byPod[unit].seenSquare += received * received
	slices.SortFunc(f.sent, func(a, b sentCall) int {
		return cmp.Or(cmp.Compare(a.edge, b.edge), cmp.Compare(a.weight, b.weight), cmp.Compare(a.after, b.after))
	})
	for of := range runs(f.sent, func(a, b sentCall) bool { return a.edge == b.edge }) {
		sum := f.followed.at(of[0].edge, unit)
		c, after := 0.0, 0.0
		for _, s := range of {
			c += s.weight
			after += s.weight * float64(s.after)
			switch {
			case s.met:
				sum.met += s.weight
				if s.failed {
					sum.failed += s.weight
				} else {
					f.byPod[unit].sentLost.has += s.weight
				}
			case s.lone:
				f.byPod[unit].sentLost.lacks += s.weight
				sum.lone += s.weight
			default:
				sum.alone += s.weight
			}
		}
		sum.c, sum.cc, sum.cn, sum.after = sum.c+c, sum.cc+c*c, sum.cn+c*received, sum.after+after
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

// long is how long a call to the node may take, as its callers logged it.
func (h *heard) long() Micros { return longCall * h.mean() }

// once reports whether requests call the node once, but for a retry in fifty.
func (h *heard) once() bool { return 50*h.again <= h.requests }
