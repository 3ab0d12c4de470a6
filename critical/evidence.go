package critical

import (
	"math"

	"github.com/sluice-mesh/sluice/graph"
)

// evidence is the second reading: what each service and each edge was seen to
// do in calls whose surroundings the log holds. Each of its figures needs only
// one pod's own lines or the two lines of one call, never a whole trace; so a
// log that has only the head or tail of each proxy's lines loses calls but does
// not lean to either side.
type evidence struct {
	m *mesh
	s *survey
	b tree
	w waiter
	c cover
	// waits and whole are of the trace in hand, by call; whole tells that all
	// lines that belong to a received call are in the log.
	waits []waits
	whole []bool
	// edge of each call of the trace in hand, -1 when the graph has none; heads are
	// what its entry services sent.
	edge  []int32
	heads []head

	edges []edgeEvidence
	nodes []nodeEvidence
	// units are the received calls whose own time is known.
	units []unit
	lags  []lag
	paths pathCount
	// traces showed what at least one call waited for.
	traces int
}

// unit is one received call's own time.
type unit struct {
	// pod that received it, by mesh.pod; edge it came by.
	pod, edge int32
	role      role
	whole     bool
	kids      uint16
	// self is its duration less what it waited for; own leaves out the caller's
	// sidecar too, where the caller's line is all there is. app is the part of own
	// that may be the application's: what its sidecar says that it waited for the
	// application, where that was logged, else all of own.
	self, own, app micros
}

// edgeEvidence counts an edge's calls by role.
type edgeEvidence struct {
	roles [loose + 1]int
	// orphans likewise, for calls sent during no known call: their role beside
	// what else that pod sent for the request.
	orphans [loose + 1]int
	// under counts those sent during received calls that the log holds whole.
	under int
}

// seen is how many of the edge's calls the traces showed.
func (e *edgeEvidence) seen() (n int) {
	for _, of := range e.roles {
		n += of
	}
	return n
}

// nodeEvidence tells how a service's calls hang together: calls received with
// all their lines in the log, what was sent under them, in how many stages.
type nodeEvidence struct {
	calls, sent, stages int
}

func newEvidence(m *mesh, s *survey) *evidence {
	s.clocks.settle()
	ev := &evidence{m: m, s: s, edges: make([]edgeEvidence, len(m.g.Edges)), nodes: make([]nodeEvidence, len(m.g.Nodes))}
	ev.b = tree{m: m, s: s}
	ev.w = waiter{b: &ev.b}
	ev.c = newCover(m, s)
	ev.units, ev.lags = make([]unit, 0, m.calls()), make([]lag, 0, m.calls())
	ev.paths = newPathCount(len(m.g.Nodes))
	return ev
}

// add reads one trace: all roles first, for a call's role is settled where its
// caller's waiting is worked out.
func (ev *evidence) add(t *graph.Trace) {
	n := len(t.Calls)
	ev.b.read(t)
	ev.w.roles = refill(ev.w.roles, n, unknown)
	ev.waits = refill(ev.waits, n, waits{longest: none})
	ev.whole = refill(ev.whole, n, false)
	ev.edge = refill(ev.edge, n, none)
	for i := range t.Calls {
		ev.edge[i] = ev.m.edge(&t.Calls[i])
	}
	ev.orphans()
	for i := range int32(n) {
		ev.waits[i] = ev.w.wait(ev.b.kidsOf(i), ev.b.got[i])
		if ev.entry(i) {
			ev.w.roles[i] = critical
		}
	}
	before := len(ev.units)
	followed := false
	for i := range int32(n) {
		ev.call(i)
		followed = followed || ev.whole[i]
	}
	if followed || len(ev.units) > before {
		ev.traces++
	}
	for i := range int32(n) {
		if ev.entry(i) {
			ev.follow(i)
		}
	}
	for _, h := range ev.heads {
		ev.followHead(h)
	}
}

// entry reports whether call i is an external request as the gateway sent it on.
func (ev *evidence) entry(i int32) bool {
	c := &ev.b.calls[i]
	return ev.m.g.Nodes[c.From].Kind == graph.Root && ev.b.parent[i] == none && !c.Earlier
}

// orphans counts the calls whose caller's own line is not there. What else the
// pod sent for the request still shows whether it was waited for last, though
// less surely; their role stays unknown. Where requests enter unlogged, it is how they
// begin.
func (ev *evidence) orphans() {
	all := ev.b.orphans()
	ev.heads = ev.heads[:0]
	for i := 0; i < len(all); {
		from := &ev.b.calls[all[i]]
		pod := ev.m.caller(from)
		j := i
		for j < len(all) && ev.m.caller(&ev.b.calls[all[j]]) == pod {
			j++
		}
		w := ev.w.wait(all[i:j], sight{})
		if ev.m.head(from.From) && w.longest != none {
			ev.heads = append(ev.heads, head{pod, w.longest, ev.hull(all[i:j])})
		}
		for _, k := range all[i:j] {
			if e := ev.edge[k]; e >= 0 {
				ev.edges[e].orphans[ev.w.roles[k]]++
			}
			ev.w.roles[k] = unknown
		}
		i = j
	}
}

// head is what the pod of an entry service, whose own call nobody logged, sent for one
// request: the longest of those that it waited for last, and from when to when.
type head struct {
	pod, longest int32
	window
}

