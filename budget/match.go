package budget

import "math"

const (
	// matchRate is how far one turn moves a base, as a logarithm, for waiting that is
	// e times too long; mostShift bounds all turns together.
	matchRate = 0.1
	mostShift = 0.7
	// matchLeast is the share of all waiting below which nothing can be compared.
	matchLeast = 0.005
	// matchedUnsure is how unsure wakes remain where waiting was matched.
	matchedUnsure = 0.15
	// busy is the part of its limit from which on a sidecar is one whose requests wait.
	busy = 0.85
)

// match shifts the bases of sidecars that used up their quotas so that requests wait
// for them in rehearsals where they did by the log. What such a sidecar uses is its
// quota, whatever a half costs it; but one that is believed to be dearer than it is
// backs up in the rehearsal, and one believed cheaper lets all pass. Only how waiting
// is shared out is compared: its sum follows from the number of requests in flight,
// and a log shows, by which of Envoy's time stamps there are, a half of it or all.
func (b *believed) match(o outcome, given []float64) {
	n := len(b.sidecars)
	seen, played := make([]float64, n), make([]float64, n)
	allSeen, allPlayed := 0.0, 0.0
	for i := range b.sidecars {
		s := &b.sidecars[i]
		seen[i] = bounded(s.Visits) * max(0, float64(s.Own)/1e6-b.workOf(i))
		played[i] = o.inbound[i]
		allSeen += seen[i]
		allPlayed += played[i]
	}
	if !(allSeen > 0 && allPlayed > 0) {
		return
	}
	for i := range b.shift {
		if b.matchable(i, given) {
			longer := math.Log((played[i]/allPlayed + matchLeast) / (seen[i]/allSeen + matchLeast))
			b.shift[i] = min(mostShift, max(-mostShift, b.shift[i]+matchRate*min(2, max(-2, longer))))
		}
	}
}

// matchable reports that service i's sidecars were busy and its calls timed.
func (b *believed) matchable(i int, given []float64) bool {
	return b.mesh.cores[i] > busy*given[i] && b.sidecars[i].Own > 0
}
