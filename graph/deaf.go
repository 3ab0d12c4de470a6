package graph

import (
	"cmp"
	"slices"
)

// groupPods makes the units of follower: a pod each or, where callers log the address
// of a service and no pod of it logs what it receives, all pods of the service.
func (s *survey) groupPods() {
	s.unit, s.listens = make([]int32, len(s.pods)), make([]bool, len(s.pods))
	s.first = make([]int32, len(s.nodes))
	for i := range s.unit {
		s.unit[i] = int32(i)
	}
	for n := range s.nodes {
		pods := s.podsOfNode(int32(n))
		if len(pods) == 0 {
			continue
		}
		s.first[n] = pods[0]
		hearing := slices.ContainsFunc(pods, func(p int32) bool { return !s.deaf(p) })
		for _, p := range pods {
			if s.addressed[n] && !hearing {
				s.unit[p] = pods[0]
			}
			if s.deaf(p) && !s.dumb(p) {
				s.listens[s.unit[p]] = true
			}
		}
	}
}

// shared reports whether a unit is all pods of its service.
func (s *survey) shared(unit int32) bool {
	n := s.node(unit)
	return s.addressed[n] && s.unit[s.first[n]+int32(len(s.nodes[n].Pods))-1] == unit
}

// caller is a proxy that logs calls to a node.
type caller struct{ node, by, calls int32 }

// hear finds, for each pod that sends, the stretches of its window in which the log
// also holds the calls that it sends for. A proxy that logs them writes their lines up
// to a call's length after those of what was sent; where callers log them it
// is the callers' windows, too, that count.
func (s *survey) hear() {
	s.inner = s.innerWindows()
	s.findCrowded()
	s.hears, s.strange = make([]window, len(s.pods)), make([]float64, len(s.pods))
	callers := make([]caller, 0, len(s.callers))
	for k, n := range s.callers { // sorted below
		callers = append(callers, caller{k[1], k[0], int32(n)})
	}
	slices.SortFunc(callers, func(a, b caller) int { return cmp.Or(cmp.Compare(a.node, b.node), cmp.Compare(a.by, b.by)) })
	for i := range s.pods {
		pod, w := int32(i), &s.writers[i]
		switch {
		case s.dumb(pod):
		case !s.deaf(pod):
			s.hears[i] = w.window.shorten(w.long())
		case s.clocks != nil:
			s.hears[i] = s.hearBy(pod, callersOf(callers, s.node(pod)))
		}
	}
}

func callersOf(callers []caller, node int32) []caller {
	find := func(n int32) int {
		i, _ := slices.BinarySearchFunc(callers, n, func(c caller, n int32) int { return cmp.Compare(c.node, n) })
		return i
	}
	return callers[find(node):find(node+1)]
}

// maxCallers is how many proxies that call a service are compared with each of its pods.
const maxCallers = 1000

// hearBy is what hear finds for a pod that logs only what it sends. It is nothing
// where the clocks of callers that matter are not known, or there are too many.
func (s *survey) hearBy(pod int32, callers []caller) window {
	if len(callers) > maxCallers {
		return window{}
	}
	w := s.writers[pod].window
	all, strange := 0, 0
	for _, c := range callers {
		all += int(c.calls)
		add, ok := s.clocks.offset(pod, c.by)
		by := &s.writers[c.by]
		switch {
		case !ok:
			strange += int(c.calls)
		case c.by != pod && by.requests >= minRequests: // of fewer nobody knows how long it was listened to
			w = w.meet(by.window.shorten(s.heard[s.node(pod)].long()).shift(add))
		}
	}
	if all > 0 {
		s.strange[pod] = float64(strange) / float64(all)
	}
	if s.strange[pod] > 0.02 {
		return window{}
	}
	return w
}

// followDeaf counts what a unit that logs only what it sends did for one request. The
// calls that it received are those that its callers logged, put on its own clock. They
// count if its window holds all of them, whether it then sent anything or not. Of a
// service that requests call more than once, all callers must have been heard meanwhile,
// or nothing would tell for which call it sent.
func (f *follower) followDeaf(hops []hop, visits []visit) {
	unit := visits[0].unit
	heard := &f.heard[f.node(unit)]
	f.sent = f.sent[:0]
	var sent block
	received := 0
	for _, v := range visits {
		h := &hops[v.hop]
		if !h.event.timed() {
			return
		}
		received += b2i(v.kind != sentHere)
		if v.kind == sentHere && h.to >= 0 {
			sent.extend(h.event.block(), len(f.sent) == 0)
			f.note(h, 1, 0)
		}
	}
	switch {
	case received > 0:
		f.followHeard(hops, visits, heard.once(), received)
	case heard.calls == 0 && len(f.sent) > 0 && f.writers[unit].window.covers(sent.first, sent.last):
		f.add(unit, 1) // where requests enter unlogged
	case heard.calls > 0:
		for _, v := range visits {
			if h := &hops[v.hop]; h.to >= 0 && !f.isCalled(hops, h.fromPod) {
				f.stray(h, noCause)
			}
		}
	}
}

// followHeard is followDeaf for a request in which callers logged calls to the unit.
func (f *follower) followHeard(hops []hop, visits []visit, once bool, received int) {
	unit, last := visits[0].unit, visits[0].unit
	if f.shared(unit) { // any of its pods may have received them
		last += int32(len(f.nodes[f.node(unit)].Pods)) - 1
	}
	f.sent = f.sent[:0]
	weight, whole := 0.0, true
	for pod := unit; pod <= last; pod++ {
		if f.writers[pod].out == 0 {
			continue
		}
		got, ok := f.heardBy(pod, hops, visits)
		if !ok {
			return
		}
		w := f.hears[pod]
		if once {
			w = f.writers[pod].window
		}
		at := w.weight(got.first, got.last)
		weight, whole = max(weight, at), whole && at > 0
		for _, v := range visits {
			h := &hops[v.hop]
			if v.kind != sentHere || h.fromPod != pod || h.to < 0 {
				continue
			}
			if once || got.first-rounding <= h.event.start && h.event.start <= got.last+rounding {
				f.note(h, 1, got.last-h.event.end()-f.heard[f.node(pod)].long())
			} else {
				f.stray(h, noCause)
			}
		}
	}
	if !whole {
		return
	}
	for i := range f.sent {
		f.sent[i].weight = weight
	}
	f.add(unit, float64(received)*weight)
}

// heardBy is the stretch of the calls that were heard of, on a pod's clock.
func (f *follower) heardBy(pod int32, hops []hop, visits []visit) (got block, ok bool) {
	for _, v := range visits {
		if v.kind != heardOf {
			continue
		}
		h := &hops[v.hop]
		add, tied := f.clocks.offset(pod, f.writerOf(h))
		if !tied || h.event.duration == noSpan {
			return got, false
		}
		got.extend(block{h.event.start + add, h.event.end() + add}, !ok)
		ok = true
	}
	return got, ok
}
