package budget

import "math"

// gauss is a belief: a mean, and one over the variance, 0 where nothing is known.
type gauss struct{ mean, sure float64 }

// and is the belief that both make together.
func (g gauss) and(h gauss) gauss {
	if sure := g.sure + h.sure; sure > 0 {
		return gauss{(g.mean*g.sure + h.mean*h.sure) / sure, sure}
	}
	return g
}

// baseByCost is what costs say of the logarithm of service i's base: those of earlier
// rounds, and with now this one's.
func (b *believed) baseByCost(i int, now bool) (g gauss) {
	w := 1.0
	add := func(c Cost) {
		if c.Seconds > 0 {
			base := max(c.Seconds-b.wake*c.Woken, 0.1*c.Seconds)
			g = g.and(gauss{math.Log(base), w * c.trust(b.wake) * sq(base/(costNoise*c.Seconds))})
		}
		w *= age
	}
	if now {
		add(b.seen[i])
	} else {
		add(Cost{})
	}
	for _, c := range b.past[i].Costs {
		add(c)
	}
	return g
}

const (
	// spreadKnown is how many services' worth it counts that bases lie baseSpread apart.
	spreadKnown = 4.0
	likeTurns   = 3
)

// likeBases is what all services together say of the base of any of them: where those
// whose costs are known lie close to each other, one of which little is known will not
// be far off. Mean and spread are those that are likeliest together (empirical Bayes, by
// expectation and maximization).
func (b *believed) likeBases() gauss {
	var all []gauss
	for i := range b.seen {
		if g := b.baseByCost(i, true); g.sure > 0 {
			all = append(all, g)
		}
	}
	var mean gauss
	v := sq(baseSpread)
	for range likeTurns {
		mean = gauss{}
		for _, g := range all {
			mean = mean.and(gauss{g.mean, 1 / (v + 1/g.sure)})
		}
		sum, n := spreadKnown*sq(baseSpread), spreadKnown
		for _, g := range all {
			part := v / (v + 1/g.sure) // how much of its distance is its own
			sum += part * (sq(part*(g.mean-mean.mean)) + v*(1-part))
			n += part
		}
		v = sum / n
	}
	return gauss{mean.mean, 1 / v}
}
