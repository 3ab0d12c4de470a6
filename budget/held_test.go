package budget

import (
	"math"
	"testing"
	"time"
)

// heldMesh is services of which one call in two was rehearsed to wait 0.2 ms, at a cost of
// 0.3 ms of CPU a call, and calls that the log has held for so many ms on average.
func heldMesh(held ...float64) (*believed, outcome) {
	n := len(held)
	b := &believed{model: &model{mesh: &mesh{}, costs: costs{wake: 100e-6}}, shift: make([]float64, n)}
	o := newOutcome(n)
	for i, h := range held {
		mean := time.Duration(h * 1e6)
		b.sidecars = append(b.sidecars, Sidecar{HeldReceived: Held{Calls: 1e6, Mean: mean, Quick: 1e6, QuickMean: mean}})
		b.mesh.cores, b.passed, b.known = append(b.mesh.cores, 0.03), append(b.passed, 200), append(b.known, true)
		b.base = append(b.base, 100e-6)
		o.woken[i], o.halves[i] = 0.5, 200
		for range 50 {
			o.received[i].add(0.3)
			o.received[i].add(0.5)
		}
	}
	return b, o
}

// Calls that wait longer by the log than they were rehearsed to found a worker busy more
// often, in odds, up to twice.
func TestWokenByStamps(t *testing.T) {
	for _, c := range []struct{ held, want float64 }{
		{0.3 + 0.1, 0.5},
		{0.3 + 0.15, 0.5 / (0.5 + 0.5*0.17121/0.12121)}, // 0.05 more than 0.1, with what is chance on either
		{0.3 + 0.9, 1. / 3},
		{0.3, 2. / 3},
	} {
		b, o := heldMesh(c.held, 0.4, 0.4)
		woken := []float64{0.5, 0.5, 0.5}
		told := b.wokenByStamps(woken, o)
		if math.Abs(woken[0]-c.want) > 1e-3 || math.Abs(woken[1]-0.5) > 1e-3 || !told[0] || !told[1] {
			t.Errorf("held %v ms: %.4f, told %v, want %.4f", c.held, woken, told, c.want)
		}
	}
}

// Stamps that hold less than calls cost tell nothing, as those of real Envoys, nor do those
// that hold far more everywhere, where filters ask others.
func TestStampsOfSomethingElse(t *testing.T) {
	for _, c := range []struct {
		held []float64
		want bool
	}{
		{[]float64{0.4, 0.4, 0.4, 0.4}, true},
		{[]float64{0.4, 0.4, 0.1, 0.4}, true}, // one may be wild
		{[]float64{0.4, 0.4, 0.1, 0.1}, false},
		{[]float64{0.4, 0.4, 0.4, 1.4}, true},
		{[]float64{1.4, 1.4, 1.4, 1.4}, false},
		{nil, false},
	} {
		b, o := heldMesh(c.held...)
		if got := b.stampsHold(o); got != c.want {
			t.Errorf("held %v ms: %v, want %v", c.held, got, c.want)
		}
	}
}

// A sidecar that used its quota in part, says its measurement, and holds calls as long as one
// that uses all of it: what the log tells counts, and the plan says so.
func TestStampsDenyAThird(t *testing.T) {
	for of := range 4 {
		score := func(by float64) (Plan, float64) {
			w := newWorld(32, 0.15, []float64{.13, .13, .13, .13}, []float64{5, 5, 5, 6})
			w.stamped = true
			in := w.input(w.play(0), 1000)
			in.Sidecars[of].Uses[0].Cores *= by
			p := w.follow(t, in)
			return p, score(w.play(1))
		}
		_, usual := score(1)
		p, got := score(0.35)
		if got < 0.7*usual {
			t.Errorf("service %d: score %.5f, %.5f without the wild figure", of, got, usual)
		}
		if want := string(rune('a'+of)) + "'s CPU was measured far below"; len(p.Remarks) == 0 || p.Remarks[0][:len(want)] != want {
			t.Errorf("service %d: %q", of, p.Remarks)
		}
	}
}

// What is measured right is denied nowhere, whatever the load.
func TestStampsDenyNothing(t *testing.T) {
	for _, base := range [][]float64{{.13, .13, .13, .13}, {.3, .1, .12, .05}, {.05, .08, .4, .1}} {
		for _, inFlight := range []int{2, 8, 32, 128} {
			w := newWorld(inFlight, 0.15, base, []float64{5, 1, 3, 6})
			w.stamped = true
			for round := range 3 {
				in := w.input(w.play(round), 1000)
				b, _ := learn(in)
				if len(b.denied) > 0 {
					t.Errorf("bases %v, %d in flight, round %d: denied %v", base, inFlight, round, b.denied)
				}
				w.follow(t, in)
			}
		}
	}
}

// A service whose sidecars hold calls without using CPU, as a filter that asks another does,
// is measured the same in two rounds: the second believes it, whatever the stamps say.
func TestStampsDenyOnce(t *testing.T) {
	w := newWorld(16, 0.05, []float64{.13, .13, .02, .13}, []float64{5, 5, 5, 6})
	w.stamped = true
	for round := range 3 {
		in := w.input(w.play(round), 1000)
		held := &in.Sidecars[2].HeldReceived
		held.Mean, held.QuickMean = 700*time.Microsecond, 700*time.Microsecond
		in.Sidecars[2].HeldSent = *held
		b, _ := learn(in)
		if round == 0 && len(b.denied) != 1 {
			t.Errorf("round 0: denied %v, a first round cannot know", b.denied)
		}
		most := 40e-6
		if round == 1 { // half of what is usual, as at first sight
			most = 60e-6
		}
		if round > 0 && (len(b.denied) > 0 || b.base[2] > most) {
			t.Errorf("round %d: denied %v, a half of it costs %v s, want 20e-6", round, b.denied, b.base[2])
		}
		w.follow(t, in)
	}
}
