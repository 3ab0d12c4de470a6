package graph

import (
	"fmt"
	"math"
	"math/rand/v2"
	"testing"
)

// calledTwice is 200 requests, ten a second, that a sends on to b, which calls c twice.
func calledTwice() (ls []line) {
	for i := range int64(200) {
		at := 100 * i
		for _, h := range []struct {
			from, to, host string
			start, dur     int64
		}{
			{"10.9.9.9", "10.0.0.1", "a", 0, 60}, {"10.0.0.1", "10.0.1.1", "b", 10, 30},
			{"10.0.1.1", "10.0.2.1", "c", 13, 8}, {"10.0.1.1", "10.0.2.1", "c", 23, 9},
		} {
			ls = append(ls,
				line{down: h.from + ":4", up: h.to + ":80", upLocal: h.from + ":5", host: fqdn(h.host), id: fmt.Sprint(i), path: "/" + h.host, start: at + h.start, dur: h.dur, code: 200},
				line{in: true, down: h.from + ":5", up: h.to + ":80", host: fqdn(h.host), id: fmt.Sprint(i), path: "/" + h.host, start: at + h.start + 1, dur: h.dur - 2, code: 200})
		}
	}
	return ls
}

// Of a log that lost a tenth of its lines at random each end tells what the other lost: but
// for a hundredth of the calls, one of the two lines is there. Counts of 180 lines left of
// 200 on either side would be off by √(2·0.1/200) = 3 % by chance, and rates by a tenth:
// of 10 requests a second, 10 calls to b and 20 to c the log holds 9 and 18. Of so few lines
// one log in ten looks by chance as if a direction was logged in part (file partly.go).
func TestLinesLostAtRandom(t *testing.T) {
	var calls, rates int
	off := func(got, want, by float64) int { return b2i(math.Abs(got/want-1) > by) }
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 1))
		var left []line
		for _, l := range calledTwice() {
			if r.Float64() >= 0.1 {
				left = append(left, l)
			}
		}
		g := buildLines(listPods("a:10.0.0.1 b:10.0.1.1 c:10.0.2.1"), left...)
		b, c := edge(t, g, "a", "b"), edge(t, g, "b", "c")
		calls += off(b.PerCall, 1, 0.02) | off(c.PerCall, 2, 0.03)
		rates += off(b.Rate, 10, 0.05) | off(c.Rate, 20, 0.05) | off(g.Gateway.Rate, 10, 0.05)
	}
	if calls > 3 || rates > 3 {
		t.Errorf("of 20 logs calls per call are off in %d, rates in %d", calls, rates)
	}
}

// Whole logs lose nothing: nothing is made up.
func TestNoLinesLost(t *testing.T) {
	g := buildLines(listPods("a:10.0.0.1 b:10.0.1.1 c:10.0.2.1"), calledTwice()...)
	near(t, "b per call", edge(t, g, "a", "b").PerCall, 1, 1e-3)
	near(t, "c per call", edge(t, g, "b", "c").PerCall, 2, 1e-3)
	near(t, "calls to c", edge(t, g, "b", "c").Rate, 20, 0.01)
}

// Of 10 lines that are lost for 90 that are there 10/90 are lost for each. A pod of which 45
// are there and 5 are not counts beside 50 of all: (5+50/9)/(45+50) = 0.111. A pod that
// nobody calls by a line of his own loses as many of what it received as of what it sent.
func TestOdds(t *testing.T) {
	s := survey{byPod: make([]podTally, 2)}
	s.byPod[0].sentLost, s.byPod[1].sentLost = lostLines{45, 5}, lostLines{45, 5}
	s.sumLostLines()
	near(t, "sent", s.odds(outSide, 0), 0.1111, 1e-3)
	near(t, "received", s.odds(inSide, 0), 0.1111, 1e-3)
	if s.lossy {
		t.Error("a tenth is not much")
	}
	s.byPod[0].receivedLost = lostLines{50, 0}
	s.sumLostLines()
	near(t, "received, as callers tell", s.odds(inSide, 0), 0, 0)
}

// Of 100 calls followed, each made one: 81 have both lines, 9 their callee's alone, and 9 the
// caller's alone, 9/81 as many as which have neither, 1. Where none of 10 calls that have
// the caller's line alone ever came, as many of such are lost as of others.
func TestRatioWithLostLines(t *testing.T) {
	p := podTally{seen: 100, seenSquare: 100}
	near(t, "calls", p.ratio(followed{c: 99, cc: 99, cn: 99, alone: 9, lone: 9}, 1.0/9).value, 1, 1e-9)
	near(t, "none lost", p.ratio(followed{c: 99, cc: 99, cn: 99, alone: 9}, 0).value, 0.99, 1e-9)
}

