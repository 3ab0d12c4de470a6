package critical

import (
	"time"

	"github.com/sluice-mesh/sluice/graph"
)

// Share is what one node of the graph has in the latency at the gateway. Times
// are means per external request, over all its calls on the critical path.
type Share struct {
	// Self is exclusive time per call received: the call's duration less the
	// union of what it waited for. It holds the application and its sidecar.
	Self time.Duration
	// Work is the application's part of Self, sidecar delay taken out.
	Work time.Duration
	// Sidecar is the delay at this service's sidecars on the critical path, per
	// external request.
	Sidecar time.Duration
	// Latency is Sidecar over the mean latency at the gateway, in 0…1.
	Latency float64
	// Visits is the calls it received on the critical path per external
	// request, Sends the calls it sent there.
	Visits, Sends float64
}

// EdgeShare is what one edge of the graph has in the latency at the gateway.
type EdgeShare struct {
	// Critical is the calls on the critical path per external request.
	Critical float64
	// Serial is the part of the edge's calls that their caller's critical path
	// waited for, 0…1: below 1 where calls run in parallel.
	Serial float64
}

// Path is one way that external requests were held up longest.
type Path struct {
	// Nodes index Graph.Nodes, from the entry service on, each once.
	Nodes []int
	// Share is the part of the traced requests whose critical path it was.
	Share float64
	// Mean latency of those requests at the gateway.
	Mean time.Duration
}

// Result of Analyze. Services has one Share for each of Graph.Nodes.
type Result struct {
	Services []Share
	// Edges has one EdgeShare for each of Graph.Edges.
	Edges []EdgeShare
	// Paths by falling share, then by names.
	Paths []Path
	// Traces is how many external requests stand behind it; 0 when the
	// aggregated graph had to serve.
	Traces   int
	Warnings []string
}

// Analyze finds the critical paths of g.
func Analyze(g *graph.Graph) Result {
	return Result{Services: make([]Share, len(g.Nodes)), Edges: make([]EdgeShare, len(g.Edges))}
}
