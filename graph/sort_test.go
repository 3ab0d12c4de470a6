package graph

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// Whatever their hashes, events end up as comparing them puts them: with even
// hashes, with one request, with few values of a digit, with repeats.
func TestSortEvents(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	for name, hash := range map[string]func() (key, id uint64){
		"even":           func() (uint64, uint64) { return r.Uint64(), r.Uint64() },
		"one request":    func() (uint64, uint64) { return 1 << 60, r.Uint64() },
		"last digits":    func() (uint64, uint64) { return r.Uint64() % 3, r.Uint64() % 500 },
		"all the same":   func() (uint64, uint64) { return 7, 7 },
		"sampled deeply": func() (uint64, uint64) { return r.Uint64() >> 40, r.Uint64() },
	} {
		for _, n := range []int{0, 1, fewEvents, fewEvents + 1, 5000} {
			es := make([]event, n)
			for i := range es {
				es[i].key, es[i].id = hash()
				es[i].sent = uint32(es[i].id)
			}
			want := slices.Clone(es)
			slices.SortFunc(want, func(a, b event) int { return compareEvents(&a, &b) })
			if sortEvents(es, 0); !slices.Equal(es, want) {
				t.Errorf("%s: %d events are out of order", name, n)
			}
		}
	}
}
