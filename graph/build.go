package graph

import (
	"math"
	"slices"
	"time"
)

// Build joins what was collected with the pods of the request. skipped is how
// many lines were not used: those that could not be read and those for which
// Add said no. The Builder may go on collecting afterwards.
func (b *Builder) Build(pods []Pod, skipped int64) *Graph {
	b.settle()
	es := newEvents(b)
	told := b.tell(es, skipped)
	j := newJoin(b, es, pods)
	s := newSurvey(b, j, es)
	s.homes.settle(j)
	s.listen()
	s.findPartly()
	s.groupPods()
	s.clocks = s.tieClocks()
	s.hear()
	s.measure()
	s.sumLostLines()
	s.goneUsual = s.failsUnderWay()

	b.shared = true

	g := &Graph{Nodes: slices.Clone(j.nodes), Edges: make([]Edge, len(s.tally))}
	for i := range s.tally {
		g.Edges[i] = s.edgeOf(&s.tally[i])
		g.limitHosts(&g.Edges[i])
	}
	g.Doubts = s.listDoubts()
	s.fillPods(g)
	g.markBack()
	s.fillVisits(g)
	s.gatewayLatency(g)
	g.forgetRates(s.untimed())
	g.Lines, g.Digest = told()
	g.Warnings = s.warnings(b, g)
	g.traces = traceTable{join: j, events: s.events, partly: s.partly}
	return g
}

// tell finds out what became of the lines, and their digest, beside whatever is done until
// it is asked for: only the events are read for it.
func (b *Builder) tell(es *events, skipped int64) func() (Lines, uint64) {
	var lines Lines
	var digest uint64
	wait := background(func() { lines, digest = b.lines(es, skipped), b.digest() })
	return func() (Lines, uint64) {
		wait()
		return lines, digest
	}
}

// edgeOf makes the edge, all but what needs the whole graph.
func (s *survey) edgeOf(t *edgeTally) Edge {
	s.judgeArrivals(t)
	tries := t.all()
	again := tries.perCall()
	out, in := t.sides()
	out, in = out.restore(s.lostOf(t.from, outSide)), in.restore(s.lostOf(t.to, inSide))
	e := Edge{From: int(t.from), To: int(t.to), Calls: t.count(), Unreached: out.unreached(), Again: again.value}
	last := e.last()
	rate := pool(out, in.thinned(last, again.variance, e.Came()), t.more(last))
	e.Rate = rate.value
	e.Mean, e.P99 = t.latency()
	e.Timed = len(t.durations)
	e.RateLow, e.RateHigh = rate.interval()
	t.share(&e, &rate)
	s.rates = append(s.rates, rate)
	e.P99Low, e.P99High = interval99(t.durations)
	side := inSide
	if t.events[outSide] > 0 {
		side = outSide
	}
	e.ErrorRatio = float64(t.failed[side]) / float64(t.events[side])
	if n := t.sized[side]; n > 0 {
		e.SentBytes = float64(t.bytes[side]) / float64(n)
	}
	t.noteRun(side)
	e.Hosts, e.Unnamed = s.hosts(t, t.hosts[side])
	e.Parts = s.partsOf(t, side)
	return e
}

// latency of the edge's calls; zero where none has a duration.
func (t *edgeTally) latency() (mean, p99 time.Duration) {
	n := len(t.durations)
	if n == 0 {
		return 0, 0
	}
	slices.Sort(t.durations)
	mean = time.Duration(float64(t.total) / float64(n) * float64(time.Microsecond))
	return mean, micros(t.durations[rank99(n)])
}

func micros(s span) time.Duration { return time.Duration(s.micros()) * time.Microsecond }

// rank99 is the index of the 99th percentile among n sorted values: the
// smallest that at least 99 in 100 do not exceed.
func rank99(n int) int { return (99*n+99)/100 - 1 }

