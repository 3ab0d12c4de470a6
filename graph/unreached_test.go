package graph

import (
	"fmt"
	"testing"
)

func TestUnreachedFlags(t *testing.T) {
	for _, c := range []struct {
		flags, up string
		code      int
		service   Micros
		want      bool
	}{
		{"UF", "10.0.1.1:80", 503, Missing, true},
		{"UF,URX", "10.0.1.1:80", 503, Missing, true}, // retried, and no connection in the end
		{"UH", "", 503, Missing, true},
		{"NR", "", 404, Missing, true},
		{"FI", "", 418, Missing, true},          // a fault injected may have any code
		{"UF", "", 0, Missing, true},            // TCP has none
		{"UC", "10.0.1.1:80", 503, 5, false},    // the connection broke: it was there
		{"UF,UT", "10.0.1.1:80", 504, 5, false}, // one of the tries came
		{"UF", "10.0.1.1:80", 200, 5, false},    // and was answered
		{"DC", "10.0.1.1:80", 0, Missing, false},
		{"", "10.0.1.1:80", 503, 5, false},
		{"", "", 503, Missing, true}, // no flags, no upstream, no time of one
		{"", "", 503, 5, false},      // the field is lost: somebody took 5 µs
		{"", "", 200, Missing, false},
	} {
		l := line{flags: c.flags, up: c.up, code: c.code, host: fqdn("b")}
		r := l.record()
		r.ServiceTime = c.service
		if r.unreached() != c.want {
			t.Errorf("flags %q, upstream %q, code %d, service time %d: unreached is %v", c.flags, c.up, c.code, c.service, !c.want)
		}
		if r.Direction = Inbound; r.unreached() {
			t.Error("a callee's line is of a call that came")
		}
	}
}

// failing is 500 requests, ten a second: a calls b once for each, of which every fifth
// fails after 1 ms and never comes to b; b calls c twice for each call that it gets. With
// retries a calls again at once, and then b gets it.
func failing(flags string, retries bool) (ls []line) {
	for i := range int64(500) {
		id, at := fmt.Sprint(i), 100*i
		both := func(from, to, host string, start, dur int64) {
			ls = append(ls,
				line{down: from + ":4", up: to + ":80", upLocal: from + ":5", host: fqdn(host), id: id, path: "/" + host, start: start, dur: dur, code: 200},
				line{in: true, down: from + ":5", up: to + ":80", host: fqdn(host), id: id, path: "/" + host, start: start + 1, dur: dur - 2, code: 200})
		}
		both("10.9.9.9", "10.0.0.1", "a", at, 60)
		if i%5 == 0 {
			ls = append(ls, line{down: "10.0.0.1:6", up: "10.0.1.1:80", upLocal: "10.0.0.1:7", host: fqdn("b"), id: id, path: "/b", start: at + 5, dur: 1, code: 503, flags: flags})
			if !retries {
				continue
			}
		}
		both("10.0.0.1", "10.0.1.1", "b", at+10, 30)
		both("10.0.1.1", "10.0.2.1", "c", at+13, 8)
		both("10.0.1.1", "10.0.2.1", "c", at+23, 9)
	}
	return ls
}

