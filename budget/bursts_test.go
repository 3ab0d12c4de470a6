package budget

import (
	"strings"
	"testing"
)

// Requests that come twenty at a time, at a rate that a tenth of the CPU would do for, wait
// for one another where no more is given. So a plan that knows of it leaves less, and the
// rounds that follow are about as fast as with all.
func TestKneeUnderBursts(t *testing.T) {
	const limit = 4000
	play := func(bursts float64, seed int) (mean float64, p Plan) {
		w := newWorld(1, 0.15, []float64{.2, .13, .13}, []float64{5, 5, 6})
		w.rate, w.batch = 0.04, 20 // a ms
		for i := range w.given {
			w.given[i] = 1
		}
		for round := range 3 {
			in := w.input(w.play(seed+round), limit)
			in.Gateway.Bursts = bursts
			p = w.follow(t, in)
		}
		return w.play(seed + 9).mean, p
	}
	w := newWorld(1, 0.15, []float64{.2, .13, .13}, []float64{5, 5, 6})
	w.rate, w.batch = 0.04, 20
	w.given = []float64{1.333, 1.333, 1.333}
	all := w.play(7).mean
	mean, p := play(20, 1)
	if mean > 1.25*all {
		t.Errorf("%d millicores: %.1f ms, %.1f with all of them", p.CPU, mean, all)
	}
	if !strings.Contains(strings.Join(p.Remarks, "\n"), "about 20 requests come at a time") {
		t.Errorf("remarks %q", p.Remarks)
	}
	if mean, p = play(1, 1); mean < 1.5*all { // else the test shows nothing
		t.Errorf("without a word of bursts, %d millicores: %.1f ms, %.1f with all", p.CPU, mean, all)
	}
	w = newWorld(1, 0.15, []float64{.2, .13, .13}, []float64{5, 5, 6})
	w.rate = 0.04
	in := w.input(w.play(1), limit)
	_, calm := learn(in)
	in.Gateway.Bursts = 1.4
	if b, _ := learn(in); !calm || b.atATime() > 1 {
		t.Error("1.4 at a time are no burst")
	}
}
