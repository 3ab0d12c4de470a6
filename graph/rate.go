package graph

import (
	"cmp"
	"math"
	"slices"
)

// writer is one proxy by the lines that it wrote.
type writer struct {
	// lines, of which in are inbound and out outbound; requests is how many
	// different ones they belong to.
	lines, in, out, requests int
	last                     uint64 // key of the request counted last
	// named are those of the inbound lines that have a request_id, took is how long
	// all the calls took that they tell of, and the longest of them.
	named         int
	took, longest Micros
	// namedOut are those of the outbound lines that have a request_id, failed those of
	// calls that failed.
	namedOut, failed int
	// timed lines have a start; ends of them are in survey.ends[from:from+timed].
	timed, from int
	// window is where the log holds both directions, of which each may be there over a
	// time of its own: ends is from when to when its lines were written. whole is all
	// that the proxy's lines cover.
	window, whole window
	ends          [2]block
	narrowed      bool
	// exposure is the seconds for which the proxy was listened to, so that
	// lines/exposure is their rate. Never zero once survey.expose has run.
	exposure float64
	// exposed is the same by direction.
	exposed [2]float64
	// bursts is the variance of the lines' number in stretches of the window
	// over what it would be if each came by itself; at least 1.
	bursts float64
}

// window is the time that one proxy's lines cover: the ends of their calls,
// for Envoy writes at the end, and captures hold the head or tail of what it
// wrote. It is cut where the log jumped.
type window struct {
	blocks []block
}

// block is a stretch without a hole, from its first end to its last.
type block struct{ first, last Micros }

func (w window) span() Micros {
	var t Micros
	for _, b := range w.blocks {
		t += b.last - b.first
	}
	return t
}

// covers reports whether a call that began at start and ended at end did all
// of it inside one block: whatever it waited for ended there too, so it was
// logged, if the log shows that side at all.
func (w window) covers(start, end Micros) bool {
	for _, b := range w.blocks {
		if b.first <= start && end <= b.last {
			return true
		}
	}
	return false
}

// weight is 0 for a call that window does not cover, else how many such calls it
// stands for: the longer one is, the rarer it lies inside of a window whole, and calls
// that wait for others are longer than those that do not.
func (w window) weight(start, end Micros) float64 {
	if !w.covers(start, end) {
		return 0
	}
	span := float64(w.span())
	if span == 0 {
		return 1
	}
	return span / max(span-float64(end-start)*float64(len(w.blocks)), span/4)
}

// mean is how long a call takes that the proxy's pod receives.
func (w *writer) mean() Micros { return w.took / Micros(max(1, w.in)) }

// longCall is by how many times the mean a call may take longer to be thought of: one
// in twenty does even where times are exponential, and a lone one that takes a minute
// changes the mean by little.
const longCall = 3

// long is how long a call may take that the proxy's pod receives. In a mesh that is full
// all take about as long: then the longest tells it better than the mean.
func (w *writer) long() Micros { return min(longCall*w.mean(), w.longest+rounding) }

// shorten takes a stretch off the end of each block.
func (w window) shorten(by Micros) window {
	var short window
	for _, b := range w.blocks {
		if b.last-by >= b.first {
			short.blocks = append(short.blocks, block{b.first, b.last - by})
		}
	}
	return short
}

// shift is the window on another clock.
func (w window) shift(by Micros) window {
	var to window
	for _, b := range w.blocks {
		to.blocks = append(to.blocks, block{b.first + by, b.last + by})
	}
	return to
}

// meet is the time that lies in both windows.
func (w window) meet(o window) window {
	var both window
	for _, a := range w.blocks {
		for _, b := range o.blocks {
			if m := (block{max(a.first, b.first), min(a.last, b.last)}); m.first <= m.last {
				both.blocks = append(both.blocks, m)
			}
		}
	}
	return both
}

const (
	// A hole is a silence longer than all that was heard, a head of another
	// time, a stray old line or a clock put right. Bursts of a throttled proxy
	// are a hundred milliseconds apart and never that long; nor do a few calls
	// tell a hole from their rhythm.
	minHole      = 30_000_000 // µs
	minHoleGaps  = 50         // typical gaps in a hole
	minHoleLines = 16
	maxHoles     = 3
)

// windowOf cuts the sorted ends at their holes.
func windowOf(ends []Micros) window {
	if len(ends) == 0 {
		return window{}
	}
	w := window{blocks: []block{{first: ends[0]}}}
	for _, at := range holes(ends) {
		w.blocks[len(w.blocks)-1].last = ends[at-1]
		w.blocks = append(w.blocks, block{first: ends[at]})
	}
	w.blocks[len(w.blocks)-1].last = ends[len(ends)-1]
	return w
}

