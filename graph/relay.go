package graph

import (
	"runtime"
	"sync"
	"sync/atomic"
)

const (
	// worthRelay is the events from which on further goroutines pay.
	worthRelay = 1 << 14
	// maxMakers is how many goroutines takers can keep up with.
	maxMakers = 4
)

// relay has n things made, by as many goroutines as there are processors, and hands each to
// all takers, to every one of them in order: what a taker sums up does not depend on who
// was faster. The first taker runs here, the others beside it; one that returns false ends
// it all. Things are made in the memory of earlier ones, which all takers are done with.
// What panics panics here, where a server survives it.
func relay[T any](n int, newMaker func() func(i int, to *T), takers ...func(*T) bool) {
	processors := runtime.GOMAXPROCS(0)
	if processors == 1 || n < 2 {
		relayAlone(n, newMaker(), takers)
		return
	}
	makers := min(processors, maxMakers)
	r := relayed[T]{n: int64(n), free: make(chan *handed[T], makers+2), stop: make(chan struct{})}
	for range cap(r.free) {
		r.free <- new(handed[T])
	}
	for range takers {
		r.slots = append(r.slots, newSlots[T](cap(r.free)))
	}
	var all, taking sync.WaitGroup
	defer func() { // and wait: two walks at once would share what they work with
		r.end()
		all.Wait()
		if p := r.panicked.Load(); p != nil {
			panic(*p)
		}
	}()
	for range makers {
		all.Go(func() { r.guard(func() { r.make(newMaker()) }) })
	}
	for k, taker := range takers[1:] {
		taking.Add(1)
		all.Go(func() {
			defer taking.Done()
			r.guard(func() { r.take(r.slots[k+1], taker) })
		})
	}
	r.take(r.slots[0], takers[0])
	taking.Wait()
}

// relayAlone is relay on the calling goroutine.
func relayAlone[T any](n int, made func(i int, to *T), takers []func(*T) bool) {
	var thing T
	for i := range n {
		made(i, &thing)
		for _, taker := range takers {
			if !taker(&thing) {
				return
			}
		}
	}
}

// relayed is one relay under way.
type relayed[T any] struct {
	n, next int64
	// free are those to be made. As numbers are given out in order to those who hold one,
	// all that are under way have numbers in a row, and slots, which are by taker and the
	// last digits of the number, are never full.
	free  chan *handed[T]
	slots [][]chan *handed[T]
	// stop is closed once no more is wanted, panicked what ended it.
	stop     chan struct{}
	stopped  sync.Once
	panicked atomic.Pointer[any]
}

// handed is one thing, and how many takers are not done with it.
type handed[T any] struct {
	thing T
	left  atomic.Int32
}

func newSlots[T any](n int) []chan *handed[T] {
	slots := make([]chan *handed[T], n)
	for i := range slots {
		slots[i] = make(chan *handed[T], 1)
	}
	return slots
}

func (r *relayed[T]) end() { r.stopped.Do(func() { close(r.stop) }) }

// guard keeps what f panics with, and ends it all.
func (r *relayed[T]) guard(f func()) {
	defer func() {
		if p := recover(); p != nil {
			r.panicked.CompareAndSwap(nil, &p)
			r.end()
		}
	}()
	f()
}

func (r *relayed[T]) make(maker func(i int, to *T)) {
	for {
		var h *handed[T]
		select {
		case h = <-r.free:
		case <-r.stop:
			return
		}
		i := atomic.AddInt64(&r.next, 1) - 1
		if i >= r.n {
			return
		}
		maker(int(i), &h.thing)
		h.left.Store(int32(len(r.slots)))
		for _, slots := range r.slots {
			slots[int(i)%len(slots)] <- h
		}
	}
}

func (r *relayed[T]) take(slots []chan *handed[T], taker func(*T) bool) {
	for i := range int(r.n) {
		var h *handed[T]
		select {
		case h = <-slots[i%len(slots)]:
		case <-r.stop:
			return
		}
		if !taker(&h.thing) {
			r.end()
			return
		}
		if h.left.Add(-1) == 0 {
			r.free <- h
		}
	}
}
