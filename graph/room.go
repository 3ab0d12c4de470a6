package graph

import "slices"

// grow makes room in a shard for n events more: for as many as are expected, else by half,
// and no more than it can need before the Builder shrinks, for append would leave a fifth
// of a full Builder empty.
func (b *Builder) grow(s *shard, n int) {
	room := max(firstShard, 2*cap(s.events))
	if room > 4096 {
		room = cap(s.events) / 2 * 3
	}
	if all := uneven(b.expected / shardCount); cap(s.events) < all {
		room = all
	}
	if full := uneven(b.full() / shardCount); room > full && cap(s.events) < full {
		room = full
	}
	more := make([]event, max(room, len(s.events)+n)) // in this form only what is beyond the copy is cleared
	copy(more, s.events)
	s.events = more[:len(s.events)]
}

// uneven is how many events the fullest shard may hold where they hold so many on
// average: requests are dealt out by hash, ten events each or a hundred.
func uneven(events int) int { return events + events/16 }

// Expect tells about how many records are still to come, so that there is room for their
// events at once: growing by half again and again, a Builder copies and clears three
// times what it keeps. Room that is never filled costs address space and no memory.
func (b *Builder) Expect(records int64) {
	b.expected = b.kept + int(max(0, min(records, int64(b.full()-b.kept))))
}

// seldom is of how many requests one is looked at to see whether events are repeated.
const seldom = 32

// repeats reports whether an eighth of a shard's events seem to be repeats, so that
// dropping them now is worth sorting them all: by the events of a part of the requests.
func (s *shard) repeats() bool {
	var some []event
	for i := range s.events {
		if e := &s.events[i]; e.key/shardCount%seldom == 0 {
			some = append(some, *e)
		}
	}
	if len(some) < fewEvents {
		return true // one request, say, of which there may be too much
	}
	sortEvents(some, 0)
	again := 0
	for i := 1; i < len(some); i++ {
		again += b2i(some[i].key == some[i-1].key && some[i].id == some[i-1].id)
	}
	return 8*again >= len(some)
}

// fit gives back the room of a shard that is mostly empty, as it is where a sample was
// kept: half of what a full Builder takes, which whoever reads the events can use.
func (s *shard) fit() {
	if n := len(s.events); n >= firstCompact && cap(s.events) > n+n/2 {
		s.events = slices.Clone(s.events)
	}
}
