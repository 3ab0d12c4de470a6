package budget

import "math"

// levels of throughput that the knee is looked for at: each a step above the one
// before, from the load in force.
const (
	levelStep = 1.25
	kneeTurns = 5 // halvings of the range of levels
	// headroom is how many steps more than the rehearsed knee are given: loads vary,
	// and past the knee latency rises much faster than it falls before.
	headroom = 1
)

// knee is the level beyond which more CPU is not worth giving. It depends on the
// mesh, its load and the options, not on the limits: so it never makes a larger
// budget give less.
func (b *believed) knee(o Options, played bool) float64 {
	tolerance := o.Knee
	if tolerance == 0 {
		tolerance = DefaultKnee
	}
	if tolerance < 0 || !finite(tolerance) || b.gateway.Rate == 0 || !played || b.censored() {
		return b.ceiling(o)
	}
	const turns = 1 << kneeTurns
	ladder := make([]float64, turns)
	ladder[0] = b.gateway.Rate / 2
	for i := 1; i < turns; i++ {
		ladder[i] = ladder[i-1] * levelStep
	}
	mean := func(level float64) float64 { return b.rehearse(b.at(level), 1).mean }
	best := mean(ladder[turns-1])
	if best <= 0 {
		return b.ceiling(o)
	}
	if o.Thrift > 0 && finite(o.Thrift) {
		return b.thrifty(ladder, o.Thrift, mean)
	}
	lo, hi := 0, turns-1 // the first level that is good enough is in (lo, hi]
	for hi-lo > 1 {
		mid := (lo + hi) / 2
		if m := mean(ladder[mid]); m > 0 && m <= best*(1+tolerance) {
			hi = mid
		} else {
			lo = mid
		}
	}
	// A load that swung may swing up again.
	return ladder[min(hi+headroom, turns-1)] * b.swing() * math.Exp(b.margin)
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

// censored reports a first round in which a sidecar had used up its quota: how
// fast requests are without waiting was not seen, and application times from such
// a log hold the waiting of others. The price of that doubt is to spend all.
func (b *believed) censored() bool {
	return b.rounds == 0 && b.full()
}

// ceiling is a level that no mesh of this load can come near: however large a
// limit is, no more is given, unless the options ask for all to be spent.
func (b *believed) ceiling(o Options) float64 {
	if o.Knee < 0 {
		return mostLevel
	}
	return max(50*max(b.gateway.Rate, 1), 4*b.inFlight/b.free)
}
