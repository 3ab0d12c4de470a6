package graph

import "github.com/cespare/xxhash/v2"

// digest hashes the events that were collected, each once however often the log
// repeats it: what identify tells apart, and what the graph reads besides. Their
// hashes are added, so that their order does not matter; no two are equal, so none
// cancel. Figures made of them would not do: a mesh that calls another host as often
// as before has the same.
func (b *Builder) digest() uint64 {
	names := make([]uint64, len(b.names.texts))
	for id, text := range b.names.texts {
		names[id] = xxhash.Sum64String(text)
	}
	var sum uint64
	b.each(func(e *event) {
		h := mix(uint64(e.service)<<32 | uint64(e.sent))
		h = mix(h + names[e.name] + uint64(e.flags))
		sum += mix(h + e.id)
	})
	return sum
}

// mix spreads a number over all bits (the finalizer of SplitMix64).
func mix(h uint64) uint64 {
	h = (h ^ h>>30) * 0xbf58476d1ce4e5b9
	h = (h ^ h>>27) * 0x94d049bb133111eb
	return h ^ h>>31
}
