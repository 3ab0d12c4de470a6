package critical

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/sluice-mesh/sluice/graph"
)

// combine puts the evidence of single services together along the graph.
func combine(m *mesh, ev *evidence) Result {
	c := &combiner{m: m, ev: ev}
	c.r = Result{
		Services: make([]Share, len(m.g.Nodes)),
		Edges:    make([]EdgeShare, len(m.g.Edges)),
		Traces:   ev.traces,
		Complete: ev.paths.all,
		Bursts:   bursts(ev.s.arrivals),
	}
	if len(m.g.Nodes) == 0 {
		return c.r
	}
	c.sorted = c.sortUnits()
	c.doubt = make([]time.Duration, len(m.g.Nodes))
	c.link()
	for i := range m.g.Edges {
		c.r.Edges[i].Serial = c.serial(i)
	}
	c.fold()
	c.onward = c.order()
	c.flow()
	c.lags()
	c.own()
	c.corroborate()
	c.blame()
	c.sidecars()
	if c.timed() {
		c.r.Paths = c.paths()
	}
	c.warn()
	return c.r
}

// combiner holds what the steps of combine hand to one another.
type combiner struct {
	m  *mesh
	ev *evidence
	r  Result
	// sorted waits for the units to be sorted, which is done beside the rest.
	sorted func()
	// sorter of times.
	sorter graph.Sorter
	// deaf marks services that receive calls and send some, but seldom with the
	// same request_id: their traces end there. named is the part of each edge's
	// calls that have one.
	deaf  []bool
	named []float64
	// doubt is, per critical call of each node, what may be delay of its sidecar
	// or its application's own spread.
	doubt []time.Duration
	// onward lists the nodes so that edges not marked Back lead onward.
	onward []int
	// part is the share of a node's calls received that are on a critical path.
	part []float64
}

// linked is the least part of the calls a service sends that must be found
// under the calls it received for its traces to count; expected is how many must be
// expected there for a lack of them to say anything.
const (
	linked   = 0.5
	expected = 5
)

// link finds the services that do not pass request_id on. Calls that have none, as
// plain TCP has, are none of those that are missed.
func (c *combiner) link() {
	c.named = make([]float64, len(c.m.g.Edges))
	most := 0.0 // a sample of requests may have been kept
	for i := range c.named {
		if n := c.m.g.Edges[i].Calls; n > 0 {
			c.named[i] = float64(c.ev.edges[i].seen()) / float64(n)
			most = max(most, c.named[i])
		}
	}
	c.deaf = make([]bool, len(c.m.g.Nodes))
	for n := range c.m.g.Nodes {
		want := 0.0
		for _, e := range c.m.out[n] {
			if most > 0 {
				c.named[e] = min(1, c.named[e]/most)
			}
			want += sound(c.m.g.Edges[e].PerCall) * c.named[e]
		}
		// What an opaque node calls is not all known to be its.
		if n > 0 && c.m.g.Nodes[n].Opaque == "" && !c.ev.s.muddled() {
			c.deaf[n] = c.loses(n, want)
		}
	}
}

// loses reports whether a service of whose calls a call received makes so many does
// not pass request_id on.
func (c *combiner) loses(n int, want float64) bool {
	ev := c.ev.nodes[n]
	if ev.calls == 0 {
		return c.ev.s.met[n].parted()
	}
	want *= float64(ev.calls)
	return want >= expected && float64(ev.sent) < linked*want
}

// sound replaces what no rate can be by 0.
func sound(v float64) float64 {
	if v > 0 && !math.IsInf(v, 1) {
		return v
	}
	return 0
}

// serial is the part of an edge's calls that their caller waited for last: by
// the calls with a known parent, else by what their pod sent beside them, else 1.
func (c *combiner) serial(edge int) float64 {
	for _, n := range [...][loose + 1]int{c.ev.edges[edge].roles, c.ev.edges[edge].orphans} {
		if all := n[critical] + n[beside] + n[loose]; all > 0 {
			return float64(n[critical]) / float64(all)
		}
	}
	return 1
}

