package budget

import (
	"math"
	"sync"
)

// Rehearsals are kept short: every request in flight some turns, within these
// steps, and no more services than that tells anything about.
const (
	mostRehearsed  = 64
	rehearseTurns  = 10
	leastTurns     = 4
	playedOver     = 6
	toldSteps      = 100
	leastRehearsal = 10_000
	mostRehearsal  = 120_000
)

// rehearsalSteps is how long one rehearsal is. To play many times the requests that
// the log showed would be to know the mesh better than it does; and one of more than
// toldSteps passes most sidecars several times, so that fewer of them do. But each
// request in flight has leastTurns, or those alone would be seen that are quick.
func (b *believed) rehearsalSteps() int {
	enough := max(rehearseTurns*b.steps*b.inFlight, leastRehearsal)
	shown := max(playedOver*min(b.steps, toldSteps)*float64(b.gateway.Requests), leastRehearsal/2)
	return int(min(max(min(enough, shown), leastTurns*b.steps*b.inFlight), mostRehearsal))
}

// netMs is the one-way time between sidecars assumed: it counts only where
// nothing else delays.
const netMs = 0.15

// rehearsable reports that the mesh is small enough to be played.
func (b *believed) rehearsable() bool {
	return b.traced() && len(b.sidecars) <= mostRehearsed && b.inFlight < 4096 && leastTurns*b.steps*max(b.inFlight, 8) < mostRehearsal
}

// rehearsal is the mesh as it is believed to be.
func (b *believed) rehearsal() *rehearsal {
	r := &rehearsal{entries: b.entries, usual: float64(b.gateway.Mean) / 1e6, net: netMs, inFlight: max(1, int(b.inFlight+0.5)), pause: max(0, b.pause)}
	if b.inFlight < fewClients {
		// The whole number of clients next above, who pause so long that they come
		// at the observed rate: rounding would play a load that is not there.
		n := max(1, math.Ceil(b.inFlight-1e-6))
		r.inFlight, r.think = int(n), max(0, 1000*(n/b.gateway.Rate-b.gateway.Mean.Seconds()))
	}
	scale := 1.0
	if b.pause < 0 {
		if work := b.workMs(); work > 0 {
			scale = max(1-mostHaste, 1+b.pause/work)
		}
	}
	if b.open() {
		r.rate = b.gateway.Rate / 1000
	}
	for i := range b.sidecars {
		r.stations = append(r.stations, station{pods: int(b.pods[i]), base: 1000 * b.base[i] * math.Exp(-b.shift[i]), wake: 1000 * b.wake,
			work: min(scale*b.workOf(i), mostSpan), calls: b.routes[i]})
	}
	return r
}

// workMs is the applications' own time per external request, on the critical path.
func (b *believed) workMs() float64 {
	sum := 0.0
	for i := range b.sidecars {
		s := &b.sidecars[i]
		sum += bounded(s.CriticalVisits) * b.workOf(i)
	}
	return sum
}

// fewClients is below which requests in flight are not rounded to whole clients.
const fewClients = 4

// mostSpan bounds a rehearsal's time, in ms.
const mostSpan = 600_000

// span is the ms that a rehearsal lasts: long enough for some requests of every client
// where they come rarely or take long.
func (r *rehearsal) span() float64 {
	span := max(3000, 20*r.think, 4*r.usual)
	if r.batch > 1 {
		span = max(span, 30*float64(r.batch)/r.rate)
	}
	return min(mostSpan, span)
}

// rehearse plays an allotment under several placings of the quotas' periods and
// returns the mean of what they showed.
func (b *believed) rehearse(cores []float64, times int) outcome {
	return b.rehearseFrom(0, cores, times)
}

// rehearseFrom is rehearse under the placings after so many others: an allotment
// that was chosen for how it did under some has to prove itself under others.
func (b *believed) rehearseFrom(first int, cores []float64, times int) outcome {
	return b.playAll(b.rehearsal(), first, cores, times)
}

// rehearseMix is rehearseFrom under one of the loads that were seen.
func (b *believed) rehearseMix(m mix, first int, cores []float64, times int) outcome {
	return b.playAll(b.rehearsalOf(m), first, cores, times)
}

