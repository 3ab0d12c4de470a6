package budget

import (
	"fmt"
	"math"
)

// A usage that its log denies: requests waited for a sidecar as they do for one that has
// used up its quota, and it is said to have used half of that or less. Such figures come
// from scrapes that were missed or of another window. Believed, they would starve the
// sidecar, and that is what costs most: mesh and score go down with it.
const (
	// deniedUse is the part of its limit up to which a sidecar's use can be denied.
	deniedUse = 0.5
	// deniedWait is the ms a call, deniedShare the part of all waiting at sidecars, and
	// deniedTimes the times what the rehearsal shows of it, from which on it is.
	deniedWait, deniedShare, deniedTimes = 5.0, 0.03, 7.0
	// deniedNoise is the error of a cost that stands for a denied one.
	deniedNoise = 0.25
	// mostDenied bounds how many are denied in a round.
	mostDenied = 4
)

// deniedBy is the service whose use is denied most clearly by where requests waited and
// where they did in the rehearsal of the round, -1 without any.
func (b *believed) deniedBy(o outcome, given []float64) int {
	if o.done == 0 {
		return -1
	}
	worst, most := -1, deniedTimes
	seen, played, allSeen, allPlayed := b.waiting(o)
	if !(allSeen > 0 && allPlayed > 0) {
		return -1
	}
	for i := range seen {
		calls := bounded(b.sidecars[i].Visits)
		if b.passed[i] == 0 || b.mesh.cores[i] > deniedUse*given[i] || seen[i] < deniedWait*calls || seen[i] < deniedShare*allSeen {
			continue
		}
		if times := seen[i] / allSeen / (played[i]/allPlayed + matchLeast); times > most {
			worst, most = i, times
		}
	}
	return worst
}

// waiting is the ms per external request that calls spent at each service's sidecars on
// the way in, by the log and by a rehearsal, and the sums.
func (b *believed) waiting(o outcome) (seen, played []float64, allSeen, allPlayed float64) {
	seen, played = make([]float64, len(b.sidecars)), make([]float64, len(b.sidecars))
	for i := range b.sidecars {
		s := &b.sidecars[i]
		seen[i] = bounded(s.Visits) * max(0, float64(s.Own)/1e6-math.Max(b.workOf(i), float64(s.Work)/1e6))
		played[i] = o.inbound[i]
		allSeen += seen[i]
		allPlayed += played[i]
	}
	return seen, played, allSeen, allPlayed
}

// unbelieved is a sentence for each figure that was not taken as it was measured.
func (b *believed) unbelieved() (out []string) {
	for _, i := range b.denied {
		s := &b.sidecars[i]
		measured, _ := s.coresPerPod()
		out = append(out, fmt.Sprintf("%s is taken to have used all of its %d millicores, not the %.0f measured: by the log its calls wait %s at its sidecars, as they do where CPU has run out",
			s.Service, s.Given, 1000*measured, short(s.Own-s.Work)))
	}
	for _, i := range b.doubted {
		out = append(out, fmt.Sprintf("%s's CPU a call was measured far from what rounds before told: it counts little until the next round confirms it", b.sidecars[i].Service))
	}
	return out
}

// deny takes service i for one that used up its quota, as sidecars do that requests wait for.
func (b *believed) deny(i int, given []float64) {
	b.denied = append(b.denied, i)
	b.mesh.cores[i] = given[i]
	b.observe(b.guessWoken())
	b.fit()
}

// forgetDenied forgets the earlier costs of sidecars that have used up their quota now at
// far more CPU a half than those and all doubt about wakes explain, and reports whether
// there are any: a figure that is just the quota is right, so that those before were wild.
func (b *believed) forgetDenied() bool {
	seen := make([][]Cost, len(b.seen))
	for i := range seen {
		seen[i] = b.past[i].Costs
	}
	before, any := estimate(seen), false
	for i, c := range b.seen {
		if len(seen[i]) == 0 || c.Seconds == 0 || !b.atQuota(i) {
			continue
		}
		if c.Seconds > surprise*(before.base[i]+before.wake*min(1, c.Woken+matchedUnsure)) {
			b.past[i].Costs, any = nil, true
		}
	}
	if any {
		b.observe(b.guessWoken())
		b.fit()
	}
	return any
}
