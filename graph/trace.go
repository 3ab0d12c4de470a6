package graph

import (
	"cmp"
	"iter"
	"runtime"
	"slices"
)

// traceTable is what Traces reads: the events as the Builder kept them, and
// how to resolve them. It holds no calls of its own, since two million lines
// would cost as much again.
type traceTable struct {
	join   *join
	events *events
	partly partly
}

// Traces walks the external requests in a fixed order. The Trace handed over is
// valid until the next one.
func (g *Graph) Traces() iter.Seq[*Trace] {
	if es := g.traces.events; es != nil && es.count() >= worthRelay && runtime.GOMAXPROCS(0) > 1 {
		return g.ahead
	}
	return g.inTurn()
}

// ahead walks traces while other goroutines prepare those to come: to pair and arrange calls
// takes longer than what is done with them. Their order stays.
func (g *Graph) ahead(yield func(*Trace) bool) {
	parts := g.traces.events.parts()
	relay(len(parts), func() func(int, *tracedPart) {
		t := g.newTracer()
		return func(i int, to *tracedPart) { to.fill(t, parts[i]) }
	}, func(p *tracedPart) bool { return p.each(yield) })
}

// tracedPart is the traces of a part in one block of memory.
type tracedPart struct {
	requests []uint64
	ends     []int // of each trace's calls
	calls    []Call
}

// fill makes the traces of a part.
func (p *tracedPart) fill(t *tracer, part []event) {
	p.requests, p.ends = p.requests[:0], p.ends[:0]
	p.calls = slices.Grow(p.calls[:0], len(part))
	t.table.events.requestsOf(part, func(r request) bool {
		if r.whole && t.find(r) {
			p.requests = append(p.requests, r.events[0].key)
			p.calls = t.tree.arrange(t.calls, p.calls)
			p.ends = append(p.ends, len(p.calls))
		}
		return true
	})
}

func (p *tracedPart) each(yield func(*Trace) bool) bool {
	var t Trace
	from := 0
	for i, end := range p.ends {
		t.Request, t.Calls = p.requests[i], p.calls[from:end:end]
		if from = end; !yield(&t) {
			return false
		}
	}
	return true
}

// inTurn is Traces on the calling goroutine alone.
func (g *Graph) inTurn() iter.Seq[*Trace] {
	return func(yield func(*Trace) bool) {
		if g.traces.events == nil {
			return
		}
		t := g.newTracer()
		var trace Trace
		for r := range g.traces.events.requests() {
			if !r.whole || !t.find(r) {
				continue
			}
			trace.Request, trace.Calls = r.events[0].key, t.tree.arrange(t.calls, trace.Calls[:0])
			if !yield(&trace) {
				return
			}
		}
	}
}

// tracer finds the calls of one request after the other in the same memory.
type tracer struct {
	*join
	table *traceTable
	pairer
	hops  []hop
	calls []Call
	tree  tree
}

func (g *Graph) newTracer() *tracer {
	return &tracer{join: g.traces.join, table: &g.traces, pairer: pairer{j: g.traces.join}}
}

// find finds the calls of one request; it reports whether it has any.
func (t *tracer) find(r request) bool {
	t.hops = t.resolve(t.hops[:0], r.events)
	t.calls = t.calls[:0]
	for _, p := range t.pair(t.hops) {
		t.calls = append(t.calls, t.call(p))
	}
	return len(t.calls) > 0
}

