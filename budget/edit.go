package budget

import (
	"fmt"
	"slices"
	"time"
)

// arrival is how a load comes.
type arrival uint8

const (
	observedLoad arrival = iota // as the rounds showed it
	openLoad                    // at a rate
	closedLoad                  // as a number of requests in flight
)

// Bounds on what a mesh may be changed to.
const (
	mostRate     = 1e6
	mostInFlight = 1e6
	// MostPods is how many pods a service may be given.
	MostPods   = 10_000
	mostTimes  = 1000.0 // calls per visit
	mostFactor = 1e4
)

// between returns an error unless x is a number from lo to hi.
func between(what string, x, lo, hi float64) error {
	if x >= lo && x <= hi {
		return nil
	}
	return fmt.Errorf("%s: found %v, expected a number from %v to %v", what, x, lo, hi)
}

// Replicas gives service i another number of pods, among which its calls divide.
func (s *Study) Replicas(i, pods int) (*Study, error) {
	if err := between("pods", float64(pods), 1, MostPods); err != nil {
		return nil, err
	}
	if pods == s.Pods(i) {
		return s, nil
	}
	b, at := s.b.copy(), s.place[i]
	b.halves, b.apart, b.pods = slices.Clone(b.halves), slices.Clone(b.apart), slices.Clone(b.pods)
	b.halves[at] *= float64(b.pods[at]) / float64(pods)
	b.apart[at] *= float64(b.pods[at]) / float64(pods)
	b.pods[at] = int64(pods)
	return s.edit(b), nil
}

// Work is service i's application time per call, the calls that it makes left out.
func (s *Study) Work(i int) time.Duration {
	return time.Duration(s.b.workOf(s.place[i]) * s.b.workScale() * 1e6)
}

// workScale is what the applications' times have to be taken by so that requests
// take as long as they do.
func (b *believed) workScale() float64 {
	if work := b.workMs(); b.pause < 0 && work > 0 {
		return max(1-mostHaste, 1+b.pause/work)
	}
	return 1
}

// bake takes into the applications' times what earlier rounds say of them, and the
// correction, which was learned of all together and must not grow when one is changed.
func (b *believed) bake() {
	scale := b.workScale()
	for i := range b.sidecars {
		b.sidecars[i].Work = time.Duration(scale * b.workOf(i) * 1e6)
	}
	b.past = slices.Clone(b.past)
	for i := range b.past {
		b.past[i].Work = 0
	}
	b.pause = max(0, b.pause)
}

// WithWork sets that time.
func (s *Study) WithWork(i int, d time.Duration) (*Study, error) {
	if err := between("work in ms", float64(d)/1e6, 0, 1e6); err != nil {
		return nil, err
	}
	if d == s.Work(i) {
		return s, nil
	}
	b := s.b.copy()
	b.sidecars = slices.Clone(b.sidecars)
	b.bake()
	b.sidecars[s.place[i]].Work = d
	return s.edit(b), nil
}

// Costlier makes each call cost service i's sidecars x times the CPU.
func (s *Study) Costlier(i int, x float64) (*Study, error) {
	if err := between("cost", x, 1/mostFactor, mostFactor); err != nil {
		return nil, err
	}
	if x == 1 {
		return s, nil
	}
	b, at := s.b.copy(), s.place[i]
	b.base, b.apart = slices.Clone(b.base), slices.Clone(b.apart)
	b.apart[at] *= x
	// A wake costs all services the same in the model: what it cost this one goes
	// into its base.
	woken := b.seen[at].Woken * b.wake
	b.base[at] = max(0, b.base[at]*x+(x-1)*woken)
	return s.edit(b), nil
}

// AtGateway stands for the ingress gateway where calls are spoken of.
const AtGateway = -1

// Edge is calls from one service to another, or from the gateway.
type Edge struct {
	// From and To index Input.Sidecars; From is AtGateway for what enters.
	From, To int
	// Count is calls per visit of From; of the gateway's, the share that enters there.
	Count float64
	// Parallel calls run beside From's other parallel calls.
	Parallel bool
}

// Edges are the calls of the mesh, by From and To.
func (s *Study) Edges() []Edge {
	var out []Edge
	for _, e := range s.b.entries {
		out = append(out, Edge{AtGateway, s.b.order[e.to], e.count, false})
	}
	for i, routes := range s.b.routes {
		for _, r := range routes {
			out = append(out, Edge{s.b.order[i], s.b.order[r.to], r.count, r.parallel})
		}
	}
	slices.SortFunc(out, func(a, b Edge) int {
		if a.From != b.From {
			return a.From - b.From
		}
		return a.To - b.To
	})
	return out
}

// WithEdge sets the calls from one service to another, 0 for none. Of the
// gateway's, the shares of the others are brought to a sum of one with it. Calls that
// would go round without an end are an error.
func (s *Study) WithEdge(e Edge) (*Study, error) {
	most := float64(mostTimes)
	if e.From == AtGateway {
		most = 1
	}
	if err := between("calls", e.Count, 0, most); err != nil {
		return nil, err
	}
	if slices.Contains(s.Edges(), e) {
		return s, nil
	}
	b := s.b.copy()
	b.sidecars, b.routes = slices.Clone(b.sidecars), slices.Clone(b.routes)
	b.halves, b.quiet = slices.Clone(b.halves), slices.Clone(b.quiet)
	b.bake()
	before, err := b.flow()
	if err != nil {
		return nil, err
	}
	r := route{to: s.place[e.To], count: e.Count, parallel: e.Parallel}
	if e.From == AtGateway {
		err = b.enter(r)
	} else {
		b.call(s.place[e.From], r)
	}
	if err != nil {
		return nil, err
	}
	after, err := b.flow()
	if err != nil {
		return nil, err
	}
	b.rescaleVisits(before, after)
	return s.edit(b), nil
}