// fold lowers Serial where no trace tells and the calls of a service would last
// longer than the service itself: then some of them must run side by side.
func (c *combiner) fold() {
	received := c.received()
	for n, out := range c.m.out {
		if n == 0 || received[n] == 0 {
			continue
		}
		known, guess := 0.0, 0.0
		for _, e := range out {
			if t := c.waited(e); c.told(e) {
				known += t
			} else {
				guess += t
			}
		}
		if room := max(0, received[n]-known); guess > room {
			for _, e := range out {
				if !c.told(e) {
					c.r.Edges[e].Serial *= room / guess
				}
			}
		}
	}
}

// told reports whether any call of the edge shows whether it was waited for.
func (c *combiner) told(edge int) bool {
	e := &c.ev.edges[edge]
	return len(c.ev.units) > 0 && e.roles[critical]+e.roles[beside]+e.roles[loose]+e.orphans[critical]+e.orphans[beside] > 0
}

// waited is the mean time a call received at the edge's caller waits for the edge.
func (c *combiner) waited(edge int) float64 {
	e := &c.m.g.Edges[edge]
	return sound(e.PerCall) * c.r.Edges[edge].Serial * max(0, float64(e.Mean.Microseconds()))
}

// received is the mean duration of the calls each node receives, by the edges.
func (c *combiner) received() []float64 {
	sum, weight := make([]float64, len(c.m.g.Nodes)), make([]float64, len(c.m.g.Nodes))
	for _, e := range c.m.g.Edges {
		w := float64(max(e.Calls, 0))
		if r := sound(e.Rate); r > 0 {
			w = r
		}
		sum[e.To] += w * max(0, float64(e.Mean.Microseconds()))
		weight[e.To] += w
	}
	for n := range sum {
		if weight[n] > 0 {
			sum[n] /= weight[n]
		}
	}
	return sum
}

// flow carries the external requests along the graph: of the calls a service
// receives, part is on critical paths, and of what it sends for those, Serial. Where
// requests enter unlogged, at services that send without being called, all are.
// Using parts of observed call counts, and not products of calls per call,
// keeps a cycle from growing without bound: what comes back to a node that was
// passed already is taken to be critical as often as what came first.
func (c *combiner) flow() {
	g := c.m.g
	c.part = make([]float64, len(g.Nodes))
	weight, sum := make([]float64, len(g.Nodes)), make([]float64, len(g.Nodes))
	for _, n := range c.onward {
		if n == 0 || c.m.head(n) {
			c.part[n] = 1
		} else if weight[n] > 0 {
			c.part[n] = sum[n] / weight[n]
		}
		for _, e := range c.m.out[n] {
			w := sound(g.Edges[e].PerRequest)
			critical := w * c.part[n] * c.r.Edges[e].Serial
			c.r.Edges[e].Critical = critical
			weight[g.Edges[e].To] += w
			sum[g.Edges[e].To] += critical
		}
	}
	for i, e := range g.Edges {
		c.r.Services[e.To].Visits += c.r.Edges[i].Critical * sound(e.Came())
		c.r.Services[e.From].Sends += c.r.Edges[i].Critical
	}
	c.r.Services[0].Visits = 1
	for n := range g.Nodes {
		if c.m.head(n) {
			c.r.Services[n].Visits = sound(g.Nodes[n].Visits)
		}
	}
}

