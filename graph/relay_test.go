package graph

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"
)

// Every taker gets all things in order, each as it was made, whoever made it and however
// many processors there are; none is made anew while somebody has it.
func TestRelay(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, processors := range []int{1, 2, 8} {
		runtime.GOMAXPROCS(processors)
		for _, n := range []int{0, 1, 2, 500} {
			var got [3][]int
			maker := func() func(int, *[]int) {
				return func(i int, to *[]int) {
					*to = (*to)[:0]
					for range 50 { // long enough to be seen half made
						*to = append(*to, i)
					}
				}
			}
			taker := func(k int) func(*[]int) bool {
				return func(thing *[]int) bool {
					if k == 1 {
						runtime.Gosched()
					}
					if min, max := slices.Min(*thing), slices.Max(*thing); min != max {
						t.Errorf("a thing is made of %d and of %d", min, max)
					}
					got[k] = append(got[k], (*thing)[0])
					return true
				}
			}
			relay(n, maker, taker(0), taker(1), taker(2))
			for k, is := range got {
				if len(is) != n || !slices.IsSorted(is) {
					t.Errorf("%d processors: of %d things taker %d got %d, in order: %v", processors, n, k, len(is), slices.IsSorted(is))
				}
			}
		}
	}
}

// One that has seen enough ends it for all, and what panics panics where the relay was asked
// for, wherever it did.
func TestRelayEnds(t *testing.T) {
	before := runtime.NumGoroutine()
	number := func() func(int, *int) { return func(i int, to *int) { *to = i } }
	for _, who := range []string{"first", "second", "maker"} {
		for _, how := range []string{"ends", "panics"} {
			end := func(me string, i int) bool {
				if me != who || i < 20 {
					return true
				}
				if how == "panics" {
					panic(me)
				}
				return me == "maker"
			}
			seen := 0
			func() {
				defer func() {
					if p := recover(); how == "panics" && p != any(who) || how == "ends" && p != nil {
						t.Errorf("the %s %s: panic %v", who, how, p)
					}
				}()
				maker := func() func(int, *int) {
					made := number()
					return func(i int, to *int) {
						made(i, to)
						end("maker", i)
					}
				}
				relay(1000, maker,
					func(i *int) bool { seen++; return end("first", *i) },
					func(i *int) bool { return end("second", *i) })
			}()
			if want := fmt.Sprint(who, how) == "makerends"; (seen == 1000) != want {
				t.Errorf("the %s %s: %d things were seen of 1000", who, how, seen)
			}
		}
	}
	// One that has done its last may still be on its way out.
	n := runtime.NumGoroutine()
	for wait := 0; n > before && wait < 200; wait++ {
		time.Sleep(5 * time.Millisecond)
		n = runtime.NumGoroutine()
	}
	if n > before {
		t.Errorf("%d goroutines, %d before", n, before)
	}
}

// Every job is done once, and what panics panics where the jobs were given out.
func TestBeside(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	for _, processors := range []int{1, 3} {
		runtime.GOMAXPROCS(processors)
		for _, n := range []int{0, 1, 1000} {
			done := make([]int, n)
			beside(n, func() func(int) { return func(i int) { done[i]++ } })
			if slices.ContainsFunc(done, func(times int) bool { return times != 1 }) {
				t.Errorf("%d processors, %d jobs: not each was done once", processors, n)
			}
		}
		func() {
			defer func() {
				if p := recover(); p != any("seven") {
					t.Errorf("%d processors: panic %v", processors, p)
				}
			}()
			beside(50, func() func(int) {
				return func(i int) {
					if i == 7 {
						panic("seven")
					}
				}
			})
		}()
	}
}
