package budget

import (
	"math"
	"strings"
	"testing"
)

// The use of the dearest service is measured as next to nothing in one round, in the first
// or in a later one: what its plan gives is about what it gives without.
func TestWildLowMeasurement(t *testing.T) {
	plans := func(wild int) []Plan {
		w := newWorld(32, 0.15, []float64{.1, .3, .1, .12}, []float64{2, 2, 2, 2})
		var out []Plan
		for round := range 4 {
			in := w.input(w.play(round), 1200)
			if round == wild {
				in.Sidecars[1].Uses[0].Cores = 0.001
			}
			p := w.follow(t, in)
			out = append(out, p)
		}
		return out
	}
	usual := plans(-1)
	for round := range 4 {
		got, want := plans(round)[round].Allotments[1].CPU, usual[round].Allotments[1].CPU
		// In the first nothing else is known: a typical cost stands for it, and it gets more
		// than the equal share, 300, for what its log says.
		least := 0.85
		if round == 0 {
			least = 0.55
		}
		if float64(got) < least*float64(want) {
			t.Errorf("round %d: %d millicores, %d without the wild figure", round, got, want)
		}
	}
}

// A service of a chain is measured at a third of its use in one round: in a later one that
// moves little, and after a first one what comes of the plan is at its quota, which disproves it.
func TestThirdOfAMeasurement(t *testing.T) {
	scores := func(wild, of int) (out []float64, first []MilliCPU) {
		w := newWorld(32, 0.15, []float64{.13, .13, .13, .13}, []float64{5, 5, 5, 6})
		for round := range 5 {
			o := w.play(round)
			if round > 0 {
				out = append(out, score(o))
			}
			in := w.input(o, 1000)
			if round == wild {
				in.Sidecars[of].Uses[0].Cores *= 0.35
			}
			p := w.follow(t, in)
			first = append(first, p.Allotments[of].CPU)
		}
		return out, first
	}
	for of := range 3 {
		usual, gave := scores(-1, of)
		for wild := range 3 {
			got, gives := scores(wild, of)
			least := 0.8
			if wild == 0 {
				least = 0.4 // nothing else is known but its like
			}
			if float64(gives[wild]) < least*float64(gave[wild]) {
				t.Errorf("service %d in round %d: %d millicores, %d without the wild figure", of, wild, gives[wild], gave[wild])
			}
			if got[wild+1] < 0.85*usual[wild+1] { // the round after is right again
				t.Errorf("service %d in round %d: scores %.5f, %.5f without the wild figure", of, wild, got, usual)
			}
		}
	}
}

// Full sidecars whose requests come in trains wake for a third of their halves where none
// is guessed: that is no other window.
func TestBusySidecarsHaveNotMoved(t *testing.T) {
	before := costs{base: []float64{130e-6}, wake: 150e-6}
	b := &believed{model: &model{mesh: &mesh{sidecars: []Sidecar{{Given: 500}}, cores: []float64{0.5}}}, seen: []Cost{{Seconds: 180e-6}}}
	for _, c := range []struct {
		used, seconds, want float64
	}{
		{0.5, 180e-6, 1},          // 130 + 0.33·150
		{0.5, 300e-6, 205. / 300}, // more than half of the halves waking explain
		{0.5, 100e-6, 1.3},        // less than none does
		{0.2, 180e-6, 130. / 180}, // idle ones' wakes are known
	} {
		b.cores[0], b.seen[0].Seconds = c.used, c.seconds
		if got := b.moved(0, before); math.Abs(got-c.want) > 1e-9 {
			t.Errorf("%v of 0.5 cores, %v s a half: %v, want %v", c.used, c.seconds, got, c.want)
		}
	}
}

// Who reads the plan learns which figures were not taken as they were measured.
func TestRemarksOnFiguresNotBelieved(t *testing.T) {
	says := func(wild int, by float64) string {
		w := newWorld(32, 0.15, []float64{.13, .13, .13, .13}, []float64{5, 5, 5, 6})
		for round := 0; ; round++ {
			in := w.input(w.play(round), 1000)
			if round == wild {
				in.Sidecars[1].Uses[0].Cores *= by
			}
			if p := w.follow(t, in); round == wild {
				return strings.Join(p.Remarks, "\n")
			}
		}
	}
	if got := says(1, 0.35); !strings.Contains(got, "b's CPU a call was measured far from what rounds before told") {
		t.Errorf("a doubted one: %q", got)
	}
	for round := range 2 {
		if got := says(round, 1); strings.Contains(got, "measured") {
			t.Errorf("round %d without a wild figure: %q", round, got)
		}
	}
}
