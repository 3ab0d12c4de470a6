package graph

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// tried is how a's sidecar makes the calls to b of retried: one try in five does not do,
// the next does.
type tried struct {
	name string
	// first is the try that is made again, as b's sidecar has it; none came without a code
	// and flags. second is the pod that the other goes to.
	code          int
	flags, second string
	came          bool
}

var tries5 = []tried{
	{"b answers 503", 503, "", "10.0.1.1", true},
	{"another pod is asked", 503, "", "10.0.1.2", true},
	{"its time is out", 0, "DC", "10.0.1.1", true},
	{"no connection", 0, "", "10.0.1.2", false},
}

// retried is 500 requests, ten a second: a calls b for each, which calls c. Every fifth call
// is tried twice, with 5 ms between: 10 ms and 20 ms, and the call takes 36 ms, others 21 ms.
// a has one line of it, b one for each try that came, and c one for each of those.
func retried(how tried) (ls []line) {
	for i := range int64(500) {
		id, at := fmt.Sprint(i), 100*i
		out := func(from, to, host string, start, dur int64) {
			ls = append(ls, line{down: from + ":4", up: to + ":80", upLocal: from + ":5", host: fqdn(host), id: id, path: "/" + host, start: start, dur: dur, code: 200})
		}
		in := func(from, to, host string, start, dur int64, code int, flags string) {
			ls = append(ls, line{in: true, down: from + ":5", up: to + ":80", host: fqdn(host), id: id, path: "/" + host, start: start, dur: dur, code: code, flags: flags})
		}
		serve := func(pod string, start, dur int64, code int, flags string) {
			in("10.0.0.1", pod, "b", start, dur, code, flags)
			out(pod, "10.0.2.1", "c", start+2, 6)
			in(pod, "10.0.2.1", "c", start+3, 4, 200, "")
		}
		out("10.9.9.9", "10.0.0.1", "a", at, 60)
		in("10.9.9.9", "10.0.0.1", "a", at+1, 58, 200, "")
		if i%5 != 0 {
			out("10.0.0.1", "10.0.1.1", "b", at+5, 21)
			serve("10.0.1.1", at+5, 20, 200, "")
			continue
		}
		out("10.0.0.1", how.second, "b", at+5, 36)
		if how.came {
			serve("10.0.1.1", at+5, 10, how.code, how.flags)
		}
		serve(how.second, at+20, 20, 200, "")
	}
	return ls
}

// writer is the address whose proxy wrote the line.
func (l line) writer() string {
	at := l.down
	if l.in {
		at = l.up
	}
	host, _, _ := strings.Cut(at, ":")
	return host
}

var retriedPods = listPods("a:10.0.0.1 b:10.0.1.1 b:10.0.1.2 c:10.0.2.1")

// Of 500 calls 100 come to b twice: a sends 10 a second, b gets 12, and so does c: 1, 1.2
// and 1.2 for each request. Before, a's rate was 11, and b's visits 1. Of tries that did not
// come b got nothing.
func TestCallsTriedAgain(t *testing.T) {
	for _, how := range tries5 {
		for _, log := range []struct {
			name string
			keep func(line) bool
			loss float64 // of what it costs in accuracy
		}{
			{"whole", func(line) bool { return true }, 0.001},
			{"a's first 20 s", func(l line) bool { return l.writer() != "10.0.0.1" || l.start < 20_000 }, 0.03},
			{"b's first 20 s", func(l line) bool { return !strings.HasPrefix(l.writer(), "10.0.1.") || l.start < 20_000 }, 0.03},
			{"c logs nothing", func(l line) bool { return l.writer() != "10.0.2.1" }, 0.001},
		} {
			var ls []line
			for _, l := range retried(how) {
				if log.keep(l) {
					ls = append(ls, l)
				}
			}
			g := buildLines(retriedPods, ls...)
			check(t, g)
			again := 0.2 * float64(b2i(how.came))
			name := how.name + ", " + log.name + ": "
			b, c := edge(t, g, "a", "b"), edge(t, g, "b", "c")
			near(t, name+"b's rate", b.Rate, 10, 0.01+log.loss)
			near(t, name+"again", b.Again, again, log.loss)
			near(t, name+"b per request", b.PerRequest, 1, log.loss)
			near(t, name+"b's visits", node(t, g, "b").Visits, 1+again, log.loss)
			near(t, name+"b receives", node(t, g, "b").Rate, 10*(1+again), 0.01+log.loss)
			near(t, name+"c per call", c.PerCall, 1, log.loss)
			near(t, name+"c per request", c.PerRequest, 1+again, log.loss)
			near(t, name+"c receives", node(t, g, "c").Rate, 10*(1+again), 0.01+log.loss)
			if c.Again != 0 || len(g.Warnings) > 0 {
				t.Errorf("%sagain %v of c's calls, warnings %q", name, c.Again, g.Warnings)
			}
			if log.name == "whole" && (b.Calls != 500 || b.Mean.Milliseconds() != 24 || b.ErrorRatio != 0) {
				// (400·21 + 100·36)/500 = 24 ms, whatever the tries took.
				t.Errorf("%s%d calls of %v, %v failed; want 500 of 24 ms, none", name, b.Calls, b.Mean, b.ErrorRatio)
			}
		}
	}
}

