package critical

import (
	"slices"
	"strings"
	"testing"

	"github.com/sluice-mesh/sluice/graph"
)

// lines leaves of each named pod's own lines those that end from first to last, in
// milliseconds from the world's beginning.
func (w *world) lines(from graph.Micros, keep map[string][2]float64) *world {
	w.graph() // its figures are those of the whole
	cut := func(node, pod int, s *graph.Side) {
		for name, k := range keep {
			n, p := w.end(name)
			end := s.Start + s.Duration - w.skew[name]
			if n == node && (p == pod || pod < 0) && (end < from+ms(k[0]) || end > from+ms(k[1])) {
				*s = graph.Side{}
			}
		}
	}
	for _, t := range w.traces {
		for i := range t.Calls {
			c := &t.Calls[i]
			cut(c.From, c.FromPod, &c.Out)
			cut(c.To, c.ToPod, &c.In)
		}
		t.Calls = slices.DeleteFunc(t.Calls, func(c graph.Call) bool { return !c.Out.Logged && !c.In.Logged })
	}
	return w
}

// A request every second, for 100 s. Whatever part of a's lines is left, calls of which
// what a sent is cut off are not calls that waited for nobody: a takes 100 − (30 + 20)
// of each, none of them is a path by itself, and a passes request_id on. Of b, which
// calls nobody, all that its callers logged counts.
func TestPartOfALogIsNoLeaf(t *testing.T) {
	const both, out, in = "gw>a 0+100 0+100 \n a>b 10+30 10+30 \n a>c 50+20 50+20",
		"gw>a 0+100 - \n a>b 10+30 - \n a>c 50+20 -", "gw>a - 0+100 \n a>b - 10+30 \n a>c - 50+20"
	for _, c := range []struct {
		name, trace string
		keep        map[string][2]float64
		guessed     bool
	}{
		{"outbound only, head", out, map[string][2]float64{"a": {0, 60_050}}, false},
		{"outbound only, tail", out, map[string][2]float64{"a": {40_020, 1e9}}, false},
		{"outbound only, the middle", out, map[string][2]float64{"a": {40_050, 60_020}}, false},
		{"outbound only, the other ends", out, map[string][2]float64{"gw": {0, 40_000}, "a": {60_000, 1e9}}, true},
		{"outbound only, none of a's lines", out, map[string][2]float64{"a": {1e9, 1e9}}, true},
		{"inbound only, head of callees", in, map[string][2]float64{"b": {0, 60_000}, "c": {0, 70_000}}, false},
		{"inbound only, a head and a tail of callees", in, map[string][2]float64{"b": {0, 70_000}, "c": {30_000, 1e9}}, false},
		{"inbound only, callees of other times", in, map[string][2]float64{"b": {0, 40_000}, "c": {60_000, 1e9}}, true},
		{"both, a logs nothing", both, map[string][2]float64{"a": {1e9, 1e9}}, true},
		{"both, heads", both, map[string][2]float64{"a": {0, 60_030}, "b": {0, 50_000}}, false},
	} {
		for _, skew := range []graph.Micros{0, day} {
			if skew > 0 && strings.HasPrefix(c.name, "inbound") {
				continue // its clocks are known but to what containment leaves
			}
			t.Run(c.name, func(t *testing.T) {
				w := newWorld(t)
				w.skew["a"], w.skew["c"] = skew, -skew
				from := w.base
				r := w.times(100, c.trace).lines(from, c.keep).result()
				for name, want := range map[string]float64{"a": 50, "b": 30, "c": 20} {
					nearTime(t, name+" self", w.share(r, name).Self, want)
				}
				if got := w.share(r, "a").Calls == 0; got != c.guessed {
					t.Errorf("a's self time comes from means: %v", got)
				}
				for _, p := range r.Paths {
					if len(p.Nodes) < 2 {
						t.Errorf("%.2f of the requests waited for a alone", p.Share)
					}
				}
				if s := strings.Join(r.Warnings, "; "); strings.Contains(s, "request_id on") {
					t.Errorf("warnings %s", s)
				}
			})
		}
	}
}

