package budget

import (
	"math"
	"testing"
)

// A second knee moves by half at most, later ones by 15 in 100, and those of another load
// or tolerance are forgotten.
func TestKneesStayNear(t *testing.T) {
	for _, c := range []struct {
		knees
		found, want float64
	}{
		{knees{}, 500, 500},
		{knees{100, 1, 0.02}, 500, 150},
		{knees{100, 1, 0.02}, 110, 110},
		{knees{100, 2, 0.02}, 500, 115},
		{knees{115, 9, 0.02}, 10, 100},
		{knees{115, 9, 0.3}, 10, 10},
	} {
		if got := c.near(c.found, 0.02); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%v after %+v: %v, want %v", c.found, c.knees, got, c.want)
		}
	}
	for _, c := range []struct {
		before Load
		kept   bool
	}{{Load{Rate: 100, Mean: 0.1}, true}, {Load{Rate: 110, Mean: 0.11}, true}, {Load{Rate: 100, Mean: 0.05}, false}, {Load{Rate: 50, Mean: 0.2}, false}} {
		b := &believed{loads: []Load{{Rate: 100, Mean: 0.1}, c.before}, knees: knees{level: 100, rounds: 2}}
		b.followKnees()
		if want := 100 * 100 / c.before.Rate; (b.knees.rounds > 0) != c.kept || c.kept && b.knees.level != want {
			t.Errorf("after %+v knees are %+v, want kept %v", c.before, b.knees, c.kept)
		}
	}
}

// Where CPU is left, plans for a constant load settle as well.
func TestKneeSettles(t *testing.T) {
	w := newWorld(8, 0.15, []float64{.1, .25, .15, .1}, []float64{5, 5, 5, 5})
	var before MilliCPU
	for round := range 9 {
		_, p := w.round(t, round, 20_000)
		if round > 3 && math.Abs(math.Log(float64(p.CPU)/float64(before))) > math.Log(1.2) {
			t.Errorf("plan %d spends %d millicores after %d", round+1, p.CPU, before)
		}
		before = p.CPU
	}
}