func (t *tracer) call(p pairing) Call {
	c := Call{FromPod: -1, ToPod: -1, Parent: -1}
	for side, i := range [...]int32{p.out, p.in} {
		if i < 0 {
			continue
		}
		h := &t.hops[i]
		c.From, c.To = int(h.from), int(h.to)
		c.FromPod, c.ToPod = max(c.FromPod, t.indexOf(h.fromPod)), max(c.ToPod, t.indexOf(h.toPod))
		c.Failed = c.Failed || h.event.failed()
		c.Earlier, c.Again = c.Earlier || h.try == earlier, c.Again || h.again
		if p.out >= 0 && p.in >= 0 && t.partial(h) {
			continue // most others of the pod do not have it
		}
		view := Side{Logged: true, Start: h.event.start, Duration: h.event.duration.micros(), ServiceTime: h.event.service.micros()}
		if side == outSide {
			c.Out = view
		} else {
			c.In = view
		}
	}
	return c
}

// partial reports whether a hop was logged by a pod that logs its side only in part.
func (t *tracer) partial(h *hop) bool {
	pod := h.own()
	return pod != none && t.table.partly[sideOf(h)][pod]
}

// indexOf a pod in its node's Pods.
func (j *join) indexOf(pod int32) int {
	if pod < 0 {
		return -1
	}
	return int(j.pods[pod].index)
}

// tree finds which call was made during which, and orders them by it.
type tree struct {
	calls []Call
	// callers are the calls by callee and start, children by Parent: those of call i
	// are children[first[i+1]:first[i+2]], and those without one come first.
	callers, children, first []int32
	// placed is where each call stands in the result, behind what was there before.
	placed, stack []int32
	before        int
}

// arrange appends calls to out in order: what was made during a call follows
// it, and calls made during the same one follow each other by start on their
// caller's clock.
func (t *tree) arrange(calls, out []Call) []Call {
	t.calls, t.before = calls, len(out)
	t.sort()
	t.findParents()
	t.group()
	t.placed = t.placed[:0]
	for range calls {
		t.placed = append(t.placed, -1)
	}
	for _, i := range t.childrenOf(-1) {
		out = t.descend(i, out)
	}
	// What is left claims to be within itself by clocks that cannot be right.
	for i := range calls {
		if t.placed[i] < 0 {
			out = t.descend(int32(i), out)
		}
	}
	for i := range calls {
		if c := &out[t.before+i]; c.Parent >= 0 {
			c.Parent = int(t.placed[c.Parent])
		}
	}
	return out
}

// group lists the children of each call, in the order of the calls.
func (t *tree) group() {
	t.first = t.first[:0]
	for range len(t.calls) + 2 {
		t.first = append(t.first, 0)
	}
	for i := range t.calls {
		t.first[t.calls[i].Parent+2]++
	}
	for i := 1; i < len(t.first); i++ {
		t.first[i] += t.first[i-1]
	}
	t.children = append(t.children[:0], t.callers...) // for the room
	for i := range t.calls {
		at := &t.first[t.calls[i].Parent+1]
		t.children[*at] = int32(i)
		*at++ // to the end of these, where the next ones begin
	}
	copy(t.first[1:], t.first)
	t.first[0] = 0
}

// childrenOf call i, or those without a parent for -1.
func (t *tree) childrenOf(i int) []int32 { return t.children[t.first[i+1]:t.first[i+2]] }

// sort orders the calls by callers, callees and start: the order in which
// those without a parent stay.
func (t *tree) sort() {
	slices.SortFunc(t.calls, func(a, b Call) int { return t.compare(&a, &b) })
}

// compare is by caller's pod, so that all starts compared are of one clock. It looks at
// one thing after the other and no further than it needs.
func (t *tree) compare(a, b *Call) int {
	switch {
	case a.From != b.From:
		return cmp.Compare(a.From, b.From)
	case a.FromPod != b.FromPod:
		return cmp.Compare(a.FromPod, b.FromPod)
	case a.Out.Logged != b.Out.Logged:
		return cmp.Compare(b2i(b.Out.Logged), b2i(a.Out.Logged))
	case a.Out.Start != b.Out.Start:
		return cmp.Compare(a.Out.Start, b.Out.Start)
	}
	return cmp.Or(
		cmp.Compare(a.To, b.To), cmp.Compare(a.ToPod, b.ToPod),
		cmp.Compare(a.In.Start, b.In.Start), cmp.Compare(a.Out.Duration, b.Out.Duration), cmp.Compare(a.In.Duration, b.In.Duration),
	)
}

