package graph

import (
	"math"
	"time"
)

// z95 is how many standard deviations a 95 % interval reaches to each side.
const z95 = 1.959964

// interval is where a rate lies in 95 of 100 logs of this length: what a count of
// events that come by themselves says, with as many events as its variance stands
// for (Wilson and Hilferty's form of the Poisson interval, within a part in a
// hundred of the exact one from five events on). Few events make it wide, and
// bursts.
func (e estimate) interval() (low, high float64) {
	if e.value <= 0 || e.variance <= 0 {
		return e.value, e.value
	}
	n := e.value * e.value / e.variance
	part := func(n, z float64) float64 { return n * math.Pow(1-1/(9*n)+z/(3*math.Sqrt(n)), 3) }
	return e.value * max(part(n, -z95), 0) / n, e.value * part(n+1, z95) / n
}

// interval99 is where the 99th percentile lies: between two of n sorted values,
// those that it has a chance of 1 in 40 each to lie beyond, by the binomial
// distribution. n of fewer than some 370 have none above it: high is 0 then, for
// the log cannot tell.
func interval99(sorted []span) (low, high time.Duration) {
	n := float64(len(sorted))
	if n == 0 {
		return 0, 0
	}
	spread := z95 * math.Sqrt(n*0.99*0.01)
	at := int(math.Floor(n*0.99 - spread))
	low = micros(sorted[max(at-1, 0)])
	if chance := math.Pow(0.99, n); chance <= 0.025 {
		high = micros(sorted[min(int(math.Ceil(n*0.99+spread)), len(sorted)-1)])
	}
	return low, high
}