// Calls fail for one end or for both, and each end's log loses a tenth of its lines at random:
// which lines are lost has nothing to do with it. For each call to b two are sent on to c.
// Of b's own lines a tenth is lost, and what b sent for these calls must count for no others:
// if the callers' lines of a half, or a third, did not tell of it, it would be 0.1/2 = 5 %, or
// 0.1/3 = 3 %, too much. Of the calls to c a tenth lacks b's line: if callees' lines of a third
// did not tell of these, 3 % would be missing. By chance 20 logs of 400 calls each are off
// by √(2·0.1/400/20) = 0.5 %.
func TestLinesLostWhereCallsFail(t *testing.T) {
	for _, c := range []struct {
		name, host      string
		each            int64 // request of so many fails
		in, out         int
		inFlag, outFlag string
	}{
		{"none fails", "b", 1000, 200, 200, "", ""},
		{"b answers 500", "b", 2, 500, 500, "", ""},
		{"b's caller gives up", "b", 3, 0, 504, "DC", "UT"},
		{"c answers 503, and b's sidecar 200", "c", 3, 503, 200, "", ""},
		{"c answers 500 to all, and b's sidecar 200", "c", 1, 500, 200, "", ""},
	} {
		var toB, toC float64
		for seed := range uint64(20) {
			r := rand.New(rand.NewPCG(seed, 2))
			var left []line
			for i, l := range calledTwice() {
				if l.host == fqdn(c.host) && int64(i/8)%c.each == 0 {
					if l.code, l.flags = c.out, c.outFlag; l.in {
						l.code, l.flags = c.in, c.inFlag
					}
				}
				if r.Float64() >= 0.1 {
					left = append(left, l)
				}
			}
			g := buildLines(listPods("a:10.0.0.1 b:10.0.1.1 c:10.0.2.1"), left...)
			check(t, g)
			toB += edge(t, g, "a", "b").PerCall / 20
			toC += edge(t, g, "b", "c").PerCall / 20
		}
		near(t, c.name+": b per call", toB, 1, 0.015)
		near(t, c.name+": c per call", toC, 2, 0.015)
	}
}

// Of 100 calls with both ends' lines 20 failed for the callee. Of those with its line alone 8
// were answered: 8·20/80 = 2 more failed. Where all fail, no answered one tells of them.
func TestLoneFailed(t *testing.T) {
	f := followed{met: 100, failed: 20, lone: 8}
	near(t, "failed", f.loneFailed(), 2, 1e-9)
	f = followed{met: 100, failed: 100}
	near(t, "all fail", f.loneFailed(), 0, 0)
	if s := new(survey); !s.byOwn(f) || s.byOwn(followed{met: 100, failed: 20}) || s.byOwn(followed{}) {
		t.Error("own lines alone tell where most fail, and not where few do")
	}
}

// Of 90 failed calls with both lines and one in ten lost, 90/9 = 10 should have the caller's
// alone. 12 are as many by chance; of 40 those 10 are lost, a quarter. What was sent
// meanwhile is stray for the other three quarters: of 40 calls 30, and with one more 31.
func TestPerhapsLost(t *testing.T) {
	s := survey{byPod: []podTally{{receivedLost: lostLines{900, 100}, toldFailed: 90, perhaps: 12}}}
	s.sumLostLines()
	near(t, "by chance", s.perhapsLost(0), 1, 0)
	s.byPod[0].perhaps = 40
	near(t, "not by chance", s.perhapsLost(0), 0.25, 1e-9)
	near(t, "strays", s.strayed(0, followed{strays: 1, excused: 7, perhaps: 40}), 1+30, 1e-9)
}

// b's proxy writes no line of what it answered with an error, 1 in 20 of its calls. What it sent
// for these counts all the same, 2 for each request; else it would be 5 % less.
func TestFailedCallsNotLogged(t *testing.T) {
	var left []line
	for i, l := range calledTwice() {
		if l.host == fqdn("b") && i/8%20 == 0 {
			if l.code = 500; l.in {
				continue
			}
		}
		left = append(left, l)
	}
	g := buildLines(listPods("a:10.0.0.1 b:10.0.1.1 c:10.0.2.1"), left...)
	check(t, g)
	near(t, "c per request", edge(t, g, "b", "c").PerRequest, 2, 0.01)
}

// Without durations too: of calls whose own lines are lost their callees' tell.
func TestUntimedLinesLostAtRandom(t *testing.T) {
	off := 0
	for seed := range uint64(20) {
		r := rand.New(rand.NewPCG(seed, 2))
		var left []line
		for _, l := range calledTwice() {
			if l.dur = -1; r.Float64() >= 0.1 {
				left = append(left, l)
			}
		}
		g := buildLines(listPods("a:10.0.0.1 b:10.0.1.1 c:10.0.2.1"), left...)
		off += b2i(math.Abs(edge(t, g, "a", "b").PerCall-1) > 0.04)
	}
	if off > 2 {
		t.Errorf("of 20 logs calls per call are off in %d", off)
	}
}

// Nine lines may lack by chance, and 15 of 2,000 at the ends of a log; 25 of 2,000 are lost.
func TestLostLinesTold(t *testing.T) {
	for l, want := range map[lostLines]bool{{100, 9}: false, {100, 10}: true, {2000, 15}: false, {2000, 25}: true} {
		if l.told() != want {
			t.Errorf("%+v: told %v", l, l.told())
		}
	}
}
