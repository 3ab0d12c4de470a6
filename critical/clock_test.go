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
			k := newClocks(0)
			for _, d := range c.sides {
				k.sides(1, 2, d)
			}
			for _, d := range c.nested {
				k.nested(1, 2, d)
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
	k := newClocks(0)
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
	k := newClocks(0)
	k.sides(1, 2, window{0, 0})
	k.settle()
	if k.link(2, 1).known {
		t.Error("an offset where no call was seen")
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
