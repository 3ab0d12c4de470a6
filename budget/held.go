package budget

import "math"

// How long calls are in a sidecar tells how often it was idle, where the log's time stamps
// hold all of it: a call that finds the worker asleep takes what its two halves cost, and one
// that does not waits besides. A rehearsal knows how many halves find it so as well as it
// knows how trains of requests run, which is not very well; so it is set right by how much
// longer or less calls wait by the log. Envoy's own stamps leave out what a request waits
// before it is read, and even a part of the work (real ones hold a call for 0.15 ms that
// takes them 0.5 ms of CPU): then they tell nothing.

// passings sums how long calls were held, in ms, as Held does.
type passings struct {
	calls, all       float64
	quick, quickOnes float64
}

// mostHeldMs is MostHeld in ms.
const mostHeldMs = float64(MostHeld) / 1e6

func (p *passings) add(ms float64) {
	p.calls++
	if ms < mostHeldMs {
		p.quick++
		p.quickOnes += ms
		p.all += ms
	} else {
		p.all += mostHeldMs
	}
}

func (p *passings) join(o passings) {
	p.calls += o.calls
	p.all += o.all
	p.quick += o.quick
	p.quickOnes += o.quickOnes
}

// stamps is how long a service's calls were held by the log and by a rehearsal, in ms a
// call: all of them, up to MostHeld, and those that were held for less.
type stamps struct {
	seen, played           float64
	quickSeen, quickPlayed float64
	// calls and quicks are how many were timed in the log, slow the part that was held for
	// MostHeld or more.
	calls, quicks, slow float64
}

// stampsOf compares the two directions of a service's calls in the parts that they have in
// the rehearsal, as far as the log times both; ok where it times any of them and what they
// cost was measured.
func (b *believed) stampsOf(i int, o outcome) (s stamps, ok bool) {
	plays, quickPlays := 0.0, 0.0
	for _, way := range [...]struct {
		log  Held
		play passings
	}{{b.sidecars[i].HeldReceived, o.received[i]}, {b.sidecars[i].HeldSent, o.sent[i]}} {
		if way.log.Calls < fewSeen || way.play.calls == 0 {
			continue
		}
		n := way.play.calls
		plays += n
		s.seen += n * bounded(float64(way.log.Mean)/1e6)
		s.played += way.play.all
		s.calls += float64(way.log.Calls)
		s.slow += n * (1 - float64(way.log.Quick)/float64(way.log.Calls))
		if q := way.play.quick; q > 0 && way.log.Quick >= fewSeen {
			quickPlays += q
			s.quickSeen += q * bounded(float64(way.log.QuickMean)/1e6)
			s.quickPlayed += way.play.quickOnes
			s.quicks += float64(way.log.Quick)
		}
	}
	if plays == 0 || !b.known[i] || b.passed[i] == 0 {
		return s, false
	}
	s.seen, s.played, s.slow = s.seen/plays, s.played/plays, s.slow/plays
	if quickPlays > 0 {
		s.quickSeen, s.quickPlayed = s.quickSeen/quickPlays, s.quickPlayed/quickPlays
	}
	return s, true
}

const (
	// heldError is the ms that one call's time is off, at two standard errors: what two
	// roundings to whole ms make, and what calls vary.
	heldError = 1.2
	// heldLeast is the ms of waiting below which a ratio is chance.
	heldLeast = 0.02
	// mostHeldOff is how many times more or less than rehearsed the chance to wait may be.
	mostHeldOff = 2
	// heldUnsure is how unsure a share of wakes remains where the log's times set it right:
	// 0.03 to 0.06 in the lab's simulator.
	heldUnsure = 0.05
)

// stampsHold reports that the log's time stamps hold the time that calls take in sidecars,
// all of it and nothing else. They come to what calls cost by the CPU used at three services
// in four or more, for one's use may be wild; and the waiting that they leave is, at the
// median, about what is rehearsed: filters that ask others hold calls without any CPU.
func (b *believed) stampsHold(o outcome) bool {
	var off []float64
	short := 0
	for i := range b.sidecars {
		s, ok := b.stampsOf(i, o)
		if !ok {
			continue
		}
		off = append(off, b.waitsOff(i, s, o))
		if s.seen+heldError/math.Sqrt(s.calls) < 2000*b.cores[i]/b.passed[i] {
			short++
		}
	}
	if len(off) == 0 || 4*short > len(off) {
		return false
	}
	usual := median(off)
	return usual < mostHeldOff && usual > 1.0/mostHeldOff
}

// waitsOff is how many times as long calls of service i wait by the log as they are rehearsed
// to.
func (b *believed) waitsOff(i int, s stamps, o outcome) float64 {
	least := heldLeast + heldError/math.Sqrt(s.calls)
	return (max(0, s.seen-2000*b.cores[i]/b.passed[i]) + least) / (max(0, s.played-b.playedCost(i, o)) + least)
}

// wokenByStamps sets right, in place, the shares of halves that wake a worker in a
// rehearsal, and tells for which services: as many times more often as calls wait longer by
// the log than they are played to, halves find a worker busy. Chances are taken as odds.
func (b *believed) wokenByStamps(woken []float64, o outcome) (told []bool) {
	told = make([]bool, len(woken))
	for i := range woken {
		s, ok := b.stampsOf(i, o)
		if !ok {
			continue
		}
		r := min(mostHeldOff, max(1.0/mostHeldOff, b.waitsOff(i, s, o)))
		told[i] = true
		if w := woken[i]; w > 0 && w < 1 {
			woken[i] = w / (w + (1-w)*r)
		}
	}
	return told
}

// playedCost is the ms of CPU that a call's two halves took in a rehearsal.
func (b *believed) playedCost(i int, o outcome) float64 {
	return 2000 * (b.base[i]*math.Exp(-b.shift[i]) + b.wake*o.woken[i])
}
