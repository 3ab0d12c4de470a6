package report

import (
	"bytes"
	"slices"

	"github.com/sluice-mesh/sluice/budget"
	"github.com/sluice-mesh/sluice/internal/optimize"
)

// MaxDocument is the most bytes that Plan and Graph write: the contract's 2 MB
// with some room for what a server puts around them.
const MaxDocument = 1_900_000

// totals are sums over all pods, and what they may be.
type totals struct {
	CPU         cores        `json:"cpu"`
	CPULimit    float64      `json:"cpu_limit"`
	Memory      budget.Bytes `json:"memory"`
	MemoryLimit float64      `json:"memory_limit"`
}

// gatewayRow speaks of requests at the ingress gateway; what is not known is null.
type gatewayRow struct {
	MeanMS *millis `json:"mean_ms"`
	Rate   *figure `json:"requests_per_second"`
}

// sidecarRow is one service's sidecars: what each gets, and why.
type sidecarRow struct {
	Service      string       `json:"service"`
	Pods         int          `json:"pods"`
	CPU          cores        `json:"cpu"`
	Memory       budget.Bytes `json:"memory"`
	Demand       figure       `json:"cpu_demand"`
	Utilization  figure       `json:"utilization"`
	LatencyShare figure       `json:"latency_share"`
	// Last is the mean latency that the last 10 millicores of each sidecar saved, null
	// on the floor; Next what 10 more would save. Both are null where no load is foreseen.
	Last   *millis `json:"last_10m_saved_ms"`
	Next   *millis `json:"next_10m_saves_ms"`
	Reason string  `json:"reason"`
	// MemoryReason is absent where the memory is the floor and that is enough.
	MemoryReason string `json:"memory_reason,omitempty"`
}

// crRow says why there is a resource.
type crRow struct {
	Kind      string `json:"kind"`
	Namespace string `json:"namespace"`
	Name      string `json:"name"`
	Reason    string `json:"reason"`
}

// Plan is `sluice plan -o json` and GET /rounds/{n}; round numbers it. What does
// not fit in MaxDocument is left out, as the member "truncated" then says.
func Plan(r *optimize.Report, round int) ([]byte, error) { return PlanWithin(r, round, MaxDocument) }

// PlanWithin is Plan in at most limit bytes, 0 for no limit.
func PlanWithin(r *optimize.Report, round, limit int) ([]byte, error) {
	var d document
	d.set("round", round)
	d.list("resource", 1, resourceRows(&r.Plan))
	d.list("istio_cr", 4, yamlRows(r))
	d.list("istio_cr_reasons", 5, crRows(r))
	d.list("scopes", 6, scopeRows(r.Scopes()))
	d.set("features", theFeatures())
	d.set("totals", totals{cores(r.Plan.CPU), r.Request.CPULimit, r.Plan.Memory, r.Request.MemoryLimit})
	d.set("predicted", gatewayOf(r.Plan.Predicted.Mean > 0, r.Plan.Predicted.Mean > 0, r.Plan.Predicted))
	g := r.Graph.Gateway
	d.set("observed", gatewayOf(g.Requests > 0, latencySeen(&g), budget.Gateway{Rate: g.Rate, Mean: g.Mean}))
	d.set("remarks", append([]string{}, r.Plan.Remarks...))
	d.list("sidecars", 3, sidecarRows(r))
	d.setLines(r.Observation)
	d.list("warnings", 2, warningRows(append(r.Warnings[:len(r.Warnings):len(r.Warnings)], memoryWarnings(r)...)))
	return d.finish(limit)
}

// Warn adds a warning to a document that Plan wrote, before those that it has. It may
// take it a little over its limit, for which MaxDocument leaves room.
func Warn(plan []byte, warning string) []byte {
	const list = "\n\"warnings\": ["
	before, after, found := bytes.Cut(plan, []byte(list)) // no string holds a newline
	if !found {
		return plan
	}
	var d document
	out := slices.Concat(before, []byte(list+"\n  "), d.encode(warning))
	if after[0] != ']' { // behind the last row the line ends by itself
		return append(append(out, ','), after...)
	}
	return append(append(out, '\n'), after...)
}

// gatewayOf is g as far as it is known: a mean where requests were timed, a rate
// where it could be told.
func gatewayOf(seen, timed bool, g budget.Gateway) gatewayRow {
	return gatewayRow{known(timed, millis(g.Mean)), known(seen && g.Rate > 0, figure(g.Rate))}
}

// sidecarRows may go without their reasons where there are very many.
func sidecarRows(r *optimize.Report) rows {
	all := r.Plan.Allotments
	used := memoryUsed(r)
	foreseen := r.Plan.Predicted.Mean > 0
	brief := func(a *budget.Allotment) sidecarRow {
		bought := known(a.CPU > budget.FloorCPU && foreseen, millis(a.Last))
		return sidecarRow{a.Service, a.Pods, cores(a.CPU), a.Memory, figure(a.Demand), figure(a.Utilization), figure(a.LatencyShare), bought, known(foreseen, millis(a.Next)), "", ""}
	}
	return rows{
		n: len(all),
		full: func(i int) any {
			s := brief(&all[i])
			s.Reason, s.MemoryReason = all[i].Reason, memoryReason(&all[i], used[s.Service])
			return s
		},
		brief:  func(i int) any { return brief(&all[i]) },
		weight: func(i int) float64 { return float64(all[i].CPU) },
	}
}

func crRows(r *optimize.Report) rows {
	return rows{n: len(r.Resources), full: func(i int) any {
		c := &r.Resources[i]
		return crRow{c.Kind, c.Namespace, c.Name, c.Reason}
	}}
}

// maxWarning is how much of one warning a document holds: a name in it may be
// longer than all the rest.
const maxWarning = 2000

// warningRows keeps the warnings whole up to maxWarning.
func warningRows(warnings []string) rows {
	return rows{n: len(warnings), full: func(i int) any { return clip(warnings[i], maxWarning) }}
}
