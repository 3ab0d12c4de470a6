package graph

import (
	"fmt"
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
)

// Lines ten a second from second 0 to 60, of one direction those of some stretches: a gap
// must be longer than 20 times 0.1 s, twice the longest call, and a tenth of 60 s.
func TestWhenADirectionWasLogged(t *testing.T) {
	const tenth = second / 10
	f := func(name string, longest Micros, want []block, stretches ...block) {
		t.Helper()
		var own []Micros
		for _, b := range stretches {
			for at := b.first; at <= b.last; at += tenth {
				own = append(own, at)
			}
		}
		w := writer{longest: longest, whole: window{[]block{{0, 60 * second}}}}
		if got := w.shown(own); !reflect.DeepEqual(got.blocks, want) {
			t.Errorf("%s: %v, want %v", name, got.blocks, want)
		}
	}
	s := func(from, to Micros) block { return block{from * second, to * second} }
	f("all the time", second, nil, s(0, 60))
	f("late", second, []block{s(20, 60)}, s(20, 60))
	f("early", second, []block{s(0, 20)}, s(0, 20))
	f("a stretch in the midst", second, []block{s(20, 25)}, s(20, 25))
	f("off for 20 s", second, []block{s(0, 20), s(40, 60)}, s(0, 20), s(40, 60))
	f("off twice", second, []block{s(7, 20), s(30, 40), s(50, 60)}, s(7, 20), s(30, 40), s(50, 60))
	f("off for less than a tenth", second, nil, s(0, 20), s(25, 60))
	f("a call may take as long", 15*second, nil, s(0, 20), s(40, 60))
}

// Where the proxy wrote nothing at all there is no gap of one direction.
func TestHolesAreNoGaps(t *testing.T) {
	w := writer{longest: second, whole: window{[]block{{0, 10 * second}, {3600 * second, 3610 * second}}}}
	var own []Micros
	for _, from := range []Micros{0, 3600 * second} {
		for i := range Micros(101) {
			own = append(own, from+i*second/10)
		}
	}
	if got := w.shown(own); got.blocks != nil {
		t.Errorf("two captures, both directions in both: %v", got.blocks)
	}
}

// Calls that were under way when a direction was switched off lack their lines at its edge.
func TestLackingOutsideOnly(t *testing.T) {
	for _, c := range []struct {
		outside  int
		requests lacked
		want     bool
	}{
		{300, lacked{has: 200, lacks: 3}, true},
		{300, lacked{has: 0, lacks: 2}, true},     // the other direction began just then
		{300, lacked{has: 10, lacks: 200}, false}, // a filter besides
		{2, lacked{has: 200, lacks: 0}, false},    // who knows
	} {
		p := audited{outside: c.outside, requests: c.requests}
		if got := p.outsideOnly(1); got != c.want {
			t.Errorf("%d outside, %+v inside: %v", c.outside, c.requests, got)
		}
	}
}

// spells are logs of which directions are there for a part of the time, or for the calls
// that took long.
var spells = []struct {
	name string
	keep func(*partial, *Record) bool
}{
	{"inbound first, outbound after", func(p *partial, r *Record) bool { return in(r) == (p.part(r) < 0.4) }},
	{"outbound first, inbound after", func(p *partial, r *Record) bool { return in(r) == (p.part(r) >= 0.4) }},
	{"no outbound for a third", func(p *partial, r *Record) bool { return in(r) || p.part(r) < 0.3 || p.part(r) > 0.63 }},
	{"no inbound for a third", func(p *partial, r *Record) bool { return !in(r) || p.part(r) < 0.3 || p.part(r) > 0.63 }},
	{"three seconds of inbound", func(p *partial, r *Record) bool { return !in(r) || 0.4 < p.part(r) && p.part(r) < 0.52 }},
	{"three seconds of outbound", func(p *partial, r *Record) bool { return in(r) || 0.4 < p.part(r) && p.part(r) < 0.52 }},
	{"inbound of more than 3 ms", func(p *partial, r *Record) bool { return !in(r) || r.Duration > 3000 }},
	{"inbound of more than 12 ms", func(p *partial, r *Record) bool { return !in(r) || r.Duration > 12_000 }},
	{"cart writes nothing for a third", func(p *partial, r *Record) bool { return p.part(r) < 0.3 || p.part(r) > 0.63 || p.of(r) != "cart" }},
}

// Calls per request of few calls, 1,000 requests of which 500 are for cart and 300 go on to
// back: what one direction lacks is made up by the other, or by the other ends. Of what is
// left of cart's log chance has √(0.4/(0.6·330)) = 4.5 %, of the others' less.
func TestSpells(t *testing.T) {
	for _, c := range spells {
		for seed := range uint64(5) {
			m := simMesh{entry: "front", rate: 40, seconds: 25, seed: 40 + seed, gateway: true, services: []simService{
				{name: "front", pods: 1, work: 6, calls: []simCall{{to: "cart", chance: 0.5}, {to: "leaf"}}},
				{name: "cart", pods: 1, work: 1, calls: []simCall{{to: "back", chance: 0.6}}},
				{name: "back", pods: 2, work: 12, calls: []simCall{{to: "leaf", times: 2}}},
				{name: "leaf", pods: 1, work: 4},
			}}
			p := partial{&m, rand.New(rand.NewPCG(5, 6)), map[string]int{}}
			log := slices.DeleteFunc(m.run(), func(r Record) bool { return !c.keep(&p, &r) })
			g := collect(log, Options{}).Build(m.pods(), 0)
			check(t, g)
			m.eachEdge(g, func(name string, e *Edge, made float64) {
				near(t, fmt.Sprintf("%s, %d: %s per request", c.name, seed, name), e.PerRequest, made/float64(m.made[" front"]), 0.05)
			})
		}
	}
}

