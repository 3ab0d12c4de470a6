package budget

import "math"

const (
	// mostShift bounds how far matching moves a base, as a logarithm.
	mostShift = 0.7
	// matchLeast is the share of all waiting below which nothing can be compared.
	matchLeast = 0.005
	// matchedUnsure is how unsure wakes remain at least where waiting was matched,
	// unmatchedUnsure where it was not.
	matchedUnsure, unmatchedUnsure = 0.15, 0.5
	// busy is the part of its limit from which on a sidecar is one whose requests wait,
	// spentUp that from which on it tells its cost and not how that divides.
	busy, spentUp = 0.85, 0.96
	// scatterPool is how many placings' worth the scatter of all full sidecars counts in
	// that of each: of few placings, that of one alone is chance itself.
	scatterPool = 4.0
	// leastScatter and leastQueue keep divisions from what is none.
	leastScatter, leastQueue = 1e-4, 1e-3
)

// matching finds the bases of sidecars that used up their quotas from where requests
// waited. What such a sidecar uses is its quota, whatever a half costs it; but one that
// is believed to be dearer than it is backs up in the rehearsal, and one believed cheaper
// lets all pass. Only how waiting is shared out is compared: its sum follows from the
// number of requests in flight, and a log shows, by which of Envoy's time stamps there
// are, a half of it or all. What all of them cost together the costs tell.
//
// Where many that are much alike are full at once, requests pile up before now this one,
// now that: a log shows one such course and a rehearsal another. So a difference is
// evidence only as far as it exceeds what two placings of one rehearsal differ by, and is
// weighed against what the costs of earlier rounds and of the other services say. To
// match it in full would make of chance costs that differ, and starve sidecars for it.
type matching struct {
	// full marks the services that are matched, by what was given.
	full  []bool
	given []float64
	// at is the logarithm of the base that rehearsals take, began what it began as.
	at, began []float64
	// said is what waiting alone has it be, and doubt that figure's error.
	said, doubt []float64
	// scatter is the sum over turns of the variance of each share's logarithm.
	scatter []float64
	turns   float64
}

func (b *believed) newMatching(given []float64) *matching {
	n := len(b.sidecars)
	m := &matching{given: given, full: make([]bool, n), at: make([]float64, n), began: make([]float64, n), said: make([]float64, n), doubt: make([]float64, n), scatter: make([]float64, n)}
	for i := range m.full {
		m.full[i] = b.seen[i].Seconds > 0 && b.matchable(i, given)
		m.began[i] = math.Log(b.base[i])
		m.at[i] = m.began[i]
	}
	return m
}

// matchable reports that service i's sidecars were busy and its calls timed.
func (b *believed) matchable(i int, given []float64) bool {
	return b.mesh.cores[i] > busy*given[i] && b.sidecars[i].Own > 0
}

// turn takes in a rehearsal whose costs have been fitted. Later turns count less (Robbins
// and Monro, 1951): each has chance of its own.
func (m *matching) turn(b *believed, o outcome) {
	seen, played := b.waitingShares(o)
	if seen == nil {
		return
	}
	step := 2 / (m.turns + 2)
	m.turns++
	told := m.told(b, o, seen, played)
	like := b.likeBases()
	for i, t := range told {
		if t.sure == 0 {
			continue
		}
		believed := like.and(b.baseByCost(i, b.mesh.cores[i] <= spentUp*m.given[i])).and(t)
		m.said[i] += step * (t.mean - m.said[i])
		m.doubt[i] += step * (1/math.Sqrt(t.sure) - m.doubt[i])
		m.at[i] += step * (believed.mean - m.at[i])
		m.at[i] = min(m.began[i]+mostShift, max(m.began[i]-mostShift, m.at[i]))
		b.shift[i] = math.Log(b.base[i]) - m.at[i]
	}
}