// enter sets the share of the requests that enter at a service.
func (b *believed) enter(r route) error {
	rest := 0.0
	var others []route
	for _, e := range b.entries {
		if e.to != r.to {
			rest += e.count
			others = append(others, e)
		}
	}
	if len(others) == 0 && r.count < 1 {
		return fmt.Errorf("share: found %v of the only entry, expected another entry for the rest", r.count)
	}
	for i := range others {
		others[i].count *= (1 - r.count) / rest
	}
	if r.count > 0 {
		others = append(others, r)
	}
	b.entries = slices.DeleteFunc(others, func(e route) bool { return e.count <= 0 })
	slices.SortFunc(b.entries, func(x, y route) int { return x.to - y.to })
	return nil
}

// call sets the calls of a service; those made one after the other come first.
func (b *believed) call(from int, r route) {
	routes := slices.DeleteFunc(slices.Clone(b.routes[from]), func(x route) bool { return x.to == r.to })
	if r.count > 0 {
		routes = append(routes, r)
	}
	slices.SortStableFunc(routes, func(x, y route) int {
		switch {
		case x.parallel == y.parallel:
			return 0
		case y.parallel:
			return -1
		}
		return 1
	})
	b.routes[from] = routes
}

// flow is how often each service is visited, and calls, per external request.
type flow struct{ visits, sends []float64 }

// flow follows the routes.
func (m *mesh) flow() (flow, error) { return m.flowOf(m.entries) }

// flowOf follows the routes of requests that enter elsewhere: in the order of calls
// where there is one, round by round in what goes in circles.
func (m *mesh) flowOf(entries []route) (flow, error) {
	n := len(m.routes)
	callers, f := make([]int, n), flow{make([]float64, n), make([]float64, n)}
	for _, routes := range m.routes {
		for _, r := range routes {
			callers[r.to]++
		}
	}
	for _, e := range entries {
		f.visits[e.to] += e.count
	}
	var ready []int
	for i := range callers {
		if callers[i] == 0 {
			ready = append(ready, i)
		}
	}
	for done := 0; done < len(ready); done++ {
		from := ready[done]
		for _, r := range m.routes[from] {
			calls := min(mostVisits, f.visits[from]*r.count)
			f.sends[from] += calls
			f.visits[r.to] = min(mostVisits, f.visits[r.to]+calls)
			if callers[r.to]--; callers[r.to] == 0 {
				ready = append(ready, r.to)
			}
		}
	}
	if len(ready) == n {
		return f, nil
	}
	return f, m.circle(f, callers)
}

const (
	// circleRounds is how often calls are followed round a circle, circleEnd the part of
	// them that may be left then.
	circleRounds = 1000
	circleEnd    = 1e-6
)

// circle completes f for the services that still have callers: what they call has, too.
func (m *mesh) circle(f flow, callers []int) error {
	var within []int
	for i, c := range callers {
		if c > 0 {
			within = append(within, i)
		}
	}
	came := slices.Clone(f.visits) // this time round
	next := make([]float64, len(came))
	for range circleRounds {
		left, all := 0.0, 0.0
		for _, i := range within {
			next[i] = 0
		}
		for _, from := range within {
			for _, r := range m.routes[from] {
				f.sends[from] += came[from] * r.count
				next[r.to] += came[from] * r.count
			}
		}
		for _, i := range within {
			f.visits[i] = min(mostVisits, f.visits[i]+next[i])
			left, all = left+next[i], all+f.visits[i]
		}
		if came, next = next, came; left <= circleEnd*all {
			return nil
		}
	}
	return fmt.Errorf("the calls would go round in a circle through %q without an end", m.sidecars[within[0]].Service)
}

// rescaleVisits brings the figures per external request to new routes. What was
// observed is scaled as the routes' own figures are: the log need not show all
// that it counts.
func (b *believed) rescaleVisits(before, after flow) {
	b.steps = 0
	for i := range b.sidecars {
		s := &b.sidecars[i]
		pods := float64(b.pods[i])
		was, is := before.visits[i]+before.sends[i], after.visits[i]+after.sends[i]
		switch {
		case was > 0:
			b.halves[i] *= is / was
		case is > 0:
			b.halves[i], b.quiet[i] = 2*is/pods, false
		}
		scale := func(x, was, is float64) float64 {
			if was > 0 {
				return x * is / was
			}
			return is
		}
		s.Visits = scale(bounded(s.Visits), before.visits[i], after.visits[i])
		s.CriticalVisits = scale(bounded(s.CriticalVisits), before.visits[i], after.visits[i])
		s.CriticalSends = scale(bounded(s.CriticalSends), before.sends[i], after.sends[i])
		b.steps += b.halves[i] * pods
	}
}