// fillPods sets what the pods did, and the rates of the nodes.
func (s *survey) fillPods(g *Graph) {
	for i := range g.Nodes {
		g.Nodes[i].Pods = slices.Clone(g.Nodes[i].Pods)
		g.Nodes[i].Rate = s.lost[i]
	}
	for i := range g.Edges {
		n := &g.Nodes[g.Edges[i].To]
		if s.tally[i].unnamed { // those calls were counted already
			n.Rate = max(0, n.Rate-g.Edges[i].received())
		}
	}
	for i := range g.Edges {
		g.Nodes[g.Edges[i].To].Rate += g.Edges[i].received()
	}
	for i, ref := range s.pods {
		t, p := &s.byPod[i], &g.Nodes[ref.node].Pods[ref.index]
		p.Received, p.Sent = t.received.count(), t.sent.count()
		p.ReceivedRate, p.SentRate = t.received.rate(), t.sent.rate()
		p.Span = time.Duration(s.writers[i].whole.span()) * time.Microsecond
		for _, b := range s.writers[i].whole.blocks {
			p.Windows = append(p.Windows, Window{b.first, b.last})
		}
		s.fillEvidence(g, i)
	}
	for i := range g.Nodes {
		spread(&g.Nodes[i])
	}
}

// spread divides a service's rate among its pods where nobody logged which of
// them was called, for callers log the service's own address: a request goes to
// any of its pods alike.
func spread(n *Node) {
	for _, p := range n.Pods {
		if p.ReceivedRate > 0 {
			return
		}
	}
	for i := range n.Pods {
		n.Pods[i].ReceivedRate = n.Rate / float64(len(n.Pods))
	}
}

// weighted is a duration and how much it counts.
type weighted struct {
	span   span
	weight float64
}

// quantile is the least duration with at least the weight behind it. Edges are
// weighed by their rates: their proxies were listened to for unlike times.
func quantile(all []weighted, weight float64) time.Duration {
	slices.SortFunc(all, func(a, b weighted) int { return int(int64(a.span) - int64(b.span)) })
	for _, v := range all {
		if weight -= v.weight; weight <= v.weight*1e-6 {
			return micros(v.span)
		}
	}
	return micros(all[len(all)-1].span)
}

// Lines tells what became of the lines of which records were added, skipped others aside.
func (b *Builder) Lines(skipped int64) Lines {
	b.settle()
	return b.lines(newEvents(b), skipped)
}

// lines tells what became of the log's lines. Where a sample was kept, the part of its
// own lines that repeat others tells how many did in all: how many lines it stands for
// is off by chance, which would look like repeats.
func (b *Builder) lines(es *events, skipped int64) Lines {
	l := Lines{Total: b.added + skipped, Skipped: skipped}
	var distinct, all float64
	sampled := b.level > 0
	for r := range es.requests() {
		sampled = sampled || r.weight != es.scale
		distinct += float64(len(r.events)) * r.weight
		for i := range r.events {
			all += float64(r.events[i].lines) * r.weight
		}
	}
	if sampled && all > 0 {
		distinct *= float64(b.added) / all
	}
	l.Used = min(b.added, int64(math.Round(distinct)))
	l.Repeated = b.added - l.Used
	return l
}

// untimed reports whether there are lines, but none that has a start.
func (s *survey) untimed() bool {
	lines := 0
	for i := range s.writers {
		lines += s.writers[i].lines
		if s.writers[i].timed > 0 {
			return false
		}
	}
	return lines > 0
}

// forgetRates leaves out what was counted by a second that stood for an unknown time,
// once it has served to compare counts.
func (g *Graph) forgetRates(untimed bool) {
	if g.Untimed = untimed; !untimed {
		return
	}
	for i := range g.Edges {
		e := &g.Edges[i]
		e.Rate, e.RateLow, e.RateHigh = 0, 0, 0
	}
	for i := range g.Nodes {
		g.Nodes[i].Rate = 0
		for k := range g.Nodes[i].Pods {
			p := &g.Nodes[i].Pods[k]
			p.ReceivedRate, p.SentRate = 0, 0
		}
	}
	g.Gateway.Rate = 0
}
