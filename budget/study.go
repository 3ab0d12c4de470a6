package budget

import (
	"math"
	"slices"
	"sync"
	"time"
)

// Study is a mesh as a round and those before it taught it, to be asked what would
// be. It answers with the very functions that Pour plans with: for the limits of
// its Input, Plan is Pour's to the digit. A Study does not change: what
// changes the mesh makes another. It may be used by several goroutines at once.
type Study struct {
	in     Input
	b      *believed
	played bool
	// place maps an index of Input.Sidecars to the model's.
	place []int
	// loads are the studies of this mesh under other loads.
	loads *family

	// knee is where plans stop to spend, likely the knee by what is believed.
	knee, likely func() float64

	memory sync.Mutex
	totals map[float64]int64
	known  map[string]Outcome
}

// Outcome is what is foreseen of an allotment, for requests at the gateway.
type Outcome struct {
	// Given is the CPU of each service's sidecars, each, in the order of
	// Input.Sidecars, and CPU the sum over all pods.
	Given []MilliCPU
	CPU   MilliCPU
	// Mean is 0 where no external request was seen, P50 and P99 where nothing tells.
	Mean, P50, P99 time.Duration
	// Rate is requests per second that come through.
	Rate float64
	// Sidecars in the order of Input.Sidecars.
	Sidecars []Strain
	// First is the service whose sidecars are closest to their limit: as the load
	// rises they throttle first. -1 where none has anything to do.
	First int
	// Played says that the figures come from a rehearsal of the mesh, and not from
	// the closed form.
	Played bool
	// Flooded says that a load that comes at a rate is more than gets through: the
	// latency then grows without end, and Mean is what the first seconds show.
	Flooded bool
}

// Strain is how hard one service's sidecars work, each.
type Strain struct {
	// Demand is the cores used, Utilization that over what it is given.
	Demand, Utilization float64
	// Throttled is the time per external request that calls wait there for the
	// quota, 0 without a rehearsal.
	Throttled time.Duration
}

// NewStudy learns from in, as Pour does. in must not change while the Study lives.
func NewStudy(in Input) *Study {
	b, played := learn(in)
	return newStudy(in, b, played)
}

func newStudy(in Input, b *believed, played bool) *Study {
	s := &Study{in: in, b: b, played: played, place: make([]int, len(b.order)), totals: map[float64]int64{}, known: map[string]Outcome{}}
	for i, to := range b.order {
		s.place[to] = i
	}
	s.loads = &family{of: s}
	s.knee = sync.OnceValue(func() float64 { return b.knee(in.Options, played) })
	s.likely = sync.OnceValue(func() float64 {
		if b.censored() == "" && kneeOf(in.Options) >= 0 {
			return s.knee()
		}
		return b.likelyKnee(in.Options, played)
	})
	return s
}

// Plan is the plan within limits; errors are *InfeasibleError.
func (s *Study) Plan(l Limits) (Plan, error) {
	level, err := s.level(l)
	if err != nil {
		return Plan{}, err
	}
	in := s.in
	in.Limits = l
	return s.b.plan(in, level, s.knee(), s.b.mesh.spendable(l, in.Options), s.played), nil
}

// Foresee is the outcome of the plan within limits, without its reasons: it costs
// much less than Plan where many are asked for.
func (s *Study) Foresee(l Limits) (Outcome, error) {
	level, err := s.level(l)
	if err != nil {
		return Outcome{}, err
	}
	return s.outcome(s.b.at(level), level), nil
}

// Predict is the outcome of an allotment made by hand: CPU of each service's
// sidecars, each, in the order of Input.Sidecars. Less than a millicore is taken
// for one.
func (s *Study) Predict(given []MilliCPU) Outcome {
	cores := make([]float64, len(s.b.order))
	for i, to := range s.b.order {
		cores[i] = float64(max(1, given[to])) / 1000
	}
	return s.outcome(cores, unknownLevel)
}

// unknownLevel stands for that of an allotment which no plan made.
const unknownLevel = -1

// InForce is the allotment under which the round was observed, and whether it is
// known of every service.
func (s *Study) InForce() (given []MilliCPU, known bool) {
	known = true
	for i := range s.in.Sidecars {
		g := s.in.Sidecars[i].Given
		known = known && g > 0
		given = append(given, g)
	}
	return given, known
}

// Seen is what the round showed at the gateway.
func (s *Study) Seen() Gateway { return s.in.Gateway.sane() }

