package accesslog

import (
	"sync"

	"github.com/sluice-mesh/sluice/graph"
)

// handover is how many events a worker collects before it hands them over: enough
// to make the lock cheap, few enough that all workers together hold little more
// than one Builder of the whole log would.
const handover = 1 << 15

// pool is the Builder that all workers feed.
type pool struct {
	mu  sync.Mutex
	all *graph.Builder
	o   graph.Options
	// feeders in the order in which they were made; handed is set once all
	// holds anything.
	feeders []*feeder
	handed  bool
}

// feeder is the sink of one worker.
type feeder struct {
	pool *pool
	own  *graph.Builder
}

func newPool(o Options) *pool { return &pool{all: o.builder(), o: o.Graph, handed: o.into != nil} }

// sink makes the sink of one more worker.
func (p *pool) sink() Sink {
	f := &feeder{p, graph.NewBuilder(p.o)}
	p.feeders = append(p.feeders, f)
	return f
}

// expect makes room for so many lines more. Those that feeders hold are few.
func (p *pool) expect(lines int64) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.all.Expect(lines)
}

// Add takes a record.
func (f *feeder) Add(r *graph.Record) bool {
	if f.own.Len() >= handover {
		f.hand()
	}
	return f.own.Add(r)
}

func (f *feeder) hand() {
	f.pool.mu.Lock()
	defer f.pool.mu.Unlock()
	f.pool.handed = true
	f.pool.all.Merge(f.own)
}

// collected is all that was fed, once the workers are done.
func (p *pool) collected() *graph.Builder {
	if len(p.feeders) == 1 && !p.handed {
		return p.feeders[0].own // a small log, read by one
	}
	for _, f := range p.feeders {
		f.hand()
	}
	return p.all
}
