package optimize

import (
	"slices"
	"strings"
	"time"

	"github.com/sluice-mesh/sluice/budget"
	"github.com/sluice-mesh/sluice/graph"
	"github.com/sluice-mesh/sluice/internal/request"
)

// graphPods is the fleet as the graph's join wants it. A pod that reported
// several addresses is listed once for each, and for each that its service has.
func graphPods(fleet []request.Service) []graph.Pod {
	var pods []graph.Pod
	for _, s := range fleet {
		for _, p := range s.Pods {
			addresses := p.Addresses
			if len(addresses) == 0 {
				addresses = []string{""}
			}
			for _, a := range addresses {
				pods = append(pods, graph.Pod{Service: s.Name, Namespace: p.Namespace, Name: p.Name, Address: a})
			}
			if p.Spec == nil || p.Spec.ClusterIP == "" {
				continue
			}
			for a := range strings.SplitSeq(p.Spec.ClusterIP, ",") {
				pods = append(pods, graph.Pod{Service: s.Name, Namespace: p.Namespace, Name: p.Name, Address: a, Virtual: true})
			}
		}
	}
	return pods
}

// pourInput is what the pour needs to know of a round.
func pourInput(obs *Observation, prior *Memory, o budget.Options) budget.Input {
	in := budget.Input{
		Limits:  limits(obs.Request),
		Gateway: gateway(obs),
		Options: o,
	}
	if prior != nil {
		in.Knowledge = prior.Knowledge
	}
	at := make([]int, len(obs.Graph.Nodes)) // node → sidecar, -1 for none
	for i := range at {
		at[i] = -1
	}
	byName := make(map[string]int, len(obs.fleet))
	for i, s := range obs.fleet {
		byName[s.Name] = i
	}
	listened := listening(obs.Graph)
	in.Sidecars = make([]budget.Sidecar, len(obs.fleet))
	for i := range obs.Graph.Nodes {
		n := &obs.Graph.Nodes[i]
		if n.Kind != graph.Service {
			continue
		}
		at[i] = byName[n.Name]
		in.Sidecars[at[i]] = sidecar(obs, i, &obs.fleet[at[i]], prior, listened)
	}
	if prior == nil || len(prior.Given) == 0 {
		floorsInForce(in.Sidecars)
	}
	in.Calls = calls(obs, at)
	sendTotals(&in, obs, at)
	return in
}

// limits rounds the request's limits down to whole units, within the relative
// 1e-12 that the contest's own sums are off by.
func limits(req *request.Request) budget.Limits {
	return budget.Limits{
		CPU:    budget.MilliCPU(whole(req.CPULimit * 1000)),
		Memory: budget.Bytes(whole(req.MemoryLimit)),
	}
}

// whole is the largest integer not over f by more than a part in 1e12, kept
// where sums of it cannot overflow.
func whole(f float64) int64 {
	const most = 1e17
	return int64(min(f*(1+1e-12), most))
}

func gateway(obs *Observation) budget.Gateway {
	g := &obs.Graph.Gateway
	return budget.Gateway{Requests: g.Requests, Rate: g.Rate, Mean: g.Mean, P99: g.P99, Bursts: obs.Critical.Bursts}
}

// sidecar gathers what is known of one service's sidecars; node indexes the graph.
func sidecar(obs *Observation, node int, s *request.Service, prior *Memory, listened time.Duration) budget.Sidecar {
	n, share := &obs.Graph.Nodes[node], obs.Critical.Services[node]
	out := budget.Sidecar{
		Service:        s.Name,
		Visits:         n.Visits,
		CriticalVisits: share.Visits,
		CriticalSends:  share.Sends,
		LatencyShare:   share.Latency,
		Delay:          share.Sidecar,
		Work:           share.Work,
		Own:            share.Own,
		HeldReceived:   budget.Held(share.HeldReceived),
		HeldSent:       budget.Held(share.HeldSent),
		Deaf:           true,
	}
	traffic := make(map[[2]string]*graph.PodTraffic, len(n.Pods))
	for i := range n.Pods {
		p := &n.Pods[i]
		traffic[[2]string{p.Namespace, p.Name}] = p
		out.Seen += p.Received + p.Sent
		out.Deaf = out.Deaf && p.Inbound == 0
	}
	for _, p := range s.Pods {
		out.Uses = append(out.Uses, use(&p, traffic[[2]string{p.Namespace, p.Name}], listened))
	}
	out.Given, out.GivenMemory = given(s.Name, out.Uses, prior)
	cpu, memory := told(s)
	if cpu > 0 {
		out.Given = cpu
	}
	if memory > 0 {
		out.GivenMemory = memory
	}
	return out
}

// use is one pod's measured use beside its traffic, listened what listening says.
func use(p *request.Pod, t *graph.PodTraffic, listened time.Duration) budget.Use {
	var u budget.Use
	if p.SidecarCPU != nil {
		u.Cores, u.Known = *p.SidecarCPU, true
	}
	if p.SidecarMemory != nil {
		u.Memory = *p.SidecarMemory
	}
	if t != nil {
		u.Received, u.Sent = t.ReceivedRate, t.SentRate
		if t.Span > 0 && t.Span < listened {
			// It was silent for the rest of the time, in which its use was measured too.
			part := float64(t.Span) / float64(listened)
			u.Received, u.Sent = part*u.Received, part*u.Sent
		}
	}
	return u
}

// fewLines is how many lines a proxy must have logged for the time between them to
// tell anything.
const fewLines = 8