// The callee's view of the last try belongs to the caller's line, and earlier ones to nobody's.
func TestLastTryIsPaired(t *testing.T) {
	for _, how := range tries5 {
		g := buildLines(retriedPods, retried(how)...)
		earlier, again := 0, 0
		for tr := range g.Traces() {
			for _, c := range tr.Calls {
				if g.Nodes[c.To].Name != "b" {
					continue
				}
				earlier += b2i(c.Earlier)
				again += b2i(c.Again)
				if c.Earlier != !c.Out.Logged || c.Failed != c.Earlier && how.code != 0 || c.Out.Logged && c.In.Duration != 20_000 {
					t.Fatalf("%s: %+v", how.name, c)
				}
			}
		}
		if want := 100 * b2i(how.came); earlier != want || again != want {
			t.Errorf("%s: %d earlier tries of %d calls, want %d", how.name, earlier, again, want)
		}
	}
}

// Where all tries fail, the last of them is the caller's. Its sidecar had no connection for
// the last one: the first came all the same, 1 for each call, though the call itself did not.
func TestNoTryDoes(t *testing.T) {
	for _, last := range []string{"URX", "UF,URX"} {
		var ls []line
		for i := range int64(100) {
			id, at := fmt.Sprint(i), 100*i
			ls = append(ls,
				line{in: true, down: "10.9.9.9:0", up: "10.0.0.1:80", id: id, start: at, dur: 60, code: 503},
				line{down: "10.0.0.1:4", up: "10.0.1.1:80", host: fqdn("b"), id: id, start: at + 1, dur: 50, code: 503, flags: last},
				line{in: true, down: "10.0.0.1:4", up: "10.0.1.1:80", host: fqdn("b"), id: id, start: at + 2, dur: 10, code: 503})
			if last == "URX" {
				ls = append(ls, line{in: true, down: "10.0.0.1:4", up: "10.0.1.1:80", host: fqdn("b"), id: id, start: at + 32, dur: 10, code: 503})
			}
		}
		g := buildLines(retriedPods, ls...)
		check(t, g)
		e, b := edge(t, g, "a", "b"), node(t, g, "b")
		came := 1 + float64(b2i(last == "URX"))
		near(t, last+": again", e.Again, 1, 0)
		near(t, last+": sent", e.Rate, 10, 0.02)
		near(t, last+": b's visits", b.Visits, came, 0.001)
		near(t, last+": b receives", b.Rate, 10*came, 0.02)
		for tr := range g.Traces() {
			for _, c := range tr.Calls {
				if c.Out.Logged && c.In.Logged && c.In.Start-c.Out.Start < 20_000 {
					t.Fatalf("%s: the first try is the caller's: %+v", last, c)
				}
			}
		}
	}
}

// Callers name b's own address, which tells no pod.
func TestTriesByAServicesAddress(t *testing.T) {
	ls := retried(tries5[1])
	for i := range ls {
		if l := &ls[i]; !l.in && l.path == "/b" {
			l.up = "10.96.0.7:80"
		}
	}
	g := buildLines(retriedPods, ls...)
	check(t, g)
	near(t, "again", edge(t, g, "a", "b").Again, 0.2, 0.001)
	near(t, "b receives", node(t, g, "b").Rate, 12, 0.01)
	near(t, "c per request", edge(t, g, "b", "c").PerRequest, 1.2, 0.001)
}

