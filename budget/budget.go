package budget

import "time"

// MilliCPU is an amount of CPU in thousandths of a core.
type MilliCPU int64

// Bytes is an amount of memory.
type Bytes int64

// FloorCPU and FloorMemory are the least that one sidecar may get (the
// contest's rule: 0.1 core and 128 MB).
const (
	FloorCPU    MilliCPU = 100
	FloorMemory Bytes    = 128_000_000
)

// Limits are what all sidecars together may get.
type Limits struct {
	CPU    MilliCPU
	Memory Bytes
}

// Use is what one pod's sidecar was measured to use and do in the round.
type Use struct {
	// Cores is its CPU use; Known is false when it was not reported.
	Cores float64
	Known bool
	// Memory is its working set in bytes, 0 when not reported.
	Memory float64
	// Received and Sent are calls per second in the log, over the span of its own lines.
	Received, Sent float64
}

// Sidecar is one service's sidecars: what they did and what it meant at the gateway.
type Sidecar struct {
	Service string
	// Given is the CPU limit each had while Uses were measured (what the last
	// plan gave; the floor before the first), 0 when unknown.
	Given MilliCPU
	// GivenMemory likewise.
	GivenMemory Bytes
	// Uses has one entry for each pod, ordered by pod; a service has at least one.
	Uses []Use
	// Seen is the number of distinct calls, in and out, behind the figures.
	Seen int
	// Visits and Sends are calls received and sent by all pods per external
	// request; CriticalVisits and CriticalSends those on the critical path.
	Visits, Sends, CriticalVisits, CriticalSends float64
	// LatencyShare is the sidecars' part of the latency at the gateway, 0…1;
	// Delay is that time itself, per external request.
	LatencyShare float64
	Delay        time.Duration
	// Work is the application's own time per call received, Own that and the time at
	// its sidecar.
	Work, Own time.Duration
	// HeldReceived and HeldSent are how long calls that it received, and that it sent,
	// were in its sidecars by those sidecars' own lines.
	HeldReceived, HeldSent Held
	// Deaf says that no sidecar of it logged the calls it received: then Work holds what all
	// its calls waited for at the sidecar.
	Deaf bool
	// SentBytes and GotBytes are mean response sizes of the calls received and sent.
	SentBytes, GotBytes float64
	// Upstreams is how many services it calls (configuration held in memory).
	Upstreams int
}

// Held is how long calls were in a service's sidecars: of Calls the Mean, each up to
// MostHeld, and of those that were held for less, Quick in number, the QuickMean.
type Held struct {
	Calls     int
	Mean      time.Duration
	Quick     int
	QuickMean time.Duration
}

// MostHeld is up to how long a call counts as held.
const MostHeld = 3 * time.Millisecond

// Call is one edge of the mesh for the latency model.
type Call struct {
	// From and To index Input.Sidecars; From is -1 for the gateway. Back marks a call
	// that closes a cycle.
	From, To int
	Back     bool
	// PerRequest is calls per external request, Critical the part of them that
	// the caller's latency waited for (below 1 where calls run in parallel).
	PerRequest, Critical float64
	// ErrorRatio is the share of calls that failed.
	ErrorRatio float64
}

// Gateway is what was observed of external requests.
type Gateway struct {
	Requests  int
	Rate      float64
	Mean, P99 time.Duration
	// Bursts is how many requests come together: the index of dispersion of their counts by
	// 100 ms, 1 for a Poisson process, 0 where that is not known.
	Bursts float64
}

// Input of a round. Sidecars are sorted by service.
type Input struct {
	Sidecars []Sidecar
	Calls    []Call
	Gateway  Gateway
	Limits   Limits
	// Knowledge is what earlier rounds of this mesh left, nil at the first.
	Knowledge *Knowledge
	Options   Options
}

// Options of the pour; the zero value means the defaults.
type Options struct {
	// Knee is the gain in mean latency, as a part of it, below which CPU is left
	// unspent: the plan ends where all the CPU there is would lower the predicted
	// mean by less than this. 0 means DefaultKnee; a negative one spends all.
	Knee float64
	// Spend caps what is given above the floors, as a part of what the limit has
	// above them, for CPU and for memory. 0 means 1, all of it.
	Spend float64
	// Thrift is how many percent of latency a percent of CPU is worth. At 0, the
	// default, CPU is left only at the knee; at 1 a plan has to be twice as fast to
	// be worth twice the CPU.
	Thrift float64
}

