package graph

import (
	"cmp"
	"math"
	"slices"
	"time"
)

// fillVisits finds how often each node and edge is used per external request:
// along the DAG, a node's visits times the calls it makes per visit. Where no
// visit is the cause (the root, what closes a cycle, a service that calls
// without being called) the ratio of the rates has to do.
func (s *survey) fillVisits(g *Graph) {
	heads := s.gatewayRate(g)
	byRates, byTraces := s.callsByRates(g, heads), s.callsByTraces(g)
	s.allowForSilence(g, byRates, byTraces)
	s.takeWhole(g, byRates, byTraces)
	alone := make([]bool, len(g.Nodes))
	for n := range alone {
		alone[n] = s.followedAlone(n)
	}
	for i := range g.Edges {
		if per := byRates[i].unless(byTraces[i], alone[g.Edges[i].From]); s.tally[i].out.events > 0 && g.Edges[i].From != 0 {
			g.Edges[i].PerCall = per.value
		} else {
			g.Edges[i].PerCall = byRates[i].value
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
			g.Nodes[e.To].Visits += e.PerRequest * e.Came()
		}
	}
	out := g.outEdges()
	for _, n := range g.order() {
		for _, i := range out.of(n) {
			if e := &g.Edges[i]; !byRate[i] {
				e.PerRequest = g.Nodes[n].Visits * e.PerCall
				g.Nodes[e.To].Visits += e.PerRequest * e.Came()
			}
		}
	}
}

// callsByRates is, by edge, the calls per call received as the ratio of the two
// rates. Besides chance it is off by what was under way when the window began
// or ended: by as much as a call's duration is of the window.
func (s *survey) callsByRates(g *Graph, heads []float64) []estimate {
	received := make([]estimate, len(g.Nodes))
	busy := make([]float64, len(g.Nodes)) // seconds that a call received takes, times their rate
	for i := range g.Edges {
		e := &g.Edges[i]
		received[e.To].variance += s.rates[i].variance
		busy[e.To] += e.received() * e.Mean.Seconds()
	}
	for n := range received {
		received[n].value = g.Nodes[n].Rate + heads[n]
	}
	received[0] = estimate{value: g.Gateway.Rate}
	per := make([]estimate, len(g.Edges))
	for i := range per {
		n := g.Edges[i].From
		if from, to := received[n], s.rates[i]; from.value > 0 && to.value > 0 {
			ratio := to.value / from.value
			chance := to.variance/(to.value*to.value) + from.variance/(from.value*from.value)
			cut := busy[n] / from.value * max(from.variance/from.value, to.variance/to.value)
			per[i] = estimate{ratio, ratio * ratio * (chance + cut*cut)}
		}
	}
	return per
}

// What requests that were followed tell is not believed where the rates of the same log
// contradict it by more than so many standard deviations of the two, and by more than
// this part: what was followed was then not what it was taken for.
const (
	contradicting = 4
	farApart      = 0.25
)

// unless is the rates' figure and the requests' together, by how far each can be trusted;
// the rates' alone where they contradict the other, else the requests' where these tell it alone.
func (e estimate) unless(traces estimate, alone bool) estimate {
	apart := math.Abs(e.value - traces.value)
	if e.value > 0 && apart > farApart*min(e.value, traces.value) && apart > contradicting*math.Sqrt(e.variance+traces.variance) {
		return e
	}
	if alone && !math.IsInf(traces.variance, 1) {
		return traces
	}
	return e.with(traces)
}

// enoughFollowed is how many calls received tell what is sent for them to a few in a hundred.
// Of fewer, what was sent at other times tells more than they do.
const enoughFollowed = 40

// followedAlone reports whether what a service calls is told by the requests that were
// followed through its pods alone: their logs show what was sent for each, and lack neither
// lines nor a direction for a while. What callees' logs add was in part sent before and after
// the time that these cover.
func (s *survey) followedAlone(node int) bool {
	seen := 0.0
	for _, p := range s.podsOfNode(int32(node)) {
		w := &s.writers[p]
		seen += s.byPod[p].seen
		if s.deaf(p) || s.dumb(p) || w.in == 0 || w.window.span() < w.whole.span() {
			return false
		}
	}
	return seen >= enoughFollowed && !s.lostMeanwhile[outSide].told() && !s.lostMeanwhile[inSide].told()
}

// silence is by how many standard deviations the rates must show fewer calls than
// requests that were followed before it is believed that some requests, which were not
// seen, make a service send nothing. Most services send for every request or for none.
const silence = 2