// What is no try of a call that was made again: an application that calls again itself has a
// line for each; calls of which the caller's line is lost were answered, or nothing shows
// that another one waited for them.
func TestNoTriesAgain(t *testing.T) {
	for _, c := range []struct {
		name string
		// The first of two calls of a to b in each fifth request, and whether a logged it;
		// each takes 10 ms and its successor 20 ms, at a 1 ms more.
		code   int
		logged bool
		// start of the second after the first, and how long it takes at a
		start, dur int64
		// pod that the second goes to; the first goes to 10.0.1.2
		pod string
	}{
		{"the application calls again", 503, true, 12, 21, "10.0.1.2:80"},
		{"a line is lost of an answered call", 200, false, 12, 36, "10.0.1.2:80"},
		{"a line is lost of one that failed", 503, false, 12, 21, "10.0.1.2:80"},
		{"and another pod got the next", 503, false, 12, 21, "10.0.1.1:80"},
		{"calls side by side", 503, false, 3, 36, "10.0.1.2:80"},
	} {
		ls := slices.DeleteFunc(retried(tries5[3]), func(l line) bool { return l.path == "/b" && !l.in })
		for i := range int64(500) {
			id, at, pod, first := fmt.Sprint(i), 100*i+5, "10.0.1.1:80", int64(21)
			if i%5 == 0 {
				if c.logged {
					ls = append(ls, line{down: "10.0.0.1:4", up: "10.0.1.2:80", upLocal: "10.0.0.1:9", host: fqdn("b"), id: id, path: "/b", start: at, dur: 11, code: c.code})
				}
				ls = append(ls, line{in: true, down: "10.0.0.1:9", up: "10.0.1.2:80", host: fqdn("b"), id: id, path: "/b", start: at + 15 - c.start, dur: 10, code: c.code})
				pod, first = c.pod, c.dur
			}
			ls = append(ls, line{down: "10.0.0.1:4", up: pod, upLocal: "10.0.0.1:5", host: fqdn("b"), id: id, path: "/b", start: at, dur: first, code: 200})
		}
		for i := range ls {
			if l := &ls[i]; l.in && l.path == "/b" && l.dur == 20 && l.up == "10.0.1.2:80" {
				l.up = c.pod
			}
		}
		g := buildLines(retriedPods, ls...)
		check(t, g)
		if e := edge(t, g, "a", "b"); e.Again != 0 {
			t.Errorf("%s: %v again", c.name, e.Again)
		}
	}
}

// 200 calls were sent, of 180 of which the callee's line is there.
func TestAgain(t *testing.T) {
	for _, c := range []struct {
		name string
		a    arrivals
		r    tries // but for a
		want float64
	}{
		{"none", arrivals{here: [2]int{200, 0}}, tries{}, 0},
		{"too few to say", arrivals{here: [2]int{200, 0}}, tries{again: 4}, 0},
		{"50 of 200", arrivals{here: [2]int{200, 0}}, tries{again: 50}, 0.25},
		// Of 180 of 200 lines 45 tries of 50 are there: 45/0.9/200.
		{"the callee lacks a tenth", arrivals{here: [2]int{180, 0}, alone: [2]int{20, 0}}, tries{again: 45}, 0.25},
		// 20 more never came to it.
		{"and some never came", arrivals{here: [2]int{180, 0}, never: 20}, tries{again: 50}, 0.25},
		// 5 of 100 answered calls beside lack the caller's line, so of 100 that failed and
		// have it some 95 do, and 5 more, (5/95)·95, look like earlier tries.
		{"5 lost their own line", arrivals{here: [2]int{200, 0}}, tries{again: 5, alike: 95, answered: lacked{95, 5}}, 0},
		{"and 50 are tries", arrivals{here: [2]int{200, 0}}, tries{again: 55, alike: 95, answered: lacked{95, 5}}, 0.25},
		// 50 calls were tried again: 45 have the lines of both tries, and 5 lost that of the
		// last, as 20 of 150 others did their own: 45·20/130 = 6.9 are due. Of 180 lines 5 are
		// of failed tries: 175 of 200 are heard, (45+5)/175.
		{"some are crossed", arrivals{here: [2]int{180, 0}, alone: [2]int{20, 0}}, tries{again: 45, crossed: 5, made: lacked{50, 0}}, 50. / 175},
		// None of the others did: the caller changes what failed at last.
		{"the caller changes what fails", arrivals{here: [2]int{200, 0}}, tries{again: 50, crossed: 10, made: lacked{50, 0}}, 0.25},
		{"all of it", arrivals{here: [2]int{100, 0}}, tries{again: 100, crossed: 100, made: lacked{100, 0}}, 1},
		// It is certain that 5 last ones are lost, of 200: (45+5)/(200·195/200).
		{"some are lost", arrivals{here: [2]int{200, 0}}, tries{again: 45, lastLost: 5}, 50. / 195},
		{"nothing was answered", arrivals{here: [2]int{0, 100}}, tries{again: 100}, 1},
	} {
		c.r.arrivals = c.a
		near(t, c.name, c.r.perCall().value, c.want, 1e-9)
	}
}

