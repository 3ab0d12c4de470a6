package graph

import "iter"

const (
	// batchCalls is about how many calls are prepared before they are handed over.
	batchCalls = 4096
	// worthAhead is the events from which on a second goroutine pays.
	worthAhead = 1 << 14
)

// batch is traces in one block of memory.
type batch struct {
	requests []uint64
	ends     []int // of each trace's calls
	calls    []Call
	panicked any
}

// add copies a trace, whose memory its maker uses again.
func (b *batch) add(t *Trace) {
	b.requests = append(b.requests, t.Request)
	b.calls = append(b.calls, t.Calls...)
	b.ends = append(b.ends, len(b.calls))
}

func (b *batch) reset() { b.requests, b.ends, b.calls = b.requests[:0], b.ends[:0], b.calls[:0] }

// ahead walks traces while a goroutine prepares those to come: to pair and
// arrange calls takes about as long as what is done with them. Their order stays.
func ahead(traces iter.Seq[*Trace]) iter.Seq[*Trace] {
	return func(yield func(*Trace) bool) {
		full, free, stop := make(chan *batch), make(chan *batch, 2), make(chan struct{})
		defer func() { // and wait: two walks at once would share what they work with
			close(stop)
			for range full {
			}
		}()
		free <- new(batch)
		free <- new(batch)
		go prepare(traces, full, free, stop)
		var t Trace
		for b := range full {
			from := 0
			for i, end := range b.ends {
				t.Request, t.Calls = b.requests[i], b.calls[from:end:end]
				if from = end; !yield(&t) {
					return
				}
			}
			if b.panicked != nil {
				panic(b.panicked) // here, where a server survives it
			}
			b.reset()
			free <- b
		}
	}
}

// prepare fills batches until there are no more traces or nobody wants them.
func prepare(traces iter.Seq[*Trace], full chan<- *batch, free <-chan *batch, stop <-chan struct{}) {
	defer close(full)
	b := <-free
	send := func() bool {
		select {
		case full <- b:
		case <-stop:
			return false
		}
		select {
		case b = <-free:
			return true
		case <-stop:
			return false
		}
	}
	defer func() {
		if p := recover(); p != nil {
			b.panicked = p
			send()
		}
	}()
	for t := range traces {
		if b.add(t); len(b.calls) >= batchCalls && !send() {
			return
		}
	}
	if len(b.ends) > 0 {
		select {
		case full <- b:
		case <-stop:
		}
	}
}