// allowForSilence corrects the calls per call received of services that receive calls
// which neither their own proxy logs nor any clock places: of these only requests that
// made them send something were seen. It is the same for all edges of a service, and
// the busiest tells it best.
func (s *survey) allowForSilence(g *Graph, byRates, byTraces []estimate) {
	if !s.partlyDeaf {
		return
	}
	out := g.outEdges()
	passedBy := make([]bool, len(g.Nodes))
	for i := range s.tally {
		t := &s.tally[i]
		passedBy[t.to] = passedBy[t.to] || t.unheard()
	}
	for n := range g.Nodes {
		edges := out.of(int32(n))
		if len(edges) == 0 || !passedBy[n] || !slices.ContainsFunc(s.podsOfNode(int32(n)), func(p int32) bool { return !s.deaf(p) }) {
			continue
		}
		busiest := slices.MaxFunc(edges, func(a, b int32) int { return cmp.Compare(g.Edges[a].Rate, g.Edges[b].Rate) })
		rates, traces := byRates[busiest], byTraces[busiest]
		if traces.value == 0 || rates.value+silence*math.Sqrt(rates.variance) >= traces.value {
			continue
		}
		q := rates.value / traces.value
		for _, i := range edges {
			byTraces[i] = estimate{byTraces[i].value * q, q*q*byTraces[i].variance + rates.variance}
		}
	}
}

// callsByTraces is, by edge, the calls per call received from requests that
// were followed through their pods. Units count by the rate at which they
// receive, not by how many of their calls the log happens to hold. What a service
// sent under a request_id that it never received is seen under no call; it is added
// by its rate, so that the sum is right whatever part of its calls that is.
func (s *survey) callsByTraces(g *Graph) []estimate {
	weight := make([]float64, len(g.Nodes))
	per := make([]estimate, len(g.Edges))
	out, named, unknown, tries := g.outEdges(), s.named(len(g.Nodes)), s.unknownCallers(), g.triesHeard()
	receives := func(pod int) float64 {
		if !s.deaf(int32(pod)) || s.shared(int32(pod)) {
			return s.receives(g, pod)
		}
		return s.receives(g, pod) * tries[s.pods[pod].node]
	}
	for pod, ref := range s.pods {
		if s.unit[pod] == int32(pod) && s.traceable(pod) {
			weight[ref.node] += receives(pod)
		}
	}
	for pod, ref := range s.pods {
		u := s.unit[pod]
		if !s.traceable(int(u)) {
			continue
		}
		w := weight[ref.node]
		part := 0.0 // of the node's calls that were followed as this unit's
		if u == int32(pod) {
			part = receives(pod) / w * s.followable(pod, named)
		}
		for _, i := range out.of(ref.node) {
			at := s.followed.of(i, int32(pod))
			one, more := s.ratioOf(int(u), at), estimate{}
			if s.deaf(u) { // it was followed by what callers sent
				one = one.over(tries[ref.node])
			}
			if !unknown[ref.node] {
				more = s.strays(pod, at, w)
			}
			per[i].value += part*one.value + more.value
			per[i].variance += part*part*one.variance + more.variance + sq(part*one.value)*(sq(s.strange[u])+s.lostBoth(&s.tally[i], s.nameable(pod, named)))
		}
	}
	for i := range per {
		t := &s.tally[i]
		if weight[g.Edges[i].From] == 0 || t.traced[outSide] == 0 {
			per[i].variance = math.Inf(1)
			continue
		}
		// Calls whose lines lost their request_id were made for the requests
		// that were followed as for any.
		lost := float64(t.events[outSide]) / float64(t.traced[outSide])
		per[i].value *= lost
		per[i].variance *= lost * lost
	}
	return per
}

// lostBoth is the relative variance of calls per call received that comes of request_ids
// lost on both sides: that of a call sent is there or not whether that of the one it was sent
// for is, and the parts p and q of n that have it give (1-p)(1-q)/(pqn).
func (s *survey) lostBoth(t *edgeTally, q float64) float64 {
	n, traced := float64(t.events[outSide]), float64(t.traced[outSide])
	if q == 0 || traced == 0 {
		return 0
	}
	return (n - traced) * (1 - q) / (traced * q * n)
}

// nameable is the part of the calls a pod received that have a request_id.
func (s *survey) nameable(pod int, named []float64) float64 {
	if w := &s.writers[pod]; !s.deaf(int32(pod)) {
		return float64(w.named) / float64(w.in)
	}
	return named[s.pods[pod].node]
}

// traceable reports whether requests that were followed through a unit tell what it
// sends. A proxy that logs both sides must have been heard for longer than a call takes,
// or nothing would show whether its application passes request_id on.
func (s *survey) traceable(unit int) bool {
	w := &s.writers[unit]
	return s.byPod[unit].seen > 0 && !s.mute(unit) && (s.deaf(int32(unit)) || w.out == 0 || s.hears[unit].span() > 0)
}