// Limits are the round's.
func (s *Study) Limits() Limits { return s.in.Limits }

// Len is the number of services.
func (s *Study) Len() int { return len(s.place) }

// Service is the name of service i, an index of Input.Sidecars.
func (s *Study) Service(i int) string { return s.in.Sidecars[i].Service }

// Pods is how many pods service i has.
func (s *Study) Pods(i int) int { return int(s.b.pods[s.place[i]]) }

// Floors are the least limits that hold every sidecar's floor.
func (s *Study) Floors() Limits {
	pods := int64(0)
	for _, n := range s.b.pods {
		pods += n
	}
	return Limits{FloorCPU * MilliCPU(pods), FloorMemory * Bytes(pods)}
}

// Knee is the CPU beyond which more is not worth giving, by all that is believed. Where
// Doubt says why that is not sure, plans go further.
func (s *Study) Knee() MilliCPU { return MilliCPU(min(s.total(s.likely()), math.MaxInt64/4)) }

// Doubt says why the round cannot tell for sure how little CPU would do, and what it
// took applications for may be sidecars that requests waited for; "" where it can.
func (s *Study) Doubt() string { return s.b.censored() }

// Played says that predictions come from rehearsals.
func (s *Study) Played() bool { return s.played }

// Load is how the load comes: at a rate per second (open), or as a number of
// requests in flight.
func (s *Study) Load() (open bool, amount float64) {
	if s.b.open() {
		return true, s.b.gateway.Rate
	}
	return false, s.b.inFlight
}

// level is that of the plan within limits: what they pay for, or the knee. The levels
// tried before are remembered: plans of one mesh for many limits try the same ones.
func (s *Study) level(l Limits) (float64, error) {
	if floors := s.Floors(); l.CPU < floors.CPU || l.Memory < floors.Memory {
		return 0, &InfeasibleError{Limits: l, Needed: floors, Pods: int(floors.CPU / FloorCPU)}
	}
	cpu := s.b.mesh.spendable(l, s.in.Options).CPU
	return s.b.highest(s.knee(), cpu, func(level float64) bool { return s.total(level) <= int64(cpu) }), nil
}

// mostTotals bounds what is remembered of levels.
const mostTotals = 1 << 16

// total is what all pods together need at a level, in millicores.
func (s *Study) total(level float64) int64 {
	s.memory.Lock()
	sum, ok := s.totals[level]
	s.memory.Unlock()
	if ok {
		return sum
	}
	for _, c := range s.b.claims() {
		need := c.need(level)
		if need > (math.MaxInt64-sum)/c.pods {
			sum = math.MaxInt64
			break
		}
		sum += need * c.pods
	}
	s.memory.Lock()
	defer s.memory.Unlock()
	if len(s.totals) < mostTotals {
		s.totals[level] = sum
	}
	return sum
}

// carries is the highest level that every sidecar has the cores for.
func (s *Study) carries(cores []float64) float64 {
	holds := func(level float64) bool {
		for i := range cores {
			if float64(whole(1000*s.b.demand(i, level)+0.5)) > 1000*cores[i]+0.5 {
				return false
			}
		}
		return true
	}
	lo, hi := 0.0, float64(mostLevel)
	for range levelSteps {
		if mid := lo + (hi-lo)/2; holds(mid) {
			lo = mid
		} else {
			hi = mid
		}
	}
	return lo
}

// mostOutcomes bounds what is remembered of allotments.
const mostOutcomes = 4096

// outcome foresees an allotment in the model's order. Beyond the knee all limits
// give the same one: it is played once.
func (s *Study) outcome(cores []float64, level float64) Outcome {
	key := make([]byte, 0, 8*len(cores))
	for _, c := range cores {
		m := int64(1000*c + 0.5)
		for ; m >= 0x80; m >>= 7 {
			key = append(key, byte(m)|0x80)
		}
		key = append(key, byte(m))
	}
	s.memory.Lock()
	out, ok := s.known[string(key)]
	s.memory.Unlock()
	if ok {
		return out.clone()
	}
	out = s.foresee(cores, level)
	s.memory.Lock()
	defer s.memory.Unlock()
	if s.played && len(s.known) < mostOutcomes && len(s.known)*len(cores) < 1<<20 {
		s.known[string(key)] = out
	}
	return out.clone()
}

func (o Outcome) clone() Outcome {
	o.Given, o.Sidecars = slices.Clone(o.Given), slices.Clone(o.Sidecars)
	return o
}

