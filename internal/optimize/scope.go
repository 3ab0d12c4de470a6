package optimize

import (
	"cmp"
	"slices"

	"github.com/sluice-mesh/sluice/crgen"
	"github.com/sluice-mesh/sluice/graph"
	"github.com/sluice-mesh/sluice/internal/request"
)

// observedScope is what this round shows each workload to call, and in how many
// requests. labelKey is the label that selects pods where they carry it.
func observedScope(obs *Observation, labelKey string) []crgen.Workload {
	g := obs.Graph
	ups := make([][]crgen.Upstream, len(g.Nodes))
	for i := range g.Edges {
		e := &g.Edges[i]
		ups[e.From] = append(ups[e.From], upstreams(g, e)...)
	}
	proof, shared, labels := newProof(obs), sharedPods(obs.fleet), selectors(obs.fleet, labelKey)
	var ws []crgen.Workload
	for i := range g.Nodes {
		if n := &g.Nodes[i]; n.Kind == graph.Service {
			ws = append(ws, workloads(n, ups[i], proof, shared)...)
		}
	}
	for i := range ws {
		ws[i].Labels = labels[podName{ws[i].Namespace, ws[i].Service}]
	}
	return ws
}

// identities are the labels that name a workload, in the order in which they are
// tried after the one that was asked for: those that Istio and Kubernetes recommend
// or write themselves.
var identities = []string{crgen.DefaultLabelKey, "app.kubernetes.io/name", "service.istio.io/canonical-name", "k8s-app", "name"}

// selectors are the labels by which to select the pods of each workload (by its
// namespace and service), where the request brought some: one that names it and
// that all its pods have in common, else all that they have in common.
func selectors(fleet []request.Service, labelKey string) map[podName]map[string]string {
	common := map[podName][]request.Label{}
	for _, s := range fleet {
		for _, p := range s.Pods {
			if len(p.Labels) == 0 {
				continue
			}
			k := podName{p.Namespace, s.Name}
			if before, ok := common[k]; ok {
				common[k] = slices.DeleteFunc(slices.Clone(before), func(l request.Label) bool { return !slices.Contains(p.Labels, l) })
			} else {
				common[k] = p.Labels
			}
		}
	}
	out := map[podName]map[string]string{}
	for k, labels := range common {
		if chosen := choose(labels, labelKey); len(chosen) > 0 {
			out[k] = chosen
		}
	}
	return out
}

func choose(labels []request.Label, labelKey string) map[string]string {
	all := map[string]string{}
	for _, l := range labels {
		all[l.Key] = l.Value
	}
	for _, key := range append([]string{cmp.Or(labelKey, crgen.DefaultLabelKey)}, identities...) {
		if value := all[key]; value != "" {
			return map[string]string{key: value}
		}
	}
	return all
}

// isGateway is why a gateway gets no Sidecar.
const isGateway = "it is a gateway, and gateways ignore Sidecars"

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

// upstreams are the hosts by which e's callee was called. Where the log named
// none (the callee's own lines alone), the service's name stands for its host.
func upstreams(g *graph.Graph, e *graph.Edge) []crgen.Upstream {
	to := &g.Nodes[e.To]
	var out []crgen.Upstream
	for _, h := range e.Hosts {
		out = append(out, crgen.Upstream{Host: h.Name, Calls: h.Calls, LastSeen: max(h.Last, 0)})
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
	return slices.Clip(out)
}