// listening is how long all proxies were listened to: the time that the lines of those
// with the most of it span. Where several proxies have equally many lines and none more,
// the log was cut by their number and no time is that of all: it is 0 then.
func listening(g *graph.Graph) time.Duration {
	most, same := 0, 0
	var spans []time.Duration
	for i := range g.Nodes {
		for _, p := range g.Nodes[i].Pods {
			lines := p.Inbound + p.Outbound
			if lines >= fewLines && p.Span > 0 {
				spans = append(spans, p.Span)
			}
			if lines > most {
				most, same = lines, 0
			}
			if lines == most {
				same++
			}
		}
	}
	if same > 1 || len(spans) == 0 {
		return 0
	}
	slices.Sort(spans)
	return spans[(len(spans)-1)*9/10]
}

// given is the limit that was in force while uses were measured: what the last
// plan gave or, before there was one, the floor that the contest starts from,
// unless a sidecar used more than that.
func given(service string, uses []budget.Use, prior *Memory) (budget.MilliCPU, budget.Bytes) {
	if g, ok := prior.given(service); ok {
		return g.CPU, g.Memory
	}
	cpu, memory := budget.FloorCPU, budget.FloorMemory
	known, sized, over, more := 0, 0, 0, 0
	for _, u := range uses {
		known += b2i(u.Known)
		over += b2i(u.Known && u.Cores*1000 > overFloor*float64(budget.FloorCPU))
		sized += b2i(u.Memory > 0)
		more += b2i(u.Memory > float64(budget.FloorMemory))
	}
	// One of several pods may be measured wrongly.
	if 2*over >= max(1, known) {
		cpu = 0
	}
	if 2*more >= max(1, sized) {
		memory = 0
	}
	return cpu, memory
}

// overFloor is from which multiple of the floor on a use says that it was not in force: a
// window of usage may end inside a CFS period.
const overFloor = 1.1

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// floorsInForce settles what was in force before there was any plan: where a sidecar used
// up just the floor, the floors were, and one that is said to have used more is wrong.
func floorsInForce(sidecars []budget.Sidecar) {
	full := slices.ContainsFunc(sidecars, func(s budget.Sidecar) bool {
		return s.Given == budget.FloorCPU && slices.ContainsFunc(s.Uses, func(u budget.Use) bool {
			used := u.Cores * 1000 / float64(budget.FloorCPU)
			return u.Known && used > 0.95 && used < 1.05
		})
	})
	for i := range sidecars {
		if full && sidecars[i].Given == 0 {
			sidecars[i].Given = budget.FloorCPU
		}
	}
}

// told are the limits that the rows tell of a service's sidecars, 0 where they do not,
// or not the same of all.
func told(s *request.Service) (cpu budget.MilliCPU, memory budget.Bytes) {
	for i := range s.Pods {
		spec := s.Pods[i].Spec
		if spec == nil {
			return 0, 0
		}
		var c budget.MilliCPU
		var m budget.Bytes
		if spec.CPULimit != nil {
			c = budget.MilliCPU(whole(*spec.CPULimit * 1000))
		}
		if spec.MemoryLimit != nil {
			m = budget.Bytes(whole(*spec.MemoryLimit))
		}
		if i > 0 && c != cpu {
			c = 0
		}
		if i > 0 && m != memory {
			m = 0
		}
		cpu, memory = c, m
	}
	return cpu, memory
}

// calls are the edges of the DAG between sidecars, and from the gateway.
func calls(obs *Observation, at []int) []budget.Call {
	var out []budget.Call
	for i := range obs.Graph.Edges {
		e := &obs.Graph.Edges[i]
		if at[e.To] < 0 {
			continue
		}
		out = append(out, budget.Call{
			From: at[e.From], To: at[e.To], Back: e.Back,
			// What failed at the caller's sidecar costs the callee's nothing, and each try of
			// a call that it made again as much as any.
			PerRequest: e.PerRequest * e.Came(), Critical: obs.Critical.Edges[i].Critical * e.Came(),
			ErrorRatio: e.ErrorRatio,
		})
	}
	return out
}

// sendTotals fills what edges tell about their two ends.
func sendTotals(in *budget.Input, obs *Observation, at []int) {
	type mean struct{ sum, weight float64 }
	sent, got, tries := make([]mean, len(in.Sidecars)), make([]mean, len(in.Sidecars)), make([]mean, len(in.Sidecars))
	for i := range obs.Graph.Edges {
		e := &obs.Graph.Edges[i]
		if f := at[e.From]; f >= 0 {
			in.Sidecars[f].Sends += e.PerRequest * e.Came()
			in.Sidecars[f].Upstreams++
			tries[f].sum += e.Rate * e.Came()
			tries[f].weight += e.Rate
			got[f].sum += e.SentBytes * e.PerRequest
			got[f].weight += e.PerRequest
		}
		if t := at[e.To]; t >= 0 {
			came := e.PerRequest * e.Came()
			sent[t].sum += e.SentBytes * came
			sent[t].weight += came
		}
	}
	for i := range in.Sidecars {
		if tries[i].weight > 0 { // what a call costs is learned from those that are played
			for k := range in.Sidecars[i].Uses {
				in.Sidecars[i].Uses[k].Sent *= tries[i].sum / tries[i].weight
			}
		}
		if sent[i].weight > 0 {
			in.Sidecars[i].SentBytes = sent[i].sum / sent[i].weight
		}
		if got[i].weight > 0 {
			in.Sidecars[i].GotBytes = got[i].sum / got[i].weight
		}
	}
}
