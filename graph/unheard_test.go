package graph

import (
	"fmt"
	"testing"
)

// Calls that their callee's sidecar does not log, though it logs others: to the pod
// itself, to another pod of the same service, or by a caller that goes around the
// callee's sidecar. They were received all the same, so what the callee sends is not
// laid to the calls that it logged alone. Each request enters at a, which calls a once
// more (at the same pod or at another), which calls b; then a calls x, which calls a
// without b.
func TestUnheardCalls(t *testing.T) {
	for _, other := range []bool{false, true} {
		for _, head := range []int{0, 700} {
			t.Run(fmt.Sprint(other, head), func(t *testing.T) {
				g := unheardCalls(other, head)
				for _, e := range []struct {
					from, to string
					want     float64
				}{{RootName, "a", 1}, {"a", "a", 1}, {"a", "x", 1}, {"x", "a", 1}, {"a", "b", 1}} {
					near(t, e.from+">"+e.to, edge(t, g, e.from, e.to).PerRequest, e.want, 0.03)
				}
				near(t, "a's visits", node(t, g, "a").Visits, 3, 0.03)
				var pods float64
				for _, p := range node(t, g, "a").Pods {
					pods += p.ReceivedRate
				}
				near(t, "a's pods together", pods, node(t, g, "a").Rate, 0.03)
				check(t, g)
			})
		}
	}
}

func unheardCalls(other bool, head int) *Graph {
	b := NewBuilder(Options{})
	lines := make(map[string]int)
	add := func(pod string, l line) {
		if lines[pod]++; head == 0 || lines[pod] <= head {
			r := l.record()
			b.Add(&r)
		}
	}
	for i := range 2000 {
		at, id := int64(i*20), fmt.Sprint("r", i)
		first := fmt.Sprintf("10.0.0.%d", i%2+1)
		second := first
		if other {
			second = fmt.Sprintf("10.0.0.%d", (i+1)%2+1)
		}
		add(second, line{down: second + ":1", up: "10.0.1.1:80", host: fqdn("b"), start: at + 4, dur: 2, id: id})
		add("b", line{in: true, down: second + ":2", up: "10.0.1.1:80", start: at + 5, dur: 1, id: id})
		add(first, line{down: first + ":1", up: second + ":80", host: fqdn("a"), start: at + 2, dur: 6, id: id})
		add("x", line{down: "10.0.2.1:1", up: first + ":80", host: fqdn("a"), start: at + 11, dur: 1, id: id})
		add("x", line{in: true, down: first + ":3", up: "10.0.2.1:80", start: at + 10, dur: 3, id: id})
		add(first, line{down: first + ":3", up: "10.0.2.1:80", host: fqdn("x"), start: at + 9, dur: 5, id: id})
		add(first, line{in: true, down: "10.9.9.9:1", up: first + ":80", start: at, dur: 16, id: id})
	}
	return b.Build(listPods("a:10.0.0.1 a:10.0.0.2 b:10.0.1.1 x:10.0.2.1"), 0)
}
