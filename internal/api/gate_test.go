package api

import (
	"context"
	"math/rand/v2"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
)

// at is a request at a gate, for tests that tell when it was let in.
type at struct {
	name  string
	leave func()
}

// gated is a gate of two places at which requests queue one after the other.
type gated struct {
	t    *testing.T
	gate *gate
	in   []*at
	mu   sync.Mutex
}

func (g *gated) come(name string, large bool) *at {
	a := &at{name: name}
	go func() {
		leave, err := g.gate.enter(g.t.Context(), large)
		if err != nil {
			return
		}
		g.mu.Lock()
		defer g.mu.Unlock()
		a.leave = leave
		g.in = append(g.in, a)
	}()
	synctest.Wait()
	return a
}

func (g *gated) goes(a *at) {
	if a.leave == nil {
		g.t.Fatalf("%s is still waiting", a.name)
	}
	a.leave()
	synctest.Wait()
}

func (g *gated) mustBeIn(want string) {
	g.t.Helper()
	g.mu.Lock()
	defer g.mu.Unlock()
	var got []string
	for _, a := range g.in {
		got = append(got, a.name)
	}
	slices.Sort(got) // those let in at once come in any order
	if s := strings.Join(got, " "); s != want {
		g.t.Errorf("let in: %q, want %q", s, want)
	}
}

// A small request waits for one large one at most, and large ones are not passed by
// small ones for ever.
func TestGateTurns(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gated{t: t, gate: &gate{all: 2, free: 2}}
		first := g.come("L1", true)
		l2, s1 := g.come("L2", true), g.come("s1", false)
		l3, s2, s3 := g.come("L3", true), g.come("s2", false), g.come("s3", false)
		g.mustBeIn("L1")
		g.goes(first) // the three that came meanwhile go first, two at a time
		g.mustBeIn("L1 s1 s2")
		s4 := g.come("s4", false) // this one came later: after L2
		g.goes(s1)
		g.goes(s2)
		g.mustBeIn("L1 s1 s2 s3") // L2 works alone
		g.goes(s3)
		g.mustBeIn("L1 L2 s1 s2 s3")
		g.goes(l2)
		g.mustBeIn("L1 L2 s1 s2 s3 s4")
		g.goes(s4)
		g.goes(l3)
		g.mustBeIn("L1 L2 L3 s1 s2 s3 s4")
		if g.gate.free != 2 {
			t.Errorf("%d of 2 places are free when all have left", g.gate.free)
		}
	})
}

// Who goes while it waits leaves no place taken and stands in nobody's way.
func TestGateGone(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		g := &gated{t: t, gate: &gate{all: 2, free: 2}}
		a := g.come("a", false)
		ctx, cancel := context.WithCancel(t.Context())
		gone := make(chan error, 1)
		go func() {
			_, err := g.gate.enter(ctx, true) // waits for a
			gone <- err
		}()
		synctest.Wait()
		b := g.come("b", false) // waits for the large one
		g.mustBeIn("a")
		cancel()
		synctest.Wait()
		if err := <-gone; err == nil {
			t.Error("it was let in after it had gone")
		}
		g.mustBeIn("a b")
		g.goes(a)
		g.goes(b)
		if g.gate.free != 2 {
			t.Errorf("%d of 2 places are free", g.gate.free)
		}
	})
}

// However they come and go, a large request works alone, no more than two work, and
// all places come back.
func TestGateAtRandom(t *testing.T) {
	g := &gate{all: 2, free: 2}
	var working atomic.Int32
	var group sync.WaitGroup
	for i := range 400 {
		rnd := rand.New(rand.NewPCG(uint64(i), 1))
		group.Go(func() {
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			if rnd.IntN(4) == 0 {
				go cancel()
			}
			isLarge := rnd.IntN(3) == 0
			leave, err := g.enter(ctx, isLarge)
			if err != nil {
				return
			}
			weight := int32(1)
			if isLarge {
				weight = 2
			}
			if n := working.Add(weight); n > 2 {
				t.Errorf("work of weight %d is under way in 2 places", n)
			}
			runtime.Gosched()
			working.Add(-weight)
			leave()
		})
	}
	group.Wait()
	if g.free != 2 || len(g.small)+len(g.large) != 0 {
		t.Errorf("%d of 2 places are free, %d wait", g.free, len(g.small)+len(g.large))
	}
}
