package graph

import (
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"

	dgraph "github.com/dominikbraun/graph"
)

// sketch makes a graph of edges {from, to, rate}, the root being 0.
func sketch(nodes int, edges ...[3]int) *Graph {
	g := &Graph{Nodes: make([]Node, nodes)}
	for i := range g.Nodes {
		g.Nodes[i] = Node{Name: fmt.Sprintf("n%05d", i), Kind: Service}
	}
	for _, e := range edges {
		g.Edges = append(g.Edges, Edge{From: e[0], To: e[1], Rate: float64(e[2])})
	}
	g.markBack()
	return g
}

func backs(g *Graph) (all [][2]int) {
	for _, e := range g.Edges {
		if e.Back {
			all = append(all, [2]int{e.From, e.To})
		}
	}
	return all
}

func TestMarkBack(t *testing.T) {
	f := func(name string, g *Graph, want ...[2]int) {
		t.Helper()
		if got := backs(g); !slices.Equal(got, want) {
			t.Errorf("%s: %v lead back, want %v", name, got, want)
		}
	}
	f("no edges", sketch(1))
	f("diamond", sketch(4, [3]int{0, 1, 1}, [3]int{0, 2, 1}, [3]int{1, 3, 1}, [3]int{2, 3, 1}))
	f("self", sketch(2, [3]int{0, 1, 1}, [3]int{1, 1, 9}), [2]int{1, 1})
	f("nearer the root, whatever the rates", sketch(3, [3]int{0, 1, 1}, [3]int{1, 2, 1}, [3]int{2, 1, 99}), [2]int{2, 1})
	f("as near: more calls", sketch(3, [3]int{0, 1, 5}, [3]int{0, 2, 5}, [3]int{1, 2, 1}, [3]int{2, 1, 99}), [2]int{1, 2})
	f("as near and as many: by name", sketch(3, [3]int{0, 1, 5}, [3]int{0, 2, 5}, [3]int{1, 2, 7}, [3]int{2, 1, 7}), [2]int{2, 1})
	f("away from the root", sketch(4, [3]int{0, 1, 1}, [3]int{2, 3, 5}, [3]int{3, 2, 1}), [2]int{3, 2})
	f("back to the root", sketch(2, [3]int{0, 1, 1}, [3]int{1, 0, 1}), [2]int{1, 0})
	// An edge against the order that closes nothing stays: 2→1 with 1→2 gone.
	f("three", sketch(4, [3]int{0, 1, 1}, [3]int{1, 2, 1}, [3]int{2, 3, 1}, [3]int{3, 1, 1}, [3]int{3, 2, 1}), [2]int{3, 1}, [2]int{3, 2})
}

func TestDepth(t *testing.T) {
	// The longest way counts; what the root does not reach has none.
	g := sketch(6, [3]int{0, 1, 1}, [3]int{1, 2, 1}, [3]int{0, 2, 1}, [3]int{2, 3, 1}, [3]int{3, 1, 1}, [3]int{4, 3, 1}, [3]int{4, 5, 1})
	want := []int{0, 1, 2, 3, -1, -1}
	for i, n := range g.Nodes {
		if n.Depth != want[i] {
			t.Errorf("%s has depth %d, want %d", n.Name, n.Depth, want[i])
		}
	}
}

func random(r *rand.Rand, nodes, edges int) *Graph {
	set := make(map[[2]int]bool)
	for len(set) < edges {
		set[[2]int{r.IntN(nodes), r.IntN(nodes)}] = true
	}
	var es [][3]int
	for e := range set {
		es = append(es, [3]int{e[0], e[1], 1 + (e[0]*7+e[1])%13})
	}
	slices.SortFunc(es, func(a, b [3]int) int { return slices.Compare(a[:], b[:]) })
	return sketch(nodes, es...)
}

// The library is the judge of small graphs: what is kept has no cycle, and each
// edge that was marked would close one.
func TestMarkBackAgainstDgraph(t *testing.T) {
	r := rand.New(rand.NewPCG(3, 3))
	for range 300 {
		g := random(r, 2+r.IntN(12), r.IntN(4))
		g = random(r, len(g.Nodes), r.IntN(len(g.Nodes)*len(g.Nodes)/2+1))
		d := g.DAG()
		order, err := dgraph.StableTopologicalSort(d, func(a, b string) bool { return a < b })
		if err != nil || len(order) != len(g.Nodes) {
			t.Fatalf("%v: %v", g.Edges, err)
		}
		for _, b := range backs(g) {
			if closes, err := dgraph.CreatesCycle(d, g.Nodes[b[0]].Name, g.Nodes[b[1]].Name); err != nil || !closes {
				t.Errorf("%v>%v was marked and closes nothing in %v (%v)", b[0], b[1], g.Edges, err)
			}
		}
		at := make([]int, len(g.Nodes))
		for i, n := range g.order() {
			at[n] = i
		}
		for _, e := range g.Edges {
			if !e.Back && at[e.From] >= at[e.To] {
				t.Errorf("%d comes after %d, which it calls", e.From, e.To)
			}
		}
	}
}

