package optimize

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/sluice-mesh/sluice/budget"
	"github.com/sluice-mesh/sluice/crgen"
	"github.com/sluice-mesh/sluice/critical"
	"github.com/sluice-mesh/sluice/graph"
	"github.com/sluice-mesh/sluice/internal/accesslog"
	"github.com/sluice-mesh/sluice/internal/request"
)

// Options of a run; the zero value means the defaults throughout.
type Options struct {
	Log accesslog.Options
	// Logs are read in place of the one that the request names, where there are any.
	Logs      []accesslog.Source
	Budget    budget.Options
	Resources crgen.Options
	// Lean lets an Observation go without what it was counted from, the rows of the
	// request and the calls of the log: a server that plans and prints needs neither.
	// Holdout does.
	Lean bool
}

// Observation is what one request and its log show, before anything is decided.
type Observation struct {
	// Request is what was asked; see Fleet for its services.
	Request *request.Request
	// Log says what became of the log's lines.
	Log      *accesslog.Reading
	Graph    *graph.Graph
	Critical critical.Result
	// Services of the request, sorted, by which a mesh is recognised.
	Services []string
	// Evidence is a hash of what was observed (usage and log, not the limits),
	// whatever the order of rows and lines: a request with the evidence of an
	// earlier one is that one asked again, and teaches nothing new.
	Evidence uint64
	// Warnings of reading and joining, in a fixed order.
	Warnings []string

	fleet []request.Service
}

// Fleet is the services of the request with their pods, sorted.
func (o *Observation) Fleet() []request.Service {
	if o.fleet == nil {
		return o.Request.Services()
	}
	return o.fleet
}

// cut tells whether the log was not read to its end because the server stops.
func (o *Observation) cut() bool { return o.Log != nil && o.Log.Cut }

// Report is one round: what was seen, what was decided, and why.
type Report struct {
	*Observation
	Plan budget.Plan
	// Study is what the plan was made of.
	Study     *Study
	Resources []crgen.Resource
	// Was is what each service's sidecars are believed to have had in this round, in
	// the order of Plan.Allotments; amounts that nothing tells are 0.
	Was []Grant
	// Warnings of all stages, the Observation's first.
	Warnings []string
	// Memory is what the next round of this mesh should start from.
	Memory *Memory
	// Explain makes the evidence behind the resources, and behind those that are not,
	// when it is asked for: of very many services it would only stand in the way.
	Explain func() []crgen.Evidence

	// homes makes what tells in which namespace a workload lives, as the resources have
	// it, and told is the one that the options say; see home.
	homes func() func(crgen.Workload) string
	told  string
}

// Scopes is what Explain makes, nothing where it is nil.
func (r *Report) Scopes() []crgen.Evidence {
	if r.Explain == nil {
		return nil
	}
	return r.Explain()
}

// Figures is r without its lists: what is told of a round once it is printed.
func (r *Report) Figures() *Report {
	g := r.Graph
	return &Report{
		Observation: &Observation{Request: r.Request, Log: r.Log, Graph: &graph.Graph{Gateway: g.Gateway, Lines: g.Lines}, Services: r.Services},
		Plan:        budget.Plan{CPU: r.Plan.CPU, Memory: r.Plan.Memory, Predicted: r.Plan.Predicted},
		Warnings:    r.Warnings,
	}
}

// Run makes one round of req, given what earlier rounds of its mesh left (nil:
// nothing). Errors are *budget.InfeasibleError and ctx's own.
func Run(ctx context.Context, req *request.Request, prior *Memory, o Options) (*Report, error) {
	if err := Feasible(req); err != nil {
		return nil, err
	}
	obs, err := Observe(ctx, req, o)
	if err != nil {
		return nil, err
	}
	return Plan(ctx, obs, prior, o)
}

// Feasible returns *budget.InfeasibleError when the limits of req do not hold
// every sidecar's floor: what no log can change, and so need not wait for one.
func Feasible(req *request.Request) error {
	var short *budget.InfeasibleError
	if errors.As(budget.CheckFloors(req.Pods(), limits(req)), &short) {
		return inWords(short, req)
	}
	return nil
}

// Observe reads the log of req, joins it with the pods and finds the critical
// paths. A log that cannot be read is no error but a warning: the Observation
// then holds the services alone. The only error is ctx's.
func Observe(ctx context.Context, req *request.Request, o Options) (*Observation, error) {
	read, err := readLog(ctx, req, o)
	if err != nil {
		return nil, err
	}
	return observe(req, read, o.Lean), nil
}