// told is what waiting says of each full sidecar's base. The queue before one is about
// geometric: n = r / (1 - r) wait where it is asked for r of what it can carry, compared
// with the fullest (product form). Then log r = -log(1 + 1/n): that is how far from the
// rehearsal's queue to the log's the base has to move, and a relative error e of n is
// one of e/(1 + n) of the base. A log that is as long counts as one more placing.
func (m *matching) told(b *believed, o outcome, seen, played []float64) []gauss {
	scatter := m.scattered(o)
	out, mean, common, full := make([]gauss, len(seen)), gauss{}, 0.0, 0.0
	for i := range out {
		if !m.full[i] {
			continue
		}
		n := max(leastQueue, o.rate*o.wait[i]/float64(b.pods[i]))
		ofLog := n * (seen[i] + matchLeast) / (played[i] + matchLeast)
		doubt := scatter[i] * (1/sq(1+n)/calibratePlacings + b.placingsPerLog(i, o)/sq(1+ofLog))
		out[i] = gauss{math.Log((1 + 1/n) / (1 + 1/ofLog)), 1 / doubt}
		mean = mean.and(out[i])
		common += math.Log(b.base[i]) - m.at[i]
		full++
	}
	for i := range out {
		if m.full[i] {
			out[i].mean += m.at[i] - mean.mean + common/full
		}
	}
	return out
}

// placingsPerLog is how many times as long a placing is as what the log shows of service i:
// the first lines of a busy proxy are those of a moment, less than a period.
func (b *believed) placingsPerLog(i int, o outcome) float64 {
	received := 0.0
	for _, u := range b.sidecars[i].Uses {
		received += bounded(u.Received)
	}
	if received == 0 || o.rate == 0 {
		return 1
	}
	shown, placing := 1000*float64(max(1, b.sidecars[i].Seen))/received, float64(o.done)/(calibratePlacings*o.rate)
	return max(1, placing/shown)
}

// scattered is the variance of each full sidecar's share, as a logarithm, between two
// placings of one rehearsal.
func (m *matching) scattered(o outcome) []float64 {
	out, pool, full := make([]float64, len(m.full)), 0.0, 0.0
	for i := range out {
		m.scatter[i] += o.scatter[i]
		if m.full[i] {
			pool += m.scatter[i] / m.turns
			full++
		}
	}
	for i := range out {
		if m.full[i] {
			out[i] = max(leastScatter, (scatterPool*pool/full+m.scatter[i])/(scatterPool+m.turns))
		}
	}
	return out
}

// settle takes over what matching came to. What is kept of the round is what waiting
// said alone: what other rounds and services say comes in anew in each round.
func (m *matching) settle(b *believed) {
	if m.turns == 0 {
		return
	}
	for i := range b.seen {
		if m.full[i] && b.mesh.cores[i] > spentUp*m.given[i] {
			c, base := &b.seen[i], math.Exp(m.said[i])
			c.Woken = min(1, max(0, (c.Seconds-base)/b.wake))
			c.Unsure = min(unmatchedUnsure, max(matchedUnsure, m.doubt[i]*base/b.wake))
		}
	}
	b.fit()
	for i := range b.seen {
		if m.full[i] {
			b.base[i] = math.Exp(m.at[i])
		}
	}
	b.free = b.freeTime()
}

// waitingShares are the shares of all waiting, by the log and in a rehearsal; nil where
// there is none.
func (b *believed) waitingShares(o outcome) (seen, played []float64) {
	n := len(b.sidecars)
	seen, played = make([]float64, n), make([]float64, n)
	allSeen, allPlayed := 0.0, 0.0
	for i := range b.sidecars {
		s := &b.sidecars[i]
		seen[i] = bounded(s.Visits) * max(0, float64(s.Own)/1e6-b.workOf(i))
		played[i] = o.inbound[i]
		allSeen += seen[i]
		allPlayed += played[i]
	}
	if !(allSeen > 0 && allPlayed > 0) {
		return nil, nil
	}
	for i := range seen {
		seen[i] /= allSeen
		played[i] /= allPlayed
	}
	return seen, played
}

func sq(x float64) float64 { return x * x }