// DefaultKnee is the Options.Knee of the zero value.
const DefaultKnee = 0.02

// Allotment is what one service's sidecars get, each, and why.
type Allotment struct {
	Service string
	Pods    int
	CPU     MilliCPU
	Memory  Bytes
	// Working is the largest working set measured among its sidecars, 0 without any;
	// Growth what is expected to come on top by the next round; Killed the limit at
	// which sidecars were killed for their memory lately, 0 for none.
	Working, Growth, Killed Bytes
	// Demand is the cores that each of its sidecars needs at the load foreseen.
	Demand float64
	// Utilization is Demand over CPU.
	Utilization float64
	// LatencyShare is the part of the predicted latency at the gateway that its
	// sidecars cause.
	LatencyShare float64
	// Last is the mean latency that the last 10 millicores of each of its sidecars
	// saved, Next what 10 more would save, by how long requests wait for want of CPU
	// in a rehearsal, or in a mesh too large for one by the latency that its sidecars
	// were seen to cause. The floor was not bought: Last is 0.
	Last, Next time.Duration
	// Reason is a sentence for people.
	Reason string
}

// Plan is the answer to one Input. Allotments are in the order of Input.Sidecars.
type Plan struct {
	Allotments []Allotment
	// CPU and Memory are the totals over all pods.
	CPU       MilliCPU
	Memory    Bytes
	Predicted Gateway
	// Remarks are sentences on the plan as a whole: what was made of the figures, why
	// CPU is left or all of it given.
	Remarks []string
	// Learned is to be handed back as Knowledge in the next round.
	Learned *Knowledge
}

// Knowledge is what rounds teach about a mesh. It is a plain value that
// survives JSON; callers keep it without looking inside.
type Knowledge struct {
	// Rounds is how many rounds went in.
	Rounds int `json:"rounds"`
	// Services by name.
	Services []Learned `json:"services,omitempty"`
	// Pause is ms of latency per external request that neither the sidecars nor
	// the applications' own time explain.
	Pause float64 `json:"pause,omitempty"`
	// Loads are the last rounds' requests per second and mean latency in seconds,
	// newest first.
	Loads []Load `json:"loads,omitempty"`
	// Foreseen is what the last plan promised where it left CPU unspent, else nil.
	Foreseen *Load `json:"foreseen,omitempty"`
	// Margin is how far beyond the knee plans go, as a logarithm of levels: rounds
	// that were slower than foreseen raise it.
	Margin float64 `json:"margin,omitempty"`
	// Knee is the level at which the last plan's knee was, in requests per second and
	// before all margins, Knees how many rounds of a like load had one, 0 for none, and
	// Tolerance the Options.Knee that they were found for.
	Knee      float64 `json:"knee,omitempty"`
	Knees     int     `json:"knees,omitempty"`
	Tolerance float64 `json:"tolerance,omitempty"`
}

// Load is what one round showed at the gateway.
type Load struct {
	Rate float64 `json:"rate"`
	Mean float64 `json:"mean"`
	// Full says that a sidecar had used up its quota: then the quota set the rate.
	Full bool `json:"full,omitempty"`
	// Requests is how many were counted.
	Requests int `json:"requests,omitempty"`
	// Bursts is how many came together.
	Bursts float64 `json:"bursts,omitempty"`
}

// Learned is what is known of one service.
type Learned struct {
	Service string `json:"service"`
	// Costs of the last rounds, newest first.
	Costs []Cost `json:"costs,omitempty"`
	// Lean is what it gets over an even share of the waiting.
	Lean float64 `json:"lean,omitempty"`
	// Entered is its share of the external requests that entered the mesh, beside
	// Knowledge.Loads.
	Entered []float64 `json:"entered,omitempty"`
	// Work is the application's own ms per call: the least that a round showed.
	Work float64 `json:"work,omitempty"`
	// Memory is the working set to plan for, in bytes, Working the one measured last
	// and Limit what was in force then, Killed the limit at which sidecars were killed
	// for it, fading.
	Memory  float64 `json:"memory,omitempty"`
	Working float64 `json:"working,omitempty"`
	Limit   float64 `json:"limit,omitempty"`
	Killed  float64 `json:"killed,omitempty"`
}

// InfeasibleError says that the limits cannot hold every sidecar's floor.
type InfeasibleError struct {
	Limits, Needed Limits
	Pods           int
}
