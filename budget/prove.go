package budget

import (
	"math"
	"slices"
	"sync"
	"time"
)

// Proof is what an allotment shows when it is rehearsed many times. A prediction comes
// from two rehearsals, and two allotments that do the same differ by a percent or two
// in it: who compares many of them finds the lucky ones.
type Proof struct {
	Mean, P99 time.Duration
	// MeanChance and P99Chance are how far chance alone may have taken them, either
	// way, in 19 of 20 cases; 0 where nothing was left to chance.
	MeanChance, P99Chance time.Duration
}

const (
	// proofs is how many placings are rehearsed, none of them one that predictions or
	// tuning are made under, and proofWidth the 97.5 % quantile of Student's t of one
	// degree of freedom less.
	proofs     = 16
	firstProof = 100
	proofWidth = 2.131
)

// Prove rehearses an allotment, in the order of Input.Sidecars. It is false where
// nothing can be rehearsed.
func (s *Study) Prove(given []MilliCPU) (Proof, bool) {
	if !s.played {
		return Proof{}, false
	}
	cores := make([]float64, len(s.b.order))
	for i, to := range s.b.order {
		cores[i] = float64(max(1, given[to])) / 1000
	}
	played := make([]outcome, proofs)
	var all sync.WaitGroup
	for k := range played {
		all.Go(func() { played[k] = s.b.rehearseFrom(firstProof+k, cores, 1) })
	}
	all.Wait()
	var means, p99s []float64
	for _, o := range played {
		if o.done == 0 {
			return Proof{}, false
		}
		means, p99s = append(means, o.mean), append(p99s, quantile(o.took, 0.99))
	}
	var p Proof
	p.Mean, p.MeanChance = interval(means)
	p.P99, p.P99Chance = interval(p99s)
	return p, true
}

// quantile of ms, as Outcome's are read off.
func quantile(took []float64, q float64) float64 {
	sorted := slices.Clone(took)
	slices.Sort(sorted)
	return sorted[min(len(sorted)-1, int(q*float64(len(sorted))))]
}

// interval is the mean of some ms and half of its 95 % interval.
func interval(x []float64) (mean, half time.Duration) {
	n, sum, squares := float64(len(x)), 0.0, 0.0
	for _, v := range x {
		sum += v
	}
	for _, v := range x {
		squares += (v - sum/n) * (v - sum/n)
	}
	return duration(sum / n / 1000), duration(proofWidth * math.Sqrt(squares/(n-1)/n) / 1000)
}
