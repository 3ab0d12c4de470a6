package budget

import (
	"math"
	"testing"
)

// Of 1, 2 and 3 ms the mean is 2, the deviation √((1+0+1)/2) = 1, and half of the
// interval 2.131·1/√3 = 1.230 (of as few it would be wider: proofs are always 16).
func TestInterval(t *testing.T) {
	mean, half := interval([]float64{1, 2, 3})
	if math.Abs(mean.Seconds()-0.002) > 1e-9 || math.Abs(half.Seconds()-0.001230) > 1e-6 {
		t.Errorf("%v ± %v", mean, half)
	}
	if _, none := interval([]float64{5, 5, 5, 5}); none != 0 {
		t.Errorf("figures that agree leave %v to chance", none)
	}
}

// A proof is of the very allotment: what is foreseen of it lies near, what a starved
// one shows does not, and it is the same each time.
func TestProve(t *testing.T) {
	in := otherWindow(4200)
	s := mustStudy(t)(NewStudy(in).Scaled(8))
	o, _ := s.Foresee(in.Limits)
	p, ok := s.Prove(o.Given)
	if again, _ := s.Prove(o.Given); !ok || p != again || p.MeanChance <= 0 || p.P99 <= p.Mean {
		t.Errorf("%v %+v, again %+v", ok, p, again)
	}
	// Two rehearsals scatter √8 times as far as the mean of sixteen.
	if d := (o.Mean - p.Mean).Abs(); d > 4*p.MeanChance {
		t.Errorf("foreseen %v, proven %v ± %v", o.Mean, p.Mean, p.MeanChance)
	}
	starved, _ := s.Prove([]MilliCPU{100, 100, 100, 100})
	if starved.Mean < p.Mean+10*p.MeanChance {
		t.Errorf("at the floors %v, planned %v", starved.Mean, p.Mean)
	}
	if _, ok := NewStudy(largeInput(100, 1)).Prove(make([]MilliCPU, 100)); ok {
		t.Error("a mesh that is not rehearsed was")
	}
}
