package optimize

import (
	"cmp"
	"slices"

	"github.com/sluice-mesh/sluice/crgen"
	"github.com/sluice-mesh/sluice/graph"
	"github.com/sluice-mesh/sluice/internal/request"
)

// observedScope is what this round shows each workload to call, and in how many
// requests.
func observedScope(obs *Observation) []crgen.Workload {
	g := obs.Graph
	ups := make([][]crgen.Upstream, len(g.Nodes))
	for i := range g.Edges {
		e := &g.Edges[i]
		ups[e.From] = append(ups[e.From], upstreams(g, e)...)
	}
	proof, shared, labels := newProof(obs), sharedPods(obs.fleet), carried(obs.fleet)
	var ws []crgen.Workload
	for i := range g.Nodes {
		if n := &g.Nodes[i]; n.Kind == graph.Service {
			ws = append(ws, workloads(n, ups[i], proof, shared)...)
		}
	}
	for i := range ws {
		ws[i].Carries = labels[podName{ws[i].Namespace, ws[i].Service}]
		ws[i].Skip = cmp.Or(ws[i].Skip, role(&ws[i]))
	}
	return ws
}

// role is why a workload gets no Sidecar by what its pods carry, "" where it may. What
// is ambient is taken out of what a Sidecar has to match: none applies to it.
func role(w *crgen.Workload) string {
	if slices.ContainsFunc(w.Carries, func(c crgen.Carried) bool { return request.IsGateway(w.Service, c.Labels) }) {
		return isGateway
	}
	rest := slices.DeleteFunc(slices.Clone(w.Carries), func(c crgen.Carried) bool { return request.IsAmbient(c.Labels) })
	if len(rest) == 0 && len(w.Carries) > 0 {
		return isAmbient
	}
	w.Carries = rest
	return ""
}

// carried is what the pods of each workload (by its namespace and service) carry, each
// different set once. Rows of one set share its slice, by which it is known again.
func carried(fleet []request.Service) map[podName][]crgen.Carried {
	out := map[podName][]crgen.Carried{}
	for _, s := range fleet {
		seen := map[string]map[*request.Label]bool{}
		for _, p := range s.Pods {
			var set *request.Label
			if len(p.Labels) > 0 {
				set = &p.Labels[0]
			}
			if seen[p.Namespace] == nil {
				seen[p.Namespace] = map[*request.Label]bool{}
			}
			if seen[p.Namespace][set] {
				continue
			}
			seen[p.Namespace][set] = true
			k := podName{p.Namespace, s.Name}
			out[k] = append(out[k], crgen.Carried{Labels: labelMap(p.Labels), Pod: p.Name})
		}
	}
	return out
}

// labelMap is labels as a map, nil for none.
func labelMap(labels []request.Label) map[string]string {
	if len(labels) == 0 {
		return nil
	}
	all := make(map[string]string, len(labels))
	for _, l := range labels {
		all[l.Key] = l.Value
	}
	return all
}

// Why a gateway and an ambient workload get no Sidecar.
const (
	isGateway = "it is a gateway, and gateways ignore Sidecars"
	isAmbient = "its pods are in the ambient mesh and have no sidecar"
)

// workloads makes one Workload for each namespace of n. Those of a service that
// lives in several share what the service was seen to call, for the log's hosts
// do not tell them apart; the evidence is each one's own.
func workloads(n *graph.Node, ups []crgen.Upstream, proof *proof, shared map[podName]bool) []crgen.Workload {
	spaces := n.Namespaces
	if len(spaces) == 0 {
		spaces = []string{""}
	}
	var ws []crgen.Workload
	for _, ns := range spaces {
		w := crgen.Workload{Service: n.Name, Namespace: ns, Opaque: n.Opaque, Upstreams: ups}
		if n.Gateway {
			w.Skip = isGateway
		}
		var pods []graph.PodTraffic
		for _, p := range n.Pods {
			if p.Namespace != ns {
				continue
			}
			pods = append(pods, p)
			w.Sample = w.Sample.With(crgen.Sample(p.Requests), graph.SampleSize)
			if shared[podName{ns, p.Name}] {
				w.Pods = append(w.Pods, p.Name)
			}
		}
		w.Requests, w.Doubt = proof.of(pods)
		ws = append(ws, w)
	}
	return ws
}

// podName tells pods apart.
type podName struct{ namespace, name string }

// sharedPods are those that more than one service selects.
func sharedPods(fleet []request.Service) map[podName]bool {
	first, shared := map[podName]string{}, map[podName]bool{}
	for _, s := range fleet {
		for _, p := range s.Pods {
			k := podName{p.Namespace, p.Name}
			if before, ok := first[k]; ok && before != s.Name {
				shared[k] = true
			}
			first[k] = cmp.Or(first[k], s.Name)
		}
	}
	return shared
}

// upstreams are the hosts by which e's callee was called. For calls of which the log
// names none (TCP, calls by address, the callee's own lines alone) its service's name
// stands.
func upstreams(g *graph.Graph, e *graph.Edge) []crgen.Upstream {
	to := &g.Nodes[e.To]
	var out []crgen.Upstream
	for _, h := range e.Hosts {
		out = append(out, crgen.Upstream{Host: h.Name, Calls: h.Calls, LastSeen: max(h.Last, 0)})
	}
	if len(out) > 0 && (e.Unnamed.Calls == 0 || to.Kind != graph.Service) {
		return out
	}
	calls := e.Unnamed.Calls
	if calls == 0 {
		calls = e.Calls
	}
	spaces := to.Namespaces
	if len(spaces) == 0 {
		spaces = []string{""}
	}
	for _, ns := range spaces {
		out = append(out, crgen.Upstream{Host: to.Name, Namespace: ns, Calls: calls, LastSeen: max(e.Unnamed.Last, 0)})
	}
	return slices.Clip(out)
}
