package graph

import (
	"slices"
	"strings"
	"testing"
)

// What b calls is told for the time that its own log covers, the first 10 of 20 seconds, in
// which it called c once and twice by turns; that c was called once for each request later on,
// as its own log shows, is another time's.
func TestCallsOfTheCallersOwnTime(t *testing.T) {
	var ls []line
	for i, l := range calledTwice() {
		byB := l.in && strings.HasPrefix(l.up, "10.0.1.1:") || !l.in && strings.HasPrefix(l.upLocal, "10.0.1.1:")
		late, second := i >= 800, i%8 >= 6 // lines of the second call of c
		if !(late && byB) && !(second && (late || i/8%2 == 0)) {
			ls = append(ls, l)
		}
	}
	g := buildLines(listPods("a:10.0.0.1 b:10.0.1.1 c:10.0.2.1"), ls...)
	near(t, "c per call", edge(t, g, "b", "c").PerCall, 1.5, 0.01)
	slices.Reverse(ls)
	near(t, "c per call, backwards", edge(t, buildLines(listPods("a:10.0.0.1 b:10.0.1.1 c:10.0.2.1"), ls...), "b", "c").PerCall, 1.5, 0.01)
}
