package graph

import (
	"math"
	"slices"
	"testing"
)

const second = Micros(1_000_000)

// steady is n ends, every gap apart.
func steady(from Micros, n int, gap Micros) []Micros {
	ends := make([]Micros, n)
	for i := range ends {
		ends[i] = from + Micros(i)*gap
	}
	return ends
}

// bursts is n times some ends a millisecond apart.
func bursts(n, ends int, gap Micros) (all []Micros) {
	for i := range n {
		all = append(all, steady(Micros(i)*gap, ends, 1000)...)
	}
	return all
}

func TestWindow(t *testing.T) {
	f := func(name string, blocks int, span Micros, parts ...[]Micros) {
		t.Helper()
		ends := slices.Concat(parts...)
		slices.Sort(ends)
		w := windowOf(ends)
		if len(w.blocks) != blocks || w.span() != span {
			t.Errorf("%s: %d blocks of %d µs in all, want %d of %d", name, len(w.blocks), w.span(), blocks, span)
		}
	}
	day := 86_400 * second
	f("none", 0, 0)
	f("one", 1, 0, steady(5, 1, 1))
	f("steady", 1, 99*second, steady(0, 100, second))
	f("slow but steady", 1, 19*600*second, steady(0, 20, 600*second))
	f("throttled: bursts a second apart", 1, 20*second+9_000, bursts(21, 10, second))
	f("a stray old line", 2, 99*10_000, steady(day, 100, 10_000), []Micros{0})
	f("heads of two times", 2, 2*99*10_000, steady(day, 100, 10_000), steady(3*day, 100, 10_000))
	f("strays on both sides", 3, 99*10_000, steady(5*day, 100, 10_000), []Micros{0, 9 * day})
	f("few lines tell no hole", 1, day, steady(0, 5, 1000), []Micros{day})
	f("hourly bursts are a rhythm", 1, 9*3600*second+49_000, bursts(10, 50, 3600*second))
	f("pause shorter than what was heard", 1, 100*second+40*second, steady(0, 500, 100_000), steady(90*second+100_000, 500, 100_000))
}

func TestCovers(t *testing.T) {
	w := window{[]block{{10, 20}, {50, 90}}}
	for _, c := range []struct {
		start, end Micros
		want       bool
	}{{10, 20, true}, {9, 15, false}, {15, 60, false}, {50, 50, true}, {60, 95, false}} {
		if got := w.covers(c.start, c.end); got != c.want {
			t.Errorf("covers(%d, %d) is %v", c.start, c.end, got)
		}
	}
}

func TestExpose(t *testing.T) {
	spans := func(s Micros) window { return window{[]block{{0, s}}} }
	ws := []writer{
		{timed: 201, requests: 100, window: spans(10 * second)}, // 201 lines, 200 gaps
		{timed: 101, requests: 50, window: spans(2 * second)},
		{timed: 4, requests: 2, window: spans(1000)}, // two requests close together by chance
		{timed: 1, requests: 1, window: spans(0)},
		{},
	}
	expose(ws)
	// The ninth decile of the two that are known is the first of them: index 0 of 2.
	want := []float64{10 * 201.0 / 200, 2 * 101.0 / 100, 2 * 101.0 / 100, 2 * 101.0 / 100, 2 * 101.0 / 100}
	for i := range ws {
		if math.Abs(ws[i].exposure-want[i]) > 1e-12 {
			t.Errorf("writer %d: exposure %v, want %v", i, ws[i].exposure, want[i])
		}
	}
	lone := []writer{{timed: 1, requests: 1}}
	expose(lone)
	if lone[0].exposure != 1 {
		t.Errorf("a lone line's exposure is %v, want a second", lone[0].exposure)
	}
	few := []writer{{timed: 3, requests: 3, window: spans(2 * second)}, {timed: 1, requests: 1}}
	expose(few)
	if few[0].exposure != 3 || few[1].exposure != 3 {
		t.Errorf("exposures %v, %v, want 3 s of 3 lines in 2 s for both", few[0].exposure, few[1].exposure)
	}
}

func TestBursts(t *testing.T) {
	one := func(ends []Micros) float64 { return burstsIn(ends, windowOf(ends)) }
	if got := one(steady(0, 101, 1000)); got != 1 {
		t.Errorf("steady lines have dispersion %v, want the least, 1", got)
	}
	// Five of ten stretches hold 20 lines each and the last of all one: 101 in
	// all; the variance is about 110 and the mean about 10.
	if got := one(bursts(5, 20, second)); got < 8 || got > 14 {
		t.Errorf("bursts have dispersion %v", got)
	}
	if got := one(nil); got != 1 {
		t.Errorf("no lines have dispersion %v", got)
	}
}

func TestPool(t *testing.T) {
	side := func(n int, seconds float64) (s sideRate) {
		for range n {
			s.add(1/seconds, 1, false)
		}
		return s
	}
	more := int(none)
	f := func(name string, out, in sideRate, want float64) {
		t.Helper()
		if got := pool(out, in, more); math.Abs(got.value-want) > 1e-9*want {
			t.Errorf("%s: %v/s, want %v", name, got.value, want)
		}
	}
	f("out only", side(50, 10), sideRate{}, 5)
	f("in only", sideRate{}, side(50, 10), 5)
	// (60+330)/(1+6) per second.
	f("both, by exposure", side(60, 1), side(330, 6), 390.0/7)
	f("one side lacks proxies", side(1000, 10), side(500, 10), 100)
	f("other side lacks proxies", side(500, 10), side(1000, 10), 100)
	half := side(50, 10)
	half.mute = half.rate / 2 // half of the calls went to pods that logged none
	f("callees known not to log", half, side(25, 10), 5)
	// A gateway off for a third of 30 s, during which calls came in bursts of which nobody
	// knows better: by exposure it would be (600+900)/(30+30) = 25.
	more = inSide
	f("callees have all that the callers have", side(600, 30), side(900, 30), 30)
	// A head of 20 s: (600+900)/(20+30).
	f("callees were listened to for longer", side(600, 20), side(900, 30), 30)
	f("and the rate fell", side(700, 20), side(900, 30), 32)
	f("as fast, for nearly as long", side(806, 26), side(900, 30), 1706.0/56)
}

func TestSideThatHasMore(t *testing.T) {
	for _, c := range []struct {
		out, in int64
		both    int
		want    int
	}{
		{1000, 1000, 1000, int(none)},
		{1000, 600, 600, outSide},
		{600, 1000, 590, inSide}, // 590 of 600 are more than 95 in 100
		{600, 1000, 560, int(none)},
		{1000, 950, 950, int(none)}, // the ends of two windows
		{1000, 500, 0, int(none)},   // request_ids are lost
	} {
		e := edgeTally{events: [2]int64{outSide: c.out, inSide: c.in}}
		e.tries[0].here[0] = c.both
		if got := e.more(1); got != c.want {
			t.Errorf("%d and %d lines, %d of the same calls: side %d, want %d", c.out, c.in, c.both, got, c.want)
		}
	}
}

func TestEstimate(t *testing.T) {
	// By variances 1 and 3: (10·3 + 20·1)/4 = 12.5, and 3/4 of variance.
	if got := (estimate{10, 1}).with(estimate{20, 3}); got != (estimate{12.5, 0.75}) {
		t.Errorf("got %+v", got)
	}
	if got := (estimate{10, 1}).with(estimate{20, math.Inf(1)}); got.value != 10 {
		t.Errorf("an estimate without bound of error counts: %+v", got)
	}
}
