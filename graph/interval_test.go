package graph

import (
	"math/rand/v2"
	"slices"
	"testing"
	"time"
)

// By the tables of the Poisson distribution (Garwood's intervals): 10 events
// leave a mean of 4.80 to 18.39, 100 one of 81.4 to 121.6.
func TestRateInterval(t *testing.T) {
	for _, c := range []struct{ n, low, high float64 }{{10, 4.80, 18.39}, {100, 81.36, 121.63}} {
		low, high := estimate{c.n, c.n}.interval()
		near(t, "low", low, c.low, 0.01)
		near(t, "high", high, c.high, 0.01)
		low, high = estimate{c.n / 7, c.n / 49}.interval() // in 7 seconds
		near(t, "low per second", low, c.low/7, 0.01)
		near(t, "high per second", high, c.high/7, 0.01)
	}
	if low, high := (estimate{}).interval(); low != 0 || high != 0 {
		t.Errorf("nothing seen: %v to %v", low, high)
	}
}

// The 99th percentile of 1 to 100,000 µs is 99,000: the interval that a sample
// gives holds it in 95 of 100 cases, and says so where it has no upper end.
func TestPercentileInterval(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for _, n := range []int{50, 400, 1000, 5000} {
		held := 0
		for range 1000 {
			values := make([]span, n)
			for i := range values {
				values[i] = span(1 + r.IntN(100_000))
			}
			slices.Sort(values)
			low, high := interval99(values)
			if (high == 0) != (n < 370) {
				t.Fatalf("%d values: high is %v", n, high)
			}
			held += b2i(low <= 99*time.Millisecond && (high == 0 || high >= 99*time.Millisecond))
		}
		if held < 930 {
			t.Errorf("%d values: the interval held the truth in %d of 1000", n, held)
		}
	}
}

// Captures of a few hundred lines a proxy: rates with few events behind them lie
// in their own intervals, the others within a tenth.
func TestIntervalsHoldTheTruth(t *testing.T) {
	missed, all := 0, 0
	for seed := range uint64(12) {
		m := shop()
		m.seed, m.seconds, m.head, m.repeat = seed+1, 30, 150, 2
		m.noIn, m.gateway, m.tail = seed%3 == 1, seed%3 == 1, seed%2 == 1
		g := collect(m.run(), Options{}).Build(m.pods(), 0)
		for i := range g.Edges {
			e := &g.Edges[i]
			from := g.Nodes[e.From].Name
			if e.From == 0 {
				from = ""
			}
			truth := float64(m.made[from+" "+g.Nodes[e.To].Name]) / m.seconds
			all++
			missed += b2i(truth < e.RateLow || truth > e.RateHigh)
			if e.RateLow > e.Rate || e.RateHigh < e.Rate || e.P99Low > e.P99 || e.P99High != 0 && e.P99High < e.P99 {
				t.Errorf("%v is not within %v to %v, or %v not within %v to %v", e.Rate, e.RateLow, e.RateHigh, e.P99, e.P99Low, e.P99High)
			}
		}
	}
	if missed*10 > all {
		t.Errorf("%d of %d rates lie outside of their intervals", missed, all)
	}
	t.Logf("%d of %d outside", missed, all)
}
