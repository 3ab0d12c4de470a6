package graph

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
)

func itoa(i int) string { return strconv.Itoa(i) }

// check fails where g is not what the comments of its types promise.
func check(t *testing.T, g *Graph) {
	t.Helper()
	if len(g.Nodes) == 0 || g.Nodes[0].Kind != Root || g.Nodes[0].Name != RootName {
		t.Fatal("the first node is not the root")
	}
	if !slices.IsSortedFunc(g.Nodes[1:], func(a, b Node) int {
		if a.Kind != b.Kind {
			return int(a.Kind) - int(b.Kind)
		}
		return strings.Compare(a.Name, b.Name)
	}) {
		t.Error("nodes are not sorted by kind and name")
	}
	finite := func(what string, xs ...float64) {
		for _, x := range xs {
			if math.IsNaN(x) || math.IsInf(x, 0) || x < 0 {
				t.Errorf("%s: %v", what, xs)
			}
		}
	}
	for i := range g.Nodes {
		n := &g.Nodes[i]
		finite(n.Name, n.Rate, n.Visits)
		for _, p := range n.Pods {
			finite(p.Name, p.ReceivedRate, p.SentRate, float64(p.Received), float64(p.Sent), float64(p.Span))
		}
	}
	for i := range g.Edges {
		e := &g.Edges[i]
		name := g.Nodes[e.From].Name + ">" + g.Nodes[e.To].Name
		finite(name, e.Rate, e.PerRequest, e.PerCall, e.ErrorRatio, 1-e.ErrorRatio, e.SentBytes, float64(e.Mean), float64(e.P99))
		if e.Calls < 1 || e.Rate == 0 && !g.Untimed {
			t.Errorf("%s has %d calls at %v/s", name, e.Calls, e.Rate)
		}
		if from, to := g.Nodes[e.From].Depth, g.Nodes[e.To].Depth; !e.Back && from >= 0 && to <= from {
			t.Errorf("%s goes from depth %d to %d", name, from, to)
		}
		if i > 0 {
			before := &g.Edges[i-1]
			if cmp.Or(cmp.Compare(g.Nodes[before.From].Name, g.Nodes[e.From].Name), cmp.Compare(g.Nodes[before.To].Name, g.Nodes[e.To].Name)) > 0 {
				t.Errorf("%s is out of order", name)
			}
		}
	}
	if l := g.Lines; l.Total != l.Used+l.Repeated+l.Skipped {
		t.Errorf("lines do not add up: %+v", l)
	}
	for tr := range g.Traces() {
		for i, c := range tr.Calls {
			if c.Parent >= i || c.FromPod >= len(g.Nodes[c.From].Pods) || c.ToPod >= len(g.Nodes[c.To].Pods) || !c.Out.Logged && !c.In.Logged {
				t.Fatalf("trace %x call %d: %+v", tr.Request, i, c)
			}
			if p := c.Parent; p >= 0 && tr.Calls[p].To != c.From {
				t.Errorf("trace %x: call %d was made during one to another service", tr.Request, i)
			}
		}
	}
}
