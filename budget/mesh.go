package budget

import (
	"slices"
	"sort"
)

// mesh is an Input in the form the model works on: services in one fixed order,
// figures that cannot be measurements taken out, calls as a tree of routes.
type mesh struct {
	sidecars []Sidecar
	// order maps a service here to its place in Input.Sidecars.
	order []int
	pods  []int64
	// halves is how often one external request passes one pod of the service:
	// twice for each call received or sent.
	halves []float64
	// passed is how many halves a second each pod passed, the cores it used for
	// them, and whether those are known.
	passed, cores []float64
	known         []bool
	// routes of each service per visit, and those of the gateway per request.
	routes  [][]route
	entries []route
	// steps is the halves of one external request over all pods.
	steps   float64
	gateway Gateway
	// inFlight is the mean number of requests under way (Little's law).
	inFlight float64
}

// mostVisits bounds figures per external request that a log could claim.
const mostVisits = 1e6

func newMesh(in Input) *mesh {
	m := &mesh{order: byService(in.Sidecars), gateway: in.Gateway.sane()}
	n := len(m.order)
	m.sidecars, m.pods = make([]Sidecar, n), make([]int64, n)
	m.halves, m.cores, m.known = make([]float64, n), make([]float64, n), make([]bool, n)
	m.passed = make([]float64, n)
	place := make([]int, n)
	for to, from := range m.order {
		m.sidecars[to], place[from] = in.Sidecars[from], to
		s := &m.sidecars[to]
		m.pods[to] = int64(s.pods())
		m.cores[to], m.known[to] = s.coresPerPod()
	}
	rate := m.gateway.Rate
	m.inFlight = rate * m.gateway.Mean.Seconds()
	for i := range m.sidecars {
		s := &m.sidecars[i]
		visits, sends := bounded(s.Visits), bounded(s.Sends)
		if visits+sends == 0 && rate > 0 {
			visits = min(s.trafficPerPod()*float64(m.pods[i])/rate, mostVisits)
		}
		m.halves[i] = 2 * (visits + sends) / float64(m.pods[i])
		m.steps += 2 * (visits + sends)
		m.passed[i] = m.halves[i] * rate
		switch own := 2 * s.trafficPerPod(); {
		case rate == 0: // no external request came through: levels are multiples of this round
			m.halves[i], m.passed[i] = own, own
		case own > 0 && m.unsteady():
			m.passed[i] = own
		}
	}
	m.takeIdle()
	m.route(in.Calls, place)
	return m
}

// mostIdle bounds what a sidecar is thought to use without any traffic.
const mostIdle = 0.0015

// takeIdle takes off each sidecar's use what it would use without traffic: at most
// half of what the least busy of them uses.
func (m *mesh) takeIdle() {
	idle := mostIdle
	for i, c := range m.cores {
		if m.known[i] && c > 0 {
			idle = min(idle, c/2)
		}
	}
	for i := range m.cores {
		m.cores[i] = max(0, m.cores[i]-idle)
	}
}

// bounded is x as a figure per request, 0 where it cannot be one.
func bounded(x float64) float64 {
	if !finite(x) || x < 0 {
		return 0
	}
	return min(x, mostVisits)
}

// mostCircle is how many times the visits that were seen routes may come to.
const mostCircle = 3

// route turns the calls into what each service calls per visit. Those that close cycles
// are left out where, by their figures, requests would go round for long: nothing is
// seen to, and a rehearsal could not be ended.
func (m *mesh) route(calls []Call, place []int) {
	m.routeAll(calls, place)
	if !slices.ContainsFunc(calls, func(c Call) bool { return c.Back }) {
		return
	}
	f, err := m.flow()
	for i := range f.visits {
		if err != nil || f.visits[i] > mostCircle*max(1, bounded(m.sidecars[i].Visits)) {
			m.routeAll(slices.DeleteFunc(slices.Clone(calls), func(c Call) bool { return c.Back }), place)
			return
		}
	}
}

func (m *mesh) routeAll(calls []Call, place []int) {
	m.routes, m.entries = make([][]route, len(m.sidecars)), nil
	at := func(i int) int { // Input's index, -1 for the gateway, to ours
		if i < 0 || i >= len(place) {
			return -1
		}
		return place[i]
	}
	sorted := append([]Call(nil), calls...)
	sort.SliceStable(sorted, func(a, b int) bool {
		x, y := sorted[a], sorted[b]
		if at(x.From) != at(y.From) {
			return at(x.From) < at(y.From)
		}
		return at(x.To) < at(y.To)
	})
	for _, c := range sorted {
		from, to := at(c.From), at(c.To)
		count := bounded(c.PerRequest)
		if to < 0 || count == 0 {
			continue
		}
		if from < 0 {
			m.entries = append(m.entries, route{to: to, count: count})
			continue
		}
		visits := bounded(m.sidecars[from].Visits)
		if visits == 0 {
			continue
		}
		// A caller on the critical path for a part of its visits has as large a
		// part of its sequential calls there; calls with clearly less ran beside others.
		part := 1.0
		if v := bounded(m.sidecars[from].CriticalVisits); v > 0 {
			part = min(1, v/visits)
		}
		r := route{to: to, count: count / visits, parallel: bounded(c.Critical) < 0.85*part*count}
		m.routes[from] = append(m.routes[from], r)
	}
	m.groupParallel()
	sum := 0.0
	for _, e := range m.entries {
		sum += e.count
	}
	for i := range m.entries {
		m.entries[i].count /= sum
	}
}

// groupParallel puts each service's parallel calls side by side. One alone ran
// beside the largest of the others.
func (m *mesh) groupParallel() {
	for _, routes := range m.routes {
		alone, largest := 0, -1
		for i, r := range routes {
			if r.parallel {
				alone++
			} else if largest < 0 || r.count > routes[largest].count {
				largest = i
			}
		}
		if alone == 1 && largest >= 0 {
			routes[largest].parallel = true
		}
		sort.SliceStable(routes, func(a, b int) bool { return !routes[a].parallel && routes[b].parallel })
	}
}

// unsteady reports that requests took long against the time that was looked at:
// what was under way at its ends is then a large part of the work, and a sidecar
// did not pass as much as the finished requests would have it. Otherwise calls per
// request are the better measure, as they do not depend on each log's own span.
func (m *mesh) unsteady() bool {
	return m.gateway.Rate > 0 && 8*m.gateway.Mean.Seconds() > float64(m.gateway.Requests)/m.gateway.Rate
}

// traced reports that the log showed enough to play requests through the mesh.
func (m *mesh) traced() bool {
	return len(m.entries) > 0 && m.gateway.Rate > 0 && m.inFlight > 0 && m.steps > 0
}
