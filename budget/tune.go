package budget

import "math"

// tuneTurns is how many allotments are tried in a round.
const tuneTurns = 12

// tune moves CPU between services at what is spent now, towards where requests
// wait: at the best allotment a millicore more saves as much waiting at one
// service as at another, and as waiting falls about with a power of what a
// service has, that is where its waiting is in proportion to its spending. Only
// waiting for the quota counts; that for a busy worker no quota shortens. Each try
// is played; what plays better stays.
func (b *believed) tune() {
	spent := MilliCPU(0)
	for i := range b.sidecars {
		spent += b.sidecars[i].Given * MilliCPU(b.pods[i])
	}
	floors := MilliCPU(0)
	for _, n := range b.pods {
		floors += FloorCPU * MilliCPU(n)
	}
	if spent < floors*11/10 {
		return
	}
	judged := b.improve(spent)
	if b.trial != nil && (b.trial.Age > 0 || !judged) {
		b.stay(spent)
	}
}

// improve is tune at a spending. It reports whether rehearsals could judge: in one
// of a mesh that is far too slow no request ends.
func (b *believed) improve(spent MilliCPU) bool {
	level := b.afford(spent)
	cores := b.at(level)
	o := b.rehearse(cores, 3)
	eta := 0.15
	for range tuneTurns {
		if o.done == 0 {
			return false
		}
		was := append([]float64(nil), b.lean...)
		b.leanTo(o.throttled, cores, eta)
		level = b.afford(spent)
		try := b.at(level)
		if t := b.rehearse(try, 3); sameWorkers(cores, try) && t.done > 0 && t.mean < o.mean*0.996 {
			o, cores = t, try
		} else {
			b.lean = was
			eta *= 0.7
		}
	}
	return true
}

// leanTo shifts lean towards the services whose share of the waiting is above
// their share of the spending.
func (b *believed) leanTo(wait, cores []float64, eta float64) {
	waited, spent := 0.0, 0.0
	for i := range wait {
		if cores[i] > 1.001*float64(FloorCPU)/1000 {
			waited += wait[i]
			spent += cores[i] * float64(b.pods[i])
		}
	}
	if waited <= 0 || spent <= 0 {
		return
	}
	lean := make([]float64, len(wait))
	for i := range lean {
		g := (wait[i]/waited)/(cores[i]*float64(b.pods[i])/spent) + 0.02
		lean[i] = min(mostLean, max(1/mostLean, b.lean[i]*min(1.15, max(0.87, math.Pow(g, eta)))))
	}
	b.lean = lean
}

// sameWorkers reports that no service crosses a whole core. A worker more or less
// changes what a half costs by so much that a small error in the base decides it:
// that choice is left to the model and its prior.
func sameWorkers(a, b []float64) bool {
	for i := range a {
		if math.Ceil(a[i]) != math.Ceil(b[i]) {
			return false
		}
	}
	return true
}
