package graph

import "time"

// minFollowed is how many calls a service must be seen to receive, with all
// that they made it send, for their ratio to be trusted over that of rates.
const minFollowed = 5

// fillVisits finds how often each node and edge is used per external request:
// along the DAG, a node's visits times the calls it makes per visit. Where no
// visit is the cause (the root, what closes a cycle, a service that calls
// without being called) the ratio of the rates has to do.
func (s *survey) fillVisits(g *Graph) {
	heads := s.gatewayRate(g)
	followed := s.followedCalls(g)
	for i := range g.Edges {
		e := &g.Edges[i]
		from := &g.Nodes[e.From]
		base := from.Rate + heads[e.From]
		switch {
		case e.From == 0:
			base = g.Gateway.Rate
		case followed[i] > 0:
			e.PerCall = followed[i]
			continue
		}
		if base > 0 {
			e.PerCall = e.Rate / base
		}
	}
	if g.Gateway.Rate > 0 {
		g.descend(heads)
	}
}

// descend fills Visits and PerRequest in topological order.
func (g *Graph) descend(heads []float64) {
	total := g.Gateway.Rate
	g.Nodes[0].Visits = 1
	for i := range g.Nodes {
		g.Nodes[i].Visits += heads[i] / total
	}
	byRate := make([]bool, len(g.Edges))
	for i := range g.Edges {
		e := &g.Edges[i]
		if e.Back || e.From == 0 || g.Nodes[e.From].Rate+heads[e.From] == 0 {
			byRate[i] = true
			e.PerRequest = e.Rate / total
			g.Nodes[e.To].Visits += e.PerRequest
		}
	}
	out := g.outEdges()
	for _, n := range g.order() {
		for _, i := range out.of(n) {
			if e := &g.Edges[i]; !byRate[i] {
				e.PerRequest = g.Nodes[n].Visits * e.PerCall
				g.Nodes[e.To].Visits += e.PerRequest
			}
		}
	}
}

// followedCalls is, by edge, the calls per call received, from requests that
// were followed through their pods. Pods count by the rate at which they
// receive, not by how many of their calls the log happens to hold.
func (s *survey) followedCalls(g *Graph) []float64 {
	seen, weight := make([]int, len(g.Nodes)), make([]float64, len(g.Nodes))
	for pod, ref := range s.pods {
		if t := &s.byPod[pod]; t.seen > 0 && !s.mute(pod) {
			seen[ref.node] += t.seen
			weight[ref.node] += t.received.rate()
		}
	}
	sum := make([]float64, len(g.Edges))
	for _, k := range sortedKeys(s.followed) {
		if pod := int(k[1]); !s.mute(pod) {
			t := &s.byPod[pod]
			sum[k[0]] += t.received.rate() * float64(s.followed[k]) / float64(t.seen)
		}
	}
	for i := range sum {
		from := g.Edges[i].From
		if seen[from] < minFollowed {
			sum[i] = 0
		} else {
			sum[i] /= weight[from]
		}
	}
	return sum
}

// mute reports whether a pod's proxy logs nothing that it sends, though others
// logged calls from it.
func (s *survey) mute(pod int) bool {
	return s.writers[pod].out == 0 && s.byPod[pod].sent.otherRate > 0
}

// gatewayRate sets how many external requests come. Where the log shows no
// call from the root, those services that call without being called are where
// requests enter; it returns the requests per second of these, by node.
func (s *survey) gatewayRate(g *Graph) []float64 {
	heads := make([]float64, len(g.Nodes))
	for i := range g.Edges {
		if e := &g.Edges[i]; e.From == 0 {
			g.Gateway.Rate += e.Rate
			g.Gateway.Requests += e.Calls
		}
	}
	if g.Gateway.Rate > 0 {
		return heads
	}
	for pod, ref := range s.pods {
		if w := &s.writers[pod]; w.lines > 0 && g.Nodes[ref.node].Rate == 0 {
			rate := s.events.scale * float64(w.requests) / w.exposure
			heads[ref.node] += rate
			g.Gateway.Rate += rate
			g.Gateway.Requests += int(s.events.scale) * w.requests
		}
	}
	return heads
}

// gatewayLatency sums up the latency of the root's edges.
func (s *survey) gatewayLatency(g *Graph) {
	var sum, rate float64
	var all []weighted
	for i := range g.Edges {
		e, t := &g.Edges[i], &s.tally[i]
		if e.From != 0 || len(t.durations) == 0 {
			continue
		}
		rate += e.Rate
		sum += e.Rate * float64(e.Mean)
		for _, d := range t.durations {
			all = append(all, weighted{d, e.Rate / float64(len(t.durations))})
		}
	}
	if rate > 0 {
		g.Gateway.Mean = time.Duration(sum / rate)
		g.Gateway.P99 = quantile(all, rate*0.99)
	}
}
