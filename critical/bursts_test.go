package critical

import (
	"math"
	"math/rand/v2"
	"testing"
)

func TestBursts(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 2))
	// arrivals is so many batches of n requests, at a rate of requests a second, dealt out to
	// pods; the second one's clock is an odd time ahead.
	arrivals := func(batches, n, pods int, rate float64) [][]micros {
		out := make([][]micros, pods)
		at := 1.7e15
		for range batches {
			at += rng.ExpFloat64() * float64(n) / rate * 1e6
			for range n {
				p := rng.IntN(pods)
				out[p] = append(out[p], micros(at)+micros(p)*86_400_123_457)
			}
		}
		return out
	}
	every := func(step micros, n int) [][]micros {
		var out []micros
		for i := range n {
			out = append(out, 1_700_000_000_000_000+micros(i)*step)
		}
		return [][]micros{out}
	}
	join := func(a, b [][]micros) [][]micros {
		out := append([]micros(nil), a[0]...)
		for _, t := range b[0] {
			out = append(out, t+86_400_000_000)
		}
		return [][]micros{out}
	}
	for _, c := range []struct {
		name   string
		starts [][]micros
		want   float64
	}{
		{"poisson, few", arrivals(4000, 1, 1, 3), 1},
		{"poisson, many", arrivals(40000, 1, 1, 300), 1},
		{"twenty at a time", arrivals(1000, 20, 1, 40), 20},
		{"dealt out", arrivals(1000, 20, 4, 40), 20},
		{"one each period", every(burstPeriod, 1000), 0},
		{"a gap of a day between rates", join(arrivals(10000, 1, 1, 100), arrivals(10000, 1, 1, 300)), 1},
		{"whole seconds", every(second, 1000), 0},
		{"steady, for 3 s", every(1000, 3000), 0},
		{"too few", arrivals(9, 1, 1, 1), 0},
		{"too short", every(1000, 1900), 0},
		{"none", [][]micros{nil, nil}, 0},
	} {
		if got := bursts(c.starts); math.Abs(got-c.want) > 0.1+0.15*c.want {
			t.Errorf("%s: %.3f, want %v", c.name, got, c.want)
		}
	}
}