// holes are the indexes behind the holes, in order.
func holes(ends []Micros) []int {
	n := len(ends)
	if n < minHoleLines || ends[n-1]-ends[0] < minHole {
		return nil
	}
	var widest [maxHoles]int // by falling gap
	gap := func(i int) Micros {
		if i == 0 {
			return -1
		}
		return ends[i] - ends[i-1]
	}
	for i := 1; i < n; i++ {
		if gap(i) <= gap(widest[maxHoles-1]) {
			continue
		}
		widest[maxHoles-1] = i
		slices.SortStableFunc(widest[:], func(a, b int) int { return cmp.Compare(gap(b), gap(a)) })
	}
	rest := ends[n-1] - ends[0]
	for _, i := range widest {
		rest -= gap(i)
	}
	least := max(minHole, rest, rest/Micros(n-1-maxHoles)*minHoleGaps)
	found := slices.DeleteFunc(widest[:], func(i int) bool { return gap(i) < least })
	slices.Sort(found)
	return found
}

// stretches is how many parts of a window are compared to see how unevenly
// lines come: a proxy that is throttled answers in bursts, and what one window
// holds says less of the rate then.
const stretches = 10

// burstsIn is the index of dispersion of sorted ends over a window.
func burstsIn(ends []Micros, w window) float64 {
	var counts [stretches]float64
	span := w.span()
	if span == 0 {
		return 1
	}
	var before Micros // of the window, in earlier blocks
	i := 0
	for _, b := range w.blocks {
		for ; i < len(ends) && ends[i] <= b.last; i++ {
			counts[min(stretches-1, (before+ends[i]-b.first)*stretches/span)]++
		}
		before += b.last - b.first
	}
	mean := float64(len(ends)) / stretches
	sum := 0.0
	for _, n := range counts {
		sum += (n - mean) * (n - mean)
	}
	return max(1, sum/(stretches-1)/mean)
}

// minRequests is how many requests a proxy must have logged for the time
// between its own lines to tell their rate. The few lines of one or two
// requests lie close together however seldom they come.
const minRequests = 8

// expose finds each writer's exposure. N lines have N-1 gaps between them, so
// a window of T seconds stands for T×N/(N-1); each hole takes one gap more.
// Proxies with few lines were not cut short by their number, so they were
// listened to for as long as the others, whose window they get.
func expose(writers []writer) {
	var known []float64
	for i := range writers {
		w := &writers[i]
		if t, gaps := w.window.span(), w.timed-len(w.window.blocks); t > 0 && gaps > 0 && w.requests > 1 {
			w.exposure = float64(t) / 1e6 * float64(w.timed) / float64(gaps)
			if w.requests >= minRequests {
				known = append(known, w.exposure)
			}
		}
	}
	common := commonExposure(writers, known)
	for i := range writers {
		w := &writers[i]
		if w.requests < minRequests || w.exposure == 0 {
			w.exposure = max(w.exposure, common)
		}
		w.exposed = [2]float64{w.exposure, w.exposure}
	}
}

// commonExposure is the ninth decile of those known: the longest, but for
// what stands out. Where none is known it is the longest of the others, and
// where no two requests are apart a second stands for it: rates must be finite.
func commonExposure(writers []writer, known []float64) float64 {
	if len(known) > 0 {
		slices.Sort(known)
		return known[(len(known)-1)*9/10]
	}
	longest := 0.0
	for i := range writers {
		longest = max(longest, writers[i].exposure)
	}
	if longest == 0 {
		return 1
	}
	return longest
}

// sideRate is the rate of an edge as one of its sides logged it.
type sideRate struct {
	// rate is the sum over events of 1/exposure of their writer, square that of
	// 1/exposure²: what the rate's variance would be if each came by itself.
	// variance takes them as they come.
	rate, square, variance float64
	// mute is the part of rate whose other end logged nothing on its side, gone the part
	// that never came to the other end, failing that which failed nobody knows where.
	mute    float64
	gone    float64
	failing float64
	events  int
	// open is how many of the calls were under way at a time (Little): so many of those at
	// either end of a window have a line on one side alone.
	open float64
}

func (s *sideRate) add(perSecond, bursts float64, mute bool) {
	s.rate += perSecond
	s.square += perSecond * perSecond
	s.variance += perSecond * perSecond * bursts
	if mute {
		s.mute += perSecond
	}
	s.events++
}

// exposure in seconds that the rate amounts to.
func (s *sideRate) exposure() float64 { return s.rate / s.square }

// scale stretches a side by what the other side shows it to have missed.
func (s sideRate) scale(other sideRate) sideRate {
	if heard := other.rate - other.mute; other.mute > 0 && heard > other.rate*1e-9 {
		f := other.rate / heard
		s.rate *= f
		s.square *= f * f
		s.variance *= f * f
	}
	return s
}

