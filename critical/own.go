package critical

import (
	"cmp"
	"math"
	"slices"

	"github.com/sluice-mesh/sluice/graph"
)

// own works out the time of each service's own: application and sidecar apart.
func (c *combiner) own() {
	units := c.ev.units
	c.sorted()
	received := c.received()
	for n, i := 0, 0; n < len(c.m.g.Nodes); n++ {
		j := i
		for j < len(units) && units[j].pod < c.m.first[n+1] {
			j++
		}
		s, h := &c.r.Services[n], &c.ev.s.held[n]
		s.HeldReceived, s.HeldSent = h.received.mean(), h.sent.mean()
		if ev := c.ev.nodes[n]; ev.calls > 0 {
			s.Stages = float64(ev.stages) / float64(ev.calls)
			if ev.stages > 0 {
				s.Width = float64(ev.sent) / float64(ev.stages)
			}
		}
		if us := whole(units[i:j]); len(us) > 0 && !c.deaf[n] && !c.few(n, len(us)) {
			c.measured(n, us)
		} else {
			c.estimated(n, received[n])
		}
		i = j
	}
}

// sortUnits sorts the units by pod and kind, beside what is done until the function that it
// returns is called, which waits. What panics panics there.
func (c *combiner) sortUnits() (wait func()) {
	done := make(chan any, 1)
	go func() {
		defer func() { done <- recover() }()
		deal(c.ev.units, c.m.pods(), func(u *unit) int32 { return u.pod }, func(of []unit) { slices.SortFunc(of, unit.compare) })
	}()
	return func() {
		if p := <-done; p != nil {
			panic(p)
		}
	}
}

// compare orders those of one pod by kind. What is alike in that may stand in any order:
// all that is made of it are whole sums and sorted times.
func (u unit) compare(o unit) int {
	if c := cmp.Compare(u.edge, o.edge); c != 0 {
		return c
	}
	return cmp.Compare(u.kids, o.kids)
}

// whole keeps the units whose lines are all in the log, unless they are too few
// to stand for the service. It keeps their order and overwrites us.
func whole(us []unit) []unit {
	n := 0
	for _, u := range us {
		if u.whole {
			n++
		}
	}
	if n < min(enough, len(us)) {
		return us
	}
	return slices.DeleteFunc(us, func(u unit) bool { return !u.whole })
}

// few reports whether so few calls of a node were measured, of the many that the graph
// knows, that those stand for it no better than the means of its edges do.
func (c *combiner) few(n, measured int) bool {
	calls := 0
	for _, e := range c.m.in[n] {
		calls += c.m.g.Edges[e].Calls
	}
	return measured < enough && calls >= 4*enough
}

// estimated takes a node's own time from the graph: what its calls take on
// average less what it waits for on average. The sidecar's part stays unknown.
func (c *combiner) estimated(n int, received float64) {
	rest := received
	for _, e := range c.m.out[n] {
		if t := c.waited(e); c.deaf[n] {
			rest -= t
		} else { // the log was cut, and rates are all there is
			rest -= t * c.rounded(e)
		}
	}
	if n > 0 {
		c.r.Services[n].Self = duration(max(0, rest))
		c.r.Services[n].Own, c.r.Services[n].Work = c.r.Services[n].Self, c.r.Services[n].Self
	}
}

// rounded makes an edge's calls per call received a whole number, where the rates cannot
// tell them from it: it is by how much they become more. Most services make the same
// calls for every request, and an error of a tenth may be more than their own time.
func (c *combiner) rounded(edge int) float64 {
	e := &c.m.g.Edges[edge]
	per := sound(e.PerCall)
	near := math.Round(per)
	if per == 0 || near == 0 {
		return 1
	}
	got := 0.0 // relative variance of the rate received
	for _, i := range c.m.in[e.From] {
		got = max(got, variance(&c.m.g.Edges[i]))
	}
	if math.Abs(near-per) <= 2*per*math.Sqrt(got+variance(e)) {
		return near / per
	}
	return 1
}

// variance of an edge's rate, relative to it, by its 95 % interval.
func variance(e *graph.Edge) float64 {
	if r := sound(e.Rate); r > 0 {
		half := (sound(e.RateHigh) - sound(e.RateLow)) / (4 * r)
		return half * half
	}
	return 0
}

// missed is how long a call received waits on average for calls that were not seen
// under it, though the graph knows of them: they have another request_id, or none. A
// twentieth is left to chance.
func (c *combiner) missed(n int) float64 {
	calls := float64(c.ev.nodes[n].calls)
	if calls < enough {
		return 0
	}
	sum := 0.0
	for _, e := range c.m.out[n] {
		per := sound(c.m.g.Edges[e].PerCall)
		if lack := per - float64(c.ev.edges[e].under)/calls; lack > 0.05*per {
			sum += c.waited(e) * lack / per
		}
	}
	return sum
}

