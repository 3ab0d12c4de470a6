package budget

import "math"

// model is what is believed of a mesh's sidecars: how many cores each needs to
// carry a level of throughput at the gateway.
type model struct {
	*mesh
	costs
	// clump is the share of halves that find the worker asleep over the share of
	// time that it is: below one where calls come in bunches.
	clump []float64
	// lean is what each service gets over an even share of the load's waiting.
	lean []float64
	// free is the seconds an external request takes without waiting.
	free float64
	// quiet services keep the floor.
	quiet []bool
}

// Throttled neighbours let requests go in trains, and only the first of a train
// finds the worker asleep: awake is the share of the wakes of a mesh without
// quotas that is left where requests hardly wait, and waits of so many periods
// halve it. Where nothing came through, only few are left.
const (
	awake        = 0.8
	halvingWait  = 3 * cfsPeriod / 1000
	awakeBlocked = 0.2
)

// sleepy is what wakes cost each half of service i on the average of a time that
// the worker is idle, at a level.
func (m *model) sleepy(i int, level float64) float64 {
	left := awakeBlocked
	if m.inFlight > 0 {
		wait := max(0, m.inFlight/level-m.free)
		left = awake / (1 + wait/halvingWait)
	}
	return m.wake * left * m.clump[i]
}

// mostWorkers bounds the whole cores for which workers are told apart.
const mostWorkers = 64

// demand is the cores one pod of service i uses at a level in requests per second, and
// what it needs. More CPU than a whole core brings another worker (the proxy
// starts ceil(limit) of them), which is asleep more often and makes every half
// dearer: a need just above a whole core is worth less than the core.
func (m *model) demand(i int, level float64) float64 {
	d := level * m.halves[i]
	if d <= 0 || m.quiet[i] {
		return 0
	}
	sleepy := m.sleepy(i, level)
	// One worker is awake for as long as it works: u = d·(base + sleepy·(1−u)).
	u := d * (m.base[i] + sleepy) / (1 + d*sleepy) * m.lean[i]
	if u <= 1 {
		return u
	}
	if d*m.base[i] > mostWorkers {
		return d * (m.base[i] + sleepy) * m.lean[i]
	}
	lo, hi := 1.0, float64(2*mostWorkers) // the fewest whole workers that hold their own use
	for hi-lo > 1 {
		k := math.Floor((lo + hi) / 2)
		if m.coresOf(d, m.base[i], sleepy, k)*m.lean[i] <= k {
			hi = k
		} else {
			lo = k
		}
	}
	return max(m.coresOf(d, m.base[i], sleepy, hi)*m.lean[i], hi-1)
}

// coresOf is the use of k workers that carry d halves a second: all of them are
// awake for (u/k)^k of the time.
func (m *model) coresOf(d, base, sleepy, k float64) float64 {
	lo, hi := d*base, d*(base+sleepy)
	for range 40 {
		u := (lo + hi) / 2
		if d*(base+sleepy*(1-math.Pow(min(1, u/k), k))) > u {
			lo = u
		} else {
			hi = u
		}
	}
	return lo
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
func (m *model) afford(cpu MilliCPU) float64 {
	return waterfill(m.claims(), int64(cpu), 0, mostLevel)
}
