package critical

import (
	"cmp"
	"math"
	"slices"

	"github.com/sluice-mesh/sluice/graph"
)

// enough is how many of its own calls a pod must show to be judged by itself.
const enough = 10

// own works out the time of each service's own: application and sidecar apart.
func (c *combiner) own() {
	units := c.ev.units
	slices.SortStableFunc(units, func(a, b unit) int { return cmp.Compare(a.pod, b.pod) })
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

// whole keeps the units whose lines are all in the log, unless they are too few
// to stand for the service. It reorders us.
func whole(us []unit) []unit {
	slices.SortStableFunc(us, func(a, b unit) int {
		return cmp.Or(cmp.Compare(a.pod, b.pod), compareBool(!a.whole, !b.whole))
	})
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
		c.r.Services[n].Work = c.r.Services[n].Self
	}
}

// measured takes a node's own time from its calls, us, which are by pod. Pods
// count by the calls they receive, not by the lines they happen to have in the
// log.
func (c *combiner) measured(n int, us []unit) {
	low, median := percentiles(us)
	var all, rated podSum
	for i := 0; i < len(us); {
		j := i
		for j < len(us) && us[j].pod == us[i].pod {
			j++
		}
		p := c.pod(us[i:j], low)
		all.add(p, float64(j-i))
		rated.add(p, c.rate(n, us[i].pod))
		i = j
	}
	if rated.weight > 0 {
		all = rated
	}
	s := &c.r.Services[n]
	s.Calls = len(us)
	s.Low, s.Median = duration(max(0, float64(low))), duration(max(0, float64(median)))
	s.Self = duration(max(0, all.self/all.weight))
	s.Work = duration(max(0, (all.own-all.excess)/all.weight))
	if c.m.g.Nodes[n].Kind == graph.External {
		s.Work = s.Self
	} else if all.critical > 0 {
		s.Excess = duration(all.late / all.critical)
	}
}

func (c *combiner) rate(n int, pod int32) float64 {
	k := int(pod-c.m.first[n]) - 1
	if k < 0 {
		return 0
	}
	return sound(c.m.g.Nodes[n].Pods[k].ReceivedRate)
}

// podSum holds means of one pod's calls, or their sum over pods.
type podSum struct {
	weight, self, own, excess float64
	// critical is the part of the calls on a critical path, late their excess.
	critical, late float64
}

func (s *podSum) add(p podSum, w float64) {
	s.weight += w
	s.self += w * p.self
	s.own += w * p.own
	s.excess += w * p.excess
	s.critical += w * p.critical
	s.late += w * p.critical * p.late
}

// pod reduces the calls of one pod. What its 10th percentile takes is what the
// work takes when nothing delays it; above it lies delay. A pod with few calls
// is held against low, its service's.
func (c *combiner) pod(us []unit, low micros) podSum {
	if len(us) >= enough {
		low, _ = percentiles(us)
	}
	var p podSum
	kids, late := 0.0, 0.0
	for _, u := range us {
		p.self += float64(u.self)
		p.own += float64(u.own)
		kids += float64(u.kids)
		w := 0.0
		switch u.role {
		case critical:
			w = 1
		case unknown:
			w = c.r.Edges[u.edge].Serial
		}
		p.critical += w
		late += w * float64(u.own)
	}
	n := float64(len(us))
	base := float64(low) + c.noise(kids/n)
	p.self, p.own = p.self/n, p.own/n
	p.excess = max(0, p.own-base)
	if p.critical > 0 {
		p.late = max(0, late/p.critical-base)
	}
	p.critical /= n
	return p
}

// noise is how far below the mean the 10th percentile of a constant lies when it
// is the difference of 1 + kids durations that are each rounded to the grain:
// 1.28 standard deviations of that many uniform errors.
func (c *combiner) noise(kids float64) float64 {
	g := c.ev.s.grain()
	if g == 1 {
		return 0
	}
	return 1.2816 * float64(g) * math.Sqrt((1+kids)/12)
}

// percentiles are the 10th and the 50th of the units' own time.
func percentiles(us []unit) (low, median micros) {
	v := make([]micros, len(us))
	for i, u := range us {
		v[i] = u.own
	}
	slices.Sort(v)
	return v[len(v)/10], v[len(v)/2]
}
