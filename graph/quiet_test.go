package graph

import (
	"reflect"
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
		if got := p.outsideOnly(); got != c.want {
			t.Errorf("%d outside, %+v inside: %v", c.outside, c.requests, got)
		}
	}
}
