// Package optimize is the one composition of sluice: bytes → records → graph →
// critical paths → pour → resources. The API, the commands and what-if all call
// Run and nothing deeper, so a number seen in one is the number in all.
package optimize

import (
	"context"

	"github.com/sluice-mesh/sluice/budget"
	"github.com/sluice-mesh/sluice/crgen"
	"github.com/sluice-mesh/sluice/critical"
	"github.com/sluice-mesh/sluice/graph"
	"github.com/sluice-mesh/sluice/internal/accesslog"
	"github.com/sluice-mesh/sluice/internal/request"
)

// Options of a run; the zero value means the defaults throughout.
type Options struct {
	Log       accesslog.Options
	Budget    budget.Options
	Resources crgen.Options
}

// Memory is what a mesh's earlier rounds left: a plain value that survives JSON.
// The nil Memory is that of a mesh not seen before. A Memory is never changed;
// Run makes a new one.
type Memory struct {
	// Round is the number of observations that went in.
	Round int `json:"round"`
	// Services that the mesh had, sorted, by which it is recognised.
	Services  []string          `json:"services"`
	Knowledge *budget.Knowledge `json:"knowledge,omitempty"`
	// Scope is what each workload was seen to call.
	Scope []crgen.Workload `json:"scope,omitempty"`
	// Given is what the last plan gave each service's sidecars.
	Given []Grant `json:"given,omitempty"`
}

// Grant is what one service's sidecars got.
type Grant struct {
	Service string          `json:"service"`
	CPU     budget.MilliCPU `json:"cpu"`
	Memory  budget.Bytes    `json:"memory"`
}

// Report is one round: what was seen, what was decided, and why.
type Report struct {
	Request   *request.Request
	Graph     *graph.Graph
	Critical  critical.Result
	Plan      budget.Plan
	Resources []crgen.Resource
	// Log says what became of the log's lines.
	Log *accesslog.Reading
	// Warnings of all stages, in a fixed order.
	Warnings []string
	// Memory is what the next round of this mesh should start from.
	Memory *Memory
	// Evidence is a hash of what was observed (usage and log, not the limits),
	// whatever the order of rows and lines: a request with the same evidence as
	// an earlier one is that one asked again, and teaches nothing new.
	Evidence uint64
}

// Observe reads the log and builds the graph, without planning.
func Observe(ctx context.Context, req *request.Request, o Options) (*Report, error) {
	return nil, nil
}

// Run makes one round of req, given what earlier rounds of its mesh left (nil:
// nothing). Errors are *budget.InfeasibleError and ctx's.
func Run(ctx context.Context, req *request.Request, prior *Memory, o Options) (*Report, error) {
	return nil, nil
}

// Recall finds the memory that belongs to the mesh of req among those given: the
// one that shares most services with it, provided that they share at least half
// of all the services either has. It returns -1 for a mesh not seen before.
func Recall(memories []*Memory, req *request.Request) int { return -1 }
