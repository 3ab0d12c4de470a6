package report

import (
	"bytes"
	"cmp"
	"fmt"
	"math"
	"slices"

	"github.com/sluice-mesh/sluice/graph"
	"github.com/sluice-mesh/sluice/internal/optimize"
)

// maxLabel is how much of a name a drawing shows, in bytes.
const maxLabel = 200

// DOT is GET /rounds/{n}/graph.dot. Where the whole mesh does not fit in
// MaxDocument, it is the busiest part of it, as the title then says.
func DOT(o *optimize.Observation) ([]byte, error) { return DOTWithin(o, MaxDocument) }

// DOTWithin is the mesh for Graphviz in at most limit bytes, 0 for no limit: the
// nodes with the highest rates, and the edges between them.
func DOTWithin(o *optimize.Observation, limit int) ([]byte, error) {
	for keep := len(o.Graph.Nodes); ; keep /= 2 {
		g, share := drawing(o, keep)
		title := ""
		if keep < len(o.Graph.Nodes) {
			title = fmt.Sprintf("The busiest %d of %d services and upstreams", max(keep-1, 0), len(o.Graph.Nodes)-1)
		}
		var b bytes.Buffer
		if err := graph.WriteDOT(&b, g, graph.DOTOptions{Title: title, Share: share}); err != nil {
			return nil, fmt.Errorf("report: %w", err)
		}
		if limit <= 0 || b.Len() <= limit || keep <= 1 {
			return b.Bytes(), nil
		}
	}
}

// drawing is the part of o's graph with its keep busiest nodes, the root first of
// all, under names that can be shown, and each node's share of the latency.
func drawing(o *optimize.Observation, keep int) (g *graph.Graph, share []float64) {
	g = &graph.Graph{Gateway: o.Graph.Gateway}
	at := make([]int, len(o.Graph.Nodes)) // node → node of the drawing, -1 for none
	for i := range at {
		at[i] = -1
	}
	for _, i := range busiest(o.Graph.Nodes, keep) {
		n := o.Graph.Nodes[i]
		n.Name = Printable(n.Name, maxLabel)
		at[i] = len(g.Nodes)
		g.Nodes = append(g.Nodes, n)
		share = append(share, o.Critical.Services[i].Latency)
	}
	for _, e := range o.Graph.Edges {
		if at[e.From] >= 0 && at[e.To] >= 0 {
			e.From, e.To = at[e.From], at[e.To]
			g.Edges = append(g.Edges, e)
		}
	}
	return g, share
}

// busiest is the indices of the keep nodes with the highest rates, ascending.
func busiest(nodes []graph.Node, keep int) []int {
	order := make([]int, len(nodes))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int {
		return cmp.Compare(drawn(&nodes[b]), drawn(&nodes[a]))
	})
	order = order[:min(keep, len(order))]
	slices.Sort(order)
	return order
}

// drawn is what a node is kept for: its rate; the root in any case.
func drawn(n *graph.Node) float64 {
	if n.Kind == graph.Root {
		return math.Inf(1)
	}
	return n.Rate
}