// a and b both call d for a request, one after the other, and d calls e each time. Most
// of b's lines are cut off, so that d seems to send twice for a's call: it does not, and
// where b was not heard, the log does not tell what was sent for which.
func TestCallersOfWhomOneIsCutOff(t *testing.T) {
	w := newWorld(t)
	w.skew["b"], w.skew["d"] = day, -day
	from := w.base
	w.times(100, "gw>a 0+200 - \n a>d 10+40 - \n d>e 20+10 - \n a>b 60+100 - \n b>d 70+60 - \n d>e 80+10 -")
	r := w.lines(from, map[string][2]float64{"b": {0, 30_500}}).result()
	for name, want := range map[string]float64{"a": 60, "b": 40, "d": 40, "e": 10} {
		nearTime(t, name+" self", w.share(r, name).Self, want)
	}
	if len(r.Warnings) > 0 || w.share(r, "d").Calls == 0 {
		t.Errorf("%d calls of d, warnings %q", w.share(r, "d").Calls, r.Warnings)
	}
}

// a calls b with a request_id and twice a database that is spoken to in TCP, without
// one: 100 − 20 by its traces, of which the edges say that 2·15 more were waited for.
// That is no request_id lost.
func TestCallsThatHaveNoID(t *testing.T) {
	w := newWorld(t).times(40, "gw>a - 0+100 \n a>b 10+20 10+20")
	g := w.graph()
	db, _ := w.end("db")
	g.Edges = append(g.Edges, graph.Edge{From: w.nodes["a"], To: db, Calls: 80, Rate: 80, PerRequest: 2, PerCall: 2, Mean: 15e6})
	r := w.result()
	nearTime(t, "a self", w.share(r, "a").Self, 50)
	nearTime(t, "a work", w.share(r, "a").Work, 50)
	nearTime(t, "a low", w.share(r, "a").Low, 50)
	if len(r.Warnings) > 0 {
		t.Errorf("warnings %q", r.Warnings)
	}
}

// Three requests in ten go on under another request_id: 7 of 10 calls of a are seen to
// wait for 60 of 100 ms, 3 for nothing, 58 on average. That b is called once a call the
// graph knows: 0.3·60 are missed, which leaves 40.
func TestIDsDroppedNowAndThen(t *testing.T) {
	for _, outOnly := range []bool{false, true} {
		w := newWorld(t)
		side := func(s string) string {
			if outOnly {
				return s + " -"
			}
			return s + " " + s
		}
		for i := range 202 {
			if i%10 < 7 {
				w.trace("gw>a " + side("0+100") + "\n a>b " + side("20+60"))
			} else {
				w.trace("gw>a " + side("0+100"))
				w.trace("a>b " + side("20+60"))
			}
			w.base += ms(1000)
		}
		r := w.result()
		// 200 of the 202 count, between the first line of a's and the last.
		near(t, "a self in ms", w.share(r, "a").Self.Seconds()*1000, 40, 0.5)
		if len(r.Warnings) > 0 {
			t.Errorf("warnings %q", r.Warnings)
		}
	}
}

// By outbound lines alone, a service that always makes up another request_id shares none
// with its callers, and nothing ties its clock to theirs. But it was called and called
// others at the same time; if not, the log may as well have been cut there.
func TestLostIDByOutboundLines(t *testing.T) {
	for _, apart := range []graph.Micros{0, 1000} { // seconds
		w := newWorld(t)
		for range 50 {
			w.trace("gw>a 0+100 -")
			w.skew["a"] = apart * 1_000_000
			w.trace("a>b 20+60 - \n b>c 30+20 -")
			w.skew["a"] = 0
			w.base += ms(1000)
		}
		r := w.result()
		nearTime(t, "a self", w.share(r, "a").Self, 40)
		if said := strings.Contains(strings.Join(r.Warnings, "; "), "(a)"); said != (apart == 0) {
			t.Errorf("%d s apart: warnings %q", apart, r.Warnings)
		}
	}
}