// Of 30 calls a second that came, 24 for each 20 that were sent, 25 are last tries: exposure
// and bursts stay. Where no last try came, they tell nothing.
func TestThinned(t *testing.T) {
	e := Edge{Again: 0.2}
	near(t, "the last tries", e.last(), 1/1.2, 1e-9)
	in := rateOf(300, 10)
	got := in.thinned(e.last(), 0.0004, e.Came())
	near(t, "rate", got.rate, 25, 1e-9)
	near(t, "exposure", got.exposure(), 10, 1e-9)
	// 3/1.44 + (25/1.2)²·0.0004: what chance has in the number of tries comes to it.
	near(t, "variance", got.variance, 3/1.44+25*25/1.44*0.0004, 1e-9)
	if e = (Edge{Again: 1, Unreached: 1}); e.last() != 0 || in.thinned(0, 0, 1).events != 0 {
		t.Error("tries of calls that never came tell how many these are")
	}
	if in.thinned(1, 0, 1) != in {
		t.Error("where nothing was tried again something is taken off")
	}
}

// Without a code a callee's line is of a caller that gave up, but for TCP, which has none.
func TestGivenUp(t *testing.T) {
	for _, c := range []struct {
		in    bool
		code  int
		flags string
		want  bool
	}{
		{true, 0, "DC", true}, {true, 0, "", false}, {true, 200, "DC", false}, {false, 0, "DC", false},
	} {
		l := line{in: c.in, code: c.code, flags: c.flags, up: "10.0.1.1:80", id: "1"}
		r := l.record()
		b := collect([]Record{r}, Options{})
		b.each(func(e *event) {
			if r.givenUp() != c.want || e.unanswered() != c.want || e.unreached() {
				t.Errorf("%+v: given up %v, unanswered %v, unreached %v", c, r.givenUp(), e.unanswered(), e.unreached())
			}
		})
	}
}

// Every eleventh line of what b's pods receive is lost, so that these count as logged in part,
// and what a sent serves: of its 500 calls 100 came twice, and b calls c in each try, 1.2
// times for a call that a sent and once for one that came. Before, c's calls were 1.2·1.2.
func TestTriesAtCalleesThatLogInPart(t *testing.T) {
	n := 0
	ls := slices.DeleteFunc(retried(tries5[0]), func(l line) bool {
		n += b2i(l.in && l.path == "/b")
		return l.in && l.path == "/b" && n%11 == 3
	})
	g := buildLines(retriedPods, ls...)
	check(t, g)
	b, c := edge(t, g, "a", "b"), edge(t, g, "b", "c")
	near(t, "again", b.Again, 0.2, 0.02)
	near(t, "b per request", b.PerRequest, 1, 0.01)
	near(t, "c per call", c.PerCall, 1, 0.03)
	near(t, "c per request", c.PerRequest, 1.2, 0.03)
	if len(g.Warnings) != 1 {
		t.Errorf("warnings %q: it is not told that a proxy logs in part", g.Warnings)
	}
}

// Of a callee that logs failures alone all earlier tries are there, and none of the last:
// that is no count of tries for each call. One that lost a tenth of its lines tells of
// 27/0.9 = 30 tries of 100 calls more, 3 of which never came.
func TestTriesInPart(t *testing.T) {
	part := func(here, alone, never, again int) tries {
		return tries{arrivals: arrivals{here: [2]int{here, 0}, alone: [2]int{alone, 0}, never: never}, again: again}
	}
	for _, c := range []struct {
		name  string
		tries [2]tries
		want  float64
	}{
		{"failures alone", [2]tries{part(100, 0, 0, 20), part(0, 100, 0, 50)}, 0.2},
		{"a tenth is lost", [2]tries{{}, part(90, 10, 3, 27)}, 30. / 103},
	} {
		e := edgeTally{tries: c.tries}
		all := e.all()
		near(t, c.name, all.perCall().value, c.want, 1e-9)
	}
}

