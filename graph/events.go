package graph

import (
	"iter"
	"math"
)

// events walks the shards of a Builder request by request.
type events struct {
	shards [shardCount][]event
	// scale is how many requests one that was kept stands for.
	scale    float64
	maxTrace int
}

func newEvents(b *Builder) *events {
	es := &events{scale: math.Exp2(float64(b.level)), maxTrace: b.options.MaxTrace}
	for i := range b.shards {
		if shard := b.shards[i].events; len(shard) > 0 {
			es.shards[i] = shard
		}
	}
	return es
}

// count of all events.
func (es *events) count() (n int) {
	for _, shard := range es.shards {
		n += len(shard)
	}
	return n
}

// request is the events of one external request, or one event without a
// request_id.
type request struct {
	events []event
	// weight is how many events each of these stands for.
	weight float64
	// whole is set where all events of a request are here.
	whole bool
}

// requests walks in canonical order.
func (es *events) requests() iter.Seq[request] {
	return func(yield func(request) bool) {
		for _, shard := range es.shards {
			if !es.requestsOf(shard, yield) {
				return
			}
		}
	}
}

// requestsOf walks whole requests and reports whether there may be more.
func (es *events) requestsOf(whole []event, yield func(request) bool) bool {
	for from, to := 0, 0; from < len(whole); from = to {
		for to = from + 1; to < len(whole) && whole[to].key == whole[from].key; to++ {
		}
		if !yield(es.request(whole[from:to])) {
			return false
		}
	}
	return true
}

// request weighs the events of one key. Where compact capped them, the kept
// are those with the k smallest of evenly spread hashes and the next one marks
// where they end: they stand for k / (that hash as a fraction of all).
func (es *events) request(group []event) request {
	r := request{events: group, weight: es.scale, whole: group[0].traced()}
	if len(group) > es.maxTrace {
		last := group[es.maxTrace].id
		r.events, r.whole = group[:es.maxTrace], false
		r.weight *= math.Exp2(64) / (float64(last) + 1)
	}
	return r
}
