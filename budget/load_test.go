package budget

import (
	"math"
	"runtime"
	"testing"
	"time"
)

// Loads between two anchors ask for nothing but their own two plays: 200 loads from
// one to two times the round's have three anchors between them, at 1, 2^½ and 2.
func TestLoadsShareAnchors(t *testing.T) {
	in := otherWindow(4200)
	s := NewStudy(in)
	for i := range 200 {
		c := mustStudy(t)(s.Scaled(1 + float64(i+1)/200))
		if _, err := c.Foresee(in.Limits); err != nil {
			t.Fatal(err)
		}
	}
	if n := len(s.loads.anchors); n != 3 {
		t.Errorf("%d anchors, want 3", n)
	}
}

// What is foreseen at a load does not depend on what was asked before it, nor on the
// way that led there, and a load of two changes is that of one.
func TestLoadsDoNotRemember(t *testing.T) {
	in := otherWindow(4200)
	must := mustStudy(t)
	at := func(s *Study) Outcome {
		o, err := s.Foresee(in.Limits)
		if err != nil {
			t.Fatal(err)
		}
		return o
	}
	first := at(must(NewStudy(in).Scaled(3)))
	s := NewStudy(in)
	for _, x := range []float64{9, 1.7, 2.9, 0.4} {
		at(must(s.Scaled(x)))
	}
	for what, c := range map[string]*Study{"later": must(s.Scaled(3)), "in two steps": must(must(s.Scaled(1.5)).Scaled(2)), "as clients": must(s.Closed(3 * s.b.inFlight))} {
		if o := at(c); o.Mean != first.Mean || o.CPU != first.CPU {
			t.Errorf("%s: mean %v of %d m, want %v of %d m", what, o.Mean, o.CPU, first.Mean, first.CPU)
		}
	}
}

// Between anchors a plan is about as good as one tuned for its own load, and more
// budget lowers nobody's share.
func TestLoadsBetweenAnchors(t *testing.T) {
	in := otherWindow(4200)
	s := NewStudy(in)
	for _, x := range []float64{1.2, 3.3, 6.7} {
		between := mustStudy(t)(s.Scaled(x))
		b := s.b.underLoad(closedLoad, x*s.b.gateway.Rate, x*s.b.inFlight)
		b.climb()
		own := newStudy(in, b, true)
		var last []MilliCPU
		for cpu := between.Floors().CPU; cpu < 3*in.Limits.CPU; cpu += 317 {
			l := Limits{cpu, in.Limits.Memory}
			got, _ := between.Foresee(l)
			want, _ := own.Foresee(l)
			if r := math.Log(float64(got.Mean) / float64(want.Mean)); math.Abs(r) > 0.1 {
				t.Errorf("load x%v, %d m: mean %v, tuned for the load %v", x, cpu, got.Mean, want.Mean)
			}
			for i := range last {
				if got.Given[i] < last[i] {
					t.Errorf("load x%v, %d m: service %d gets %d m, with less budget %d", x, cpu, i, got.Given[i], last[i])
				}
			}
			last = got.Given
		}
	}
}

// What is more than can be played takes after the most that can.
func TestLoadsBeyondPlay(t *testing.T) {
	in := otherWindow(4200)
	began := time.Now()
	c := mustStudy(t)(NewStudy(in).Closed(900_000))
	o, err := c.Foresee(in.Limits)
	if err != nil || o.Played || o.Mean <= 0 {
		t.Errorf("%+v %v", o, err)
	}
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("it took %v", took)
	}
}

// A change to what is so is none, and the mesh foresees the same to the digit.
func TestNoChange(t *testing.T) {
	in := otherWindow(4200)
	first, err := Pour(in)
	if err != nil {
		t.Fatal(err)
	}
	in.Knowledge = first.Learned // earlier rounds' times would overrule what is set
	in.Knowledge.Pause = -30     // and the correction of all must not be dropped
	s, must := NewStudy(in), mustStudy(t)
	for what, c := range map[string]*Study{"work": must(s.WithWork(0, s.Work(0))), "cost": must(s.Costlier(0, 1)), "pods": must(s.Replicas(0, s.Pods(0))),
		"load": must(s.Scaled(1)), "edge": must(s.WithEdge(s.Edges()[1])), "entry": must(s.WithEdge(s.Edges()[0]))} {
		a, _ := s.Foresee(in.Limits)
		if b, _ := c.Foresee(in.Limits); a.Mean != b.Mean || a.Rate != b.Rate || a.CPU != b.CPU {
			t.Errorf("%s: mean %v, as it is %v", what, b.Mean, a.Mean)
		}
	}
	// A hair of a change moves the mean by no more than a hair: what is laid down of one
	// service leaves the others' times as they are.
	given, _ := s.InForce()
	a, b := s.Predict(given), must(s.WithWork(1, s.Work(1)+time.Microsecond)).Predict(given)
	near(t, "mean", float64(b.Mean), float64(a.Mean), 0.01)
	if got := must(s.WithWork(0, time.Second)).Work(0); got != time.Second {
		t.Errorf("a work of 1 s is %v", got)
	}
}

// A study of another load or of other costs holds what sets it apart: 200 of them of a
// mesh of 1,000 services are less than 40 KB each (27 when this was written), where copies were over 400.
func TestEditsShare(t *testing.T) {
	s := NewStudy(largeInput(1000, 1))
	s.Knee()
	var held []*Study
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	for i := range 100 {
		held = append(held, mustStudy(t)(s.Scaled(1.01+float64(i)/100)), mustStudy(t)(s.Costlier(i, 2)))
	}
	runtime.GC()
	runtime.ReadMemStats(&after)
	each := float64(after.HeapAlloc-before.HeapAlloc) / float64(len(held))
	if each > 40_000 {
		t.Errorf("each holds %.0f bytes", each)
	}
	runtime.KeepAlive(held)
}