// The callees' lines are of 1,200 tries of 1,000 calls, and 1,000 of them of the last: the
// two sides have as many, though before tries were taken off b's seemed to have more.
func TestTriesAreNotMore(t *testing.T) {
	e := edgeTally{events: [2]int64{outSide: 1000, inSide: 1200}}
	e.tries[0].here[0] = 1000
	if side := e.more(1); side != inSide {
		t.Errorf("of 1,200 calls and 1,000 side %d has more", side)
	}
	if side := e.more(1 / 1.2); side != int(none) {
		t.Errorf("of 1,000 calls on both sides, %d has more", side)
	}
}

// Of a's lines those of 30 ms and more are there: all 100 of calls that were tried again, and
// none of the 400 others. b's lines tell of 500 calls, and of 100 tries more: 0.2 for each.
// Before, it was 1, and b was called 0.6 times for each request.
func TestTriesWhereTheCallersLinesAreFiltered(t *testing.T) {
	for _, how := range tries5[:3] {
		ls := slices.DeleteFunc(retried(how), func(l line) bool { return !l.in && l.path == "/b" && l.dur < 30 })
		g := buildLines(retriedPods, ls...)
		check(t, g)
		b, c := edge(t, g, "a", "b"), edge(t, g, "b", "c")
		near(t, how.name+": again", b.Again, 0.2, 0.001)
		near(t, how.name+": b's rate", b.Rate, 10, 0.05)
		near(t, how.name+": b per request", b.PerRequest, 1, 0.01)
		near(t, how.name+": c per request", c.PerRequest, 1.2, 0.01)
	}
}

// What a filter of the caller's lines leaves of 1,000 calls that callees answered, of 200 tries
// before them, and of 100 calls that failed at last.
func TestTriesThatAreFiltered(t *testing.T) {
	for _, c := range []struct {
		name         string
		here, untold [2]int
		again        int
		tries, calls float64
	}{
		{"nothing is left out", [2]int{1000, 100}, [2]int{}, 200, 0, 0},
		// Half of all: 100 of 200 tries, and 50 of 100 that failed.
		{"half of all, by chance", [2]int{500, 50}, [2]int{500, 150}, 100, 0, 0},
		// A fifth of the answered and of the failed calls: of 80 + 40 untold ones that failed
		// 20·0.8/0.2 = 80 are calls, and 40 tries: 160 of 200 are there, of calls 200 of 1,000.
		{"the short ones", [2]int{200, 20}, [2]int{800, 120}, 160, 40, 880},
		{"what was answered", [2]int{0, 100}, [2]int{1000, 170}, 30, 170, 1000},
		// 10 of 1,000 lack the caller's line, and 0 of 5 tries: that is chance.
		{"few", [2]int{990, 0}, [2]int{10, 0}, 5, 0, 0},
	} {
		r := tries{arrivals: arrivals{here: c.here}, untold: c.untold, again: c.again}
		n, calls := r.filtered()
		near(t, c.name+": tries", n, c.tries, 1e-9)
		near(t, c.name+": calls", calls, c.calls, 1e-9)
	}
}

// b answers 503 to all tries, and a's sidecar tells its application 200 of the last: b got as
// many as there are lines, 1.2 for each call, whether it is all calls that fail so, half of
// them, or those that are tried again.
func TestAnswersThatTheCallerChanges(t *testing.T) {
	for _, every := range []int{1, 2, 5} {
		ls := retried(tries5[1])
		for i := range ls {
			if l := &ls[i]; l.in && l.path == "/b" && l.start/100%int64(every) == 0 {
				l.code = 503
			}
		}
		g := buildLines(retriedPods, ls...)
		near(t, fmt.Sprint(every, ": again"), edge(t, g, "a", "b").Again, 0.2, 1e-6)
		near(t, fmt.Sprint(every, ": b's visits"), node(t, g, "b").Visits, 1.2, 1e-6)
	}
}