// rateOf is the rate of n events in so many seconds.
func rateOf(n int, seconds float64) (s sideRate) {
	for range n {
		s.add(1/seconds, 1, false)
	}
	return s
}

// A pod logged what it received for the first 6 s of 30, 60 calls of 300, all of which its
// callers logged as well. If these logged 240 or more in all, they tell of it all the time.
func TestLittleIsLeftAside(t *testing.T) {
	for _, c := range []struct {
		name string
		side int
		told sideRate
		both lacked
		want bool
	}{
		{"callers tell of all", inSide, rateOf(300, 30), lacked{has: 60}, true},
		{"callers tell of most", inSide, rateOf(240, 30), lacked{has: 60}, true},
		{"callers tell of a part", inSide, rateOf(180, 30), lacked{has: 60}, false},
		{"callers tell of other times", inSide, rateOf(240, 24), lacked{lacks: 60}, false},
		{"callees tell of all", outSide, rateOf(300, 30), lacked{has: 60}, true},
	} {
		w := writer{in: 60, out: 60, whole: window{[]block{{0, 30 * second}}}, window: window{[]block{{0, 30 * second}}}, exposure: 30}
		a := audit{survey: &survey{writers: []writer{w}}}
		p := audited{shown: window{[]block{{0, 6 * second}}}, outside: 100, own: rateOf(60, 30), told: c.told, both: c.both}
		a.pods[c.side] = []audited{p}
		got := a.narrow(c.side, 0)
		// 60 lines of 6 s with 59 gaps between them stand for 6·60/59 s.
		if w := &a.writers[0]; got != c.want || w.narrowed == c.want || w.exposed[c.side] != 6.*60/59 {
			t.Errorf("%s: in part %v, narrowed %v, %v s", c.name, got, w.narrowed, w.exposed[c.side])
		}
	}
}

// Half of its time is enough, but for what callers tell request by request, or
// callees over the same time.
func TestLeastLeft(t *testing.T) {
	w := writer{exposure: 30}
	for _, c := range []struct {
		side    int
		seconds float64
		want    float64
	}{{inSide, 30, 0.9}, {inSide, 90, 0.9}, {outSide, 30, 0.9}, {outSide, 32, 0.9}, {outSide, 90, 0.5}, {outSide, 10, 0.5}} {
		p := audited{told: rateOf(100, c.seconds)}
		if got := p.leastLeft(c.side, &w); got != c.want {
			t.Errorf("side %d, others were heard for %v s: %v, want %v", c.side, c.seconds, got, c.want)
		}
	}
}

// A pod logs the slow ones of what it receives: 150 of 200 in the same 20 s, all of which
// its callers logged.
func TestAmong(t *testing.T) {
	base := audited{own: rateOf(150, 20), told: rateOf(200, 20), both: lacked{has: 150}}
	for _, c := range []struct {
		name string
		set  func(*audited)
		want bool
	}{
		{"as it is", func(*audited) {}, true},
		{"callers lack some too", func(p *audited) { p.both = lacked{has: 135, lacks: 15} }, false},
		{"its log is cut", func(p *audited) { p.own = rateOf(150, 15) }, false},
		{"callers have hardly more", func(p *audited) { p.told = rateOf(153, 20) }, false},
		{"it was off for a while", func(p *audited) { p.shown = window{[]block{{0, 1}}} }, false},
		// 50 of 200 are no more than 2·26; 2·24 and 1, as each came by itself, are less.
		{"those under way when the window began", func(p *audited) { p.told.open = 26 }, false},
		{"fewer were under way", func(p *audited) { p.told.open = 24 }, true},
		{"they came in trains of 60", func(p *audited) { p.told.variance *= 60 }, false},
		{"too few to say", func(p *audited) { p.both = lacked{has: 9} }, false},
	} {
		p := base
		if c.set(&p); p.among() != c.want {
			t.Errorf("%s: among is %v", c.name, !c.want)
		}
	}
}

// What a side may lack: 2 in 100, and 1.35 times what the other side lacks, of the same pod
// or of all; a quarter where nobody knows.
func TestUsualLacking(t *testing.T) {
	a := audit{lost: [2]lacked{inSide: {has: 960, lacks: 40}}}
	for _, c := range []struct {
		side  int
		other audited
		want  float64
	}{
		{inSide, audited{calls: lacked{has: 90, lacks: 10}}, 0.02 + 1.35*0.1},
		{inSide, audited{calls: lacked{has: 4}}, 0.02 + 1.35*0.04},
		{outSide, audited{requests: lacked{has: 100}, calls: lacked{lacks: 100}}, 0.02},
		{outSide, audited{}, 0.25},
	} {
		near(t, fmt.Sprint(c.side, c.other.calls), a.usual(c.side, c.other).value, c.want, 1e-9)
	}
}
