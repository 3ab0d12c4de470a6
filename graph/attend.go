package graph

import (
	"cmp"
	"iter"
	"slices"
)

// Visit is what one pod did for one external request, by its own sidecar's lines.
type Visit struct {
	// Node and Pod index Graph.Nodes and Node.Pods.
	Node, Pod int
	// Start is the earliest of the lines, on the pod's own clock; Missing where
	// none has one.
	Start Micros
	// Received is whether one of the lines tells of the request's coming in, End when the
	// last of these ended; Missing where none does.
	Received bool
	End      Micros
	// Hosts by which it called others, as Edge.Hosts has them, sorted, each once.
	Hosts []string
}

// Visits walks the pods of each external request in a fixed order: those that
// logged a line of their own. A line without a request_id is a request of its own.
// The Visit handed over is valid until the next one.
func (g *Graph) Visits() iter.Seq[*Visit] {
	return func(yield func(*Visit) bool) {
		if g.traces.events == nil {
			return
		}
		a := attendance{join: g.traces.join}
		for r := range g.traces.events.requests() {
			a.read(r)
			for i := range a.visits {
				if !yield(&a.visits[i].Visit) {
					return
				}
			}
		}
	}
}

// attendance collects the visits of one request after the other in the same memory.
type attendance struct {
	*join
	hops   []hop
	visits []attended
}

// attended is a Visit beside the pod's number.
type attended struct {
	Visit
	pod int32
}

func (a *attendance) read(r request) {
	a.hops = a.resolve(a.hops[:0], r.events)
	a.visits = a.visits[:0]
	slices.SortFunc(a.hops, func(x, y hop) int { return cmp.Compare(x.own(), y.own()) })
	for i := range a.hops {
		if h := &a.hops[i]; h.own() != none {
			a.note(h)
		}
	}
	for i := range a.visits {
		v := &a.visits[i]
		slices.Sort(v.Hosts)
		v.Hosts = slices.Compact(v.Hosts)
	}
}

// own is the pod whose sidecar logged the hop, none where it is not known.
func (h *hop) own() int32 {
	switch {
	case h.entered:
		return none
	case h.in:
		return h.toPod
	}
	return h.fromPod
}

// note adds a hop to the visit of its pod; those of one pod follow each other.
func (a *attendance) note(h *hop) {
	n := len(a.visits)
	if n == 0 || a.visits[n-1].pod != h.own() {
		ref := a.pods[h.own()]
		a.visits = append(a.visits, attended{Visit{Node: int(ref.node), Pod: int(ref.index), Start: Missing, End: Missing}, h.own()})
		n++
	}
	v := &a.visits[n-1]
	if s := h.event.start; s != Missing && (v.Start == Missing || s < v.Start) {
		v.Start = s
	}
	if !h.in {
		v.Hosts = a.hostsOf(v.Hosts, h)
		return
	}
	v.Received = true
	if h.event.timed() {
		v.End = max(v.End, h.event.end())
	}
}

// hostsOf appends the names by which a hop's callee was called, as survey.hosts
// has them.
func (a *attendance) hostsOf(hosts []string, h *hop) []string {
	c, n := &a.names[h.event.name], len(hosts)
	if c.host != "" {
		hosts = append(hosts, c.host)
	}
	if also := c.alsoCalled(h.from); also != "" && also != c.host {
		hosts = append(hosts, also)
	}
	if h.to >= 0 && (len(hosts) == n || c.nameless(h.to) && a.nodes[h.to].Kind == Service) {
		hosts = append(hosts, a.nodes[h.to].Name)
	}
	return hosts
}
