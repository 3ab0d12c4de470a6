package critical

import (
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-mesh/sluice/graph"
)

func same(t *testing.T, got, want Result) {
	t.Helper()
	if d := cmp.Diff(want, got); d != "" {
		t.Errorf("results differ (-want +got):\n%s", d)
	}
}

func TestOrderDoesNotMatter(t *testing.T) {
	s := shop(t, 4)
	s.stalled["d"] = 0.3
	w := s.run(300)
	want := w.result()
	r := rand.New(rand.NewPCG(1, 2))
	r.Shuffle(len(w.traces), func(i, j int) { w.traces[i], w.traces[j] = w.traces[j], w.traces[i] })
	for _, t := range w.traces {
		r.Shuffle(len(t.Calls), func(i, j int) { t.Calls[i], t.Calls[j] = t.Calls[j], t.Calls[i] })
	}
	same(t, w.result(), want)
}

// sane checks what must hold of any result.
func sane(t *testing.T, g *graph.Graph, r Result) {
	t.Helper()
	if len(r.Services) != len(g.Nodes) || len(r.Edges) != len(g.Edges) {
		t.Fatalf("%d shares and %d edges for %d nodes and %d edges", len(r.Services), len(r.Edges), len(g.Nodes), len(g.Edges))
	}
	sum := 0.0
	for n, s := range r.Services {
		sum += s.Latency
		for what, d := range map[string]float64{
			"self": float64(s.Self), "work": float64(s.Work), "excess": float64(s.Excess), "sidecar": float64(s.Sidecar), "low": float64(s.Low),
			"latency": s.Latency, "visits": s.Visits, "sends": s.Sends, "stages": s.Stages, "width": s.Width,
		} {
			if !(d >= 0) || math.IsInf(d, 0) {
				t.Fatalf("%s of node %d is %v", what, n, d)
			}
		}
		if s.Work > s.Self+1 {
			t.Fatalf("node %d works %v of its %v", n, s.Work, s.Self)
		}
	}
	if sum > 1+1e-9 {
		t.Fatalf("the shares add up to %v", sum)
	}
	for i, e := range r.Edges {
		if !(e.Serial >= 0 && e.Serial <= 1) || !(e.Critical >= 0 && e.Critical <= g.Edges[i].PerRequest+1e-9) || e.StartLag < 0 || e.ReplyLag < 0 {
			t.Fatalf("edge %d: %+v of %+v", i, e, g.Edges[i])
		}
	}
	part := 0.0
	for _, p := range r.Paths {
		part += p.Share
		if sorted := slices.Sorted(slices.Values(p.Nodes)); len(slices.Compact(sorted)) != len(p.Nodes) || len(p.Nodes) == 0 {
			t.Fatalf("path %v", p.Nodes)
		}
	}
	if part > 1+1e-9 || len(r.Paths) > maxPaths {
		t.Fatalf("%d paths have %v of the requests", len(r.Paths), part)
	}
}

// Traces that no mesh makes: times that cannot be, loops, pods that are not.
func TestAnyTraceIsHarmless(t *testing.T) {
	times := []graph.Micros{math.MinInt64, -1, 0, 1, 999, 1000, 5000, 5001, 1_700_000_000_000_000, maxPoint, math.MaxInt64}
	for seed := range uint64(300) {
		r := rand.New(rand.NewPCG(seed, 9))
		w := newWorld(t)
		names := []string{"gw", "a", "b", "c", "ext"}[:2+r.IntN(4)]
		for _, n := range names {
			w.end(n)
		}
		side := func() graph.Side {
			if r.IntN(4) == 0 {
				return graph.Side{}
			}
			pick := func() graph.Micros {
				if r.IntN(8) == 0 {
					return times[r.IntN(len(times))]
				}
				return graph.Micros(r.IntN(40)) * 500
			}
			return graph.Side{Logged: true, Start: pick(), Duration: pick(), ServiceTime: pick()}
		}
		for range 1 + r.IntN(30) {
			tr := &graph.Trace{}
			for range r.IntN(12) {
				tr.Calls = append(tr.Calls, graph.Call{
					From: r.IntN(len(names)), To: r.IntN(len(names)), FromPod: r.IntN(3) - 1, ToPod: r.IntN(3) - 1,
					Out: side(), In: side(), Failed: r.IntN(9) == 0,
				})
			}
			w.traces = append(w.traces, tr)
		}
		g := bare(w)
		for i := range g.Edges {
			if r.IntN(5) == 0 {
				g.Edges[i].PerCall, g.Edges[i].PerRequest = math.NaN(), 3
			}
		}
		sane(t, g, analyze(g, w.seq()))
	}
}

// bare lists a graph's edges without figures that hostile times would spoil.
func bare(w *world) *graph.Graph {
	g := w.g
	seen := map[[2]int]bool{}
	for _, t := range w.traces {
		for _, c := range t.Calls {
			if k := [2]int{c.From, c.To}; !seen[k] {
				seen[k] = true
				g.Edges = append(g.Edges, graph.Edge{From: c.From, To: c.To, Calls: 1, Rate: 1, PerRequest: 1, PerCall: 1, Mean: 1e6, Back: c.To <= c.From})
			}
		}
	}
	g.Gateway = graph.Gateway{Requests: 1, Rate: 1, Mean: 2e6}
	return g
}

// A trace of very many calls, deep or wide, takes neither quadratic time nor the
// stack: either would make this test hang or crash.
func TestHugeTraces(t *testing.T) {
	const n = 60_000
	const unit = 1000
	for _, c := range []struct {
		name string
		call func(i graph.Micros) (from, to int, start, length graph.Micros)
	}{
		{"deep", func(i graph.Micros) (int, int, graph.Micros, graph.Micros) {
			return 1 + int(i)%2, 1 + int(i+1)%2, i * unit, (2*n - 2*i) * unit
		}},
		{"wide", func(i graph.Micros) (int, int, graph.Micros, graph.Micros) { return 1, 2, unit, n * unit }},
		{"serial", func(i graph.Micros) (int, int, graph.Micros, graph.Micros) { return 1, 2, i * unit, unit / 2 }},
		{"side by side", func(i graph.Micros) (int, int, graph.Micros, graph.Micros) { return 1, 2, i * unit, n * unit / 2 }},
		{"self-calls", func(i graph.Micros) (int, int, graph.Micros, graph.Micros) {
			return 1, 1, i * unit, (2*n - 2*i) * unit
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t)
			w.end("a")
			w.end("b")
			tr := &graph.Trace{Calls: []graph.Call{{From: 0, To: 1, FromPod: -1, In: graph.Side{Logged: true, Duration: 3 * n * unit}}}}
			for i := range graph.Micros(n) {
				from, to, start, length := c.call(i)
				s := graph.Side{Logged: true, Start: start, Duration: length}
				tr.Calls = append(tr.Calls, graph.Call{From: from, To: to, Out: s, In: s})
			}
			w.traces = append(w.traces, tr)
			g := bare(w)
			sane(t, g, analyze(g, w.seq()))
		})
	}
}

func TestEmptyGraph(t *testing.T) {
	for _, g := range []*graph.Graph{{}, {Nodes: []graph.Node{{Name: graph.RootName}}}} {
		r := Analyze(g)
		sane(t, g, r)
		if len(r.Warnings) > 0 || len(r.Paths) > 0 {
			t.Errorf("of nothing: %+v", r)
		}
	}
}
