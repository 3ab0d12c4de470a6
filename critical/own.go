package critical

import (
	"cmp"
	"slices"

	"github.com/sluice-mesh/sluice/graph"
)

// own works out the time of each service's own: application and sidecar apart.
func (c *combiner) own() {
	units := c.ev.units
	slices.SortFunc(units, unit.compare)
	received := c.received()
	for n, i := 0, 0; n < len(c.m.g.Nodes); n++ {
		j := i
		for j < len(units) && units[j].pod < c.m.first[n+1] {
			j++
		}
		s := &c.r.Services[n]
		if ev := c.ev.nodes[n]; ev.calls > 0 {
			s.Stages = float64(ev.stages) / float64(ev.calls)
			if ev.stages > 0 {
				s.Width = float64(ev.sent) / float64(ev.stages)
			}
		}
		if us := whole(units[i:j]); len(us) > 0 && !c.deaf[n] {
			c.measured(n, us)
		} else {
			c.estimated(n, received[n])
		}
		i = j
	}
}

// compare orders by pod and kind. What is alike in both may stand in any order:
// all that is made of it are whole sums and sorted times.
func (u unit) compare(o unit) int {
	if c := cmp.Compare(u.pod, o.pod); c != 0 {
		return c
	}
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

// estimated takes a node's own time from the graph: what its calls take on
// average less what it waits for on average. The sidecar's part stays unknown.
func (c *combiner) estimated(n int, received float64) {
	rest := received
	for _, e := range c.out[n] {
		rest -= c.waited(e)
	}
	if n > 0 {
		c.r.Services[n].Self = duration(max(0, rest))
		c.r.Services[n].Own, c.r.Services[n].Work = c.r.Services[n].Self, c.r.Services[n].Self
	}
}

// measured takes a node's own time from its calls, us, which are by pod and
// kind. Pods count by the calls they receive, not by the lines they happen to
// have in the log.
func (c *combiner) measured(n int, us []unit) {
	service := sorted(us)
	var all, rated podSum
	for part := range runs(us, func(a, b *unit) bool { return a.pod == b.pod }) {
		p := c.pod(part, service)
		all.add(p, float64(len(part)))
		rated.add(p, c.rate(n, part[0].pod))
	}
	if rated.weight > 0 {
		all = rated
	}
	s := &c.r.Services[n]
	s.Calls = len(us)
	s.Low, s.Median = duration(float64(max(0, service[len(service)/10]))), duration(float64(max(0, service[len(service)/2])))
	s.Self = duration(max(0, all.self/all.weight))
	s.Own = duration(max(0, all.own/all.weight))
	s.Work = duration(max(0, (all.own-all.excess)/all.weight))
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

// podSum holds means of one pod's calls, or their weighted sum over pods.
type podSum struct {
	weight, self, own, excess float64
	// critical is the part of the calls on a critical path, late their excess
	// and over their time above the low percentile.
	critical, late, over float64
}

func (s *podSum) add(p podSum, w float64) {
	s.weight += w
	s.self += w * p.self
	s.own += w * p.own
	s.excess += w * p.excess
	s.critical += w * p.critical
	s.late += w * p.late
	s.over += w * p.over
}

// pod reduces the calls of one pod, us. Calls of a kind, that came by the same
// edge and sent as many calls on, are compared with one another: a service's
// endpoints differ, and the cheap ones must not make the dear ones look delayed.
// What is too rare is compared with the pod's calls, or its service's.
func (c *combiner) pod(us []unit, service []micros) podSum {
	usually := spread(c.ev.s.grain())
	pool := service
	if len(us) >= enough {
		pool = sorted(us)
	}
	base := usual(pool, c.ev.s.grain(), usually)
	var p podSum
	for kind := range runs(us, func(a, b *unit) bool { return a.edge == b.edge && a.kids == b.kids }) {
		base := base
		if len(kind) >= enough {
			base = usual(sorted(kind), c.ev.s.grain(), usually)
		}
		var self, all micros
		var own byRole
		for i := range kind {
			u := &kind[i]
			self += u.self
			all += u.own
			own.add(u.role, u.own)
		}
		p.self += float64(self)
		p.own += float64(all)
		p.excess += max(0, float64(all)-base.mean*float64(len(kind)))
		weight, sum := own.weigh(c.r.Edges[kind[0].edge].Serial)
		p.critical += weight
		p.late += sum - weight*base.mean
		p.over += sum - weight*base.low
	}
	n := float64(len(us))
	return podSum{1, p.self / n, p.own / n, p.excess / n, p.critical / n, p.late / n, p.over / n}
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

// sorted is what may be the application's time in each of the units, in order.
func sorted(us []unit) []micros {
	v := make([]micros, len(us))
	for i := range us {
		v[i] = us[i].app
	}
	slices.Sort(v)
	return v
}
