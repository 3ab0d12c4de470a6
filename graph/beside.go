package graph

import (
	"runtime"
	"sync"
	"sync/atomic"
)

// beside has n jobs done that have nothing in common, in any order, by as many goroutines as
// there are processors. What panics panics here.
func beside(n int, newWorker func() func(i int)) {
	workers := min(n, runtime.GOMAXPROCS(0))
	if workers < 2 {
		work := newWorker()
		for i := range n {
			work(i)
		}
		return
	}
	var all sync.WaitGroup
	var next atomic.Int64
	var panicked atomic.Pointer[any]
	for range workers {
		all.Go(func() {
			defer func() {
				if p := recover(); p != nil {
					panicked.CompareAndSwap(nil, &p)
				}
			}()
			work := newWorker()
			for i := next.Add(1) - 1; i < int64(n); i = next.Add(1) - 1 {
				work(int(i))
			}
		})
	}
	if all.Wait(); panicked.Load() != nil {
		panic(*panicked.Load())
	}
}

// background starts f and returns what waits for it. What panics panics there.
func background(f func()) (wait func()) {
	done := make(chan any, 1)
	go func() {
		defer func() { done <- recover() }()
		f()
	}()
	return func() {
		if p := <-done; p != nil {
			panic(p)
		}
	}
}
