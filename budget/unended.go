package budget

import "slices"

// rehearseUnended lets rehearsals tell of a round in which requests came and none ended:
// what they are seen to call is played with as many clients as there were requests, so
// that costs come from how often sidecars are asleep under that load, and needs are
// tuned, as after any other round. How fast requests are it cannot tell, for what they
// would yet have called was not seen; so levels remain multiples of the round's traffic.
func (b *believed) rehearseUnended(in Input) {
	g := in.Gateway
	if b.gateway.Rate > 0 || !(g.Rate > 0 && g.Rate < 1e9) || g.Mean != 0 || g.Requests <= 0 {
		return
	}
	g.Mean = duration(float64(g.Requests) / g.Rate) // all of them were under way
	in.Gateway, in.Calls = g, entered(in)
	c := believe(newMesh(in), in.Knowledge)
	if !c.rehearsable() {
		return
	}
	c.calibrate()
	c.tune()
	if !(b.evenSum() > 0 && c.evenSum() > 0) {
		return
	}
	b.costs, b.seen, b.lean = c.costs, c.seen, c.lean
	rate := b.evenSum() / c.evenSum() // requests a second that make the traffic which was seen
	for i, e := range c.even {
		b.even[i] = e * rate
	}
	if c.ladder != nil {
		b.ladder = &ladder{first: c.ladder.first / rate, tune: func(level float64) []float64 { return c.rung(level * rate) }}
	}
	b.free = b.freeTime()
}

// evenSum is the cores that all pods use per unit of level.
func (m *model) evenSum() float64 {
	sum := 0.0
	for i, e := range m.even {
		sum += e * float64(m.pods[i])
	}
	return sum
}

// entered is the calls with those of the gateway, which no line told of: what was called
// more often than by those that are known to call it.
func entered(in Input) []Call {
	known := make([]float64, len(in.Sidecars))
	for _, c := range in.Calls {
		if c.From < 0 {
			return in.Calls
		}
		if c.To >= 0 && c.To < len(known) {
			known[c.To] += bounded(c.PerRequest)
		}
	}
	calls := slices.Clone(in.Calls)
	for i, s := range in.Sidecars {
		if from := bounded(s.Visits) - known[i]; from > leastEntering*bounded(s.Visits) {
			calls = append(calls, Call{From: -1, To: i, PerRequest: from, Critical: from})
		}
	}
	return calls
}

// leastEntering is the part of a service's visits that may be rounding.
const leastEntering = 0.01