// One request in two waits 80 ms for a call of b that fails, then 5 for one that does
// not: 100 ms, and 20 those that did not try twice. Either was waited for.
func TestFailedCallsWereWaitedFor(t *testing.T) {
	for _, lines := range [][2]string{
		{"gw>a 0+20 0+20 \n a>b 10+5 10+5", "gw>a 0+100 0+100 \n a>b 5+80 5+80 failed \n a>b 88+5 88+5"},
		{"gw>a 0+20 0+20 \n a>b 10+5 10+5", "gw>a 0+100 0+100 \n a>b 5+80 - failed \n a>b 88+5 88+5"}, // never had it
		{"gw>a 0+20 - \n a>b 10+5 -", "gw>a 0+100 - \n a>b 5+80 - failed \n a>b 88+5 -"},
	} {
		w := newWorld(t).times(1, lines[0])
		for range 50 {
			w.times(1, lines[0]).times(1, lines[1])
		}
		r := w.times(1, lines[0]).result()
		if len(r.Paths) != 1 || r.Complete != 101 && r.Complete != 100 {
			t.Fatalf("%d complete, paths %+v", r.Complete, r.Paths)
		}
		near(t, "mean in ms", r.Paths[0].Mean.Seconds()*1000, 60, 0.5)
		nearTime(t, "a self", w.share(r, "a").Self, 15)
		nearTime(t, "b self", w.share(r, "b").Self, 5)
		near(t, "b visits", w.share(r, "b").Visits, 152/102., 1e-9)
		if len(r.Warnings) > 0 {
			t.Errorf("warnings %q", r.Warnings)
		}
	}
}

// All calls of b fail and so does every request: they could be followed all the same.
// Where nothing else is there, the failures tell what a and b take.
func TestAllCallsFail(t *testing.T) {
	for _, trace := range []string{"gw>a 0+100 0+100 failed \n a>b 10+80 10+80 failed", "gw>a 0+100 - failed \n a>b 10+80 - failed"} {
		w := newWorld(t).times(40, trace)
		r := w.result()
		nearTime(t, "a self", w.share(r, "a").Self, 20)
		nearTime(t, "b self", w.share(r, "b").Self, 80)
		if len(r.Warnings) > 0 || r.Traces == 0 || len(r.Paths) != 1 || len(r.Paths[0].Nodes) != 2 {
			t.Errorf("%d traces, paths %v, warnings %q", r.Traces, r.Paths, r.Warnings)
		}
	}
}

// By outbound lines alone: b's call takes 80 ms of a request that a answers in 30, so
// that nobody waited for it, whatever the clocks say; a waits 10 for c.
func TestLongerThanWhatItWasSentIn(t *testing.T) {
	for _, skew := range []graph.Micros{0, day} {
		w := newWorld(t)
		w.skew["a"] = skew
		r := w.times(40, "gw>a 0+30 - \n a>b 12+80 - \n a>c 5+10 -").result()
		nearTime(t, "a self", w.share(r, "a").Self, 20)
		near(t, "serial of b", w.edge(r, "a", "b").Serial, 0, 1e-9)
		if got := w.names(r.Paths[0].Nodes); !slices.Equal(got, []string{"a", "c"}) {
			t.Errorf("path %v", got)
		}
	}
}

// By inbound lines alone, containment leaves b's clock −10…60 off a's and c's −50…10:
// their middles would put b at 35…65 and c at 30…70, side by side. Clocks that may agree
// are taken to: 100 − (30 + 40). A day's skew leaves no such choice, and is seen.
func TestCalleesLinesAlone(t *testing.T) {
	w := newWorld(t)
	r := w.times(40, "gw>a - 0+100 \n a>b - 10+30 \n a>c - 50+40").result()
	nearTime(t, "a self", w.share(r, "a").Self, 30)
	near(t, "serial of b", w.edge(r, "a", "b").Serial, 1, 1e-9)
	near(t, "serial of c", w.edge(r, "a", "c").Serial, 1, 1e-9)

	w = newWorld(t)
	w.skew["b"] = day
	r = w.times(40, "gw>a - 0+100 \n a>b - 10+80 \n b>c - 20+40").result()
	nearTime(t, "a self", w.share(r, "a").Self, 20)
	nearTime(t, "b self", w.share(r, "b").Self, 40)
}
