package graph

// WithoutTraces is g without the calls that it was counted from, which Traces and
// Visits go through: they can be most of what a Graph holds, and who only prints it
// has no use for them.
func (g *Graph) WithoutTraces() *Graph {
	lean := *g
	lean.traces = traceTable{}
	return &lean
}