// readLog reads the logs of the options, or the log where the request says that it is.
func readLog(ctx context.Context, req *request.Request, o Options) (*accesslog.Reading, error) {
	if len(o.Logs) > 0 {
		return accesslog.ReadAll(ctx, o.Logs, o.Log)
	}
	if req.OpenLog == nil {
		return accesslog.ReadFile(ctx, req.AccessLog, o.Log)
	}
	r, err := req.OpenLog()
	if err != nil {
		// Not by its path instead: OpenLog is what keeps a server to its folder.
		read, err := accesslog.Read(ctx, strings.NewReader(""), 0, o.Log)
		if read != nil {
			read.Warnings = []string{"the access log could not be opened: the plan is made without it"}
		}
		return read, err
	}
	defer r.Close()
	return accesslog.Read(ctx, r, -1, o.Log)
}

// observe is Observe once the log has been read.
func observe(req *request.Request, read *accesslog.Reading, lean bool) *Observation {
	obs := &Observation{Request: req, Log: read, fleet: req.Services()}
	for _, s := range obs.fleet {
		obs.Services = append(obs.Services, s.Name)
	}
	obs.Graph = read.Builder.Build(graphPods(obs.fleet), read.Skipped())
	obs.Critical = critical.Analyze(obs.Graph)
	obs.Evidence = evidence(obs)
	obs.Warnings = concat(read.Warnings, skips(read), obs.Graph.Warnings, obs.Critical.Warnings, twoRoots(obs.Graph))
	if lean {
		rows, log := *req, *read
		rows.Containers, log.Builder = nil, nil
		obs.Request, obs.Log, obs.Graph = &rows, &log, obs.Graph.WithoutTraces()
	}
	return obs
}

// twoRoots warns where a service or a host goes by the root's name.
func twoRoots(g *graph.Graph) []string {
	for i := range g.Nodes {
		if n := &g.Nodes[i]; n.Kind != graph.Root && n.Name == graph.RootName {
			return []string{fmt.Sprintf("a service or host is named %q, as the root is: in edges and paths its calls cannot be told from those that enter the mesh", n.Name)}
		}
	}
	return nil
}

// skips tells what became of the lines that were not used.
func skips(read *accesslog.Reading) []string {
	var out []string
	for _, s := range read.Skips {
		out = append(out, s.String())
	}
	return out
}

// Plan decides on an Observation. Errors are *budget.InfeasibleError and ctx's own.
func Plan(ctx context.Context, obs *Observation, prior *Memory, o Options) (*Report, error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	made, recalled := newStudy(obs, prior, o)
	in := made.Input
	plan, err := budget.Pour(in)
	var short *budget.InfeasibleError
	if errors.As(err, &short) {
		return nil, inWords(short, obs.Request)
	}
	if err != nil {
		return nil, err
	}
	shareReasons(plan.Allotments)
	next := remember(obs, prior, plan, o.Resources)
	scope := next.Scope
	o.Resources.Round = next.Round
	switch {
	case obs.cut():
		next = unlearned(prior, next)
		recalled = append(recalled, "the server was stopping while the access log was read: the plan is made from what was read until then, and later rounds learn nothing from it; ask again")
	case prior.Latest() != prior:
	case recalled != nil:
		// Nothing was measured: what is known stays as it was.
		next.Traffic, next.Knowledge = prior.Traffic, prior.Knowledge
	default:
		next.Traffic = traffic(in, next.Round)
	}
	resources, warnings := crgen.Generate(scope, o.Resources)
	return &Report{
		Observation: obs,
		Plan:        plan,
		Study:       made,
		Resources:   resources,
		Was:         was(in),
		Warnings:    concat(obs.Warnings, recalled, warnings),
		Memory:      next,
		Explain:     func() []crgen.Evidence { return crgen.Explain(scope, o.Resources) },
		homes:       func() func(crgen.Workload) string { return crgen.Homes(scope, o.Resources) },
		told:        o.Resources.Namespace,
	}, nil
}

// shareReasons makes one text of equal ones that follow each other: thousands of
// services may keep the floor for the same reason.
func shareReasons(all []budget.Allotment) {
	for i := 1; i < len(all); i++ {
		if all[i].Reason == all[i-1].Reason {
			all[i].Reason = all[i-1].Reason
		}
	}
}

// was is what the sidecars of in are believed to have had.
func was(in budget.Input) []Grant {
	out := make([]Grant, len(in.Sidecars))
	for i, s := range in.Sidecars {
		out[i] = Grant{s.Service, s.Given, s.GivenMemory}
	}
	return out
}

// concat joins lists of warnings into one that shares no memory with them.
func concat(lists ...[]string) []string {
	var all []string
	for _, l := range lists {
		all = append(all, l...)
	}
	return all
}
