package draw

import (
	"fmt"
	"math"
	"slices"
	"testing"
)

// laidOut is m with places.
func laidOut(m *Mesh) *grid {
	g := ranked(m, sizesFor(m))
	g.measure()
	g.order()
	g.place()
	return g
}

// tangle is a mesh of n nodes and about three edges for each, cycles and loops among
// them, which differ with the seed.
func tangle(n, seed int) *Mesh {
	m := &Mesh{Nodes: make([]Node, n)}
	x := uint32(seed*2654435761 + 1)
	next := func() int { x = x*1664525 + 1013904223; return int(x >> 8) }
	for i := range m.Nodes {
		m.Nodes[i].Name = fmt.Sprintf("node %d", i)
	}
	for range 3 * n {
		m.Edges = append(m.Edges, Edge{From: next() % n, To: next() % n, Rate: float64(next() % 100), Back: next()%10 == 0, Lines: []string{"1/s"}})
	}
	return m
}

// What a layout must hold, whatever the mesh: nothing lies on anything else, and
// lines lead from left to right, or say that they are turned.
func TestLayout(t *testing.T) {
	all := map[string]*Mesh{"5": tree(5), "50": tree(50), "300": tree(300), "cycle": meshes()["cycle"]}
	for seed := range 30 {
		all[fmt.Sprint("tangle ", seed)] = tangle(2+seed*2, seed)
	}
	for name, m := range all {
		g := laidOut(m)
		for _, layer := range g.layers {
			for i := 1; i < len(layer); i++ {
				a, b := &g.v[layer[i-1]], &g.v[layer[i]]
				if a.y+a.down > b.y-b.up+1e-6 {
					t.Errorf("%s: two things on rank %d lie on one another", name, a.rank)
				}
			}
		}
		for l := 1; l < len(g.layers); l++ {
			if right, left := edge(g, l-1, 1), edge(g, l, -1); right > left {
				t.Errorf("%s: rank %d reaches into the next", name, l-1)
			}
		}
		checkRoutes(t, name, g)
	}
}

// edge is how far a rank reaches to the right (1) or the left (-1).
func edge(g *grid, l int, side float64) float64 {
	far := math.Inf(-int(side))
	for _, v := range g.layers[l] {
		if x := g.v[v].x + side*g.v[v].w/2; side > 0 == (x > far) {
			far = x
		}
	}
	return far
}

// checkRoutes: each edge has one way, which joins its ends by rising ranks.
func checkRoutes(t *testing.T, name string, g *grid) {
	t.Helper()
	if len(g.routes) != len(g.m.Edges) {
		t.Errorf("%s: %d ways for %d edges", name, len(g.routes), len(g.m.Edges))
	}
	forward := 0
	for i := range g.routes {
		r := &g.routes[i]
		if r.side {
			continue
		}
		if !r.turned {
			forward++
		}
		ends := []int{g.m.Edges[r.edge].From, g.m.Edges[r.edge].To}
		if r.turned {
			slices.Reverse(ends)
		}
		if g.v[r.via[0]].node != ends[0] || g.v[r.via[len(r.via)-1]].node != ends[1] {
			t.Errorf("%s: the way of edge %d joins others", name, r.edge)
		}
		for k := 1; k < len(r.via); k++ {
			if g.v[r.via[k]].rank <= g.v[r.via[k-1]].rank {
				t.Errorf("%s: the way of edge %d goes back", name, r.edge)
			}
		}
	}
	if len(g.routes) > 4 && forward == 0 {
		t.Errorf("%s: no edge leads from left to right", name)
	}
}

// The rank is the longest way from the root; what closes a cycle does not count, and
// what nobody calls stands before what it calls.
func TestRanks(t *testing.T) {
	m := &Mesh{
		Nodes: []Node{{Kind: Root}, {}, {}, {}, {}, {}},
		// 0→1→2→3, 0→3, a cycle 3→1 that is not marked, and 4→3 from outside.
		Edges: []Edge{{From: 0, To: 1}, {From: 1, To: 2}, {From: 2, To: 3}, {From: 0, To: 3}, {From: 3, To: 1}, {From: 4, To: 3}},
	}
	rank, used := ranks(m)
	if want := []int{0, 1, 2, 3, 2, 0}; !slices.Equal(rank, want) {
		t.Errorf("ranks %v, want %v", rank, want)
	}
	if want := []bool{true, true, true, true, true, false}; !slices.Equal(used, want) {
		t.Errorf("used %v, want %v", used, want)
	}
}

// The order has few crossings: a tree can be drawn with none, and is.
func TestOrderTree(t *testing.T) {
	m := &Mesh{Nodes: make([]Node, 40)}
	for i := 39; i > 0; i-- { // the worst order to begin with
		m.Edges = append(m.Edges, Edge{From: (i * 17 % i) / 2, To: i})
	}
	g := ranked(m, sizesFor(m))
	g.measure()
	g.order()
	if n := g.crossings(); n != 0 {
		t.Errorf("%d crossings in a tree", n)
	}
}

// The count of crossings is that of comparing all pairs.
func TestCrossings(t *testing.T) {
	for seed := range 20 {
		g := ranked(tangle(20, seed), sizes{})
		at := g.places()
		want := 0
		for _, layer := range g.layers {
			for i, a := range layer {
				for _, b := range layer[i+1:] {
					want += between(at, g.v[a].after, g.v[b].after)
				}
			}
		}
		if got := g.crossings(); got != want {
			t.Errorf("%d crossings, want %d", got, want)
		}
	}
}

// nearest against the best of many tries around it: no move of one or of all makes
// the sum of squares smaller.
func TestNearest(t *testing.T) {
	want, weight, apart := []float64{5, 1, 9, 8, 0}, []float64{1, 3, 1, 2, 1}, []float64{0, 2, 2, 2, 2}
	got := nearest(want, weight, apart)
	cost := func(y []float64) float64 {
		sum := 0.0
		for i := range y {
			if i > 0 && y[i] < y[i-1]+apart[i]-1e-9 {
				return math.Inf(1)
			}
			sum += weight[i] * (y[i] - want[i]) * (y[i] - want[i])
		}
		return sum
	}
	best := cost(got)
	if math.IsInf(best, 1) {
		t.Fatalf("%v are too near to one another", got)
	}
	for from := range got {
		for to := from + 1; to <= len(got); to++ {
			for _, by := range []float64{-0.01, 0.01} {
				other := slices.Clone(got)
				for i := from; i < to; i++ {
					other[i] += by
				}
				if cost(other) < best {
					t.Errorf("%v is better than %v", other, got)
				}
			}
		}
	}
}

// A dense mesh, as deep as it is wide, ends soon and is not too long.
func TestBounded(t *testing.T) {
	m := &Mesh{Nodes: make([]Node, 120)}
	for from := range m.Nodes {
		for to := from + 1; to < len(m.Nodes) && len(m.Edges) < MaxEdges; to++ {
			m.Edges = append(m.Edges, Edge{From: from, To: to, Rate: 1})
		}
	}
	if g := laidOut(m); len(g.v) > maxBends+len(m.Nodes)+1 {
		t.Errorf("%d places", len(g.v))
	}
}
