package graph

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// Whatever times there are, few or many, close together or as far apart as can be, they
// end up as comparing puts them.
func TestSorter(t *testing.T) {
	r := rand.New(rand.NewPCG(5, 5))
	var s Sorter
	for name, time := range map[string]func() Micros{
		"ends of calls": func() Micros { return simEpoch + r.Int64N(30_000_000) },
		"milliseconds":  func() Micros { return 1000 * r.Int64N(40) },
		"all the same":  func() Micros { return 7 },
		"two":           func() Micros { return math.MaxInt64 - r.Int64N(2) },
		"anything":      func() Micros { return Micros(r.Uint64()) },
		"both ends":     func() Micros { return []Micros{math.MinInt64, math.MaxInt64}[r.IntN(2)] },
		"signs":         func() Micros { return r.Int64N(5000) - 2500 },
	} {
		for _, n := range []int{0, 1, fewTimes - 1, fewTimes, 5000, 300} {
			times := make([]Micros, n)
			for i := range times {
				times[i] = time()
			}
			want := slices.Clone(times)
			slices.Sort(want)
			if s.Sort(times); !slices.Equal(times, want) {
				t.Errorf("%s: %d times are out of order", name, n)
			}
			if s.Sort(times); !slices.Equal(times, want) {
				t.Errorf("%s: %d sorted times are out of order", name, n)
			}
		}
	}
}
