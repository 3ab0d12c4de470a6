package graph

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
)

// Where a few calls are paired without sorting, they are the pairs that sorting finds, and
// what has no other side stays for what comes after.
func TestMatchFew(t *testing.T) {
	r := rand.New(rand.NewPCG(9, 9))
	took := 0
	for range 3000 {
		hops := make([]hop, r.IntN(2*fewCalls))
		var few, all pairer
		for i := range hops {
			hops[i] = hop{event: &event{id: uint64(i)}, from: r.Int32N(3), to: r.Int32N(3), fromPod: r.Int32N(3) - 1, toPod: r.Int32N(3) - 1}
			to := &few.outs
			if r.IntN(2) == 0 {
				to = &few.ins
			}
			*to = append(*to, int32(i))
		}
		all.outs, all.ins = slices.Clone(few.outs), slices.Clone(few.ins)
		outs, ins := slices.Clone(few.outs), slices.Clone(few.ins)
		if !few.matchFew(hops) {
			if !slices.Equal(few.outs, outs) || !slices.Equal(few.ins, ins) || len(few.pairs) > 0 {
				t.Fatal("it says that it did nothing, and did something")
			}
			continue
		}
		took++
		all.match(hops, samePods, byStart)
		for _, p := range []*pairer{&few, &all} {
			slices.Sort(p.outs)
			slices.Sort(p.ins)
			slices.SortFunc(p.pairs, func(a, b pairing) int { return int(a.out - b.out) })
		}
		if !slices.Equal(few.outs, all.outs) || !slices.Equal(few.ins, all.ins) || len(few.pairs)+len(all.pairs) > 0 && !reflect.DeepEqual(few.pairs, all.pairs) {
			t.Fatalf("%v are paired as %v, %v, %v, by sorting as %v, %v, %v", hops, few.pairs, few.outs, few.ins, all.pairs, all.outs, all.ins)
		}
	}
	if took < 500 {
		t.Errorf("only %d of 3,000 were few", took)
	}
}
