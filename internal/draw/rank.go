package draw

import "slices"

// grid is a mesh on ranks: what the steps of the layout work on, one after another.
type grid struct {
	m      *Mesh
	v      []vertex
	layers [][]int // of indexes of v, from top to bottom
	routes []route
	// at is the vertex of each node, -1 for those that are loose: they have no edge
	// and stand below the rest.
	at    []int
	loose []int
	size  sizes
	// columnWidth is the width of each rank.
	columnWidth []float64
}

// vertex is a node, or a place that a line passes on its way.
type vertex struct {
	node int // of Mesh.Nodes, -1 for none
	edge int // whose label it is, -1 for none
	rank int
	// before and after are links to the ranks beside.
	before, after []link
	w, up, down   float64 // its extent
	x, y          float64 // its middle; of a label, the line under it
}

// link joins vertices on neighbouring ranks. The heavier, the straighter.
type link struct {
	to     int
	weight float64
}

// route is the way of an edge: vertices of rising rank. Turned routes lead against
// the edge. A side route stays on its rank, a loop at its node.
type route struct {
	edge         int
	via          []int
	turned, side bool
}

// ranked gives each node of m with an edge a rank, and each edge a way.
func ranked(m *Mesh, s sizes) *grid {
	g := &grid{m: m, size: s}
	rank, used := ranks(m)
	step := 1
	if s.labels {
		step = 2 // labels stand on ranks of their own
	}
	g.at = make([]int, len(m.Nodes))
	for i := range m.Nodes {
		if !used[i] && m.Nodes[i].Kind != Root {
			g.loose = append(g.loose, i)
			g.at[i] = -1
			continue
		}
		g.at[i] = g.vertex(vertex{node: i, edge: -1, rank: rank[i] * step})
	}
	for e := range m.Edges {
		g.route(e)
	}
	return g
}

// vertex adds v and returns its index.
func (g *grid) vertex(v vertex) int {
	for len(g.layers) <= v.rank {
		g.layers = append(g.layers, nil)
	}
	g.v = append(g.v, v)
	g.layers[v.rank] = append(g.layers[v.rank], len(g.v)-1)
	return len(g.v) - 1
}

// maxBends bounds the places that lines pass; a mesh as deep as it is wide would
// have a square of them. Edges beyond it take the straight way.
const maxBends = 12_000

// route finds the way of edge e by places on every rank between its ends.
func (g *grid) route(e int) {
	edge := &g.m.Edges[e]
	from, to := g.at[edge.From], g.at[edge.To]
	r := route{edge: e}
	switch a, b := g.v[from].rank, g.v[to].rank; {
	case a == b:
		r.side = true
		g.routes = append(g.routes, r)
		return
	case a > b:
		from, to, r.turned = to, from, true
	}
	last, goal := from, g.v[to].rank
	r.via = append(r.via, from)
	label := -1
	if g.size.labelled(edge) {
		label = (g.v[from].rank + goal) / 2
		label += 1 - label%2 // labels stand on odd ranks
	}
	for rank := g.v[from].rank + 1; rank < goal; rank++ {
		v := vertex{node: -1, edge: -1, rank: rank}
		if rank == label {
			v.edge = e
		} else if len(g.v) > maxBends {
			continue
		}
		next := g.vertex(v)
		g.join(last, next)
		last = next
		r.via = append(r.via, next)
	}
	g.join(last, to)
	r.via = append(r.via, to)
	g.routes = append(g.routes, r)
}

// join links two vertices, if they are on neighbouring ranks.
func (g *grid) join(a, b int) {
	if g.v[b].rank-g.v[a].rank != 1 {
		return
	}
	w := 1.0
	for _, v := range []int{a, b} {
		if g.v[v].node < 0 {
			w *= 3 // long lines should be straight, even if nodes stand crooked
		}
	}
	g.v[a].after = append(g.v[a].after, link{b, w})
	g.v[b].before = append(g.v[b].before, link{a, w})
}

// ranks is each node's longest way from the left, in edges that close no cycle, and
// whether it has an edge at all.
func ranks(m *Mesh) (rank []int, used []bool) {
	n := len(m.Nodes)
	rank, used = make([]int, n), make([]bool, n)
	for i := range m.Edges {
		used[m.Edges[i].From], used[m.Edges[i].To] = true, true
	}
	out := forward(m)
	degree := make([]int, n)
	for _, tos := range out {
		for _, to := range tos {
			degree[to]++
		}
	}
	var order []int
	for i := range n {
		if degree[i] == 0 {
			order = append(order, i)
		}
	}
	source := len(order)
	for i := 0; i < len(order); i++ {
		for _, to := range out[order[i]] {
			rank[to] = max(rank[to], rank[order[i]]+1)
			if degree[to]--; degree[to] == 0 {
				order = append(order, to)
			}
		}
	}
	// What nobody calls stands close to what it calls, not with the root.
	for _, i := range order[:source] {
		if m.Nodes[i].Kind != Root && len(out[i]) > 0 {
			rank[i] = leastRank(rank, out[i]) - 1
		}
	}
	return rank, used
}

func leastRank(rank, of []int) int {
	least := rank[of[0]]
	for _, i := range of {
		least = min(least, rank[i])
	}
	return least
}

// forward is the edges without those that close a cycle: the ones marked Back, and
// those that a search from the root, then from each node in turn, finds to lead
// back to where it came from.
func forward(m *Mesh) [][]int {
	all := make([][]int, len(m.Nodes))
	for i := range m.Edges {
		if e := &m.Edges[i]; !e.Back && e.From != e.To {
			all[e.From] = append(all[e.From], e.To)
		}
	}
	const (
		fresh = iota
		open
		done
	)
	state := make([]uint8, len(m.Nodes))
	kept := make([][]int, len(m.Nodes))
	next := make([]int, len(m.Nodes))
	for start := range m.Nodes {
		if state[start] != fresh {
			continue
		}
		stack := []int{start}
		state[start] = open
		for len(stack) > 0 {
			at := stack[len(stack)-1]
			if next[at] == len(all[at]) {
				state[at] = done
				stack = stack[:len(stack)-1]
				continue
			}
			to := all[at][next[at]]
			next[at]++
			if state[to] == open {
				continue
			}
			kept[at] = append(kept[at], to)
			if state[to] == fresh {
				state[to] = open
				stack = append(stack, to)
			}
		}
	}
	for i := range kept {
		slices.Sort(kept[i])
		kept[i] = slices.Compact(kept[i])
	}
	return kept
}
