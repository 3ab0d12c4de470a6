package budget

import (
	"math"
	"testing"
	"time"
)

// heldMesh is a service of which one call in two was rehearsed to wait 0.2 ms, at a cost of
// 0.3 ms of CPU a call, and calls that the log has held for so many ms on average.
func heldMesh(held float64) (*believed, outcome) {
	b := &believed{
		model: &model{
			mesh:  &mesh{sidecars: []Sidecar{{HeldReceived: Held{Calls: 1e6, Mean: time.Duration(held * 1e6), Quick: 1e6, QuickMean: time.Duration(held * 1e6)}}}, cores: []float64{0.03}, passed: []float64{200}, known: []bool{true}},
			costs: costs{base: []float64{100e-6}, wake: 100e-6},
		},
		shift: []float64{0},
	}
	o := newOutcome(1)
	o.woken[0], o.halves[0] = 0.5, 200
	for range 50 {
		o.received[0].add(0.3)
		o.received[0].add(0.5)
	}
	return b, o
}

// Calls that wait longer by the log than they were rehearsed to found a worker busy more
// often, in odds, up to twice; and stamps that hold less than calls cost tell nothing.
func TestWokenByStamps(t *testing.T) {
	for _, c := range []struct {
		held, want float64
		told       bool
	}{
		{0.3 + 0.1, 0.5, true},
		{0.3 + 0.15, 0.5 / (0.5 + 0.5*0.17121/0.12121), true}, // 0.05 more than 0.1, with what is chance on either
		{0.3 + 0.9, 1. / 3, true},
		{0.3, 2. / 3, true},
		{0.25, 0.5, false}, // as real ones
	} {
		b, o := heldMesh(c.held)
		woken := []float64{o.woken[0]}
		told := b.wokenByStamps(woken, b.stampsHold(o), o)
		if math.Abs(woken[0]-c.want) > 1e-3 || told[0] != c.told {
			t.Errorf("held %v ms: %.4f, told %v, want %.4f, %v", c.held, woken[0], told[0], c.want, c.told)
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
