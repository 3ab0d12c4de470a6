package graph

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

// droppedSpells are logs of which one direction of all proxies is off for a while.
var droppedSpells = []struct {
	name string
	keep func(*partial, *Record) bool
}{
	{"all is there", func(*partial, *Record) bool { return true }},
	{"no inbound for a fifth", func(p *partial, r *Record) bool { return !in(r) || p.part(r) < 0.3 || p.part(r) > 0.5 }},
	{"no inbound twice", func(p *partial, r *Record) bool {
		return !in(r) || p.part(r) < 0.1 || 0.25 < p.part(r) && p.part(r) < 0.6 || p.part(r) > 0.75
	}},
	{"no outbound for a quarter", func(p *partial, r *Record) bool { return in(r) || p.part(r) < 0.25 || p.part(r) > 0.5 }},
}

// A service that passes no request_id on is called by two, and one direction of all proxies
// is off for a while. Nothing tells what it sends for which call but how many there are of
// either: what it received must count once, though its own lines and its callers' tell of
// it. There are some 1,000 requests and 1,500 calls to mid: √(1/1,500+1/1,000) = 4.1 % of
// chance at most in figures that come of rates over times that differ.
func TestSpellsOfDroppedRequests(t *testing.T) {
	for _, c := range droppedSpells {
		for seed := range uint64(4) {
			m := simMesh{entry: "front", rate: 40, seconds: 25, seed: 70 + seed, gateway: true, drops: map[string]float64{"mid": 1}, services: []simService{
				{name: "front", pods: 2, work: 6, calls: []simCall{{to: "side"}, {to: "mid"}}},
				{name: "side", pods: 2, work: 3, calls: []simCall{{to: "mid", chance: 0.5}}},
				{name: "mid", pods: 2, work: 4, calls: []simCall{{to: "back"}}},
				{name: "back", pods: 2, work: 4, calls: []simCall{{to: "leaf"}}},
				{name: "leaf", pods: 1, work: 3},
			}}
			p := partial{&m, rand.New(rand.NewPCG(5, 6)), map[string]int{}}
			log := slices.DeleteFunc(m.run(), func(r Record) bool { return !c.keep(&p, &r) })
			g := collect(log, Options{}).Build(m.pods(), 0)
			check(t, g)
			m.eachEdge(g, func(name string, e *Edge, made float64) {
				near(t, fmt.Sprintf("%s, %d: %s per request", c.name, seed, name), e.PerRequest, made/float64(m.made[" front"]), 0.06)
			})
			received := 0.0
			for _, p := range node(t, g, "mid").Pods {
				received += p.ReceivedRate
			}
			near(t, fmt.Sprintf("%s, %d: received by mid", c.name, seed), received, float64(m.made["front mid"]+m.made["side mid"])/m.seconds, 0.06)
		}
	}
}

// A proxy logged 12 of the 20 calls a second that its pod received, and callers all of them:
// it received 20, not 32. Where no caller logged them, its own have to do.
func TestReceivedCountsOnce(t *testing.T) {
	var p podSide
	for _, c := range []struct {
		rate      float64
		own, thin bool
		want      float64
		by        string
	}{
		{12, true, true, 12, "its own lines alone"},
		{20, false, false, 20, "its callers' lines as well"},
		{19, true, false, 19, "lines of its own that are all"},
	} {
		if p.add(c.rate, c.own, c.thin); p.rate() != c.want {
			t.Errorf("by %s: %v a second, want %v", c.by, p.rate(), c.want)
		}
	}
}

// A pod logged what it sent for 15 s of 20, 150 calls under request_ids that nothing else
// of it has, of which the callees logged each, and 200 in all: its lines have a gap, as
// 150/20·20/15 = 10 a second are what the callees tell. If these tell of 10.5/s it is one as
// well, with 13 they know of calls that the pod does not log even where it does.
func TestRatesTellOfAGap(t *testing.T) {
	for _, c := range []struct {
		name string
		told sideRate
		both lacked
		want bool
	}{
		{"as many", rateOf(200, 20), lacked{has: 150}, true},
		{"a few more", rateOf(210, 20), lacked{has: 150}, true},
		{"callees lack a few", rateOf(200, 20), lacked{has: 130, lacks: 20}, true},
		{"callees know of far more", rateOf(260, 20), lacked{has: 150}, false},
		{"callees know of none outside", rateOf(150, 20), lacked{has: 150}, false},
		{"callees know of others", rateOf(200, 20), lacked{has: 75, lacks: 75}, false},
	} {
		p := audited{silent: 50, sending: lacked{lacks: 150}, own: rateOf(150, 20), told: c.told, both: c.both}
		if p.outsideOnly(20./15) != c.want {
			t.Errorf("%s: outside only is %v", c.name, !c.want)
		}
		if p.sending.has = 50; p.outsideOnly(20. / 15) {
			t.Errorf("%s: it sends for a quarter of its calls, and may just have got others", c.name)
		}
	}
}

// Outbound lines are off for 12.5 s of 50, and every fifth call to b never comes there: b's
// own lines tell of 8 calls a second, and a's, where they are, of 10. Those left stand for
// all: of 10 a second in 37.5 s chance has nothing, for they come like a clock. Before,
// what b received passed for all that a sent: 0.8 calls for each request.
func TestFailuresInALogWithAGap(t *testing.T) {
	for _, flags := range []string{"UF", ""} {
		ls := slices.DeleteFunc(failing(flags, false), func(l line) bool { return !l.in && 12_500 <= l.start && l.start < 25_000 })
		g := buildLines(listPods("a:10.0.0.1 b:10.0.1.1 c:10.0.2.1"), ls...)
		check(t, g)
		name := fmt.Sprintf("flags %q: ", flags)
		b, c := edge(t, g, "a", "b"), edge(t, g, "b", "c")
		near(t, name+"b per request", b.PerRequest, 1, 0.02)
		near(t, name+"b's rate", b.Rate, 10, 0.02)
		near(t, name+"unreached", b.Unreached, 0.2, 0.02)
		near(t, name+"c per request", c.PerRequest, 1.6, 0.02)
		near(t, name+"c's rate", c.Rate, 16, 0.02)
	}
}

// Of 200 requests that a pod sent for, the callee's line of 10 is not there: if 5 of these
// failed, which is more than 2 in 100, the callee may not know of all.
func TestFailuresUnheard(t *testing.T) {
	for _, failing := range []int{4, 5, 10} {
		p := audited{both: lacked{has: 190, lacks: 10}, failing: failing}
		if want := failing >= 5; p.failsUnheard() != want {
			t.Errorf("%d failed: %v", failing, !want)
		}
	}
	if p := (audited{both: lacked{has: 990, lacks: 10}, failing: 10}); p.failsUnheard() {
		t.Error("1 in 100 is little")
	}
}

// A log of failures alone tells nothing of the other calls: 90 of 100 lines are no fifth.
func TestFilterOfFailures(t *testing.T) {
	for _, c := range []struct{ out, failed, want int }{{100, 20, 20}, {100, 50, 50}, {100, 90, 0}, {0, 0, 0}} {
		if w := (writer{out: c.out, failed: c.failed}); w.failing() != c.want {
			t.Errorf("%d of %d failed: %d, want %d", c.failed, c.out, w.failing(), c.want)
		}
	}
}
