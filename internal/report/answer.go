package report

import (
	"github.com/sluice-mesh/sluice/budget"
	"github.com/sluice-mesh/sluice/crgen"
	"github.com/sluice-mesh/sluice/internal/optimize"
)

// resourceRow is what each sidecar of one service gets.
type resourceRow struct {
	Service string       `json:"service"`
	CPU     cores        `json:"cpu"`
	Memory  budget.Bytes `json:"memory"`
}

// features is the platform's part of the answer.
type features struct {
	MultiBuffer multiBuffer `json:"multi_buffer"`
}

type multiBuffer struct {
	Enabled   bool   `json:"enabled"`
	PollDelay string `json:"poll_delay"`
}

func theFeatures() features {
	return features{multiBuffer{Enabled: true, PollDelay: crgen.PollDelay}}
}

// resourceRows lists every service of the request once, sorted by name.
func resourceRows(plan *budget.Plan) rows {
	all := plan.Allotments
	return rows{
		n:      len(all),
		full:   func(i int) any { return resourceRow{all[i].Service, cores(all[i].CPU), all[i].Memory} },
		weight: func(i int) float64 { return float64(all[i].CPU) },
	}
}

// yamlRows are the resources, one a string.
func yamlRows(r *optimize.Report) rows {
	return rows{n: len(r.Resources), full: func(i int) any { return r.Resources[i].YAML }}
}

// Answer is the body of a 200 of POST /optimize: exactly resource, istio_cr,
// features. It is never cut.
func Answer(r *optimize.Report) ([]byte, error) {
	var d document
	d.list("resource", 1, resourceRows(&r.Plan))
	d.list("istio_cr", 2, yamlRows(r))
	d.set("features", theFeatures())
	return d.finish(0)
}