// Two nodes are in one component if each is reached from the other, as a walk from
// every node shows.
func TestComponents(t *testing.T) {
	r := rand.New(rand.NewPCG(4, 4))
	for range 200 {
		g := random(r, 12, 5+r.IntN(30))
		for i := range g.Edges {
			g.Edges[i].Back = false
		}
		out := g.outEdges()
		reached := make([][]bool, len(g.Nodes))
		for n := range reached {
			reached[n] = make([]bool, len(g.Nodes))
			for queue := []int32{int32(n)}; len(queue) > 0; queue = queue[1:] {
				if reached[n][queue[0]] {
					continue
				}
				reached[n][queue[0]] = true
				for _, i := range out.of(queue[0]) {
					queue = append(queue, int32(g.Edges[i].To))
				}
			}
		}
		got := g.components()
		for a := range g.Nodes {
			for b := range g.Nodes {
				if together := reached[a][b] && reached[b][a]; together != (got[a] == got[b]) {
					t.Fatalf("%d and %d in one component: %v, want %v of %v", a, b, !together, together, g.Edges)
				}
			}
		}
	}
}

// A chain and a ring as long as a mesh may be, and tangles, of which the second is too
// large for the library: nothing may take time that grows faster than the edges.
func TestLargeGraphs(t *testing.T) {
	const n = 10_000
	var chain, ring [][3]int
	for i := range n - 1 {
		chain = append(chain, [3]int{i, i + 1, 1})
	}
	ring = append(slices.Clone(chain), [3]int{n - 1, 0, 1})
	if g := sketch(n, chain...); g.Nodes[n-1].Depth != n-1 {
		t.Errorf("the chain's end has depth %d", g.Nodes[n-1].Depth)
	}
	if got := backs(sketch(n, ring...)); len(got) != 1 || got[0] != [2]int{n - 1, 0} {
		t.Errorf("%v lead back in a ring", got)
	}
	for _, edges := range []int{100_000, maxLibraryEdges + 50_000} {
		g := random(rand.New(rand.NewPCG(5, 5)), n, edges)
		if order := g.order(); len(order) != n {
			t.Errorf("%d of %d in topological order", len(order), n)
		}
	}
}

func TestDAGView(t *testing.T) {
	g := buildLines(listPods("a:10.0.0.1 b:10.0.1.1"),
		line{in: true, down: "10.9.9.9:0", up: "10.0.0.1:80", id: "r", dur: 50},
		line{down: "10.0.0.1:4", up: "10.0.1.1:80", host: fqdn("b"), id: "r", start: 1, dur: 5},
		line{down: "10.0.1.1:4", up: "10.0.0.1:80", host: fqdn("a"), id: "r", start: 2, dur: 3})
	d := g.DAG()
	if n, _ := d.Order(); n != 3 {
		t.Errorf("%d vertices", n)
	}
	if n, _ := d.Size(); n != 2 {
		t.Errorf("%d edges, want two without the one that leads back", n)
	}
	e, err := d.Edge(RootName, "a")
	if err != nil || e.Properties.Weight != 1_000_000 || e.Properties.Data.(*Edge).Calls != 1 {
		t.Errorf("root's edge %+v, %v: want a million calls per million requests", e, err)
	}
	for _, missing := range [][2]string{{"b", "a"}, {RootName, "b"}, {"x", "a"}, {"a", "x"}} {
		if _, err := d.Edge(missing[0], missing[1]); !errors.Is(err, dgraph.ErrEdgeNotFound) {
			t.Errorf("edge %v: %v", missing, err)
		}
	}
	if _, err := d.Vertex("x"); !errors.Is(err, dgraph.ErrVertexNotFound) {
		t.Errorf("vertex x: %v", err)
	}
	for what, err := range map[string]error{
		"AddVertex": d.AddVertex("x"), "AddEdge": d.AddEdge("b", "a"), "RemoveEdge": d.RemoveEdge(RootName, "a"),
		"RemoveVertex": d.RemoveVertex("a"), "UpdateEdge": d.UpdateEdge(RootName, "a"),
	} {
		if !errors.Is(err, ErrReadOnly) {
			t.Errorf("%s: %v, want %v", what, err, ErrReadOnly)
		}
	}
	if path, err := dgraph.ShortestPath(d, RootName, "b"); err != nil || !slices.Equal(path, []string{RootName, "a", "b"}) {
		t.Errorf("path %v, %v", path, err)
	}
}

func TestDAGNames(t *testing.T) {
	g := buildLines(listPods(RootName+":10.0.0.1"), line{in: true, down: "10.9.9.9:0", up: "10.0.0.1:80", id: "r", dur: 50})
	if _, err := g.DAG().Edge(RootName, RootName+" (service)"); err != nil {
		t.Errorf("the service of the root's name: %v", err)
	}
}