// playAll plays side by side, one placing a goroutine, and sums up in order.
func (b *believed) playAll(r *rehearsal, first int, cores []float64, times int) outcome {
	steps := b.rehearsalSteps()
	played := make([]outcome, times)
	cores = b.forCalls(cores)
	var all sync.WaitGroup
	for k := range times {
		all.Go(func() { played[k] = r.run(cores, uint64(first+k+1), r.span()/3, r.span(), steps) })
	}
	all.Wait()
	sum := newOutcome(len(b.sidecars))
	f := 1 / float64(times)
	for _, o := range played {
		sum.rate += f * o.rate
		sum.mean += f * o.mean
		sum.done += o.done
		sum.took = append(sum.took, o.took...)
		for i := range sum.cores {
			sum.cores[i] += f * o.cores[i]
			sum.wait[i] += f * o.wait[i]
			sum.throttled[i] += f * o.throttled[i]
			sum.inbound[i] += f * o.inbound[i]
			sum.received[i].join(o.received[i])
			sum.sent[i].join(o.sent[i])
			sum.woken[i] += f * o.woken[i]
			sum.halves[i] += f * o.halves[i]
		}
	}
	for i := range sum.cores {
		sum.cores[i] += b.beside(i, 1000*sum.rate)
	}
	for i := range sum.unsure {
		least, most := played[0].woken[i], played[0].woken[i]
		for _, o := range played {
			least, most = min(least, o.woken[i]), max(most, o.woken[i])
		}
		sum.unsure[i] = most - least
	}
	return sum
}

// forCalls is the cores that are left for what the log shows: where both do not fit, each
// gets as much of the quota as it asks for of all.
func (b *believed) forCalls(cores []float64) []float64 {
	out := make([]float64, len(cores))
	for i, c := range cores {
		out[i] = c
		if apart := b.apart[i]; apart > 0 {
			calls := max(b.passed[i]*(b.base[i]+wokenAtLimit*b.wake), 0.01*apart)
			out[i] = max(c-apart, c*calls/(calls+apart))
		}
	}
	return out
}

// open reports that the load comes at a rate rather than as a number of requests
// in flight. One round cannot tell, nor can rounds in which a quota set the rate;
// of several others, the one that stayed alike while the latency changed is the
// one that is given. To take a closed loop for an open one starves it, so doubt
// says closed.
func (b *believed) open() bool {
	if b.arrives != observedLoad {
		return b.arrives == openLoad
	}
	if len(b.loads) < 2 || b.loads[0].Full {
		return false
	}
	now, other := b.loads[0], 0.0
	for _, l := range b.loads[1:] {
		if l.Full {
			continue
		}
		if math.Abs(math.Log(l.Rate/now.Rate)) > 0.05 {
			return false
		}
		other = max(other, math.Abs(math.Log(l.Mean/now.Mean)))
	}
	return other > 0.2
}

// full reports that a sidecar used up, or nearly, what it was given.
func (b *believed) full() bool {
	for i := range b.sidecars {
		if g := float64(b.sidecars[i].Given) / 1000; g > 0 && b.mesh.cores[i] > 0.85*g {
			return true
		}
	}
	return false
}

// mostSwing bounds how far plans go for loads that swing, mostBeyond how far beyond the
// largest that was seen.
const mostSwing, mostBeyond = 6.0, 2.0

// swing is how many times this round's load plans are made for where loads swing: the
// largest of those remembered, and beyond it as far as they lie apart. Loads are requests
// under way; of a round in which a quota held them up those count that would have been
// under way without, for what piled up is no load if it came at a rate.
func (b *believed) swing() float64 {
	if len(b.loads) == 0 {
		return 1
	}
	quick := math.Inf(1)
	for _, l := range b.loads {
		quick = min(quick, l.Mean)
	}
	under := func(l Load) float64 {
		if l.Full {
			return l.Rate * quick
		}
		return l.Rate * l.Mean
	}
	now, least, most := under(b.loads[0]), math.Inf(1), 0.0
	for _, l := range b.loads {
		most = max(most, under(l))
		if !l.Full {
			least = min(least, under(l))
		}
	}
	beyond := 1.0
	if !math.IsInf(least, 1) {
		beyond = min(max(1, most/least), mostBeyond)
	}
	return min(max(most/now, beyond), mostSwing)
}
