package graph

import "slices"

// A walk over all events resolves each into its hop, and that takes as long as what most
// walks do with it. So events are resolved in parts, by several goroutines, and a walk's
// sums are made of the parts in order.

// partEvents is about how many events a part has: its hops stay in a core's own cache.
const partEvents = 2048

// parts cuts the events into stretches of whole requests, in canonical order.
func (es *events) parts() (parts [][]event) {
	for _, shard := range es.shards {
		for from := 0; from < len(shard); {
			to := min(from+partEvents, len(shard))
			for to < len(shard) && shard[to].key == shard[to-1].key {
				to++
			}
			parts = append(parts, shard[from:to])
			from = to
		}
	}
	return parts
}

// resolved is a request with its hops and, where they were asked for, its calls.
type resolved struct {
	request
	hops  []hop
	pairs []pairing
}

// resolvedPart is the requests of a part, in one block of memory each of hops and pairs.
type resolvedPart struct {
	requests []resolved
	// hops and pairs of each end here.
	ends  [][2]int
	hops  []hop
	pairs []pairing
}

// inParts hands every request to each of several walks, which run beside one another. The
// calls of whole ones are found where there is a pairer for it.
func (s *survey) inParts(newPairer func() *pairer, walks ...func(*resolved)) {
	parts := s.events.parts()
	newMaker := func() func(int, *resolvedPart) {
		var p *pairer
		if newPairer != nil {
			p = newPairer()
		}
		return func(i int, to *resolvedPart) { s.fillPart(to, parts[i], p) }
	}
	var takers []func(*resolvedPart) bool
	for _, walk := range walks {
		takers = append(takers, func(p *resolvedPart) bool {
			for i := range p.requests {
				walk(&p.requests[i])
			}
			return true
		})
	}
	if s.events.count() < worthRelay {
		relayAlone(len(parts), newMaker(), takers)
		return
	}
	relay(len(parts), newMaker, takers...)
}

// fillPart resolves the requests of a part.
func (s *survey) fillPart(to *resolvedPart, part []event, p *pairer) {
	to.requests, to.ends, to.pairs = to.requests[:0], to.ends[:0], to.pairs[:0]
	to.hops = slices.Grow(to.hops[:0], len(part))
	s.events.requestsOf(part, func(r request) bool {
		from := len(to.hops)
		to.hops = s.resolve(to.hops, r.events)
		if p != nil && r.whole {
			to.pairs = append(to.pairs, p.pair(to.hops[from:])...)
		}
		to.requests = append(to.requests, resolved{request: r})
		to.ends = append(to.ends, [2]int{len(to.hops), len(to.pairs)})
		return true
	})
	var from [2]int // now that the blocks do not move any more
	for i, end := range to.ends {
		to.requests[i].hops = to.hops[from[0]:end[0]:end[0]]
		to.requests[i].pairs = to.pairs[from[1]:end[1]:end[1]]
		from = end
	}
}
