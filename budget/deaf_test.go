package budget

import (
	"math"
	"testing"
)

// Where only callers log calls, what these wait for at a sidecar that is always full is in
// the time of every one of them. It is no application's: what is foreseen of the plan, and
// the plan, are about those of a log of both sides.
func TestWorkOfDeafSidecars(t *testing.T) {
	plan := func(deaf bool) (Plan, *world) {
		w := newWorld(32, 0.15, []float64{.1, .1, .25, .1}, []float64{5, 5, 5, 6})
		in := w.input(w.play(0), 1000)
		for i := range in.Sidecars {
			if in.Sidecars[i].Deaf = deaf; deaf && i == 2 {
				in.Sidecars[i].Work = in.Sidecars[i].Own
			}
		}
		p, err := Pour(in)
		if err != nil {
			t.Fatal(err)
		}
		return p, w
	}
	whole, _ := plan(false)
	deaf, w := plan(true)
	for i, a := range deaf.Allotments {
		if off := math.Log(float64(a.CPU) / float64(whole.Allotments[i].CPU)); math.Abs(off) > 0.1 {
			t.Errorf("%s gets %d millicores, %d by a log of both sides", a.Service, a.CPU, whole.Allotments[i].CPU)
		}
		w.given[i] = float64(a.CPU) / 1000
	}
	came, foreseen := w.mean(t), deaf.Predicted.Mean.Seconds()*1000
	if math.Abs(math.Log(foreseen/came)) > 0.2 {
		t.Errorf("%.1f ms were foreseen, %.1f came", foreseen, came)
	}
	// An application that takes its time keeps it where the sidecar says so itself.
	in := w.input(w.play(0), 1000)
	in.Sidecars[2].Work *= 40
	in.Sidecars[2].Given, in.Sidecars[2].Uses[0].Cores = 100, 0.1
	if b := believe(newMesh(in), nil); b.workOf(2) != 200 {
		t.Errorf("work is %v ms, measured 200", b.workOf(2))
	}
}
