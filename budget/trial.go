package budget

import "math"

// Trial is an allotment that was in force for a round, and what it brought: the
// best of the rounds that had the same load and about the same CPU. How two
// allotments compare is seen better than foreseen where the model is off.
type Trial struct {
	Load
	// Spent is the millicores of all sidecars.
	Spent MilliCPU `json:"spent"`
	// Age is how many rounds ago it was.
	Age int `json:"age,omitempty"`
}

const (
	// oldTrial is the age at which a trial is forgotten.
	oldTrial = mostRounds
	// sameLoad and sameMix are how far two rounds' requests under way (as a factor)
	// and shares of entries may differ for their allotments to be compared.
	sameLoad, sameMix = 1.15, 0.1
	// luck is how much of a score the placing of the quotas' periods can cost: a
	// round that lost less proves nothing against the allotment.
	luck = 0.07
	// doubtMoving is the gain foreseen in the mean from which on the plan leaves the
	// best allotment seen after a move that disappointed: the model was wrong about
	// this mesh before. It is more where it was more wrong.
	doubtMoving = 0.03
	// trialPlacings is how many placings two allotments are compared under, other
	// ones than tuning chose by.
	trialPlacings = 4
)

// score is the contest's: requests a second over mean latency.
func (l Load) score() float64 { return l.Rate / l.Mean }

// tried makes this round's allotment the best trial unless the known one was
// better under the same load.
func (b *believed) tried(k *Knowledge) {
	if b.gateway.Rate == 0 {
		return
	}
	now := Trial{Load: Load{Rate: b.gateway.Rate, Mean: b.gateway.Mean.Seconds()}}
	given := make([]MilliCPU, len(b.sidecars))
	for i := range b.sidecars {
		if given[i] = b.sidecars[i].Given; given[i] <= 0 {
			return
		}
		now.Spent += given[i] * MilliCPU(b.pods[i])
	}
	b.trial, b.best = &now, given
	if k == nil || k.Best == nil || !b.comparable(k.Best) || k.Best.score()*(1-luck) <= now.score() {
		return
	}
	old := *k.Best
	old.Age++
	b.trial = &old
	for i := range given {
		given[i] = b.past[i].Best
	}
}

// comparable reports that a known trial had the load of this round, and that each
// service was part of it.
func (b *believed) comparable(t *Trial) bool {
	if !(t.Rate > 0 && t.Mean > 0) || !finite(t.score()) || t.Age < 0 || t.Age >= oldTrial {
		return false
	}
	most := sameLoad
	if b.unsteady() {
		most = 2 // requests under way at the ends of the log blur the figure
	}
	if d := t.Rate * t.Mean / b.inFlight; !(d < most && d > 1/most) {
		return false
	}
	spent, moved := MilliCPU(0), 0.0
	for i, share := range b.entering() {
		spent += b.sidecars[i].Given * MilliCPU(b.pods[i])
		moved += math.Abs(share-b.past[i].Entry) / 2
		if b.past[i].Best < FloorCPU {
			return false
		}
	}
	return moved < sameMix && math.Abs(float64(t.Spent-spent)) < 0.01*float64(spent)
}

// entering is each service's share of the requests that enter the mesh.
func (b *believed) entering() []float64 {
	out := make([]float64, len(b.sidecars))
	for _, e := range b.entries {
		out[e.to] += e.count
	}
	return out
}

// anchor is the lean that gives the best trial's allotment for its CPU.
func (b *believed) anchor() []float64 {
	was := b.lean
	defer func() { b.lean = was }()
	b.lean = make([]float64, len(was))
	for i := range b.lean {
		b.lean[i] = 1
	}
	level := b.afford(b.trial.Spent)
	out := make([]float64, len(was))
	for i := range out {
		out[i] = 1
		need := 1000 * b.demand(i, level)
		if best := float64(b.best[i]); need > 0 && (best > float64(FloorCPU) || need > best) {
			out[i] = min(mostLean, max(1/mostLean, best/need))
		}
	}
	return out
}

// stay returns to the best allotment seen unless what is foreseen now is clearly
// better. It is for after a round that lost more than luck explains, and for
// meshes that rehearsals cannot judge. It compares
// both at what is spent now.
func (b *believed) stay(spent MilliCPU) {
	moved := b.lean
	o := b.rehearseFrom(3, b.at(b.afford(spent)), trialPlacings)
	b.lean = b.anchor()
	t := b.rehearseFrom(3, b.at(b.afford(spent)), trialPlacings)
	if o.done > 0 && (t.done == 0 || o.mean < t.mean*(1-b.doubt())) {
		b.lean = moved
	}
}

// doubt is the gain that has to be foreseen for leaving the best allotment seen.
func (b *believed) doubt() float64 {
	if b.trial.Age == 0 {
		return 0
	}
	now := Load{Rate: b.gateway.Rate, Mean: b.gateway.Mean.Seconds()}
	return max(doubtMoving, 1.5*(1-math.Sqrt(now.score()/b.trial.score())))
}
