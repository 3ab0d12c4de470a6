package budget

import "math"

// levels of throughput that the knee is looked for at: each a step above the one
// before, from the load in force.
const (
	levelStep = 1.1
	kneeTurns = 6 // halvings of the range of levels
	// headroom is the utilization that no sidecar is planned over where CPU is left, at
	// DefaultKnee; who gives more latency away gives headroom away with it:
	// loads vary, hosts steal time, and from 0.7 on real quotas begin to throttle. (At
	// 0.8 the lab's closed loops of 8 score 2 to 10 % less.)
	headroom = 0.7
	// kneePlacings is how many placings a level is played under.
	kneePlacings = 2
)

// knee is the level at which plans stop to spend: the one beyond which more CPU is not
// worth giving, where that can be told. It depends on the mesh, its load and the
// options, not on the limits: so it never makes a larger budget give less.
func (b *believed) knee(o Options, played bool) float64 {
	if tolerance := kneeOf(o); tolerance < 0 || !finite(tolerance) || b.censored() != "" {
		return b.ceiling(o)
	}
	return b.likelyKnee(o, played)
}

// likelyKnee is the level beyond which more CPU is not worth giving, by what is believed.
func (b *believed) likelyKnee(o Options, played bool) float64 {
	if b.gateway.Rate == 0 || !played {
		return b.ceiling(o)
	}
	tolerance := kneeOf(o)
	if tolerance < 0 || !finite(tolerance) {
		tolerance = DefaultKnee
	}
	const turns = 1 << kneeTurns
	ladder := make([]float64, turns)
	ladder[0] = b.gateway.Rate / 2
	for i := 1; i < turns; i++ {
		ladder[i] = ladder[i-1] * levelStep
	}
	load := b.bursting()
	play := func(level float64) outcome { return b.playAll(load, 0, b.at(level), kneePlacings) }
	best := play(ladder[turns-1])
	if best.done == 0 {
		return b.ceiling(o)
	}
	if o.Thrift > 0 && finite(o.Thrift) {
		return b.thrifty(ladder, o.Thrift, func(level float64) float64 { return play(level).mean })
	}
	enough := b.atSidecars(best) + tolerance*best.mean
	lo, hi, at := 0, turns-1, best // the first level that is good enough is in (lo, hi]
	for hi-lo > 1 {
		mid := (lo + hi) / 2
		if o := play(ladder[mid]); o.done > 0 && b.atSidecars(o) <= enough {
			hi, at = mid, o
		} else {
			lo = mid
		}
	}
	return b.knees.near(b.roomy(at, best.rate, ladder[hi], 1-(1-headroom)*min(1, DefaultKnee/tolerance)), tolerance) * b.beyond()
}

// bursting is the mesh under the load that a knee has to do for: who comes in bursts, at
// however low a rate, waits where CPU for that rate is all there is.
func (b *believed) bursting() *rehearsal {
	r := b.rehearsal()
	if n := b.atATime(); n > 1 {
		r.rate, r.batch = b.gateway.Rate/1000, n
	}
	return r
}

// atATime is how many requests come together, 1 where they come singly or it was laid down
// how they do. The newest round tells in which no sidecar was full, for one that is lets go
// of what waits for it in bursts.
func (b *believed) atATime() int {
	if b.arrives != observedLoad {
		return 1
	}
	for _, l := range b.loads {
		if !l.Full {
			if l.Bursts < leastBurst {
				return 1
			}
			return int(min(l.Bursts, mostBurst) + 0.5)
		}
	}
	return 1
}

const (
	// leastBurst is the dispersion from which on requests come in bursts: closed loops that
	// wait for nothing and Poisson ones have 0.1 to 2 in the lab's simulator.
	leastBurst = 3.0
	mostBurst  = 1000.0
)

// beyond is how many times the knee plans go to: a load that swung may swing up again.
func (b *believed) beyond() float64 { return b.swing() * math.Exp(b.margin) }

// knees is the level of the last plan's knee, and how many rounds of a like load had one.
// Near the knee latency hardly depends on CPU, and chance decides which level passes for
// good enough: over a factor of four of CPU in some meshes. So on a constant load a knee
// moves by little against the one before, the less the more there were.
type knees struct {
	level  float64
	rounds int
	// tolerance is the latency that they gave away; those of another are no measure.
	tolerance float64
}

const (
	// secondKnee and laterKnee are the most that a second and a later one moves.
	secondKnee, laterKnee = 1.5, 1.15
	// sameLoad is how many times the requests under way, or a second, of the round before
	// are still the same load.
	sameLoad = 1.25
)

// near is the level that is found, as far as it may lie from the one before.
func (k knees) near(level, tolerance float64) float64 {
	most := laterKnee
	switch {
	case k.rounds == 0 || k.tolerance != tolerance:
		return level
	case k.rounds == 1:
		most = secondKnee
	}
	return min(max(level, k.level/most), k.level*most)
}

