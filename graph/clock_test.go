package graph

import (
	"slices"
	"testing"
)

func TestBounds(t *testing.T) {
	f := func(name string, middle, width Micros, ok bool, all ...Window) {
		t.Helper()
		b := bounds{all: all}
		m, w, o := b.settle()
		if o != ok || o && (m != middle || w != width) {
			t.Errorf("%s: %d, %d wide, %v; want %d, %d, %v", name, m, w, o, middle, width, ok)
		}
	}
	f("one request", 100, 400, true, Window{-100, 300})
	f("several close in", 10, 100, true, Window{-900, 60}, Window{-40, 700}, Window{-300, 300})
	f("whole milliseconds let them cross", 500, 0, true, Window{0, 3000}, Window{1000, 1000}, Window{-2000, 0})
	f("the clock was set: what most say", 5*second+10, 20, true, Window{0, 100}, Window{5 * second, 5*second + 20}, Window{5 * second, 5*second + 90})
	f("longer inside than outside", 0, 0, false, Window{5000, 0})
	// Two of six agree; the others are of calls of which the log lacks some.
	f("most are wrong", 15, 10, true, Window{10, 30}, Window{-9, 20}, Window{70_000, 90_000}, Window{200_000, 210_000}, Window{-80_000, -70_000}, Window{300_000, 310_000})
	f("none agree", 0, 0, false, Window{0, 9}, Window{20_000, 20_009}, Window{40_000, 40_009}, Window{60_000, 60_009})
}

func TestClocks(t *testing.T) {
	c := newClocks(6)
	c.tie(1, 2, 10) // 2 + 10 = 1
	c.tie(3, 2, -5) // 2 − 5 = 3
	c.tie(3, 1, 99) // tied already: without effect
	c.tie(5, 4, 1)
	if add, ok := c.offset(1, 3); !ok || add != 15 {
		t.Errorf("3 + %d = 1, %v, want 15", add, ok)
	}
	if _, ok := c.offset(1, 4); ok {
		t.Error("1 and 4 are not tied")
	}
	c.tie(4, 1, 100) // 1 + 100 = 4 = 5 − 1
	if add, ok := c.offset(5, 3); !ok || add != 15+100+1 {
		t.Errorf("3 + %d = 5, %v, want 116", add, ok)
	}
}

func TestWindowsOfTwoProxies(t *testing.T) {
	w := window{[]block{{100, 200}, {500, 900}}}
	same := func(name string, got window, want ...block) {
		t.Helper()
		if !slices.Equal(got.blocks, want) {
			t.Errorf("%s: %v, want %v", name, got.blocks, want)
		}
	}
	same("shifted", w.shift(-50), block{50, 150}, block{450, 850})
	same("shortened", w.shorten(60), block{100, 140}, block{500, 840})
	same("shortened by more than the first block is long", w.shorten(101), block{500, 799})
	same("met", w.meet(window{[]block{{0, 120}, {150, 600}, {950, 999}}}), block{100, 120}, block{150, 200}, block{500, 600})
	same("met by none", w.meet(window{}))
	for _, c := range []struct {
		start, end Micros
		want       float64
	}{
		{600, 650, 500. / (500 - 2*50)}, // as likely in either block
		{500, 900, 4},                   // never more than four
		{150, 250, 0},
	} {
		if got := w.weight(c.start, c.end); got != c.want {
			t.Errorf("weight of %d to %d is %v, want %v", c.start, c.end, got, c.want)
		}
	}
}

// Each of 200 calls to a, 20 ms apart, makes it call b twice: once by the request_id
// that it got, once by one that it made up. Of the made-up ones, 199 were sent in the
// 3,980 ms from the first line of a's to 10 ms, a call's length, before the last: 50 a
// second, as many as calls received.
func TestStrayCalls(t *testing.T) {
	var ls []line
	for i := range 200 {
		at, id := int64(i*20), "r"+itoa(i)
		ls = append(ls,
			line{in: true, down: "10.9.9.9:1", up: "10.0.0.1:80", start: at, dur: 10, id: id},
			line{down: "10.0.0.1:2", up: "10.0.1.1:80", host: fqdn("b"), start: at + 2, dur: 2, id: id},
			line{down: "10.0.0.1:2", up: "10.0.1.1:80", host: fqdn("b"), start: at + 5, dur: 2, id: "new" + itoa(i)})
	}
	g := buildLines(listPods("a:10.0.0.1 b:10.0.1.1"), ls...)
	near(t, "b per call of a", edge(t, g, "a", "b").PerCall, 2, 0.01)
}

// A pod is called by one caller whose calls make it send and by another whose calls do
// not, and logs only what it sends, an hour off. That the second kind was received,
// and nothing sent for it, its callers' lines tell alone: one call in two sends.
func TestCallsThatSendNothing(t *testing.T) {
	var ls []line
	for i := range 200 {
		at, id := int64(i*40), "r"+itoa(i)
		for k, from := range []string{"10.0.0.1", "10.0.3.1"} {
			name, begin := []string{"a", "d"}[k], at+int64(k*20)
			req := id + name
			ls = append(ls,
				line{down: "203.0.113.5:4", upLocal: "10.9.9.9:7", up: from + ":80", host: fqdn(name), start: begin, dur: 12, id: req},
				line{down: from + ":2", up: "10.0.1.1:80", host: fqdn("b"), start: begin + 2, dur: 8, id: req})
			if k == 0 {
				ls = append(ls, line{down: "10.0.1.1:2", up: "10.0.2.1:80", host: fqdn("c"), start: 3_600_000 + begin + 4, dur: 4, id: req})
			}
		}
	}
	g := buildLines(listPods("a:10.0.0.1 b:10.0.1.1 c:10.0.2.1 d:10.0.3.1"), ls...)
	near(t, "c per call of b", edge(t, g, "b", "c").PerCall, 0.5, 0.005)
}

// Each request calls leaf twice, from front and from mid, and leaf calls store twice for
// each. By outbound lines alone, of heads in which both callers are there for each request,
// its clock is known all the same. Of 300 lines of each, 1.2 s of leaf's, five logs make of 2
// calls for each that it gets 2.08 on average, the worst 2.29; their rates make 2.27.
func TestClockOfAServiceThatTwoCall(t *testing.T) {
	mean := 0.0
	for seed := range uint64(5) {
		m := simMesh{entry: "front", rate: 60, seconds: 20, seed: 60 + seed, head: 300, noIn: true, gateway: true, skew: true, services: []simService{
			{name: "front", pods: 1, work: 4, calls: []simCall{{to: "mid"}, {to: "leaf"}}},
			{name: "mid", pods: 1, work: 2, calls: []simCall{{to: "leaf"}}},
			{name: "leaf", pods: 1, work: 3, calls: []simCall{{to: "store", times: 2}}},
			{name: "store", pods: 1, work: 1},
		}}
		g := collect(m.run(), Options{}).Build(m.pods(), 0)
		check(t, g)
		mean += edge(t, g, "leaf", "store").PerCall / 5
	}
	near(t, "store per leaf", mean, 2, 0.05)
}
