package budget

import (
	"testing"
	"time"
)

// Many clients keep Little's law, however few requests the log showed.
func TestManyClients(t *testing.T) {
	in := otherWindow(4200) // a log of 58 requests
	for _, clients := range []float64{100, 300, 1000, 20_000} {
		o, err := mustStudy(t)(NewStudy(in).Closed(clients)).Foresee(in.Limits)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "in flight", o.Rate*o.Mean.Seconds(), clients, 0.15)
	}
}

// An open load that gets through comes at its rate, slow or fast.
func TestOpenLoadThatGetsThrough(t *testing.T) {
	in := otherWindow(4200)
	for _, rate := range []float64{2, 10, 100, 800} {
		o, err := mustStudy(t)(NewStudy(in).Open(rate)).Foresee(in.Limits)
		if err != nil {
			t.Fatal(err)
		}
		near(t, "rate", o.Rate, rate, 1e-9)
	}
}

// Next to no CPU lets next to nothing through, and not all as no limit would.
func TestNextToNoCPU(t *testing.T) {
	in := otherWindow(4200)
	s := NewStudy(in)
	given, _ := s.InForce()
	before := s.Predict(given)
	for _, cpu := range []MilliCPU{1, 5, 20} {
		given[0] = cpu
		o := s.Predict(given)
		if o.Rate > before.Rate*float64(cpu)/50 || o.Mean < 2*before.Mean || o.Sidecars[0].Utilization > 2 {
			t.Errorf("with %d millicores %.1f requests/s at %v, used %.1f times", cpu, o.Rate, o.Mean, o.Sidecars[0].Utilization)
		}
	}
}

// An application that gets slower is slower, whatever earlier rounds said of it; and one
// that stays as it is changes nothing.
func TestWorkAfterRounds(t *testing.T) {
	w := newWorld(8, 0.15, []float64{.1, .1, .1}, []float64{5, 5, 5})
	for round := range 3 {
		w.round(t, round, 2000)
	}
	s := NewStudy(w.input(w.play(3), 2000))
	o, err := s.Foresee(s.Limits())
	if err != nil {
		t.Fatal(err)
	}
	same, err := mustStudy(t)(s.WithWork(1, s.Work(1))).Foresee(s.Limits())
	if err != nil {
		t.Fatal(err)
	}
	near(t, "mean with the same work", same.Mean.Seconds(), o.Mean.Seconds(), 0.01)
	slow, err := mustStudy(t)(s.WithWork(1, 105*time.Millisecond)).Foresee(s.Limits())
	if err != nil {
		t.Fatal(err)
	}
	near(t, "mean with 100 ms more of work", slow.Mean.Seconds(), o.Mean.Seconds()+0.1, 0.05)
}

// A first round in which a sidecar was full has a knee that is believed, says that it is
// not sure, and is planned for beyond it.
func TestKneeInDoubt(t *testing.T) {
	s := NewStudy(otherWindow(4200))
	p, err := s.Plan(s.Limits())
	if err != nil {
		t.Fatal(err)
	}
	if k := s.Knee(); k < 600 || k > 1500 || s.Doubt() == "" || p.CPU < 4000 {
		t.Errorf("knee %d, doubt %q, spends %d", k, s.Doubt(), p.CPU)
	}
}