// measured takes a node's own time from its calls, us, which are by pod and
// kind. Pods count by the calls they receive, not by the lines they happen to
// have in the log.
func (c *combiner) measured(n int, us []unit) {
	service, norms := c.times(us), c.norms(n)
	var all, rated podSum
	for part := range runs(us, func(a, b *unit) bool { return a.pod == b.pod }) {
		p := c.pod(part, service, norms)
		all.add(p, float64(len(part)))
		rated.add(p, c.rate(n, part[0].pod))
	}
	if rated.weight > 0 {
		all = rated
	}
	s := &c.r.Services[n]
	missed := c.missed(n)
	s.Calls = len(us)
	s.Low, s.Median = duration(max(0, float64(service[len(service)/10])-missed)), duration(max(0, float64(service[len(service)/2])-missed))
	s.Self = duration(max(0, all.self/all.weight-missed))
	s.Own = duration(max(0, all.own/all.weight-missed))
	s.Work = duration(max(0, (all.own-all.excess)/all.weight-missed))
	if c.m.g.Nodes[n].Kind == graph.External {
		s.Work = s.Self
	} else if all.critical > 0 {
		s.Excess = duration(max(0, all.late/all.critical))
		c.doubt[n] = duration(max(0, all.over/all.critical)) - s.Excess
	}
}

func (c *combiner) rate(n int, pod int32) float64 {
	k := int(pod-c.m.first[n]) - 1
	if k < 0 {
		return 0
	}
	return sound(c.m.g.Nodes[n].Pods[k].ReceivedRate)
}

// podSum holds sums over the calls of an edge or a pod, or their weighted means.
type podSum struct {
	weight, self, own, excess float64
	// critical is the part of the calls on a critical path, late their excess
	// and over their time above the low percentile.
	critical, late, over float64
}

// add adds w times p.
func (s *podSum) add(p podSum, w float64) {
	s.weight += w * p.weight
	s.self += w * p.self
	s.own += w * p.own
	s.excess += w * p.excess
	s.critical += w * p.critical
	s.late += w * p.late
	s.over += w * p.over
}

func (s *podSum) scale(by float64) {
	of := *s
	*s = podSum{}
	s.add(of, by)
}

// pod reduces the calls of one pod, us. Calls of a kind, that came by the same
// edge and sent as many calls on, are compared with one another: a service's
// endpoints differ, and the cheap ones must not make the dear ones look delayed.
// What is too rare is compared with the pod's calls, or its service's. Edges count by
// their rates: of the calls that came by one more may be cut off than of another's.
func (c *combiner) pod(us []unit, service []micros, norms func([]micros) norm) podSum {
	pool := service
	if len(us) >= enough {
		pool = c.times(us)
	}
	base := norms(pool)
	var p podSum
	for of := range runs(us, func(a, b *unit) bool { return a.edge == b.edge }) {
		var e podSum
		for kind := range runs(of, func(a, b *unit) bool { return a.kids == b.kids }) {
			base := base
			if len(kind) >= enough {
				base = norms(c.times(kind))
			}
			e.kind(kind, base, c.r.Edges[kind[0].edge].Serial)
		}
		p.add(e, c.weigh(of)/float64(len(of)))
	}
	p.scale(1 / p.weight)
	return p
}

// norms is how to tell what is usual for a node's own times: by themselves, where no
// call to it or of it was logged on both sides.
func (c *combiner) norms(n int) func([]micros) norm {
	grain := c.ev.s.grain()
	for _, edges := range [...][]int{c.m.in[n], c.m.out[n]} {
		for _, e := range edges {
			if c.r.Edges[e].Both > 0 {
				return func(v []micros) norm { return usual(v, grain, spread(grain)) }
			}
		}
	}
	return func(v []micros) norm { return alone(v, grain) }
}

// weigh is how much calls of one edge count beside the pod's others.
func (c *combiner) weigh(of []unit) float64 {
	if rate := sound(c.m.g.Edges[of[0].edge].Rate); rate > 0 {
		return rate
	}
	return float64(len(of))
}

// kind adds calls of one kind, of which base is usual.
func (s *podSum) kind(us []unit, base norm, serial float64) {
	var self, all micros
	var own byRole
	for i := range us {
		u := &us[i]
		self += u.self
		all += u.own
		own.add(u.role, u.own)
	}
	n := float64(len(us))
	weight, sum := own.weigh(serial)
	s.weight += n
	s.self += float64(self)
	s.own += float64(all)
	s.excess += max(0, float64(all)-base.mean*n)
	s.critical += weight
	s.late += sum - weight*base.mean
	s.over += sum - weight*base.low
}

// byRole sums times apart by the roles of their calls. The sums are whole
// numbers, so that the order of the calls leaves no trace in the result.
type byRole struct {
	n   [loose + 1]int
	sum [loose + 1]micros
}

func (b *byRole) add(r role, t micros) {
	b.n[r]++
	b.sum[r] += t
}

// weigh is the number of calls on the critical path and the sum of their times,
// of one edge: a call whose role is not known counts as much as it is serial.
func (b *byRole) weigh(serial float64) (n, sum float64) {
	return float64(b.n[critical]) + serial*float64(b.n[unknown]), float64(b.sum[critical]) + serial*float64(b.sum[unknown])
}

// times is what may be the application's time in each of the units, in order.
func (c *combiner) times(us []unit) []micros {
	v := make([]micros, len(us))
	for i := range us {
		v[i] = us[i].app
	}
	c.sorter.Sort(v)
	return v
}
