package graph

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// doubted writes doubts as "a|b>c by host 2, unnamed 1".
func doubted(g *Graph) string {
	names := func(nodes []int) string {
		var out []string
		for _, n := range nodes {
			out = append(out, g.Nodes[n].Name)
		}
		return strings.Join(out, "|")
	}
	var all []string
	for _, d := range g.Doubts {
		text := names(d.From) + ">" + names(d.To)
		for _, h := range d.Hosts {
			text += fmt.Sprintf(" by %s %d", h.Name, h.Calls)
		}
		if d.Unnamed.Calls > 0 {
			text += fmt.Sprintf(" unnamed %d", d.Unnamed.Calls)
		}
		all = append(all, text)
	}
	return strings.Join(all, ", ")
}

// Services behind one address (host networking), on two nodes: whose a call was nothing
// tells, nor whom one to the address was for. A service with an address of its own is
// certain, and of a pod of two services it does not matter.
func TestDoubts(t *testing.T) {
	pods := listPods("a:10.0.0.1 b:10.1.1.1 c:10.1.1.1 b:10.1.1.2 c:10.1.1.2 d:10.0.3.1")
	pods = append(pods, Pod{Service: "e", Name: "e-0", Address: "10.0.4.1"}, Pod{Service: "f", Name: "e-0", Address: "10.0.4.1"})
	lines := []line{
		{down: "10.1.1.1:4", up: "10.0.3.1:80", host: fqdn("d"), start: 1},
		{down: "10.1.1.2:4", up: "10.0.3.1:80", host: fqdn("d"), start: 2},
		{in: true, down: "10.1.1.2:4", up: "10.0.3.1:80", start: 3},
		{down: "10.1.1.1:5", up: "10.0.3.1:80", cluster: "PassthroughCluster", start: 4},
		{down: "10.0.0.1:4", up: "10.1.1.1:80", cluster: "PassthroughCluster", start: 5},
		{down: "10.0.0.1:5", downLocal: "10.1.1.2:80", cluster: "BlackHoleCluster", start: 6},
		nowhere("10.0.0.1:7", "10.1.1.2:80", "10.1.1.2:80", "r"),
		nowhere("10.0.0.1:8", "10.0.4.1:80", "", ""),
		{down: "10.0.0.1:6", up: "10.1.1.1:80", host: fqdn("c"), start: 7},
		{down: "10.0.4.1:4", up: "10.0.3.1:80", host: fqdn("d"), start: 8},
		{down: "203.0.113.1:4", up: "10.1.1.1:80", cluster: "PassthroughCluster", start: 9},
	}
	g := buildLines(pods, lines...)
	want := "a>b|c by 10.1.1.2 1 unnamed 3, a>e|f unnamed 1, b|c>d by " + fqdn("d") + " 2 unnamed 1"
	if doubted(g) != want {
		t.Errorf("doubts %s\nwant   %s", doubted(g), want)
	}
	if want := "a>c 1, e>d 1"; drawn(g) != want {
		t.Errorf("edges %s, want %s", drawn(g), want)
	}
	slices.Reverse(lines) // whatever the order of lines
	if again := doubted(buildLines(pods, lines...)); again != want {
		t.Errorf("in another order %s", again)
	}
}

// More services behind one address than anybody runs there are not listed one by one, but
// it is said.
func TestDoubtsAreBounded(t *testing.T) {
	for _, n := range []int{maxDoubted, maxDoubted + 1} {
		pods := listPods("a:10.0.0.1")
		for i := range n {
			pods = append(pods, Pod{Service: "s" + itoa(i), Name: "p" + itoa(i), Address: "10.1.1.1"})
		}
		g := buildLines(pods, line{down: "10.1.1.1:4", up: "10.0.0.1:80", host: fqdn("a")}, line{down: "10.0.0.1:4", up: "10.1.1.1:80", cluster: "PassthroughCluster"})
		want := 2 * b2i(n <= maxDoubted)
		if told := strings.Contains(strings.Join(g.Warnings, " "), "2 calls may be of any of more services"); len(g.Doubts) != want || told != (want == 0) {
			t.Errorf("%d services: %d doubts, want %d, warnings %q", n, len(g.Doubts), want, g.Warnings)
		}
	}
}
