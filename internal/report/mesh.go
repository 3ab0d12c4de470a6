package report

import (
	"cmp"
	"fmt"
	"math"
	"net"
	"slices"
	"strconv"

	"github.com/sluice-mesh/sluice/graph"
	"github.com/sluice-mesh/sluice/internal/accesslog"
	"github.com/sluice-mesh/sluice/internal/optimize"
	"github.com/sluice-mesh/sluice/internal/request"
)

// meshGateway is what was seen of external requests as a whole.
type meshGateway struct {
	Requests int     `json:"requests"`
	Rate     *figure `json:"requests_per_second"`
	MeanMS   *millis `json:"mean_ms"`
	P99MS    *millis `json:"p99_ms"`
	Traces   int     `json:"traces"`
}

// serviceRow is one service as observed.
type serviceRow struct {
	Name       string   `json:"name"`
	Namespaces []string `json:"namespaces,omitempty"`
	Pods       int      `json:"pods"`
	Rate       figure   `json:"requests_per_second"`
	Visits     figure   `json:"visits"`
	// SelfMS and WorkMS are null where no call's own time was measured.
	SelfMS     *millis `json:"self_ms"`
	WorkMS     *millis `json:"work_ms"`
	SidecarMS  millis  `json:"sidecar_ms"`
	Latency    figure  `json:"latency_share"`
	SidecarCPU *figure `json:"sidecar_cpu"`
	// Depth is null where the gateway does not reach it.
	Depth  *int   `json:"depth"`
	Opaque string `json:"opaque,omitempty"`
}

// externalRow is an upstream that no pod of the request serves.
type externalRow struct {
	Name string `json:"name"`
	Rate figure `json:"requests_per_second"`
}

// edgeRow is all calls from one node to another.
type edgeRow struct {
	From       string `json:"from"`
	To         string `json:"to"`
	Rate       figure `json:"requests_per_second"`
	RateLow    figure `json:"requests_per_second_low"`
	RateHigh   figure `json:"requests_per_second_high"`
	PerRequest figure `json:"calls_per_request"`
	PerCall    figure `json:"calls_per_call"`
	Calls      int    `json:"calls"`
	// MeanMS, P99MS and P99Low are null where no call was timed, P99High besides
	// where there are too few calls to bound it.
	MeanMS    *millis `json:"mean_ms"`
	P99MS     *millis `json:"p99_ms"`
	P99Low    *millis `json:"p99_ms_low"`
	P99High   *millis `json:"p99_ms_high"`
	Errors    figure  `json:"error_ratio"`
	Unreached figure  `json:"unreached_ratio,omitempty"`
	// Again is how many tries came besides the last for each call that was sent.
	Again     figure   `json:"again_ratio,omitempty"`
	Bytes     figure   `json:"response_bytes"`
	Hosts     []string `json:"hosts,omitempty"`
	MoreHosts int      `json:"more_hosts,omitempty"`
	Back      bool     `json:"closes_cycle,omitempty"`
	Note      string   `json:"note,omitempty"`

	fromKind, toKind graph.Kind // which names alone do not tell
}

// pathRow is one way that external requests were held up longest.
type pathRow struct {
	Services []string `json:"services"`
	Share    figure   `json:"share"`
	// MeanMS is null where nobody timed those requests.
	MeanMS *millis `json:"mean_ms"`
}

// linesRow is what became of the log's lines.
type linesRow struct {
	Total    int64 `json:"total"`
	Used     int64 `json:"used"`
	Repeated int64 `json:"repeated"`
	Skipped  int64 `json:"skipped"`
}

// skipRow is why lines were skipped.
type skipRow struct {
	Reason string `json:"reason"`
	Lines  int64  `json:"lines"`
	First  int64  `json:"first_line"`
	// Log is the one that has that line, where several were read.
	Log string `json:"log,omitempty"`
}

