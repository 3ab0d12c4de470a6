package graph

import (
	"errors"
	"math"
	"slices"

	dgraph "github.com/dominikbraun/graph"
)

// ErrReadOnly is what changing a DAG returns: it is a view of a Graph.
var ErrReadOnly = errors.New("graph: a DAG is a view and cannot be changed; build another Graph")

// weightUnit makes whole numbers, which dgraph's weights are, of PerRequest: a
// weight is calls per million external requests.
const weightUnit = 1e6

// DAG is g without the edges marked Back, as the directed, weighted, rooted and
// acyclic graph that the algorithms of dominikbraun/graph take. Vertices are
// indexes of g.Nodes, the root being 0; an edge's weight is its calls per million
// external requests and its Data the *Edge. It is a view of g that costs next to
// nothing to make; what changes it returns ErrReadOnly.
//
// Beware of the library's running times and orders: its topological sorts visit
// every vertex for each vertex, and only StableTopologicalSort and what asks for
// one vertex or edge has a fixed order; the rest ranges over maps. Nodes are in
// topological order by Depth, as long as the root reaches them.
func (g *Graph) DAG() dgraph.Graph[int, int] {
	return dgraph.NewWithStore(dgraph.IntHash, dgraph.Store[int, int](&dagStore{g: g, out: g.outEdges()}),
		dgraph.Directed(), dgraph.Acyclic(), dgraph.Weighted(), dgraph.Rooted())
}

// dagStore lets dgraph read a Graph where it stands, in a fixed order.
type dagStore struct {
	g   *Graph
	out *adjacency
}

func (s *dagStore) AddVertex(int, int, dgraph.VertexProperties) error { return ErrReadOnly }
func (s *dagStore) RemoveVertex(int) error                            { return ErrReadOnly }
func (s *dagStore) AddEdge(int, int, dgraph.Edge[int]) error          { return ErrReadOnly }
func (s *dagStore) UpdateEdge(int, int, dgraph.Edge[int]) error       { return ErrReadOnly }
func (s *dagStore) RemoveEdge(int, int) error                         { return ErrReadOnly }

func (s *dagStore) Vertex(i int) (int, dgraph.VertexProperties, error) {
	if i < 0 || i >= len(s.g.Nodes) {
		return 0, dgraph.VertexProperties{}, dgraph.ErrVertexNotFound
	}
	return i, dgraph.VertexProperties{Weight: weigh(s.g.Nodes[i].Visits)}, nil
}

func (s *dagStore) ListVertices() ([]int, error) {
	all := make([]int, len(s.g.Nodes))
	for i := range all {
		all[i] = i
	}
	return all, nil
}

func (s *dagStore) VertexCount() (int, error) { return len(s.g.Nodes), nil }

func (s *dagStore) Edge(from, to int) (dgraph.Edge[int], error) {
	if from < 0 || from >= len(s.g.Nodes) || to < 0 || to >= len(s.g.Nodes) {
		return dgraph.Edge[int]{}, dgraph.ErrEdgeNotFound
	}
	edges := s.out.of(int32(from)) // in the order of the callees' names
	at, ok := slices.BinarySearchFunc(edges, int32(to), func(i, to int32) int {
		return compareNodes(s.g.Nodes, int32(s.g.Edges[i].To), to)
	})
	if !ok || s.g.Edges[edges[at]].Back {
		return dgraph.Edge[int]{}, dgraph.ErrEdgeNotFound
	}
	return edgeView(&s.g.Edges[edges[at]]), nil
}

func (s *dagStore) ListEdges() ([]dgraph.Edge[int], error) {
	all := make([]dgraph.Edge[int], 0, len(s.g.Edges))
	for i := range s.g.Edges {
		if e := &s.g.Edges[i]; !e.Back {
			all = append(all, edgeView(e))
		}
	}
	return all, nil
}

func edgeView(e *Edge) dgraph.Edge[int] {
	return dgraph.Edge[int]{Source: e.From, Target: e.To, Properties: dgraph.EdgeProperties{Weight: weigh(e.PerRequest), Data: e}}
}

func weigh(perRequest float64) int {
	return int(math.Round(min(perRequest*weightUnit, math.MaxInt32*weightUnit)))
}
