package critical

import (
	"fmt"
	"testing"

	"github.com/sluice-mesh/sluice/graph"
)

// BenchmarkAnalyze reads 100,000 requests of five services, 7 calls each.
func BenchmarkAnalyze(b *testing.B) {
	for _, outOnly := range []bool{false, true} {
		b.Run(fmt.Sprintf("outbound-only=%v", outOnly), func(b *testing.B) {
			s := shop(b, 1)
			s.outOnly = outOnly
			w := s.run(100_000)
			g := w.graph()
			b.ReportAllocs()
			for b.Loop() {
				analyze(g, w.seq())
			}
			b.ReportMetric(float64(len(w.traces))*float64(b.N)/b.Elapsed().Seconds(), "traces/s")
		})
	}
}

// BenchmarkGraphAlone has no traces but a layered mesh of 10,000 services.
func BenchmarkGraphAlone(b *testing.B) {
	const services, out = 10_000, 4
	g := &graph.Graph{Nodes: []graph.Node{{Name: graph.RootName}}}
	for i := range services {
		g.Nodes = append(g.Nodes, graph.Node{Name: fmt.Sprintf("s%05d", i), Kind: graph.Service, Pods: make([]graph.PodTraffic, 10)})
	}
	for i := range services {
		for k := range out {
			if to := i + 1 + k*k; to <= services {
				g.Edges = append(g.Edges, graph.Edge{From: i, To: to, Calls: 1, Rate: 1, PerRequest: 1, PerCall: 0.3, Mean: 1e9 >> min(i, 20)})
			}
		}
	}
	w := &world{}
	b.ReportAllocs()
	for b.Loop() {
		analyze(g, w.seq())
	}
}
