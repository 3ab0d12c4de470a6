package critical

import "slices"

// bursts is how far external requests come together, whose beginnings each pod's clock
// tells: the index of dispersion of their counts over periods as long as quotas have, 1 for
// a Poisson process and n for n at a time; 0 where the log does not tell. The variance is
// that of neighbouring periods, half the mean square of their differences (von Neumann,
// 1941): gaps of the log and a rate that changes by and by are no bursts. Clocks are not
// compared: of bursts that are dealt out to pods by chance a pod that takes a part s of all
// requests sees the part s, I(pod) - 1 = s (I - 1).
func bursts(starts [][]micros) float64 {
	all, fine := 0, false
	for _, of := range starts {
		all += len(of)
		for _, t := range of {
			fine = fine || t%second != of[0]%second
		}
	}
	if !fine { // by whole seconds all come together
		return 0
	}
	over, parts := 0.0, 0.0
	for _, of := range starts {
		n := float64(len(of))
		if d := dispersion(of); d > 0 {
			over += n * (d - 1)
			parts += n * n / float64(all)
		}
	}
	if parts == 0 {
		return 0
	}
	return max(0, 1+over/parts)
}

const (
	burstPeriod = 100 * millisecond
	second      = 1000 * millisecond
	// fewPeriods is how many periods tell nothing.
	fewPeriods = 20
)

// dispersion is the index by one clock, 0 where it tells too little; it sorts starts. The
// last period is cut off somewhere and does not count, nor what is outside of the log.
func dispersion(starts []micros) float64 {
	if len(starts) < enough {
		return 0
	}
	slices.Sort(starts)
	end := (starts[len(starts)-1] - starts[0]) / burstPeriod
	if end < fewPeriods {
		return 0
	}
	squares, before, at, counted := 0.0, 0.0, micros(-1), 0.0 // before is the count of period at
	for i := 0; i < len(starts); {
		period := (starts[i] - starts[0]) / burstPeriod
		n := 0.0
		for ; i < len(starts) && (starts[i]-starts[0])/burstPeriod == period; i++ {
			n++
		}
		switch {
		case period == end:
			if at+1 < end { // one without any is between
				squares += before * before
			}
		case at < 0:
			counted += n
		case period == at+1:
			squares += (n - before) * (n - before)
			counted += n
		default:
			squares += before*before + n*n
			counted += n
		}
		before, at = n, period
	}
	return squares / (2 * counted)
}
