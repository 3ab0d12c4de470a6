package critical

import (
	"cmp"
	"math/rand/v2"
	"slices"
	"testing"
)

// Dealt out and then sorted stretch by stretch, things stand as if all had been sorted;
// a number that nothing has gets no stretch.
func TestDeal(t *testing.T) {
	type thing struct{ number, second int32 }
	r := rand.New(rand.NewPCG(2, 2))
	for _, numbers := range []int32{1, 2, 7, 300} {
		for _, n := range []int{0, 1, 5, 4000} {
			s := make([]thing, n)
			for i := range s {
				s[i] = thing{r.Int32N(numbers), r.Int32()}
			}
			want := slices.Clone(s)
			slices.SortFunc(want, func(a, b thing) int {
				return cmp.Or(cmp.Compare(a.number, b.number), cmp.Compare(a.second, b.second))
			})
			deal(s, int(numbers)+1, func(x *thing) int32 { return x.number }, func(of []thing) {
				if len(of) == 0 {
					t.Error("there is a stretch of nothing")
				}
				slices.SortFunc(of, func(a, b thing) int { return cmp.Compare(a.second, b.second) })
			})
			if !slices.Equal(s, want) {
				t.Errorf("%d things of %d numbers are out of order", n, numbers)
			}
		}
	}
}
