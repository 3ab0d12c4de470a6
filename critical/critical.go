package critical

import (
	"iter"
	"time"

	"github.com/sluice-mesh/sluice/graph"
)

// Share is what one node of the graph has in the latency at the gateway. Times
// are means; those that say so are per external request, over all the node's
// calls on the critical path.
type Share struct {
	// Self is exclusive time per call received: the call's duration less the
	// union of what it waited for, be that answered or failed. It holds the
	// application and its sidecar. Calls received that failed themselves say little
	// of either and are left out, unless nothing else is there.
	Self time.Duration
	// Own is the part of Self that is no other service's sidecar's: where only its
	// caller logged a call, the delay at the caller is in Self and not in Own.
	Own time.Duration
	// Work is the application's part of Self, sidecar delay taken out.
	Work time.Duration
	// Excess is the inbound delay per call received on the critical path: how
	// far its own time lies above what such a call usually takes.
	Excess time.Duration
	// Low and Median are the 10th and 50th percentile of the part of Self that may
	// be the application's: all of it, or what upstream_service_time leaves of it.
	// They are 0 where no trace showed any.
	Low, Median time.Duration
	// Sidecar is the delay at this service's sidecars on the critical path, per
	// external request: excess, start lags as callee, reply lags as caller. What
	// passing a sidecar always takes is not delay and is not in it.
	Sidecar time.Duration
	// Latency is Sidecar over the mean latency at the gateway, in 0…1. All
	// nodes together have at most 1.
	Latency float64
	// Visits is the calls it received on the critical path per external
	// request, Sends the calls it sent there. The root's Visits is 1.
	Visits, Sends float64
	// Stages is how many calls one after the other a received call waits for,
	// Width how many run side by side in one such stage (0 for a leaf).
	Stages, Width float64
	// Calls is the number of received calls whose own time was measured.
	Calls int
	// HeldReceived and HeldSent are how long calls that it received, and that it sent,
	// were in its sidecars.
	HeldReceived, HeldSent Held
}

// EdgeShare is what the calls of one edge have in the latency at the gateway.
type EdgeShare struct {
	// Critical is the calls on the critical path per external request.
	Critical float64
	// Serial is the part of the edge's calls, 0…1, that their caller waited for
	// last: 1 where calls follow one another, less where they run side by side.
	Serial float64
	// StartLag is how much longer than usual the callee's sidecar took to take
	// the call that the caller's had taken, charged to the callee; ReplyLag how
	// much longer than usual the caller's sidecar was not done after the callee's
	// was, charged to the caller. Both are means over the critical calls.
	StartLag, ReplyLag time.Duration
	// Gap is the whole mean time between the two sidecars: the call's duration
	// at the caller less that at the callee, which needs no clocks. Where the
	// callee's line is never there it is duration less upstream_service_time,
	// and ReplyLag is what of it is unusual.
	Gap time.Duration
	// Both is the number of calls that both sides logged.
	Both int
}

// Path is one way that external requests were held up longest: from the entry
// service on, at each hop the critical call that took longest. A call that failed held
// its caller up like any other, and a request that failed took its time too.
type Path struct {
	// Nodes index Graph.Nodes, from the entry service on, each once.
	Nodes []int
	// Share is the part of the requests followed to the end whose critical path it
	// was.
	Share float64
	// Mean latency of those requests at the gateway, 0 where they entered at a
	// service that nobody was seen to call.
	Mean time.Duration
}

// Result of Analyze. Services has one Share for each of Graph.Nodes, Edges one
// EdgeShare for each of Graph.Edges.
type Result struct {
	Services []Share
	Edges    []EdgeShare
	// Paths by falling share, then by names.
	Paths []Path
	// Traces is how many external requests stand behind it; 0 when the
	// aggregated graph had to serve.
	Traces int
	// Complete is how many of them could be followed from where they entered to the
	// end of their critical path.
	Complete int
	// Bursts is how many external requests come together: the index of dispersion of
	// their counts by 100 ms, 1 for a Poisson process, 0 where the log does not tell.
	Bursts   float64
	Warnings []string
}

// Analyze finds the critical paths of g. It never fails: where the log does not
// tell, the graph's means stand in and Result.Warnings says so.
func Analyze(g *graph.Graph) Result { return analyze(g, g.Traces()) }

// analyze reads the traces twice, because a trace is lent only until the next
// one, and because nothing can be nested before the pods' clocks are known.
func analyze(g *graph.Graph, traces iter.Seq[*graph.Trace]) Result {
	m := newMesh(g)
	s := newSurvey(m)
	for t := range traces {
		s.add(t)
	}
	ev := newEvidence(m, s)
	for t := range traces {
		ev.add(t)
	}
	return combine(m, ev)
}