// Of 500 requests 100 fail on their way to b, whoever tells of it: a sent 1 call for each,
// b got 400/500 = 0.8 and sent 2 for each of those, 1.6 for a request. At ten requests a
// second that is 10 calls a second to b, of which 8 come, and 16 to c. Before, b counted
// 1 visit or, of two sides that differ by little, something between.
func TestCallsThatNeverCame(t *testing.T) {
	pods := listPods("a:10.0.0.1 b:10.0.1.1 c:10.0.2.1")
	for _, log := range []struct {
		name, flags string
		keep        func(line) bool
	}{
		{"flags", "UF", func(line) bool { return true }},
		{"flags, outbound lines only", "UF,URX", func(l line) bool { return !l.in }},
		{"flags, c logs nothing", "UH", func(l line) bool { return !l.in || l.path != "/c" }},
		{"no flags", "", func(line) bool { return true }},
	} {
		for _, retries := range []bool{false, true} {
			var ls []line
			for _, l := range failing(log.flags, retries) {
				if log.keep(l) {
					ls = append(ls, l)
				}
			}
			g := buildLines(pods, ls...)
			check(t, g)
			sent, came := 1.0, 0.8
			if retries { // 600 calls for 500 requests, of which 500 come
				sent, came = 1.2, 1
			}
			name := fmt.Sprintf("%s, retries %v: ", log.name, retries)
			b, c := edge(t, g, "a", "b"), edge(t, g, "b", "c")
			near(t, name+"b per request", b.PerRequest, sent, 0.01)
			near(t, name+"b's rate", b.Rate, 10*sent, 0.01)
			near(t, name+"unreached", b.Unreached, 1-came/sent, 0.01)
			near(t, name+"b's visits", node(t, g, "b").Visits, came, 0.01)
			near(t, name+"b receives", node(t, g, "b").Rate, 10*came, 0.01)
			near(t, name+"b's pod receives", node(t, g, "b").Pods[0].ReceivedRate, 10*came, 0.01)
			near(t, name+"c per call", c.PerCall, 2, 0.01)
			near(t, name+"c per request", c.PerRequest, 2*came, 0.01)
			near(t, name+"c receives", node(t, g, "c").Rate, 20*came, 0.01)
			if c.Unreached != 0 || len(g.Warnings) > 0 {
				t.Errorf("%s: %v of c's calls, warnings %q", name, c.Unreached, g.Warnings)
			}
		}
	}
}

// b has a second pod, which is down: every other call goes there first and fails, 5 of 15 a
// second, and d's calls to c all do. A leaf shows nothing of its log by what it sends; and
// that a pod that got nothing wrote nothing is no lack of its log.
func TestNothingComesToPodsThatAreDown(t *testing.T) {
	for _, flags := range []string{"UF", ""} {
		var ls []line
		for i := range int64(500) {
			id, at := fmt.Sprint(i), 100*i
			ls = append(ls,
				line{in: true, down: "10.9.9.9:0", up: "10.0.0.1:80", id: id, start: at, dur: 50},
				line{in: true, down: "10.9.9.9:0", up: "10.0.3.1:80", id: id, start: at, dur: 40},
				line{down: "10.0.0.1:4", up: "10.0.1.1:80", host: fqdn("b"), id: id, start: at + 5, dur: 20, code: 200},
				line{in: true, down: "10.0.0.1:4", up: "10.0.1.1:80", host: fqdn("b"), id: id, start: at + 6, dur: 18, code: 200},
				line{down: "10.0.0.1:4", up: "10.0.2.1:80", host: fqdn("c"), id: id, start: at + 30, dur: 9, code: 200},
				line{in: true, down: "10.0.0.1:4", up: "10.0.2.1:80", host: fqdn("c"), id: id, start: at + 31, dur: 7, code: 200},
				line{down: "10.0.2.1:4", up: "10.0.4.1:80", host: fqdn("e"), id: id, start: at + 32, dur: 5, code: 200},
				line{down: "10.0.3.1:4", up: "10.0.2.1:80", host: fqdn("c"), id: id, start: at + 20, dur: 1, code: 503, flags: flags})
			if i%2 == 0 {
				up := "10.0.1.2:80"
				if flags == "" { // where nothing tells, it must be a pod that writes lines
					up = "10.0.1.1:80"
				}
				ls = append(ls, line{down: "10.0.0.1:8", up: up, host: fqdn("b"), id: id, start: at + 2, dur: 1, code: 503, flags: flags})
			}
		}
		g := buildLines(listPods("a:10.0.0.1 b:10.0.1.1 b:10.0.1.2 c:10.0.2.1 d:10.0.3.1 e:10.0.4.1"), ls...)
		check(t, g)
		name := fmt.Sprintf("flags %q: ", flags)
		near(t, name+"b's rate", edge(t, g, "a", "b").Rate, 15, 0.01)
		near(t, name+"of b's calls", edge(t, g, "a", "b").Unreached, 1./3, 0.01)
		near(t, name+"b receives", node(t, g, "b").Rate, 10, 0.01)
		near(t, name+"of d's calls", edge(t, g, "d", "c").Unreached, 1, 0)
		near(t, name+"c receives", node(t, g, "c").Rate, 10, 0.01)
		near(t, name+"e per call of c", edge(t, g, "c", "e").PerCall, 1, 0.01)
		// a is called 10 times a second of 20 in all, so c 0.5 times for each request.
		near(t, name+"c's visits", node(t, g, "c").Visits, 0.5, 0.01)
		if p := node(t, g, "b").Pods[1]; p.ReceivedRate != 0 || len(g.Warnings) > 0 {
			t.Errorf("%sthe pod that is down receives %v/s, warnings %q", name, p.ReceivedRate, g.Warnings)
		}
	}
}

