package optimize

import (
	"sort"

	"github.com/sluice-mesh/sluice/budget"
	"github.com/sluice-mesh/sluice/crgen"
	"github.com/sluice-mesh/sluice/graph"
)

// Memory is what a mesh's earlier rounds left: a plain value that survives JSON.
// The nil Memory is that of a mesh not seen before. A Memory is never changed;
// Plan makes a new one.
type Memory struct {
	// Round is the number of observations that went in.
	Round int `json:"round"`
	// Services that the mesh had, sorted, by which it is recognised.
	Services  []string          `json:"services"`
	Knowledge *budget.Knowledge `json:"knowledge,omitempty"`
	// Scope is what each workload was seen to call, over the rounds.
	Scope []crgen.Workload `json:"scope,omitempty"`
	// Given is what the last plan gave each service's sidecars, sorted by service.
	Given []Grant `json:"given,omitempty"`
}

// Grant is what one service's sidecars got.
type Grant struct {
	Service string          `json:"service"`
	CPU     budget.MilliCPU `json:"cpu"`
	Memory  budget.Bytes    `json:"memory"`
}

// round is 0 for the nil Memory.
func (m *Memory) round() int {
	if m == nil {
		return 0
	}
	return m.Round
}

// given finds what the last plan gave a service.
func (m *Memory) given(service string) (Grant, bool) {
	if m == nil {
		return Grant{}, false
	}
	i := sort.Search(len(m.Given), func(i int) bool { return m.Given[i].Service >= service })
	if i == len(m.Given) || m.Given[i].Service != service {
		return Grant{}, false
	}
	return m.Given[i], true
}

// Recall finds the memory that belongs to the mesh with these services (sorted)
// among those given: the one that shares most services with it, provided that
// they share at least half of all the services that either has (a Jaccard index
// of 0.5), so that a mesh may grow, shrink and rename without being forgotten,
// and two meshes that merely have a gateway or a database in common do not mix.
// It returns -1 for a mesh not seen before; of equals the first wins.
func Recall(memories []*Memory, services []string) int {
	best, bestShare := -1, 0.0
	for i, m := range memories {
		if share := jaccard(m.Services, services); share >= 0.5 && share > bestShare {
			best, bestShare = i, share
		}
	}
	return best
}

// jaccard is |a∩b| / |a∪b| of two sorted lists without repeats.
func jaccard(a, b []string) float64 {
	common := 0
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] == b[j]:
			common++
			i++
			j++
		case a[i] < b[j]:
			i++
		default:
			j++
		}
	}
	union := len(a) + len(b) - common
	if union == 0 {
		return 0
	}
	return float64(common) / float64(union)
}

// remember is the Memory after a round.
func remember(obs *Observation, prior *Memory, plan budget.Plan, o crgen.Options) *Memory {
	next := &Memory{Round: prior.round() + 1, Services: obs.Services, Knowledge: plan.Learned}
	for _, a := range plan.Allotments {
		next.Given = append(next.Given, Grant{Service: a.Service, CPU: a.CPU, Memory: a.Memory})
	}
	var known []crgen.Workload
	if prior != nil {
		known = prior.Scope
	}
	o.Round = next.Round
	next.Scope = crgen.Remember(known, observedScope(obs), o)
	return next
}

// observedScope is what this round shows each workload to call. Workloads of a
// service that lives in several namespaces share what the service was seen to
// call: the log's hosts do not tell them apart.
func observedScope(obs *Observation) []crgen.Workload {
	ups := make([][]crgen.Upstream, len(obs.Graph.Nodes))
	for i := range obs.Graph.Edges {
		e := &obs.Graph.Edges[i]
		ups[e.From] = append(ups[e.From], upstreams(obs.Graph, e)...)
	}
	var ws []crgen.Workload
	for i, n := range obs.Graph.Nodes {
		if n.Kind != graph.Service {
			continue
		}
		ws = append(ws, workloads(&n, ups[i])...)
	}
	return ws
}

// workloads makes one Workload for each namespace of n.
func workloads(n *graph.Node, ups []crgen.Upstream) []crgen.Workload {
	spaces := n.Namespaces
	if len(spaces) == 0 {
		spaces = []string{""}
	}
	received, sent := 0, 0
	for _, p := range n.Pods {
		received += p.Received
		sent += p.Sent
	}
	requests := received
	if received == 0 {
		requests = sent // it works on its own account: each call is a piece of evidence
	}
	var ws []crgen.Workload
	for _, ns := range spaces {
		ws = append(ws, crgen.Workload{Service: n.Name, Namespace: ns, Requests: requests, Opaque: n.Opaque, Upstreams: ups})
	}
	return ws
}

// upstreams are the hosts by which e's callee was called. Where the log named
// none (the callee's own lines alone), the service's name stands for its host.
func upstreams(g *graph.Graph, e *graph.Edge) []crgen.Upstream {
	to := &g.Nodes[e.To]
	var out []crgen.Upstream
	for _, h := range e.Hosts {
		out = append(out, crgen.Upstream{Host: h.Name, Calls: h.Calls})
	}
	if len(out) > 0 {
		return out
	}
	spaces := to.Namespaces
	if len(spaces) == 0 {
		spaces = []string{""}
	}
	for _, ns := range spaces {
		out = append(out, crgen.Upstream{Host: to.Name, Namespace: ns, Calls: e.Calls})
	}
	return out
}