// hull is the stretch of calls on the clock of the pod that sent them.
func (ev *evidence) hull(calls []int32) window {
	w := ev.b.sent[calls[0]].window
	for _, k := range calls[1:] {
		w = w.hull(ev.b.sent[k].window)
	}
	return w
}

// call records what call i shows of its edge and of its callee. A call that failed held
// up whoever waited for it like any other; but how long it took says nothing of what its
// callee's work takes.
func (ev *evidence) call(i int32) {
	c := &ev.b.calls[i]
	e := ev.edge[i]
	if e < 0 {
		return
	}
	r := ev.w.roles[i]
	if !c.Earlier { // its caller sent one call
		ev.edges[e].roles[r]++
	}
	if l, ok := ev.lag(i); ok && !c.Failed {
		l.edge, l.role = e, r
		ev.lags = append(ev.lags, l)
	}
	u, ok := ev.unit(i)
	if ok && !c.Failed {
		u.edge, u.role = e, r
		ev.units = append(ev.units, u)
	}
	if ev.whole[i] = ok && u.whole; ev.whole[i] {
		ev.node(i)
	} else if c.Failed && !c.In.Logged && ev.s.inbound[c.To] {
		ev.whole[i] = true // its callee never had it
	}
}

// node counts call i, of which the log holds all lines, for its callee.
func (ev *evidence) node(i int32) {
	n := &ev.nodes[ev.b.calls[i].To]
	n.calls++
	n.sent += len(ev.b.kidsOf(i))
	n.stages += ev.waits[i].stages
	for _, k := range ev.b.kidsOf(i) {
		if e := ev.edge[k]; e >= 0 {
			ev.edges[e].under++
		}
	}
}

// lag is what the log shows of call i's time between the two sidecars. One that was tried
// again spent it on earlier tries.
func (ev *evidence) lag(i int32) (lag, bool) {
	c := &ev.b.calls[i]
	if c.Again {
		return lag{}, false
	}
	l := ev.b.links[i]
	out, sent := view(c.Out)
	in, got := view(c.In)
	if sent && got && l.known {
		in = in.shift(l.d)
		return lag{pair: l.pair, start: in.start - out.start, reply: out.end - in.end}, true
	}
	if t := c.Out.ServiceTime; sent && t >= 0 && t <= c.Out.Duration {
		return lag{pair: l.pair, toll: true, reply: c.Out.Duration - t}, true
	}
	return lag{}, false
}

// unit is the own time of call i at its callee, when the log shows it.
func (ev *evidence) unit(i int32) (unit, bool) {
	c := &ev.b.calls[i]
	q := ev.m.callee(c)
	w := &ev.waits[i]
	u := unit{pod: q, kids: uint16(min(w.kids, math.MaxUint16))}
	if in, ok := view(c.In); ok {
		u.self = in.length() - w.covered
		u.own, u.app = u.self, u.self
		// A sidecar so short of CPU that every call waits for it has no undisturbed
		// call to compare with; its upstream_service_time still leaves out what the
		// call waited before and after. Stalls that it counts are taken for usual or
		// not like others.
		if t := c.In.ServiceTime; t >= 0 && t <= in.length() {
			u.app = max(t-w.covered, -ev.b.slack())
		}
		u.whole = ev.c.holds(q, in)
		// Of what its own sidecar did not log there may be any amount.
		return u, u.whole || ev.s.lines[q].sent > 0 || !ev.s.unlogged[q]
	}
	out, ok := view(c.Out)
	if !ok || ev.s.inbound[c.To] {
		return u, false
	}
	// Only the caller saw it: unless the log holds all that the callee sent
	// meanwhile, it tells nothing of the callee.
	if u.whole = ev.known(i); !u.whole {
		return u, false
	}
	u.self = max(0, out.length()-w.covered)
	u.own = u.self
	if t := c.Out.ServiceTime; t >= 0 && t <= out.length() {
		u.own = max(t-w.covered, -ev.b.slack())
	}
	u.app = u.own
	return u, true
}

// known reports whether the log holds all that the callee of call i sent meanwhile,
// of a call that only its caller logged.
func (ev *evidence) known(i int32) bool {
	q := ev.m.callee(&ev.b.calls[i])
	got, l := ev.b.got[i], ev.b.links[i]
	if got.how == unseen {
		return ev.c.holds(q, always)
	}
	return ev.c.holds(q, window{got.start - l.doubt, got.end + l.doubt})
}

// follow walks the critical path of the external request that call i is.
func (ev *evidence) follow(i int32) {
	latency, ok := view(ev.b.calls[i].Out)
	if !ok {
		latency, ok = view(ev.b.calls[i].In)
	}
	ev.paths.begin()
	if ok && ev.walk(i) {
		ev.paths.end(latency.length())
	}
}

// walk goes on from call i, and reports whether it came to the end.
func (ev *evidence) walk(i int32) bool {
	for ; i != none; i = ev.waits[i].longest {
		ev.paths.step(ev.b.calls[i].To)
		if !ev.whole[i] {
			return false
		}
	}
	return true
}

// followHead walks on from an entry service whose own call nobody logged. All that it
// sent must be there: what was sent as long before and after as it took would be, too.
// How long the request took nobody knows.
func (ev *evidence) followHead(h head) {
	ev.paths.begin()
	ev.paths.step(ev.m.node(h.pod))
	if ev.c.holds(h.pod, window{h.start - h.length(), h.end + h.length()}) && ev.walk(h.longest) {
		ev.paths.end(0)
	}
}
