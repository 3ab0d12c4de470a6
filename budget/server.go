package budget

import "math"

// server is one sidecar under its quota.
type server struct {
	quota, offset, budget float64
	// dry and wet are when its quota last ran out and was renewed.
	dry, wet float64
	period   int64
	free     []float64
	used     float64
	station  int32
}

// mostPeriods bounds how far ahead one half may reach: costs are learned from what
// logs claim.
const mostPeriods = 1e6

// newServer is a sidecar with a quota in cores and a place of its periods in time.
func newServer(station int, cores, offset float64) server {
	s := server{quota: cores * cfsPeriod, offset: offset, station: int32(station)}
	s.free = make([]float64, int(min(max(1, math.Ceil(cores-1e-9)), mostWorkers)))
	s.budget, s.period = s.quota, int64(offset/cfsPeriod)
	return s
}

// start is when a period begins.
func (s *server) start(period int64) float64 { return float64(period)*cfsPeriod - s.offset }

// work takes so many ms of CPU from time t on and returns when they are done: Lindley's
// recursion with a quota that is renewed each period, of which nothing is carried over.
func (s *server) work(t, left float64) float64 {
	switch k := int64((t + s.offset) / cfsPeriod); {
	case k > s.period:
		s.period, s.budget = k, s.quota
	case k < s.period: // another worker has used up the period that t is in
		t = s.start(s.period)
	}
	boundary := s.start(s.period + 1)
	here := max(0, min(s.budget, boundary-t))
	if left <= here {
		s.budget -= left
		return t + left
	}
	left -= here
	each := min(s.quota, cfsPeriod) // of a period for one worker
	whole := min(math.Floor(left/each), mostPeriods)
	left = min(left-whole*each, each)
	if s.budget < boundary-t {
		s.dry, s.wet = t+s.budget+whole*cfsPeriod, boundary+whole*cfsPeriod
	}
	s.period += 1 + int64(whole)
	s.budget = s.quota - left
	return s.start(s.period) + left
}

// throttled is how long of a half's stay the quota was used up: the last such time,
// and the like part of each whole period before it.
func (s *server) throttled(from, to float64) float64 {
	out := max(0, min(to, s.wet)-max(from, s.dry))
	if before := math.Floor((s.dry - from) / cfsPeriod); before > 0 {
		out += before * max(0, cfsPeriod-s.quota)
	}
	return out
}