// Graph is `sluice graph -o json` and GET /rounds/{n}/graph. What does not fit in
// MaxDocument is left out, as the member "truncated" then says.
func Graph(o *optimize.Observation) ([]byte, error) { return GraphWithin(o, MaxDocument) }

// GraphWithin is Graph in at most limit bytes, 0 for no limit.
func GraphWithin(o *optimize.Observation, limit int) ([]byte, error) {
	var d document
	g := o.Graph
	d.set("root", graph.RootName)
	d.set("gateway", meshGatewayOf(o))
	d.list("services", 1, meshServices(o))
	d.list("externals", 5, rowsOf(externalRows(g), func(x externalRow) float64 { return float64(x.Rate.rounded()) }))
	d.list("edges", 3, rowsOf(edgeRows(g), func(e edgeRow) float64 { return float64(e.Rate.rounded()) }))
	d.list("critical_paths", 4, rowsOf(pathRows(o), nil))
	d.setLines(o)
	d.list("warnings", 2, warningRows(o.Warnings))
	return d.finish(limit)
}

func meshGatewayOf(o *optimize.Observation) meshGateway {
	g := o.Graph.Gateway
	timed := latencySeen(&g)
	return meshGateway{g.Requests, known(g.Requests > 0 && g.Rate > 0, figure(g.Rate)),
		known(timed, millis(g.Mean)), known(timed, millis(g.P99)), o.Critical.Traces}
}

// latencySeen tells whether the log shows how long external requests took. Without
// a line of the gateway's they are counted by what entry services wrote, and nobody
// has timed them.
func latencySeen(g *graph.Gateway) bool { return g.Requests > 0 && (g.Mean > 0 || g.P99 > 0) }

// meshServices lists every service of the request, seen in the log or not.
func meshServices(o *optimize.Observation) rows {
	at, fleet := nodesOf(o), o.Fleet()
	return rows{
		n:    len(fleet),
		full: func(i int) any { return serviceRowOf(o, &fleet[i], at) },
		weight: func(i int) float64 {
			if node, ok := at[fleet[i].Name]; ok {
				return o.Graph.Nodes[node].Rate
			}
			return 0
		},
	}
}

// serviceRows is meshServices at once.
func serviceRows(o *optimize.Observation) []serviceRow {
	at, fleet := nodesOf(o), o.Fleet()
	out := make([]serviceRow, len(fleet))
	for i := range fleet {
		out[i] = serviceRowOf(o, &fleet[i], at)
	}
	return out
}

// nodesOf finds the services' nodes by name.
func nodesOf(o *optimize.Observation) map[string]int {
	at := make(map[string]int, len(o.Graph.Nodes))
	for i := range o.Graph.Nodes {
		if n := &o.Graph.Nodes[i]; n.Kind == graph.Service {
			at[n.Name] = i
		}
	}
	return at
}

func serviceRowOf(o *optimize.Observation, s *request.Service, at map[string]int) serviceRow {
	r := serviceRow{Name: s.Name, Pods: len(s.Pods), SidecarCPU: sidecarCPU(s)}
	if i, ok := at[s.Name]; ok {
		r.observed(o, i)
	}
	return r
}

// observed fills in what node i of the graph shows.
func (r *serviceRow) observed(o *optimize.Observation, i int) {
	n, c := &o.Graph.Nodes[i], &o.Critical.Services[i]
	r.Namespaces, r.Opaque = n.Namespaces, n.Opaque
	r.Rate, r.Visits = figure(n.Rate), figure(n.Visits)
	if slices.ContainsFunc(n.Pods, func(p graph.PodTraffic) bool { return p.Received > 0 }) || n.Visits > 0 {
		r.Rate = rateOf(o.Graph, n.Rate)
	}
	r.Depth = known(n.Depth >= 0, n.Depth)
	measured := c.Calls > 0 || c.Self > 0
	r.SelfMS, r.WorkMS = known(measured, millis(c.Self)), known(measured, millis(c.Work))
	r.SidecarMS = millis(c.Sidecar)
	r.Latency = figure(c.Latency)
}

