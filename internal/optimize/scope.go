package optimize

import (
	"cmp"
	"slices"

	"github.com/sluice-mesh/sluice/crgen"
	"github.com/sluice-mesh/sluice/graph"
	"github.com/sluice-mesh/sluice/internal/request"
)

// observedScope is what this round shows each workload to call, and in how many
// requests. told is the namespace of those that name none, "" where the hosts by which
// they are called shall tell.
func observedScope(obs *Observation, told string) []crgen.Workload {
	g := obs.Graph
	calls := make([][]*graph.Edge, len(g.Nodes))
	for i := range g.Edges {
		e := &g.Edges[i]
		calls[e.From] = append(calls[e.From], e)
	}
	maybe := make([][]*graph.Doubt, len(g.Nodes))
	for i := range g.Doubts {
		for _, from := range g.Doubts[i].From {
			maybe[from] = append(maybe[from], &g.Doubts[i])
		}
	}
	proof, labels := newProof(obs), carried(obs.fleet)
	shared := sharedPods(obs.fleet)
	var ws []crgen.Workload
	for i := range g.Nodes {
		n := &g.Nodes[i]
		if n.Kind != graph.Service {
			continue
		}
		for _, home := range homesOf(n, told) {
			w := workload(n, home, told, proof, shared, labels)
			for _, e := range calls[i] {
				w.Upstreams = append(w.Upstreams, upstreams(g, e, home, told)...)
			}
			for _, d := range maybe[i] {
				w.Upstreams = append(w.Upstreams, doubted(g, d, told)...)
			}
			ws = append(ws, w)
		}
	}
	return ws
}

// homeOf is the namespace that p lives in; "" where nothing tells.
func homeOf(p *graph.PodTraffic, told string) string {
	if told != "" {
		return cmp.Or(p.Namespace, told)
	}
	return p.Home
}

// homesOf are the namespaces that n's pods live in, sorted.
func homesOf(n *graph.Node, told string) []string {
	var out []string
	for i := range n.Pods {
		if home := homeOf(&n.Pods[i], told); len(out) == 0 || out[len(out)-1] != home {
			out = append(out, home)
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// Workloads are the names of the workloads that a round shows, as Options.Labels has
// them: by service, and by namespace and service.
func Workloads(obs *Observation, o Options) map[string]bool {
	names := map[string]bool{}
	ws := observedScope(obs, o.Resources.Namespace)
	for _, e := range crgen.Explain(ws, o.Resources) {
		for _, s := range append(e.Merged, e.Service) {
			names[s], names[e.Namespace+"/"+s] = true, true
		}
	}
	return names
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

// carried is what each pod carries.
func carried(fleet []request.Service) map[podName][]request.Label {
	out := map[podName][]request.Label{}
	for _, s := range fleet {
		for _, p := range s.Pods {
			if k := (podName{p.Namespace, p.Name}); len(p.Labels) > 0 {
				out[k] = p.Labels
			}
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

// labelSets are sets of labels that were met: most workloads have one or two.
type labelSets struct {
	few  []*request.Label
	many map[*request.Label]bool
}

// first tells whether a set is met for the first time.
func (l *labelSets) first(set *request.Label) bool {
	const few = 8
	if l.many[set] || slices.Contains(l.few, set) {
		return false
	}
	if len(l.few) < few {
		l.few = append(l.few, set)
		return true
	}
	if l.many == nil {
		l.many = map[*request.Label]bool{}
	}
	l.many[set] = true
	return true
}

// workload is what n's pods in one namespace are and prove, still without what they
// call. Of labels each different set is told once; rows of one set share its slice, by
// which it is known again.
func workload(n *graph.Node, home, told string, proof *proof, shared map[podName]bool, labels map[podName][]request.Label) crgen.Workload {
	w := crgen.Workload{Service: n.Name, Namespace: home, Opaque: n.Opaque}
	var pods []graph.PodTraffic
	var seen labelSets
	for i := range n.Pods {
		p := n.Pods[i]
		if homeOf(&p, told) != home {
			continue
		}
		pods = append(pods, p)
		w.Sample = w.Sample.With(crgen.Sample(p.Requests), graph.SampleSize)
		if c := p.Nameless; c.Calls > 0 {
			w.Upstreams = append(w.Upstreams, crgen.Upstream{Host: crgen.Nameless, Calls: c.Calls, LastSeen: max(c.Last, 0)})
		}
		k := podName{p.Namespace, p.Name}
		if shared[k] {
			w.Pods = append(w.Pods, p.Name)
		}
		var set *request.Label
		if ls := labels[k]; len(ls) > 0 {
			set = &ls[0]
		}
		if seen.first(set) {
			w.Carries = append(w.Carries, crgen.Carried{Labels: labelMap(labels[k]), Pod: p.Name})
		}
	}
	w.Requests, w.Doubt = proof.of(pods)
	if w.Skip = role(&w); n.Gateway {
		w.Skip = isGateway
	}
	return w
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

// upstreams are the hosts by which e's callee was called by pods that live in home. For
// calls of which the log names none (TCP, calls by address, the callee's own lines
// alone) its service's name stands.
func upstreams(g *graph.Graph, e *graph.Edge, home, told string) []crgen.Upstream {
	to := &g.Nodes[e.To]
	hosts, unnamed := e.Hosts, e.Unnamed
	for _, p := range e.Parts {
		if p.Home == home {
			hosts, unnamed = p.Hosts, p.Unnamed
		}
	}
	return slices.Clip(byName(byHosts(nil, hosts), to, unnamed, told))
}

// doubted are the hosts of calls that may be a workload's, to any of those that may be
// meant.
func doubted(g *graph.Graph, d *graph.Doubt, told string) []crgen.Upstream {
	out := byHosts(nil, d.Hosts)
	for _, to := range d.To {
		out = byName(out, &g.Nodes[to], d.Unnamed, told)
	}
	return out
}

// byHosts appends hosts as upstreams.
func byHosts(out []crgen.Upstream, hosts []graph.Host) []crgen.Upstream {
	for _, h := range hosts {
		out = append(out, crgen.Upstream{Host: h.Name, Calls: h.Calls, LastSeen: max(h.Last, 0)})
	}
	return out
}

// byName appends a service by its own name for calls that have none, if there are any.
func byName(out []crgen.Upstream, to *graph.Node, unnamed graph.Host, told string) []crgen.Upstream {
	if unnamed.Calls == 0 || to.Kind != graph.Service {
		return out
	}
	for _, ns := range homesOf(to, told) {
		out = append(out, crgen.Upstream{Host: to.Name, Namespace: ns, Calls: unnamed.Calls, LastSeen: max(unnamed.Last, 0)})
	}
	return out
}