// estimate of both sides' rate.
func (s sideRate) estimate() estimate { return estimate{s.rate, s.variance} }

// join adds up what two groups of proxies logged of one side.
func (s sideRate) join(o sideRate) sideRate {
	return sideRate{
		s.rate + o.rate, s.square + o.square, s.variance + o.variance, s.mute + o.mute, s.gone + o.gone,
		s.failing + o.failing, s.events + o.events, s.open + o.open,
	}
}

// sides are an edge's rates as each of its sides has them. What proxies logged that log
// their side only in part counts where the other side logged nothing.
func (t *edgeTally) sides() (out, in sideRate) {
	out, in = t.out, t.in
	if in.events == 0 {
		out = out.join(t.thin[outSide])
	}
	if t.out.events == 0 {
		in = in.join(t.thin[inSide])
	}
	return out, in
}

const (
	// nearlyAll of a side's calls must be among the other's, and of those no more than
	// this part among its own, for the other to have more.
	nearlyAll = 0.95
	noMore    = 0.9
)

// more is the side that has the lines of nearly all of the other's calls and many more,
// none where neither has. Of the callee's lines this part is of calls, the rest of their
// earlier tries.
func (t *edgeTally) more(calls float64) int {
	a := &t.tries[0].arrivals
	both := float64(a.here[0] + a.here[1])
	events := [...]float64{outSide: float64(t.events[outSide]), inSide: calls * float64(t.events[inSide])}
	for side := range events {
		if fewer, all := events[1-side], events[side]; both >= nearlyAll*fewer && both <= noMore*all {
			return side
		}
	}
	return int(none)
}

// gapsBeside reports whether a side whose calls the other has all misses some in between:
// of a part of the time there would be fewer as well, at the same rate. What was under way
// at the ends of the windows, or came in a train there, is no gap, nor is chance of the time
// that one of them covers and the other does not.
func (s *sideRate) gapsBeside(all sideRate) bool {
	own, others := s.exposure(), all.exposure()
	if s.rate >= 0.95*all.rate || own <= 0.8*others {
		return false
	}
	missing := min(float64(all.events-s.events), (all.rate-s.rate)*min(own, others))
	train := max(s.together(), all.together())
	chance := 2 * math.Sqrt(math.Abs(others-own)*all.rate*train)
	return missing > 2*max(s.open, all.open)+train+chance
}

// together is how many calls come at once: of a train at the end of a window one side may
// have logged all, and the other none.
func (s *sideRate) together() float64 { return s.variance / s.square }

// pool makes one rate of the two sides. Both are estimates of the same, so
// they count by their exposures: (n₁+n₂)/(T₁+T₂). Where they differ by more
// than chance has it, one side's log misses proxies, and the larger is right:
// lines go missing, but nobody logs calls that were not.
//
// Where one side has the lines of nearly all the calls that the other has, and many more
// besides, though the other's cover about as long, that one has gaps, and tells nothing new.
func pool(out, in sideRate, more int) estimate {
	switch {
	case out.events == 0:
		return in.estimate()
	case in.events == 0:
		return out.estimate()
	}
	out, in = out.scale(in), in.scale(out)
	switch {
	case more == outSide && in.gapsBeside(out):
		return out.estimate()
	case more == inSide && out.gapsBeside(in):
		return in.estimate()
	}
	larger, apart := out, math.Abs(out.rate-in.rate)
	if in.rate > out.rate {
		larger = in
	}
	if apart > 0.2*larger.rate && apart > 3*math.Sqrt(out.variance+in.variance) {
		return larger.estimate()
	}
	a, b := out.exposure(), in.exposure()
	sum := (a + b) * (a + b)
	both := estimate{(out.rate*a + in.rate*b) / (a + b), (out.variance*a*a + in.variance*b*b) / sum}
	if apart > 0.2*larger.rate { // it may be chance, or one side may miss calls
		both.variance = max(both.variance, a*b/sum*apart*apart)
	}
	return both
}

// estimate is a figure and its variance.
type estimate struct{ value, variance float64 }

// over is the figure for each of so many.
func (e estimate) over(n float64) estimate { return estimate{e.value / n, e.variance / (n * n)} }

// with weighs two estimates of one figure by how far they can be trusted.
func (e estimate) with(o estimate) estimate {
	sum := e.variance + o.variance
	if sum == 0 || math.IsInf(sum, 0) || math.IsNaN(sum) {
		return e
	}
	return estimate{(e.value*o.variance + o.value*e.variance) / sum, e.variance * o.variance / sum}
}
