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
// acyclic graph that the algorithms of dominikbraun/graph take. Vertices are the
// names of the nodes, the first being RootName; a service or external of a name
// that is taken has " (service)" or " (external)" behind it. An edge's weight is
// its calls per million external requests and its Data the *Edge. It is a view
// of g, nothing is copied but names; what changes it returns ErrReadOnly.
//
// Beware of the library's running times and orders: its topological sorts visit
// every vertex for each vertex, and only StableTopologicalSort and what asks for
// one vertex or edge has a fixed order; the rest ranges over maps. Nodes that
// the root reaches are in topological order by Depth. (Vertices are not indexes
// because StronglyConnectedComponents of v0.23.0 is wrong for the vertex 0.)
func (g *Graph) DAG() dgraph.Graph[string, string] {
	s := &dagStore{g: g, out: g.outEdges(), keys: g.keys(), nodes: make(map[string]int, len(g.Nodes))}
	for i, key := range s.keys {
		s.nodes[key] = i
	}
	return dgraph.NewWithStore(dgraph.StringHash, dgraph.Store[string, string](s),
		dgraph.Directed(), dgraph.Acyclic(), dgraph.Weighted(), dgraph.Rooted())
}

// keys are what the nodes are called in the DAG, each once.
func (g *Graph) keys() []string {
	keys, taken := make([]string, len(g.Nodes)), make(map[string]bool, len(g.Nodes))
	for i := range g.Nodes {
		n := &g.Nodes[i]
		key := n.Name
		for taken[key] {
			key += " (" + kindNames[n.Kind] + ")"
		}
		keys[i], taken[key] = key, true
	}
	return keys
}

var kindNames = [...]string{Root: "root", Service: "service", External: "external"}

// dagStore lets dgraph read a Graph where it stands, in a fixed order.
type dagStore struct {
	g     *Graph
	out   *adjacency
	keys  []string
	nodes map[string]int
}

func (s *dagStore) AddVertex(string, string, dgraph.VertexProperties) error { return ErrReadOnly }
func (s *dagStore) RemoveVertex(string) error                               { return ErrReadOnly }
func (s *dagStore) AddEdge(string, string, dgraph.Edge[string]) error       { return ErrReadOnly }
func (s *dagStore) UpdateEdge(string, string, dgraph.Edge[string]) error    { return ErrReadOnly }
func (s *dagStore) RemoveEdge(string, string) error                         { return ErrReadOnly }

func (s *dagStore) Vertex(key string) (string, dgraph.VertexProperties, error) {
	i, ok := s.nodes[key]
	if !ok {
		return "", dgraph.VertexProperties{}, dgraph.ErrVertexNotFound
	}
	return key, dgraph.VertexProperties{Weight: weigh(s.g.Nodes[i].Visits)}, nil
}

func (s *dagStore) ListVertices() ([]string, error) { return slices.Clone(s.keys), nil }

func (s *dagStore) VertexCount() (int, error) { return len(s.keys), nil }

func (s *dagStore) Edge(from, to string) (dgraph.Edge[string], error) {
	f, known := s.nodes[from]
	t, ok := s.nodes[to]
	if !known || !ok {
		return dgraph.Edge[string]{}, dgraph.ErrEdgeNotFound
	}
	edges := s.out.of(int32(f)) // in the order of the callees' names
	at, ok := slices.BinarySearchFunc(edges, int32(t), func(i, to int32) int {
		return compareNodes(s.g.Nodes, int32(s.g.Edges[i].To), to)
	})
	if !ok || s.g.Edges[edges[at]].Back {
		return dgraph.Edge[string]{}, dgraph.ErrEdgeNotFound
	}
	return s.view(&s.g.Edges[edges[at]]), nil
}

func (s *dagStore) ListEdges() ([]dgraph.Edge[string], error) {
	all := make([]dgraph.Edge[string], 0, len(s.g.Edges))
	for i := range s.g.Edges {
		if e := &s.g.Edges[i]; !e.Back {
			all = append(all, s.view(e))
		}
	}
	return all, nil
}

func (s *dagStore) view(e *Edge) dgraph.Edge[string] {
	return dgraph.Edge[string]{Source: s.keys[e.From], Target: s.keys[e.To], Properties: dgraph.EdgeProperties{Weight: weigh(e.PerRequest), Data: e}}
}

func weigh(perRequest float64) int {
	return int(math.Round(min(perRequest*weightUnit, math.MaxInt32*weightUnit)))
}
