package graph

import (
	"fmt"
	"math"
	"testing"
)

// a calls b once for each request, 100 a second, and answers after 10 ms, every tenth time
// after 800 ms. Of the first 2 s, 180 fast calls received end in time, and 12 slow ones of
// 20: the mean is (180·10+12·800)/192 = 59 ms, and what lasts longer than three times that,
// 178 ms, is not thought of. So what was sent for slow calls between 1.2 s and 1.82 s, six
// or seven times, is seen to be sent for none: 3 % of 192 were added to the one call for each.
func TestSlowCallsUnderWayAtTheEnd(t *testing.T) {
	for _, outOnly := range []bool{false, true} {
		var ls []line
		for i := range int64(200) {
			at, dur, id := 10*i, int64(10), fmt.Sprint(i)
			if i%10 == 3 {
				dur = 800
			}
			for _, l := range []line{
				{down: "203.0.113.1:4", up: "10.0.0.1:80", downLocal: "10.9.9.9:80", upLocal: "10.9.9.9:5", host: fqdn("a"), start: at, dur: dur, code: 200},
				{in: true, down: "10.9.9.9:5", up: "10.0.0.1:80", host: fqdn("a"), start: at, dur: dur, code: 200},
				{down: "10.0.0.1:4", up: "10.0.1.1:80", upLocal: "10.0.0.1:5", host: fqdn("b"), start: at + 2, dur: 3, code: 200},
				{in: true, down: "10.0.0.1:5", up: "10.0.1.1:80", host: fqdn("b"), start: at + 2, dur: 3, code: 200},
			} {
				if l.id = id; l.start+l.dur <= 2000 && !(outOnly && l.in) {
					ls = append(ls, l)
				}
			}
		}
		g := buildLines(listPods("a:10.0.0.1 b:10.0.1.1"), ls...)
		near(t, fmt.Sprintf("outbound only %v: b per call", outOnly), edge(t, g, "a", "b").PerCall, 1, 0.005)
	}
}

// 20 calls of 800 ms were followed in 10 s, at 200 ms of which what was sent for them had
// ended, and 100 ms are thought of: 20·(800-100-200)/10000 = 1 of them is under way at the
// end so long, and twice as many where the log ends twice. The log is heard for 100 ms less.
func TestPending(t *testing.T) {
	s := survey{
		join:    &join{mesh: newMesh(listPods("a:10.0.0.1"))},
		byPod:   make([]podTally, 1),
		writers: []writer{{in: 100, took: 100 * second / 30, longest: second}},
		hears:   []window{{[]block{{0, 9_900_000}}}},
		partly:  partly{make([]bool, 1), make([]bool, 1)},
	}
	s.events = &events{scale: 1}
	at := followed{strays: 5, after: 20 * 500_000}
	near(t, "pending", s.pending(0, at), 1, 1e-3)
	// 5-1 in 9.9 s of 10 calls a second.
	near(t, "strays that are left", s.strays(0, at, 10).value, 4/9.9/10, 1e-3)
	if at.strays = 2; s.strays(0, at, 10).value != 0 {
		t.Error("2 are no more than chance has")
	}
	s.hears[0] = window{[]block{{0, 4_900_000}, {5_000_000, 9_900_000}}}
	near(t, "pending at two ends", s.pending(0, at), 2, 1e-3)
}

// Of 130 calls a third lost their request_id, 45, and of those that they were sent for as
// many: √(45/85·(35/65)/130) = 4.7 % of chance. What was received is all known in the second
// case, and then nothing is left to chance.
func TestRequestIDsLostOnBothSides(t *testing.T) {
	s := survey{
		join:    &join{mesh: newMesh(listPods("a:10.0.0.1"))},
		writers: []writer{{out: 130}},
		partly:  partly{make([]bool, 1), make([]bool, 1)},
	}
	e := edgeTally{events: [2]int64{outSide: 130}, traced: [2]int64{outSide: 85}}
	named := make([]float64, len(s.nodes))
	named[s.node(0)] = 0.65
	near(t, "by callers' lines", math.Sqrt(s.lostBoth(&e, s.nameable(0, named))), 0.047, 0.01)
	s.writers[0] = writer{in: 100, named: 100, out: 130}
	near(t, "by its own", s.lostBoth(&e, s.nameable(0, named)), 0, 0)
	s.writers[0].named = 50 // 45/85·1/130
	near(t, "half of its own", s.lostBoth(&e, s.nameable(0, named)), 0.00407, 0.01)
	if e.traced[outSide] = 0; s.lostBoth(&e, 0.5) != 0 {
		t.Error("none has one: it is not by them that calls are counted")
	}
}