// foresee is believed.foresee with what else an Outcome tells.
func (s *Study) foresee(cores []float64, level float64) Outcome {
	load, played := s.play(cores, level)
	out := Outcome{Rate: load.Rate, Mean: duration(load.Mean), First: -1, Played: played.done > 0,
		Given: make([]MilliCPU, len(cores)), Sidecars: make([]Strain, len(cores))}
	most := 0.0
	for i, to := range s.b.order {
		out.Given[to] = MilliCPU(1000*cores[i] + 0.5)
		out.CPU += out.Given[to] * MilliCPU(s.b.pods[i])
		st := Strain{}
		if out.Played {
			st = Strain{Demand: played.cores[i], Throttled: duration(played.throttled[i] / 1000)}
		} else {
			st.Demand = s.b.demand(i, load.Rate)
		}
		st.Utilization = st.Demand / cores[i]
		out.Sidecars[to] = st
		if st.Utilization > most {
			most, out.First = st.Utilization, to
		}
	}
	s.quantiles(&out, played)
	if open, rate := s.Load(); open && most > 0.95 {
		out.Flooded = load.Rate < floodedRate*rate
	}
	if out.Flooded && s.b.arrives == openLoad {
		s.flood(&out)
	}
	return out
}

// play is believed.foresee, also at unknownLevel.
func (s *Study) play(cores []float64, level float64) (Load, outcome) {
	if level != unknownLevel {
		return s.b.foresee(cores, level, s.played)
	}
	if load, o := s.b.foresee(cores, 0, s.played); o.done > 0 {
		return load, o
	}
	return s.b.reckon(s.carries(cores)), outcome{}
}

// floodedRate is the part of an open load that comes through by chance alone in the
// few seconds that are played.
const floodedRate = 0.95

// FloodTime is for how long a load that floods the mesh is thought to last: its
// requests wait longer the later they come, and some time has to be spoken of.
const FloodTime = 10 * time.Second

// flood has requests wait as those of a queue do that grows for FloodTime.
func (s *Study) flood(out *Outcome) {
	wait := time.Duration(float64(FloodTime) * (1 - out.Rate/s.b.gateway.Rate))
	free := duration(s.b.free)
	out.Mean, out.P50, out.P99 = max(out.Mean, free+wait/2), max(out.P50, free+wait/2), max(out.P99, free+wait*99/100)
}

// quantiles come from the requests that were played, or from how far the observed
// ones lay from their mean.
func (s *Study) quantiles(out *Outcome, played outcome) {
	if !out.Played {
		if g := s.b.gateway; g.Mean > 0 && g.P99 > 0 {
			out.P99 = duration(out.Mean.Seconds() * float64(g.P99) / float64(g.Mean))
		}
		return
	}
	took := slices.Clone(played.took)
	slices.Sort(took)
	at := func(q float64) time.Duration {
		return duration(took[min(len(took)-1, int(q*float64(len(took))))] / 1000)
	}
	out.P50, out.P99 = at(0.5), at(0.99)
}

// duration is seconds that may be out of all bounds.
func duration(seconds float64) time.Duration {
	if !(seconds > 0) {
		return 0
	}
	return time.Duration(min(seconds, 1e6) * 1e9)
}

// edit is a Study of a changed model, with nothing remembered.
func (s *Study) edit(b *believed) *Study {
	b.onlyMix()
	b.settle()
	if b.ladder != nil {
		b.climb()
	}
	return newStudy(s.in, b, b.playable())
}

// onlyMix has plans made for the load as it is now alone.
func (b *believed) onlyMix() {
	b.mixes = []mix{{entries: b.entries, inFlight: b.inFlight, rate: b.gateway.Rate, weight: 1}}
}

// playable tells whether a mesh that was changed is played.
func (b *believed) playable() bool { return b.rehearsable() && b.servers() <= mostServers }

// mostServers bounds the sidecars of a mesh that is changed and played.
const mostServers = 20_000

func (b *believed) servers() (n int64) {
	for _, p := range b.pods {
		n += p
	}
	return n
}

// copy is b to be edited: who changes one of its lists gives it a list of its own
// first, and all others are shared. A thousand questions are then a thousand studies
// of no more than what sets them apart.
func (b *believed) copy() *believed {
	c, m, mo := *b, *b.mesh, *b.model
	mo.mesh, c.model = &m, &mo
	return &c
}