// descend appends a call and all that was made during it.
func (t *tree) descend(root int32, out []Call) []Call {
	t.stack = append(t.stack[:0], root)
	defer func(at int) { out[at].Parent = -1 }(len(out))
	for len(t.stack) > 0 {
		i := t.stack[len(t.stack)-1]
		t.stack = t.stack[:len(t.stack)-1]
		if t.placed[i] >= 0 {
			continue
		}
		t.placed[i] = int32(len(out) - t.before)
		out = append(out, t.calls[i])
		for _, c := range slices.Backward(t.childrenOf(int(i))) {
			t.stack = append(t.stack, c)
		}
	}
	return out
}

// maxCandidates bounds how many calls that a pod was answering at once are
// looked through for the one during which it made another.
const maxCandidates = 64

// rounding is how far the ends of a call may stand outside of those of the
// call that it was made during: logs hold whole milliseconds.
const rounding = 1000

// findParents sets Parent of each call: the call to the same pod during which
// it was made by that pod's clock, of several the one that began last; or the
// only call to that pod, where its side was not logged.
func (t *tree) findParents() {
	calls := t.calls
	t.callers = t.callers[:0]
	for i := range calls {
		t.callers = append(t.callers, int32(i))
	}
	slices.SortFunc(t.callers, func(a, b int32) int {
		x, y := &calls[a], &calls[b]
		switch {
		case x.To != y.To:
			return cmp.Compare(x.To, y.To)
		case x.ToPod != y.ToPod:
			return cmp.Compare(x.ToPod, y.ToPod)
		case x.In.Start != y.In.Start:
			return cmp.Compare(x.In.Start, y.In.Start)
		}
		return cmp.Compare(a, b)
	})
	for i := range calls {
		calls[i].Parent = t.parent(int32(i))
	}
}

func (t *tree) parent(i int32) int {
	c := &t.calls[i]
	to := t.callsTo(c.From, c.FromPod)
	if len(to) == 0 { // callers that log a service's address do not know its pod
		to = t.callsTo(c.From, -1)
	}
	if len(to) == 1 && to[0] != i && !(t.calls[to[0]].In.Logged && c.Out.Logged) {
		return int(to[0])
	}
	return t.within(i, to)
}

// callsTo are the calls to one pod of a node, by start on its clock.
func (t *tree) callsTo(node, pod int) []int32 {
	from := t.firstTo(0, node, pod)
	return t.callers[from:t.firstTo(from, node, pod+1)]
}

// firstTo is where in callers, from an index on, the first call to a pod of a node is, or
// would be.
func (t *tree) firstTo(low, node, pod int) int {
	for high := len(t.callers); low < high; {
		mid := (low + high) >> 1
		if c := &t.calls[t.callers[mid]]; c.To < node || c.To == node && c.ToPod < pod {
			low = mid + 1
		} else {
			high = mid
		}
	}
	return low
}

// within looks through candidates, calls to one pod by start, for one that
// contains call i on that pod's clock.
func (t *tree) within(i int32, candidates []int32) int {
	c := &t.calls[i]
	if !c.Out.Logged || c.Out.Start < 0 {
		return -1
	}
	last, _ := slices.BinarySearchFunc(candidates, c.Out.Start+rounding+1, func(k int32, start Micros) int {
		return cmp.Compare(t.calls[k].In.Start, start)
	})
	for n := last - 1; n >= max(0, last-maxCandidates); n-- {
		k := candidates[n]
		in := &t.calls[k].In
		if k != i && in.Logged && in.Start >= 0 && c.Out.Start+c.Out.Duration <= in.Start+in.Duration+rounding {
			return int(k)
		}
	}
	return -1
}
