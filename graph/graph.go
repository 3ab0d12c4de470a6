package graph

import "time"

// RootName is the name of the root in every output: the ingress gateway and
// all that stands outside it.
const RootName = "ingress-gateway"

// Pod is one pod of the request that came with the log. Address is its IP
// without a port and may be empty; Namespace may be empty.
type Pod struct {
	Service, Namespace, Name, Address string
	// Virtual is that Address is not the pod's own but its service's (a ClusterIP).
	Virtual bool
}

// Kind tells what a node stands for.
type Kind uint8

// Root is the ingress, Service a service of the request, External an upstream
// that no pod of the request serves; it is a leaf named by its host.
const (
	Root Kind = iota
	Service
	External
)

// Node is the root, a service or an external upstream.
type Node struct {
	Name string
	Kind Kind
	// Namespaces its pods live in, sorted; empty when the request named none.
	Namespaces []string
	// Pods of the service, sorted by namespace and name.
	Pods []PodTraffic
	// Rate is the calls per second that all its pods receive together.
	Rate float64
	// Visits is the calls it receives per external request at the gateway.
	Visits float64
	// Depth is the longest way from the root in edges that are not Back; -1
	// when the root does not reach it.
	Depth int
	// Gateway is set when a pod of it passes on what others send to it without
	// logging that as received: an ingress or egress gateway, no sidecar.
	Gateway bool
	// Opaque, when not "", says why the log cannot tell what this service calls
	// (another service's pod has the same address); its calls are then incomplete.
	Opaque string
}

// PodTraffic is what one pod's sidecar was seen to do.
type PodTraffic struct {
	Pod
	// Received and Sent are distinct calls the log shows on the two sides.
	Received, Sent int
	// ReceivedRate and SentRate are calls per second.
	ReceivedRate, SentRate float64
	// Span is the time that this sidecar's own lines cover, 0 without two of them;
	// Windows are its stretches, on the sidecar's clock.
	Span    time.Duration
	Windows []Window
	// Inbound and Outbound are how many distinct lines this sidecar wrote itself.
	Inbound, Outbound int
	// Logged is how many requests this sidecar's own lines account for, so that what
	// was sent for them is in the log as well: calls received while its lines go on
	// or, where it logs no call received, the requests that its calls belong to. It
	// is the evidence of what a pod does not call.
	Logged int
	// Home is the namespace it lives in: the request's or, where that names none, that of
	// the hosts by which it was called; "" where none tells, or where they disagree.
	Home string
	// Nameless are calls that it sent of which its lines name neither the service nor a
	// host: they make no edge. Its Name is "".
	Nameless Host
	// Requests are some of those it handled, by which another log that shows the same
	// ones is known.
	Requests Sample
}

// Window is a stretch of time on one clock, from the first of some points to the last.
type Window struct{ First, Last Micros }

// Host is a name by which an edge's callee was called.
type Host struct {
	// Name is the fully qualified host, or what the log had in its place.
	Name string
	// Port is the service port, 0 when unknown.
	Port int
	// Calls is how often it was seen, Last the start of the latest of them.
	Calls int
	Last  Micros
}

// Part is by what names the pods of one namespace called.
type Part struct {
	Home    string
	Hosts   []Host
	Unnamed Host
}

// Edge is all calls from one node to another.
type Edge struct {
	// From and To index Graph.Nodes.
	From, To int
	// Calls is the number of distinct calls behind the figures.
	Calls int
	// Rate is calls per second; PerRequest is calls per external request at
	// the gateway; PerCall is calls per call that From received. They count what From
	// sent, where that is logged: what failed before it came to To, too.
	Rate, PerRequest, PerCall float64
	// Unreached is the part of the calls that failed before they came to To's sidecar: To's
	// own rate and visits leave those out.
	Unreached float64
	// Again is how many tries came to To besides the last for each call, where From's sidecar
	// tried calls again that had failed: To's own rate and visits count those, too.
	Again float64
	// Mean and P99 of the call's duration: as its caller's sidecar saw it
	// where that was logged, else as the callee's did. Timed is how many lines tell
	// it; of none both are 0.
	Mean, P99 time.Duration
	Timed     int
	// RateLow to RateHigh and P99Low to P99High hold the true figure in 95 of 100
	// logs of this length. P99High is 0 where there are too few calls to bound it.
	RateLow, RateHigh float64
	P99Low, P99High   time.Duration
	// ErrorRatio is the share of calls with a 5xx code or no upstream at all.
	ErrorRatio float64
	// SentBytes is the mean size of a response.
	SentBytes float64
	// Hosts by which To was called, by name and port. Unnamed are the calls among them
	// that had no name of To's own, but an address or a name that only the client knows
	// it by; its Name is "".
	Hosts   []Host
	Unnamed Host
	// Parts are the same by the Home of From's pods, where these live in several.
	Parts []Part
	// Back marks an edge that closes a cycle (a self-call too); the DAG leaves it out.
	Back bool
}

// Gateway is what the log shows of external requests as a whole.
type Gateway struct {
	// Requests is the number of distinct external requests behind the figures.
	Requests int
	// Rate is requests per second, Mean and P99 their latency at the gateway.
	Rate      float64
	Mean, P99 time.Duration
}

// Lines counts what became of the log's lines: Total = Used + Repeated + Skipped.
type Lines struct {
	Total, Used, Repeated, Skipped int64
}

// Graph is the mesh as one log shows it: a weighted graph that is acyclic but
// for the edges marked Back. It is a value made once by Builder.Build and not
// changed after.
type Graph struct {
	// Nodes: the root first, then services by name, then externals by name.
	Nodes []Node
	// Edges by From's name, then To's name.
	Edges []Edge
	// Doubts are the calls of which the log does not tell who made them or to whom, but
	// that it was one of several services, by these.
	Doubts  []Doubt
	Gateway Gateway
	Lines   Lines
	// Untimed is set where no line has a start, so that nobody knows how often
	// anything happens: all rates are 0 then, and what stands per call or per
	// request comes from counts.
	Untimed bool
	// Digest is a hash of the log's lines, whatever their order and repeats.
	Digest uint64
	// Warnings in whole sentences, in a fixed order.
	Warnings []string

	traces traceTable
}

// Side is one sidecar's view of a call, on that sidecar's clock. A zero Side
// (Logged false) means that this side's line is not in the log.
type Side struct {
	Logged                       bool
	Start, Duration, ServiceTime Micros
}

// Call is one hop from caller to callee, by either or both sidecars' lines.
type Call struct {
	// From and To index Graph.Nodes; FromPod and ToPod index Node.Pods, -1 when
	// the pod is not known.
	From, To, FromPod, ToPod int
	// Out is the caller's view, In the callee's.
	Out, In Side
	Failed  bool
	// Earlier is set where From's sidecar made the call again when it had failed, so that
	// it has no Out of its own; Again is set on the call that has it.
	Earlier, Again bool
	// Parent is the index in Trace.Calls of the call during which this one was
	// made, as one clock or the lack of any other shows; -1 where nothing tells.
	// It is always smaller than this call's own index.
	Parent int
}

// Trace is the calls of one external request.
type Trace struct {
	// Request is the hash of its request_id.
	Request uint64
	// Calls: what was made during a call comes after it, calls made during the
	// same one by start on their caller's clock, else by From, To: a total order.
	Calls []Call
}