// keepKnee has the rounds to come know the knee that a plan went to, where one was found.
func (b *believed) keepKnee(k *Knowledge, knee float64, o Options) {
	if o.Thrift == 0 && knee != b.ceiling(o) {
		k.Knee, k.Knees, k.Tolerance = knee/b.beyond(), 1, kneeOf(o)
		if b.knees.tolerance == k.Tolerance {
			k.Knees += b.knees.rounds
		}
	}
}

// followKnees has the knees follow a load that moves by little, so that a steady rise is not
// lagged behind, and forgets those of another load than this round's.
func (b *believed) followKnees() {
	if len(b.loads) < 2 {
		return
	}
	now, before := b.loads[0], b.loads[1]
	rate, under := math.Abs(math.Log(now.Rate/before.Rate)), math.Abs(math.Log(now.Rate*now.Mean/(before.Rate*before.Mean)))
	if max(rate, under) > math.Log(sameLoad) {
		b.knees = knees{}
	}
	b.knees.level *= now.Rate / before.Rate
}

// roomy is the level, from one on, at which no sidecar is used over room, also if
// the rate is that of unlimited CPU: clients may not wait for what is slow.
func (b *believed) roomy(o outcome, rate, level, room float64) float64 {
	faster := max(1, rate/o.rate)
	for range 1 << kneeTurns {
		tight := false
		for i, cores := range b.at(level) {
			tight = tight || faster*o.cores[i] > room*cores
		}
		if !tight {
			break
		}
		level *= 1 + (levelStep-1)/2
	}
	return level
}

// atSidecars is the ms per external request that a rehearsal spent at sidecars, at
// work or waiting, on the critical path. Unlike the mean latency it does not vary with
// what the applications happened to take, and a part in a hundred can be seen in it.
func (b *believed) atSidecars(o outcome) float64 {
	sum := 0.0
	for i := range o.wait {
		s := &b.sidecars[i]
		part := 1.0
		if all := bounded(s.Visits) + bounded(s.Sends); all > 0 {
			part = min(1, (bounded(s.CriticalVisits)+bounded(s.CriticalSends))/all)
		}
		sum += part * (o.wait[i] + o.halves[i]*1000*(b.base[i]+b.wake*o.woken[i]))
	}
	return sum
}

const (
	// mostMargin bounds Knowledge.Margin; marginFade is what is left of it after a
	// round that was as fast as foreseen.
	mostMargin = 3.0
	marginFade = 0.8
	// marginDoubt is how many times the foreseen latency a round has to take to raise
	// it.
	marginDoubt = 1.15
)

// learnMargin compares what the last plan promised with what came: a round that took
// longer under the same load had too little, wherever the knee was thought to be.
func (b *believed) learnMargin(foreseen *Load) {
	if foreseen == nil || !(foreseen.Mean > 0 && foreseen.Mean < 1e6) || b.gateway.Rate == 0 {
		return
	}
	if over := b.gateway.Mean.Seconds() / foreseen.Mean; over > marginDoubt {
		b.margin = min(mostMargin, b.margin+math.Log(over))
	} else {
		b.margin *= marginFade
	}
}

// thrifty is the level of the ladder at which log(latency) + thrift·log(CPU) is
// least, CPU being what all sidecars together are given.
func (b *believed) thrifty(ladder []float64, thrift float64, mean func(float64) float64) float64 {
	best, least := ladder[len(ladder)-1], math.Inf(1)
	for _, level := range ladder {
		spent := 0.0
		for i, c := range b.at(level) {
			spent += c * float64(b.pods[i])
		}
		if m := mean(level); m > 0 {
			if l := math.Log(m) + thrift*math.Log(spent); l < least {
				best, least = level, l
			}
		}
	}
	return best
}

// censored says why a round cannot tell where the knee is, "" where it can: a first one
// in which a sidecar had used up its quota, for how fast requests are without waiting
// was not seen and application times from such a log hold the waiting of others; and
// one in which nobody measured what sidecars use. The price of that doubt is to spend all.
func (b *believed) censored() string {
	if b.rounds == 0 && b.full() {
		return "in this first round requests waited for sidecars that had no CPU left, so how little would do was not to be seen; the rounds to come tell"
	}
	for i, known := range b.known {
		if known && b.mesh.cores[i] > 0 {
			return ""
		}
	}
	return "of no sidecar both use and traffic were measured, so how little would do cannot be told"
}

// ceiling is a level that no mesh of this load can come near: however large a
// limit is, no more is given, unless the options ask for all to be spent.
func (b *believed) ceiling(o Options) float64 {
	if o.Knee < 0 {
		return mostLevel
	}
	return max(50*max(b.gateway.Rate, 1), 4*b.inFlight/b.free)
}