// sidecarCPU is what all sidecars of s used together, nil when none reported.
func sidecarCPU(s *request.Service) *figure {
	sum, seen := 0.0, false
	for _, p := range s.Pods {
		if p.SidecarCPU != nil {
			sum, seen = sum+*p.SidecarCPU, true
		}
	}
	return known(seen, figure(sum))
}

func externalRows(g *graph.Graph) []externalRow {
	var rows []externalRow
	for _, n := range g.Nodes {
		if n.Kind == graph.External {
			rows = append(rows, externalRow{n.Name, rateOf(g, n.Rate)})
		}
	}
	return rows
}

// edgeRows is every edge, those that close a cycle too, in the graph's order.
func edgeRows(g *graph.Graph) []edgeRow {
	rows := make([]edgeRow, 0, len(g.Edges))
	for _, e := range g.Edges {
		timed := e.Timed > 0 || e.Mean > 0
		r := edgeRow{
			From: g.Nodes[e.From].Name, To: g.Nodes[e.To].Name,
			Rate: rateOf(g, e.Rate), RateLow: rateOf(g, e.RateLow), RateHigh: rateOf(g, e.RateHigh), PerRequest: figure(e.PerRequest), PerCall: figure(e.PerCall), Calls: e.Calls,
			MeanMS: known(timed, millis(e.Mean)), P99MS: known(timed, millis(e.P99)), P99Low: known(timed, millis(e.P99Low)), P99High: known(e.P99High > 0, millis(e.P99High)),
			Errors: figure(e.ErrorRatio), Unreached: figure(e.Unreached), Again: figure(e.Again), Bytes: figure(e.SentBytes),
			Back: e.Back, Note: triedAgain(&e), fromKind: g.Nodes[e.From].Kind, toKind: g.Nodes[e.To].Kind,
		}
		r.Hosts, r.MoreHosts = hostNames(e.Hosts)
		rows = append(rows, r)
	}
	return rows
}

// triedAgain says in a sentence what came of calls that sidecars tried again.
func triedAgain(e *graph.Edge) string {
	if e.Again == 0 {
		return ""
	}
	return fmt.Sprintf("Sidecars tried calls again that failed: for each that was sent %s came.", number(e.Came()))
}

// rateOf is the rate of something that happened: null where no line of the log tells
// when.
func rateOf(g *graph.Graph, rate float64) figure {
	if g.Untimed {
		return figure(math.NaN())
	}
	return figure(rate)
}

// maxHosts is how many names of one callee an edge lists; a wildcard behind one
// address can have thousands.
const maxHosts = 10

// hostNames is the most called hosts, by name, and how many more there are.
func hostNames(hosts []graph.Host) (names []string, more int) {
	top := slices.Clone(hosts)
	slices.SortStableFunc(top, func(a, b graph.Host) int { return cmp.Compare(b.Calls, a.Calls) })
	if len(top) > maxHosts {
		top, more = top[:maxHosts], len(top)-maxHosts
	}
	for _, h := range top {
		name := clip(h.Name, maxWarning)
		if h.Port > 0 {
			name = net.JoinHostPort(name, strconv.Itoa(h.Port))
		}
		names = append(names, name)
	}
	slices.Sort(names)
	return names, more
}

func pathRows(o *optimize.Observation) []pathRow {
	var rows []pathRow
	for _, p := range o.Critical.Paths {
		rows = append(rows, pathRow{pathNames(o.Graph, p.Nodes), figure(p.Share), known(p.Mean > 0, millis(p.Mean))})
	}
	return rows
}

func pathNames(g *graph.Graph, nodes []int) []string {
	names := make([]string, 0, len(nodes))
	for _, i := range nodes {
		names = append(names, g.Nodes[i].Name)
	}
	return names
}

func skipRows(log *accesslog.Reading) []skipRow {
	if log == nil {
		return nil
	}
	var rows []skipRow
	for _, s := range log.Skips {
		rows = append(rows, skipRow(s))
	}
	return rows
}
