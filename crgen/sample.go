package crgen

import (
	"math"
	"slices"
)

// Sample is some of the requests behind Workload.Requests, by which the same ones are
// known when another log shows them again: of their hashes, sorted and without
// repeats, all that are up to Below.
type Sample struct {
	Hashes []uint32
	// Below is the largest value when Hashes are all there are, 0 where nothing is
	// known.
	Below uint32
}

// maxSamples is how many hashes are remembered of a mesh's workloads together, or four
// of each where those are more; sampleSize is the most of one. Up to as many requests
// as that an overlap is counted exactly; of more it is estimated.
const (
	maxSamples = 1 << 15
	sampleSize = 128
)

// sampleFor is how many hashes each of n workloads may keep.
func sampleFor(n int) int { return min(sampleSize, max(4, maxSamples/max(1, n))) }

// With is the sample of all requests that are in either, of at most size hashes. What
// is unknown adds nothing.
func (s Sample) With(t Sample, size int) Sample {
	if s.Below == 0 || t.Below == 0 {
		if s.Below == 0 {
			s = t
		}
		return s.cut(s.Below, size)
	}
	s.Hashes = slices.Concat(s.Hashes, t.Hashes)
	slices.Sort(s.Hashes)
	s.Hashes = slices.Compact(s.Hashes)
	return s.cut(min(s.Below, t.Below), size)
}

// cut is s up to below, and to so many hashes.
func (s Sample) cut(below uint32, size int) Sample {
	n, exact := slices.BinarySearch(s.Hashes, below)
	if exact {
		n++
	}
	if n > size {
		n = size
		below = s.Hashes[n-1]
	}
	return Sample{slices.Clip(s.Hashes[:n:n]), below}
}

// History is the requests that were counted: those of the latest rounds and, once these
// are as many as a host is kept, those of as many before them.
type History struct {
	Latest, Earlier Sample
	// Rounds are those in Latest.
	Rounds int
}

// with is h after another round; keep is how many rounds it spans at least.
func (h History) with(s Sample, size, keep int) History {
	if s.Below == 0 {
		return h
	}
	if h.Rounds >= keep {
		h = History{Earlier: h.Latest}
	}
	h.Latest = h.Latest.With(s, size)
	h.Rounds++
	return h
}

// fresh is how many of every so many requests in s were not counted before: of (of, 0
// of 0 never happens). Where nothing tells, all of them.
func (h History) fresh(s Sample) (n, of int) {
	below := s.Below
	for _, known := range []Sample{h.Latest, h.Earlier} {
		if known.Below > 0 {
			below = min(below, known.Below)
		}
	}
	for _, x := range s.Hashes {
		if x > below {
			break
		}
		of++
		if !has(h.Latest.Hashes, x) && !has(h.Earlier.Hashes, x) {
			n++
		}
	}
	if of == 0 {
		return 1, 1
	}
	return n, of
}

func has(sorted []uint32, x uint32) bool {
	_, ok := slices.BinarySearch(sorted, x)
	return ok
}

// part is n of every of in count, rounded down.
func part(count, n, of int) int {
	if count <= 0 || n >= of {
		return max(0, count)
	}
	return int(math.Floor(float64(count) * float64(n) / float64(of)))
}
