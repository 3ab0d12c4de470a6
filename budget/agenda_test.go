package budget

import (
	"math"
	"slices"
	"testing"
)

// An agenda gives back what was put into it, the soonest first, whatever comes between
// and however many are at the same time.
func TestAgenda(t *testing.T) {
	var a agenda
	var left []float64 // what is in it, by the slow way
	rng := uint64(1)
	random := func(n uint64) uint64 {
		rng = rng*6364136223846793005 + 1442695040888963407
		return (rng >> 33) % n
	}
	inside := map[int32]float64{}
	for i := range int32(20_000) {
		for range random(3) + random(2)*uint64(i%7) {
			at := float64(random(50)) / 4 // many ties, 0 among them
			if random(100) == 0 {
				at = math.Inf(1)
			}
			frame := int32(len(inside))
			for _, taken := inside[frame]; taken; _, taken = inside[frame] {
				frame++
			}
			inside[frame] = at
			left = append(left, at)
			a.push(at, frame)
		}
		for range min(uint64(a.n), random(6)) {
			at, frame := a.pop()
			soonest := slices.Index(left, slices.Min(left))
			if want, there := inside[frame]; !there || at != want || at != left[soonest] {
				t.Fatalf("frame %d at %v, put in at %v (%v), the soonest is %v", frame, at, want, there, left[soonest])
			}
			delete(inside, frame)
			left = slices.Delete(left, soonest, soonest+1)
		}
		if a.n != len(left) {
			t.Fatalf("%d are left, want %d", a.n, len(left))
		}
	}
}

// The level that limits pay for, found by as few rungs as can be, is the one that all
// rungs give, and a knee before it ends the search.
func TestAffordTo(t *testing.T) {
	in := otherWindow(4200)
	fresh := func() *believed {
		b, played := learn(in)
		if !played || b.ladder == nil {
			t.Fatal("the mesh is not tuned by a ladder")
		}
		return b
	}
	all := fresh()
	for _, cpu := range []MilliCPU{601, 700, 1000, 2100, 4200, 21_000} {
		want := waterfill(all.claims(), int64(cpu), 0, mostLevel)
		b := fresh()
		if got := b.afford(cpu); got != want {
			t.Errorf("%d millicores pay for the level %v, want %v", cpu, got, want)
		}
		tuned := 0
		for _, lean := range b.ladder.leans {
			if lean != nil {
				tuned++
			}
		}
		if tuned > 2 {
			t.Errorf("%d millicores: %d rungs were tuned, the two around it are enough", cpu, tuned)
		}
		for _, part := range []float64{0.3, 0.99, 1, 1.01, 3} {
			if got := fresh().affordTo(part*want, cpu); got != min(want, part*want) {
				t.Errorf("%d millicores up to %v: level %v, want %v", cpu, part*want, got, min(want, part*want))
			}
		}
	}
}
