package budget

import "math"

// model is what is believed of a mesh's sidecars: how many cores each should have at
// a level of throughput at the gateway.
type model struct {
	*mesh
	costs
	// even is the cores that a pod of each service uses per request a second at the
	// gateway, at an even share of the wakes.
	even []float64
	// apart is the cores that a pod of each service uses for what no line of the log
	// explains, such as plain TCP, at the load that was seen; it grows with that.
	apart []float64
	// lean is what each service gets over that, at every level; with a ladder its
	// rungs say so instead.
	lean   []float64
	ladder *ladder
	// free is the seconds an external request takes without waiting.
	free float64
	// quiet services keep the floor.
	quiet []bool
}

// wokenAtLimit is the share of halves that wake the worker of a sidecar close to its
// limit: 0.05 to 0.5 in rehearsals. It is a beginning; lean corrects it.
const wokenAtLimit = 0.3

// setEven works even out anew, after the mesh or the costs have changed.
func (m *model) setEven(halves []float64) {
	m.even = make([]float64, len(halves))
	for i, h := range halves {
		m.even[i] = h * (m.base[i] + wokenAtLimit*m.wake)
	}
}

// mostApart is how far apart is carried on beyond what was seen: for what nobody sees a
// use is the need, unless the limit held it down. From apartFree of a limit on that is
// ever likelier, up to apartHeld, from which on it counts as certain.
const (
	mostApart, mostApartFull = 1.5, 4.0
	apartFree, apartHeld     = 0.7, 0.95
)

// beside is what of apart is needed at a rate of requests at the gateway.
func (m *model) beside(i int, rate float64) float64 {
	if m.apart[i] == 0 {
		return 0
	}
	if m.gateway.Rate == 0 {
		return m.apart[i] * rate // all there is to go by
	}
	times := rate / m.gateway.Rate
	held := 0.0
	if g := float64(m.sidecars[i].Given) / 1000; g > 0 {
		held = min(1, max(0, (m.cores[i]/g-apartFree)/(apartHeld-apartFree)))
	}
	return m.apart[i] * min(times, mostApart+held*(mostApartFull-mostApart))
}

// workerStep is how far above whole cores a need has to be to get them exceeded. The
// proxy starts ceil(limit) workers: one more is asleep more often and makes every half
// dearer, so that 1.05 cores carry less than 1.
const workerStep = 0.08

// wholeWorkers is a need without the part above whole cores that is worth less than
// nothing. It never falls as the need rises.
func wholeWorkers(need float64) float64 {
	if whole := math.Floor(need); whole >= 1 && need < whole+workerStep {
		return whole
	}
	return need
}

// demand is the cores that one pod of service i should have at a level, in requests
// per second. It never falls as the level rises.
func (m *model) demand(i int, level float64) float64 {
	if m.quiet[i] {
		return 0
	}
	need := m.beside(i, level)
	if m.even[i] > 0 {
		need += level * m.even[i] * m.leanAt(i, level)
	}
	return wholeWorkers(need)
}

// claims is the model as a call on the budget; levels are requests per second.
func (m *model) claims() []claim {
	out := make([]claim, len(m.sidecars))
	for i := range out {
		out[i] = claim{m.pods[i], func(level float64) int64 {
			return max(int64(FloorCPU), whole(1000*m.demand(i, level)+0.5))
		}}
	}
	return out
}

// at is the allotment of cores at a level.
func (m *model) at(level float64) []float64 {
	out := make([]float64, len(m.sidecars))
	for i, c := range m.claims() {
		out[i] = float64(c.need(level)) / 1000
	}
	return out
}

// mostLevel bounds the level, in requests per second.
const mostLevel = 1e9

// afford is the highest level that a sum of millicores pays for.
func (m *model) afford(cpu MilliCPU) float64 { return m.affordTo(mostLevel, cpu) }

// affordTo is afford, or most where that comes first: a plan ends at its knee, and
// what comes after need not be found out.
func (m *model) affordTo(most float64, cpu MilliCPU) float64 {
	claims := m.claims()
	return m.highest(most, cpu, func(level float64) bool { return fits(claims, int64(cpu), level) })
}

// highest is the highest level up to most that fits, which must mean that its claims do
// not come to more than cpu.
func (m *model) highest(most float64, cpu MilliCPU, fits func(level float64) bool) float64 {
	if !(most < mostLevel) {
		most = mostLevel
	}
	lo, hi := 0.0, most
	if m.ladder != nil {
		lo, hi = m.bracket(most, cpu)
	}
	if lo == most || hi == most && fits(hi) {
		return most
	}
	return halve(lo, hi, fits)
}

// bracket is two levels between which highest's lies in a model with a ladder; it is
// known to be below hi unless that is most. It keeps whoever looks for it from asking
// for rungs that it does not lie between: tuning one costs more than all the rest.
func (m *model) bracket(most float64, cpu MilliCPU) (lo, hi float64) {
	plain := *m
	plain.ladder, plain.lean = nil, make([]float64, len(m.lean))
	claims := plain.claims()
	level := func(lean float64) float64 {
		for i := range plain.lean {
			plain.lean[i] = lean
		}
		return waterfill(claims, int64(cpu), 0, mostLevel)
	}
	lo, hi = min(most, level(mostRungLean)/(1+workerStep)), min(most, level(1/mostRungLean)*(1+workerStep))
	for k := 1; k < rungs; k++ {
		const hair = 1e-9 // at a rung its own lean holds but for rounding
		at := m.ladder.level(k)
		if at*(1-hair) <= lo || at*(1+hair) >= hi {
			continue
		}
		plain.lean = m.ladder.rung(k)
		if !fits(claims, int64(cpu), at) {
			return lo, at * (1 + hair)
		}
		lo = at * (1 - hair)
	}
	return lo, hi
}
