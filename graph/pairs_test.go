package graph

import (
	"math/rand/v2"
	"testing"
)

// A table of pairs says what a map of them says: for few and for many, for pairs that are
// set again and pairs that are not there, (0, 0) among both.
func TestPairs(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 1))
	for _, nodes := range []int32{1, 3, 40, 3000} {
		var p Pairs
		want := make(map[[2]int32]int32)
		for k := range 5000 {
			a, b := r.Int32N(nodes), r.Int32N(nodes)<<(k%2*15) // far apart, too
			number, known := want[[2]int32{a, b}]
			if !known {
				number = none
			}
			if got := p.Find(a, b); got != number {
				t.Fatalf("(%d, %d) of %d nodes has the number %d, want %d", a, b, nodes, got, number)
			}
			if k%3 > 0 {
				p.Set(a, b, int32(k))
				want[[2]int32{a, b}] = int32(k)
			}
		}
		if p.Len() != len(want) || 2*p.Len() > len(p.keys) {
			t.Errorf("%d pairs are in %d places, want %d", p.Len(), len(p.keys), len(want))
		}
	}
}