// order lists the nodes so that every edge not marked Back leads onward (Kahn).
// Nodes on a cycle that nobody marked come last.
func (c *combiner) order() []int {
	g := c.m.g
	before := make([]int, len(g.Nodes))
	for _, e := range g.Edges {
		if !e.Back {
			before[e.To]++
		}
	}
	order := make([]int, 0, len(g.Nodes))
	listed := make([]bool, len(g.Nodes))
	add := func(n int) {
		if !listed[n] {
			listed[n] = true
			order = append(order, n)
		}
	}
	for n := range g.Nodes {
		if before[n] == 0 {
			add(n)
		}
	}
	for i := 0; i < len(order); i++ {
		for _, e := range c.m.out[order[i]] {
			if ed := g.Edges[e]; !ed.Back {
				if before[ed.To]--; before[ed.To] == 0 {
					add(ed.To)
				}
			}
		}
	}
	for n := range g.Nodes {
		add(n)
	}
	return order
}

// sidecars adds up the delay at each service's sidecars.
func (c *combiner) sidecars() {
	s := c.r.Services
	for n := range s {
		if c.m.g.Nodes[n].Kind != graph.External {
			s[n].Sidecar = scale(s[n].Excess, s[n].Visits)
		}
	}
	for i, e := range c.m.g.Edges {
		share := &c.r.Edges[i]
		if c.m.g.Nodes[e.To].Kind != graph.External {
			s[e.To].Sidecar += scale(share.StartLag, share.Critical)
		}
		s[e.From].Sidecar += scale(share.ReplyLag, share.Critical)
	}
	c.fit()
}

// fit turns delays into shares of the latency. Their sum is held under the whole:
// means of different pods' lines need not add up to the mean at the gateway.
func (c *combiner) fit() {
	whole := float64(c.m.g.Gateway.Mean)
	if whole <= 0 {
		return
	}
	sum := 0.0
	for _, s := range c.r.Services {
		sum += float64(s.Sidecar)
	}
	by := min(1, whole/max(sum, 1))
	for n := range c.r.Services {
		s := &c.r.Services[n]
		s.Sidecar = scale(s.Sidecar, by)
		s.Latency = min(1, float64(s.Sidecar)/whole)
	}
}

func scale(d time.Duration, by float64) time.Duration { return time.Duration(float64(d) * by) }

// timed reports whether any call has a duration.
func (c *combiner) timed() bool {
	return c.ev.s.whole+c.ev.s.broken > 0 || slices.ContainsFunc(c.m.g.Edges, func(e graph.Edge) bool { return e.Mean > 0 })
}

// warn says where the figures rest on less than traces.
func (c *combiner) warn() {
	const means = "come from the mean durations of the graph's edges"
	edges, say := c.m.g.Edges, ""
	switch s := c.ev.s; {
	case len(edges) == 0:
	case !c.timed():
		say = "No line has a duration, so there are no critical paths and no self times; log the field duration."
	case s.nesting.now > 0 && s.whole+s.broken == 0:
		say = "No line has a start, so nothing tells which calls were made during which; critical paths and self times " + means + "; log the field start_time."
	case s.nesting.now == 0:
		say = "No external request could be followed by its request_id, so critical paths and self times " + means + "."
	case c.ev.traces == 0:
		say = "Of no external request does the log hold all that one of its services sent, so critical paths and self times " + means + "; log more lines of each proxy, of the same time."
	case c.ev.paths.all == 0 && len(c.m.out[0]) > 0:
		say = "No external request could be followed to its end, so critical paths " + means + "."
	}
	if say != "" {
		c.r.Warnings = append(c.r.Warnings, say)
	}
	var names []string
	for n, deaf := range c.deaf {
		if deaf {
			names = append(names, c.m.g.Nodes[n].Name)
		}
	}
	if len(names) > 0 {
		slices.Sort(names)
		c.r.Warnings = append(c.r.Warnings, fmt.Sprintf("%s not pass request_id on (%s), so what runs there comes from mean durations; forward the header to have it traced.", services(len(names)), listed(names)))
	}
}

func services(n int) string {
	if n == 1 {
		return "One service does"
	}
	return fmt.Sprintf("%d services do", n)
}

// listed names the first few.
func listed(names []string) string {
	const few = 5
	if len(names) > few {
		return strings.Join(names[:few], ", ") + ", …"
	}
	return strings.Join(names, ", ")
}
