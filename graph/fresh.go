package graph

import (
	"math"
	"slices"
)

// SampleSize is how many hashes a Sample holds at most.
const SampleSize = 128

// Sample tells logs that overlap from logs that do not: of the hashes of a set of
// requests all that are up to Below, the same of every log that has the request.
type Sample struct {
	// Hashes are sorted, without repeats.
	Hashes []uint32
	// Below is the largest value when Hashes are those of all requests, 0 where
	// nothing is known.
	Below uint32
}

// sampler collects the least hashes of many.
type sampler struct {
	hashes []uint32
	// cut is that hashes over the last were dropped; they stay so.
	cut bool
}

// add takes one event. Most events of a long log are over what is held.
func (s *sampler) add(e *event) {
	h := uint32(mix(e.id) >> 32)
	if s.cut && h > s.hashes[SampleSize-1] {
		return
	}
	if s.hashes = append(s.hashes, h); len(s.hashes) == 2*SampleSize {
		s.settle()
	}
}

// settle sorts what is held and drops what is over the bound.
func (s *sampler) settle() {
	slices.Sort(s.hashes)
	s.hashes = slices.Compact(s.hashes)
	if len(s.hashes) >= SampleSize {
		s.cut = s.cut || len(s.hashes) > SampleSize
		s.hashes = s.hashes[:SampleSize]
	}
}

// sample is what was collected.
func (s *sampler) sample() Sample {
	if len(s.hashes) == 0 {
		return Sample{}
	}
	s.settle()
	below := uint32(math.MaxUint32)
	if s.cut {
		below = s.hashes[len(s.hashes)-1]
	}
	return Sample{slices.Clone(s.hashes), below}
}