// Failures that the callee answered itself came to it: 100 of 500 with code 503, of all of
// which the callee's line is there.
func TestFailuresThatCame(t *testing.T) {
	var ls []line
	for i := range int64(500) {
		id, code := fmt.Sprint(i), 200+303*b2i(i%5 == 0)
		ls = append(ls,
			line{in: true, down: "10.9.9.9:0", up: "10.0.0.1:80", id: id, start: 100 * i, dur: 50},
			line{down: "10.0.0.1:4", up: "10.0.1.1:80", host: fqdn("b"), id: id, start: 100*i + 1, dur: 20, code: code},
			line{in: true, down: "10.0.0.1:4", up: "10.0.1.1:80", host: fqdn("b"), id: id, start: 100*i + 2, dur: 18, code: code})
	}
	g := buildLines(listPods("a:10.0.0.1 b:10.0.1.1"), ls...)
	if e := edge(t, g, "a", "b"); e.Unreached != 0 || e.ErrorRatio != 0.2 {
		t.Errorf("%v never came and %v failed, want 0 and 0.2", e.Unreached, e.ErrorRatio)
	}
}

// A call that was tried again is one call that failed and one that came: the callee's line
// belongs to the latter, whichever began first.
func TestRetryIsPairedWithWhatCame(t *testing.T) {
	for _, flags := range []string{"UF", ""} {
		g := buildLines(listPods("a:10.0.0.1 b:10.0.1.1 c:10.0.2.1"), failing(flags, true)...)
		for tr := range g.Traces() {
			for _, c := range tr.Calls {
				if c.In.Logged == c.Failed {
					t.Fatalf("flags %q: a call whose callee's line is there (%v) failed (%v)", flags, c.In.Logged, c.Failed)
				}
			}
		}
	}
}

// Of the failed calls the callee's line is there as seldom as of the others, or it is not.
func TestArrivals(t *testing.T) {
	for _, c := range []struct {
		here, alone [2]int
		want        float64
	}{
		{[2]int{1000, 50}, [2]int{0, 0}, 0},
		{[2]int{1000, 0}, [2]int{0, 50}, 1},
		// Of others 900/1000 = 0.9 are there, so 180 of 200; 90 are: half never came.
		{[2]int{900, 90}, [2]int{100, 110}, 0.5},
		// 45 of 50 are expected, and the 43 that are there are within chance.
		{[2]int{900, 43}, [2]int{100, 7}, 0},
		{[2]int{1000, 0}, [2]int{0, 4}, 0}, // too few to say
		{[2]int{0, 0}, [2]int{100, 10}, 0}, // a callee that logs nothing
	} {
		a := arrivals{here: c.here, alone: c.alone}
		near(t, fmt.Sprint(c.here, c.alone), a.gone(false), c.want, 1e-9)
	}
}

// Of 43 calls 3 failed, and the callee has none of these but all others: three may do so by
// chance where calls do not fail on their way, and nothing else is likely where they do. Of
// 5 that failed of which the callee has 4 of the 4.5 that it would of others it is chance.
func TestFewFailuresThatNeverCame(t *testing.T) {
	for _, c := range []struct {
		here, alone [2]int
		usual       bool
		want        float64
	}{
		{[2]int{40, 0}, [2]int{0, 3}, false, 0},
		{[2]int{40, 0}, [2]int{0, 3}, true, 1},
		{[2]int{90, 4}, [2]int{10, 1}, true, 0},
		{[2]int{90, 2}, [2]int{10, 3}, true, (4.5 - 2) / 4.5},
	} {
		a := arrivals{here: c.here, alone: c.alone}
		near(t, fmt.Sprint(c), a.gone(c.usual), c.want, 1e-9)
	}
	s := survey{tally: make([]edgeTally, 3)}
	for i := range s.tally {
		s.tally[i].tries[0].arrivals = arrivals{here: [2]int{40, 0}, alone: [2]int{0, 1}}
	}
	if s.failsUnderWay() {
		t.Error("3 failures in all are too few")
	}
	s.tally[2].tries[0].alone[1] = 4
	if !s.failsUnderWay() {
		t.Error("6 are not")
	}
}