// named is, by node, the part of the calls that callers logged which has a request_id.
func (s *survey) named(nodes int) []float64 {
	all, named := make([]float64, nodes), make([]float64, nodes)
	for i := range s.tally {
		t := &s.tally[i]
		all[t.to] += float64(t.events[outSide])
		named[t.to] += float64(t.traced[outSide])
	}
	for n := range named {
		if all[n] > 0 {
			named[n] /= all[n]
		}
	}
	return named
}

// followable is the part of the calls a pod received that have a request_id, by which
// they were followed. It matters where the log would show what it sent for the others.
func (s *survey) followable(pod int, named []float64) float64 {
	w := &s.writers[pod]
	switch {
	case s.hears[pod].span() == 0:
		return 1
	case !s.deaf(int32(pod)):
		return float64(w.named) / float64(w.in)
	case named[s.pods[pod].node] == 0: // where requests enter unlogged
		return 1
	}
	return named[s.pods[pod].node]
}

// strays is what stray calls of a pod add to the calls per call received of its
// service, which receives that many calls a second.
func (s *survey) strays(pod int, at followed, received float64) estimate {
	t := float64(s.hears[pod].span()) / 1e6
	n := s.strayed(pod, at)
	if n == 0 && !s.byPod[pod].again() || t == 0 {
		return estimate{}
	}
	lost := s.lostCauses(pod, at)
	pending := s.pending(pod, at) + lost
	if n -= pending; n <= 2*math.Sqrt(pending) {
		if s.byPod[pod].again() { // some were taken for those of others of the request
			return estimate{max(n, -lost) / (received * t), pending / sq(received*t)}
		}
		return estimate{0, pending / sq(received*t)}
	}
	per := s.events.scale * n / t / received
	w := &s.writers[pod]
	if s.deaf(int32(pod)) { // counted over other windows than the calls received
		return estimate{per, per * per * w.bursts * (1/n + 1/(received*t))}
	}
	// Over the same window the two counts differ by what was under way at its ends.
	return estimate{per, (max(0, 1-per)*n + pending + 2*received*float64(w.mean())/1e6 + 1) / sq(received*t)}
}

// pending is how many of a pod's calls look stray because what they were sent for was under
// way when the log ends, and took longer than is thought of. A call of duration D is, if it
// began in the right D-L-s before the end: L is what is thought of, and s when what was
// sent had ended. As many began then as at any other time.
func (s *survey) pending(pod int, at followed) float64 {
	hears := s.hears[pod]
	long := s.writers[pod].long()
	if s.deaf(int32(pod)) {
		long = s.heard[s.node(int32(pod))].long()
	}
	blocks := float64(len(hears.blocks))
	return at.after * blocks / (float64(hears.span()) + blocks*float64(long))
}

// receives is the rate at which a unit is called or, where neither it nor its
// callers logged that, of the requests that it sends for.
func (s *survey) receives(g *Graph, pod int) float64 {
	if s.shared(int32(pod)) && g.Nodes[s.pods[pod].node].Rate > 0 {
		return g.Nodes[s.pods[pod].node].Rate
	}
	if rate := s.byPod[pod].received.rate(); rate > 0 {
		return rate
	}
	return float64(s.writers[pod].requests) / s.writers[pod].exposure
}

// ratio of calls made to calls received over the requests followed at a pod,
// by the variance of a ratio estimator: the sum of squares of c-r·n over (Σn)².
// Half a call is added to what deviates: of few requests that are all alike
// nobody knows that the next will be.
//
// Of the calls of which the callee's line is not there, for it is lost or they never came, as
// many more are in nobody's log as the odds are of losing the pod's own.
func (t *podTally) ratio(f followed, odds float64) estimate {
	r := f.c / t.seen
	off := max(0, f.cc-2*r*f.cn+r*r*t.seenSquare)
	alone := f.alone / t.seen
	return estimate{r + f.loneFailed()/t.seen + alone*odds, (off+0.25)/((t.seen+1)*(t.seen+1)) + sq(alone)*odds/(t.sentLost.has+usualLoss)}
}

// dumb reports whether a pod's proxy logs nothing that it sends, or not all.
func (s *survey) dumb(pod int32) bool { return s.writers[pod].out == 0 || s.partly[outSide][pod] }

// mute reports whether it does so though there are lines of calls from it.
func (s *survey) mute(pod int) bool {
	sent := &s.byPod[pod].sent
	return s.dumb(int32(pod)) && sent.otherRate+sent.thinRate > 0
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
	s.headless = len(g.Edges) > 0
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

func sq(x float64) float64 { return x * x }
