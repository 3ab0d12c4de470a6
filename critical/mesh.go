package critical

import (
	"slices"

	"github.com/sluice-mesh/sluice/graph"
)

type micros = graph.Micros

// Bounds of a time that can be meant: past them sums could overflow, and no
// request takes twelve days.
const (
	maxPoint  micros = 1 << 60
	maxLength micros = 1 << 40
)

// none stands for no call.
const none int32 = -1

// mesh numbers the pods of all nodes in one row, so that what is kept for each
// pod lies in plain slices. Every node has one place more, its first, for calls
// whose pod is not known.
type mesh struct {
	g     *graph.Graph
	first []int32     // of each node; one more at the end
	edges graph.Pairs // by From and To
	out   [][]int     // edges that leave each node, in edge order
	in    [][]int     // edges that lead to each node
}

func newMesh(g *graph.Graph) *mesh {
	m := &mesh{g: g, first: make([]int32, len(g.Nodes)+1)}
	for i := range g.Nodes {
		m.first[i+1] = m.first[i] + int32(len(g.Nodes[i].Pods)) + 1
	}
	for i := range g.Edges {
		m.edges.Set(int32(g.Edges[i].From), int32(g.Edges[i].To), int32(i))
	}
	m.out = edgesBy(g, func(e *graph.Edge) int { return e.From })
	m.in = edgesBy(g, func(e *graph.Edge) int { return e.To })
	return m
}

// edgesBy lists the edges of each node at one of their ends, in edge order and in one
// array.
func edgesBy(g *graph.Graph, end func(*graph.Edge) int) [][]int {
	lists, count := make([][]int, len(g.Nodes)), make([]int, len(g.Nodes))
	for i := range g.Edges {
		count[end(&g.Edges[i])]++
	}
	all, from := make([]int, len(g.Edges)), 0
	for n, k := range count {
		lists[n] = all[from : from : from+k]
		from += k
	}
	for i := range g.Edges {
		n := end(&g.Edges[i])
		lists[n] = append(lists[n], i)
	}
	return lists
}

// head reports whether a node is where requests enter unlogged: the graph has it
// visited, and nobody calls it.
func (m *mesh) head(n int) bool {
	return n > 0 && len(m.in[n]) == 0 && len(m.out[n]) > 0 && m.g.Nodes[n].Visits > 0
}

// calls is about how many calls the traces will show, for making room at once.
func (m *mesh) calls() int {
	const most = 1 << 20
	n := 0
	for i := range m.g.Edges {
		n = min(most, n+max(0, min(most, m.g.Edges[i].Calls)))
	}
	return n
}

// pods is the length of the row.
func (m *mesh) pods() int { return int(m.first[len(m.first)-1]) }

// pod is the number of a node's pod; -1 stands for the pod that is not known.
func (m *mesh) pod(node, pod int) int32 {
	if pod < 0 || pod >= len(m.g.Nodes[node].Pods) {
		pod = -1
	}
	return m.first[node] + int32(pod) + 1
}

// traffic is a pod of the graph by its number, nil for one that is not known.
func (m *mesh) traffic(pod int32) *graph.PodTraffic {
	node := m.node(pod)
	if k := pod - m.first[node] - 1; k >= 0 {
		return &m.g.Nodes[node].Pods[k]
	}
	return nil
}

// node of a pod's number.
func (m *mesh) node(pod int32) int {
	n, _ := slices.BinarySearch(m.first, pod+1)
	return n - 1
}

// caller and callee number the pods at the two ends of a call.
func (m *mesh) caller(c *graph.Call) int32 { return m.pod(c.From, c.FromPod) }
func (m *mesh) callee(c *graph.Call) int32 { return m.pod(c.To, c.ToPod) }

// edge is the number of the edge a call belongs to, -1 when the graph has none.
func (m *mesh) edge(c *graph.Call) int32 {
	return m.edges.Find(int32(c.From), int32(c.To))
}

// window is a stretch of time on one pod's clock.
type window struct{ start, end micros }

func (w window) length() micros         { return w.end - w.start }
func (w window) shift(by micros) window { return window{w.start + by, w.end + by} }
func (w window) hull(o window) window   { return window{min(w.start, o.start), max(w.end, o.end)} }
func (w window) holds(o window) bool    { return w.start <= o.start && o.end <= w.end }

// view is the window of one side; ok is false when its line is not in the log
// or carries no time that can be meant.
func view(s graph.Side) (w window, ok bool) {
	ok = s.Logged && s.Start >= 0 && s.Start < maxPoint && s.Duration >= 0 && s.Duration < maxLength
	return window{s.Start, s.Start + s.Duration}, ok
}
