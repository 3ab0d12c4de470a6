package api

import (
	"context"
	"runtime"
	"slices"
	"sync"
)

// A request is large, and works alone, when its body or its log is: two of them
// at once would need twice the memory and be no sooner done. A megabyte names 25,000
// services at most, which take some 60 MB while their round is made.
const (
	largeBody = 1 << 20
	largeLog  = 64 << 20
)

// gate lets requests work, as many as there are processors. Those of a kind come in
// turn. Who is small waits for one large request at most, however many of them there
// are: when one is done, the small ones that came meanwhile go before the next. So
// neither kind is overtaken for ever.
type gate struct {
	all int

	mu   sync.Mutex
	free int
	// small and large wait, the first to come first.
	small, large []*waiter
}

// waiter is a request at the gate.
type waiter struct {
	open chan struct{} // closed when it may work
	// first is set on small ones that go before the next large one.
	first bool
}

func newGate() *gate {
	n := max(2, runtime.GOMAXPROCS(0))
	return &gate{all: n, free: n}
}

// enter waits for a place; leave gives it back. The error is ctx's.
func (g *gate) enter(ctx context.Context, large bool) (leave func(), err error) {
	w := &waiter{open: make(chan struct{})}
	g.mu.Lock()
	queue := g.queue(large)
	*queue = append(*queue, w)
	g.admit()
	g.mu.Unlock()
	select {
	case <-w.open:
		return func() { g.leave(large) }, nil
	case <-ctx.Done():
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	if i := slices.Index(*queue, w); i >= 0 {
		*queue = slices.Delete(*queue, i, i+1)
		g.admit() // it may have stood in others' way
	} else {
		g.release(large) // it was let in meanwhile
	}
	return nil, ctx.Err()
}

func (g *gate) queue(large bool) *[]*waiter {
	if large {
		return &g.large
	}
	return &g.small
}

func (g *gate) leave(large bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.release(large)
}

// release gives a place back, a large request's all of them. g.mu is held.
func (g *gate) release(large bool) {
	if large {
		g.free = g.all
		for _, w := range g.small {
			w.first = true
		}
	} else {
		g.free++
	}
	g.admit()
}

// admit lets in who may work now. g.mu is held.
func (g *gate) admit() {
	for g.free > 0 {
		small := len(g.small) > 0 && (g.small[0].first || len(g.large) == 0)
		switch {
		case small:
			g.free--
			g.small = let(g.small)
		case len(g.large) > 0 && g.free == g.all:
			g.free = 0
			g.large = let(g.large)
		default:
			return
		}
	}
}

// let lets the first of a queue in and returns the others.
func let(queue []*waiter) []*waiter {
	close(queue[0].open)
	return slices.Delete(queue, 0, 1)
}
