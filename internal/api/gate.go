package api

import (
	"context"
	"runtime"

	"golang.org/x/sync/semaphore"
)

// A request is large, and works alone, when its body or its log is: two of them
// at once would need twice the memory and be no sooner done.
const (
	largeBody = 4 << 20
	largeLog  = 64 << 20
)

// gate lets requests work, as many as there are processors. They come in turn: a
// large one is not overtaken for ever.
type gate struct {
	places *semaphore.Weighted
	all    int64
}

func newGate() *gate {
	n := int64(max(2, runtime.GOMAXPROCS(0)))
	return &gate{semaphore.NewWeighted(n), n}
}

// enter waits for a place; leave gives it back. The error is ctx's.
func (g *gate) enter(ctx context.Context, large bool) (leave func(), err error) {
	n := int64(1)
	if large {
		n = g.all
	}
	if err := g.places.Acquire(ctx, n); err != nil {
		return nil, err
	}
	return func() { g.places.Release(n) }, nil
}
