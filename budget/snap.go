package budget

import (
	"math"
	"sort"
)

const (
	// mostSnaps is how many services are tried, snapPlacings under how many placings at
	// first, and under as many again where they do better by then.
	mostSnaps    = 3
	snapPlacings = 2
	// snapGain is the part of the mean latency that whole cores have to save.
	snapGain = 0.01
	// snapMost is the part of a core above whole ones that may be given up.
	snapMost = 0.8
)

// snap tries for the services that are given some part of a core beyond whole ones
// whether the whole ones, with a worker less, do better, the others getting the rest.
func (b *believed) snap(spent MilliCPU) {
	cores := b.at(b.afford(spent))
	var over []int
	for i, c := range cores {
		if whole := math.Floor(c); whole >= 1 && c > whole && c < whole+snapMost {
			over = append(over, i)
		}
	}
	if len(over) == 0 {
		return
	}
	sort.SliceStable(over, func(x, y int) bool { return cores[over[x]] > cores[over[y]] })
	play := func(half int, cores []float64) outcome {
		return b.rehearseFrom(40+half*snapPlacings, cores, snapPlacings)
	}
	best, whole := [2]outcome{play(0, cores)}, false
	for _, i := range over[:min(mostSnaps, len(over))] {
		was := b.lean
		b.lean = append([]float64(nil), was...)
		b.leanFor(i, math.Floor(cores[i])+workerStep/2, spent)
		tried := b.at(b.afford(spent))
		now := [2]outcome{play(0, tried)}
		if now[0].done > 0 && now[0].mean < best[0].mean {
			if !whole {
				best[1], whole = play(1, cores), true
			}
			now[1] = play(1, tried)
			if now[0].mean+now[1].mean < (best[0].mean+best[1].mean)*(1-snapGain) {
				best = now
				continue
			}
		}
		b.lean = was
	}
}

// leanFor leans service i so that it needs so many cores at a spending.
func (b *believed) leanFor(i int, cores float64, spent MilliCPU) {
	for range 4 { // the less it leaves, the less the level moves
		b.lean[i] *= cores / (b.afford(spent) * b.even[i] * b.lean[i])
	}
}
