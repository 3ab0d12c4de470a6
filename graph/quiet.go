package graph

import (
	"math"
	"slices"
)

// A direction may be logged for a part of the time only: logging was switched on late, or
// off for a while. Its lines then leave gaps in which the proxy wrote those of the other
// direction, and the other ends of its calls show that it made them meanwhile.

const (
	// A direction's lines have a gap where none came for more than so many times as long
	// as one usually takes to follow another, while the proxy wrote others.
	manyGaps = 20
	// widest gaps say nothing of what is usual.
	widest = 3
	// toldEnough is the part of a direction's own lines of which others must tell as well,
	// and of what it would have logged throughout, for them to tell of it all the time.
	toldEnough = 0.8
	// unheardFailures is the part of a pod's requests whose calls may fail and lack the
	// other end's line by chance, as any may, or be so few that they count for little.
	unheardFailures = 0.02
)

// leastLeft is the part of a proxy's time of which both directions must be left to go by
// that where others tell of the calls of one as well. What was received callers tell request
// by request; what was sent is only counted without the proxy's own lines, which is exact
// if it is over the same time, as far as the length of it tells.
func (p *audited) leastLeft(side int, w *writer) float64 {
	if t := p.told.exposure(); side == outSide && math.Abs(t-w.exposure) > 0.1*w.exposure {
		return 0.5
	}
	return 0.9
}

// late reports whether one direction's lines began much later than the other's, or ended
// earlier: later than what they usually take to follow one another and than a call takes,
// at the end of which they are written.
func (w *writer) late(side int) bool {
	own, all, n := w.ends[side], w.ends[1-side], w.logged(side)
	if n < minRequests || w.logged(1-side) == 0 {
		return false
	}
	gap := max(own.first-all.first, all.last-own.last)
	return gap > w.leastGap((own.last-own.first)/Micros(n))
}

// leastGap is how long a silence of one direction must be, whose lines usually follow each
// other so fast, to count as a gap.
func (w *writer) leastGap(usual Micros) Micros {
	return max(manyGaps*usual, 2*w.longest, w.whole.span()/10)
}

// findShown finds when the doubted directions were logged.
func (a *audit) findShown() {
	var ends [2]map[int32][]Micros
	for side := range ends {
		ends[side] = make(map[int32][]Micros)
	}
	n := 0
	for r := range a.events.requests() {
		for i := range r.events {
			e, pod := &r.events[i], a.wrote[n]
			n++
			side := outSide
			if e.inbound() {
				side = inSide
			}
			if int(pod) < len(a.pods[side]) && a.pods[side][pod].doubted && e.timed() {
				ends[side][pod] = append(ends[side][pod], e.end())
			}
		}
	}
	for side := range ends {
		for i := range a.pods[side] {
			if own := ends[side][int32(i)]; len(own) >= minRequests && a.writers[i].logged(1-side) > 0 {
				slices.Sort(own)
				a.pods[side][i].shown = a.writers[i].shown(own)
			}
		}
	}
}

// shown cuts the time of the proxy's lines where there is a gap in the sorted ends of one
// direction's; it is no window where there is none.
func (w *writer) shown(own []Micros) window {
	gaps := make([]Micros, 0, len(own)-1)
	for i := 1; i < len(own); i++ {
		gaps = append(gaps, own[i]-own[i-1])
	}
	slices.Sort(gaps)
	rest := Micros(0)
	for _, g := range gaps[:max(0, len(gaps)-widest)] {
		rest += g
	}
	least := w.leastGap(rest / Micros(len(own)))
	gap := func(from, to Micros) bool {
		return to-from > least && w.whole.meet(window{[]block{{from, to}}}).span() > least
	}
	all, last := w.whole.blocks, len(own)-1
	cut := gap(all[0].first, own[0]) || gap(own[last], all[len(all)-1].last)
	blocks := []block{{first: own[0]}}
	for i := 1; i <= last; i++ {
		if gap(own[i-1], own[i]) {
			cut = true
			blocks[len(blocks)-1].last = own[i-1]
			blocks = append(blocks, block{first: own[i]})
		}
	}
	if !cut {
		return window{}
	}
	blocks[len(blocks)-1].last = own[last]
	return window{blocks}
}

// before is auditBefore if a line was written when the pod wrote none of a side.
func (a *audit) before(pod int32, side int, e *event) uint16 {
	shown := a.pods[side][pod].shown
	if shown.blocks != nil && !shown.covers(e.end(), e.end()) {
		return auditBefore
	}
	return 0
}

// outsideOnly reports whether what a side lacks it lacks outside of its lines: the other
// ends of calls were logged there or, of what is sent, nothing was sent there for any
// call received, and within for nearly each. No application stops so suddenly. At the edges
// some lack that were under way. Longer is how many times as long as its lines the proxy's
// cover. Of an application that passes no request_id on nothing shows what it sent for
// which call: then rates tell.
func (p *audited) outsideOnly(longer float64) bool {
	if p.outside >= minPartly {
		return p.requests.lacks <= max(p.requests.has, p.outside/10)
	}
	if p.silent < 2*minPartly || p.sending.sum() < 2*minPartly {
		return false
	}
	none := p.sending.part().value
	return none < 0.1 || none > 0.9 && p.stopped(longer)
}

// stopped reports whether the other ends tell throughout of about as many calls a second as
// the side's own lines do where they are, these being nearly all among the others' and many
// fewer: then the calls went on when the lines did not.
func (p *audited) stopped(longer float64) bool {
	among := p.both.has >= 2*minPartly && p.both.part().value <= 1-toldEnough
	return among && p.own.gapsBeside(p.told) && math.Abs(p.told.rate-p.own.rate*longer) <= (1-toldEnough)*p.told.rate
}

// failing is how many of the calls that the proxy logs as sent failed, none where most did:
// then it is a filter of failures that is logged, which tells nothing of the others.
func (w *writer) failing() int {
	if 2*w.failed > w.out {
		return 0
	}
	return w.failed
}

// failsUnheard reports whether calls that a pod sent failed and came to nobody, in more than
// a few of its requests.
func (p *audited) failsUnheard() bool {
	return p.failing >= minPartly && float64(p.failing) > unheardFailures*float64(p.both.sum())
}

// narrow leaves of a pod's window where both directions are logged, if one is for a part
// of the time only. Where that is little and the other ends tell of the direction's calls
// all the time, these serve better, and narrow reports that it is there in part. Of calls
// that fail before they come to the other end this tells nothing: then what is left serves.
func (a *audit) narrow(side, pod int) (partly bool) {
	w, p := &a.writers[pod], &a.pods[side][pod]
	if p.shown.blocks == nil {
		return false
	}
	n := float64(w.logged(side))
	exposed := float64(w.whole.meet(p.shown).span()) / 1e6 * n / (n - float64(len(p.shown.blocks)))
	if !p.outsideOnly(w.exposure / exposed) {
		return false
	}
	w.exposed[side] = exposed
	both := w.window.meet(p.shown)
	all := float64(p.own.events) * w.exposure / w.exposed[side] // had it been logged throughout
	told := p.both.part().value <= 1-toldEnough && float64(p.told.events) >= toldEnough*all
	if told && !(w.failing() > 0 && p.failsUnheard()) && float64(both.span()) < p.leastLeft(side, w)*float64(w.whole.span()) {
		return true
	}
	w.window, w.narrowed = both, true
	return false
}
