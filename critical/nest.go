package critical

// nesting gathers, within one trace, what holds the clocks of two pods together
// where only one side of their calls is logged: what a pod did for a request lies
// within the calls that it received for it. Wholes are compared with wholes,
// which needs no pairing of single calls.
type nesting struct {
	now  int32
	pods []podWindows
	// called are the pods that received calls which only the caller logged.
	called []int32
	calls  []oneSided
	by     []received
}

// podWindows is what one pod logged itself; stamp tells of which trace.
type podWindows struct {
	stamp           int32
	sent, got       window
	hasSent, hasGot bool
	// last is the latest of the calls to it that only the caller logged, longest
	// how long the longest of them took.
	last    int32
	longest micros
}

// oneSided is a call of which one side is logged.
type oneSided struct {
	caller, callee int32
	window
	// next is another one to the same callee.
	next int32
}

func newNesting(pods int) nesting { return nesting{pods: make([]podWindows, pods)} }

// begin starts a trace.
func (h *nesting) begin() {
	h.now++
	h.called, h.calls = h.called[:0], h.calls[:0]
}

func (h *nesting) at(pod int32) *podWindows {
	p := &h.pods[pod]
	if p.stamp != h.now {
		*p = podWindows{stamp: h.now, last: none}
	}
	return p
}

// sent notes a call that the pod logged itself, once all that it received was noted.
// What took longer than any of that cannot lie within it; but it began there.
func (h *nesting) sent(pod int32, w window) {
	p := h.at(pod)
	if p.last != none && w.length() > p.longest+2*millisecond {
		w.end = w.start
	}
	grow(&p.sent, &p.hasSent, w)
}

// got notes a call received that the pod logged itself.
func (h *nesting) got(pod int32, w window) {
	p := h.at(pod)
	grow(&p.got, &p.hasGot, w)
}

func grow(w *window, has *bool, by window) {
	if *has {
		by = w.hull(by)
	}
	*w, *has = by, true
}

// onlyOut notes a call that only its caller logged; one to itself ties nothing.
func (h *nesting) onlyOut(caller, callee int32, w window) {
	if caller == callee {
		return
	}
	p := h.at(callee)
	if p.last == none {
		h.called = append(h.called, callee)
	}
	h.calls = append(h.calls, oneSided{caller, callee, w, p.last})
	p.last = int32(len(h.calls)) - 1
	p.longest = max(p.longest, w.length())
}

// end hands the trace's evidence to c.
func (h *nesting) end(c *clocks) {
	for _, pod := range h.called {
		p := &h.pods[pod]
		if !p.hasSent || p.hasGot {
			continue
		}
		h.by = h.by[:0]
		whole, alone := h.calls[p.last].window, true
		for i := p.last; i != none; i = h.calls[i].next {
			o := &h.calls[i]
			h.by = append(h.by, received{o.caller, o.window})
			whole, alone = whole.hull(o.window), alone && o.caller == h.by[0].by
		}
		if alone {
			c.nested(h.by[0].by, pod, fromCallers, window{whole.start - p.sent.start, whole.end - p.sent.end})
		} else {
			c.mixed.add(pod, p.sent, h.by)
		}
	}
}

// onlyIn notes a call that only its callee logged. It was made during what its
// caller received, which must all have been noted before.
func (h *nesting) onlyIn(c *clocks, caller, callee int32, in window) {
	if p := h.at(caller); p.hasGot && caller != callee {
		if in.length() > p.got.length()+2*millisecond {
			in.end = in.start
		}
		c.nested(caller, callee, fromCallees, window{p.got.start - in.start, p.got.end - in.end})
	}
}
