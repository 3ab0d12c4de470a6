package critical

import (
	"testing"

	"github.com/sluice-mesh/sluice/graph"
)

const day = 86_400_000_000

func TestOffsets(t *testing.T) {
	for _, c := range []struct {
		name string
		// samples of Out.start − In.start and Out.end − In.end
		sides, nested []window
		want          micros
	}{
		// The bounds close in on −40…60, whose middle is 10.
		{"several calls", []window{{-900, 60}, {-40, 700}, {-300, 300}}, nil, 10},
		{"a day ahead", []window{{day - 900, day + 60}, {day - 40, day + 700}}, nil, day + 10},
		// Both sides of a call say more than containment does.
		{"both kinds", []window{{-10, 30}}, []window{{500, 600}}, 10},
		{"containment alone", nil, []window{{-100, 300}, {0, 200}}, 100},
		// Whole milliseconds make the bounds cross by one: still the middle.
		{"rounded", []window{{0, 1000}, {1000, 3000}, {-2000, 0}}, nil, 500},
		// The clock was set by an hour half-way; the median call counts.
		{"clock set", []window{{0, 10}, {0, 10}, {0, 10}, {3_600_000_000, 3_600_000_010}, {3_600_000_000, 3_600_000_010}}, nil, 5},
	} {
		t.Run(c.name, func(t *testing.T) {
			k := newClocks(9, 0)
			for _, d := range c.sides {
				k.sides(1, 2, d)
			}
			for _, d := range c.nested {
				k.nested(1, 2, fromCallers, d)
			}
			k.settle()
			if l := k.link(1, 2); !l.known || l.d != c.want {
				t.Errorf("offset %d, %v, want %d", l.d, l.known, c.want)
			}
		})
	}
}

// One call of a hundred that was joined to the wrong answer moves nothing.
func TestOffsetBearsWrongPairs(t *testing.T) {
	k := newClocks(9, 0)
	for range 50 {
		k.sides(1, 2, window{-40, 700})
		k.sides(1, 2, window{-900, 60})
	}
	k.sides(1, 2, window{50_000_000, 50_000_100})
	k.settle()
	if d := k.link(1, 2).d; d != 10 {
		t.Errorf("offset %d, want 10", d)
	}
}

func TestOffsetOfStrangersIsUnknown(t *testing.T) {
	k := newClocks(9, 0)
	k.sides(1, 2, window{7, 7})
	k.settle()
	if k.link(2, 4).known {
		t.Error("an offset where nothing ties the clocks")
	}
	if l := k.link(2, 1); !l.known || l.d != -7 {
		t.Errorf("%+v of a pair that only called the other way", l)
	}
	if l := k.link(3, 3); !l.known || l.d != 0 {
		t.Error("a pod's clock is its own")
	}
}

// Any skew of any pod changes no figure at all.
func TestSkewChangesNothing(t *testing.T) {
	for _, outOnly := range []bool{false, true} {
		for _, ahead := range []map[string]graph.Micros{
			{"a": 3_000, "b": -2_000, "d": 1_000},
			{"gw": 5 * day, "a": day, "b": -day, "c": 3_600_000_000, "c.1": -7_000, "e": 12_000},
		} {
			run := func(ahead map[string]graph.Micros) Result {
				s := shop(t, 2)
				s.stalled["b"], s.outOnly, s.ahead = 0.3, outOnly, ahead
				return s.run(200).result()
			}
			same(t, run(ahead), run(nil))
		}
	}
}

// Outbound lines alone. b and c both call d, every time, so that what d sends
// lies within no one pod's calls; b's, c's and d's clocks are days apart. By a's
// calls, b is at 10…50 and c at 55…95 of a's clock, d within both of them, and e,
// which d calls twice, at the end of each: 40 − 30, 40 − 30, 30 − 10.
func TestPodThatTwoOthersCall(t *testing.T) {
	for _, apart := range []graph.Micros{0, day} {
		w := newWorld(t)
		w.skew = map[string]graph.Micros{"b": 3 * apart, "c": -2 * apart, "d": 7 * apart, "e": -apart}
		w.times(20, `gw>a 0+100 -
			a>b 10+40 -
			a>c 55+40 -
			b>d 15+30 -
			c>d 60+30 -
			d>e 30+10 -
			d>e 75+10 -
			e>f 32+4 -
			e>f 77+4 -`)
		r := w.result()
		for name, want := range map[string]float64{"a": 20, "b": 10, "c": 10, "d": 20, "e": 6, "f": 4} {
			s := w.share(r, name)
			nearTime(t, name+" self", s.Self, want)
			if s.Calls == 0 {
				t.Errorf("%s was guessed", name)
			}
		}
		near(t, "serial", w.edge(r, "d", "e").Serial, 1, 1e-9)
	}
}

// A cycle by outbound lines alone, with clocks that are days apart. b, c and then a
// again hang on what a sent, and a itself on the gateway's call: 100 − 80 and 20 − 10
// of a, 80 − 60 of b, 60 − 20 of c.
func TestCycleOfStrangeClocks(t *testing.T) {
	for _, apart := range []graph.Micros{0, day} {
		w := newWorld(t)
		w.skew = map[string]graph.Micros{"a": apart, "b": -3 * apart, "c": 2 * apart, "d": -apart}
		w.times(20, `gw>a 0+100 -
			a>b 10+80 -
			b>c 20+60 -
			c>a 40+20 -
			a>d 45+10 -`)
		r := w.result()
		for name, want := range map[string]float64{"a": 15, "b": 20, "c": 40, "d": 10} {
			s := w.share(r, name)
			nearTime(t, name+" self", s.Self, want)
			if s.Calls == 0 {
				t.Errorf("%s was guessed", name)
			}
		}
		near(t, "critical", w.edge(r, "a", "d").Critical, 1, 1e-9)
	}
}

func TestTies(t *testing.T) {
	k := newTies(9)
	k.join(1, 2, 10) // 2 + 10 = 1
	k.join(3, 2, -5) // 2 − 5 = 3
	k.join(4, 5, 1)
	if d, ok := k.offset(1, 3); !ok || d != 15 {
		t.Errorf("3 + %d = 1, %v, want 15", d, ok)
	}
	if _, ok := k.offset(1, 5); ok {
		t.Error("1 and 5 are not tied")
	}
	k.join(5, 3, 100)
	k.join(1, 4, 7) // tied already: without effect
	// 1 = 3 + 15, 3 = 5 − 100, 5 = 4 − 1
	if d, _ := k.offset(1, 4); d != 15-100-1 {
		t.Errorf("4 + %d = 1, want −86", d)
	}
}
