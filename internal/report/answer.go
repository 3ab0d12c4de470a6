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
func resourceRows(plan *budget.Plan) []resourceRow {
	rows := make([]resourceRow, 0, len(plan.Allotments))
	for _, a := range plan.Allotments {
		rows = append(rows, resourceRow{a.Service, cores(a.CPU), a.Memory})
	}
	return rows
}

// yamls are the resources, one a string.
func yamls(r *optimize.Report) []string {
	docs := make([]string, 0, len(r.Resources))
	for _, res := range r.Resources {
		docs = append(docs, res.YAML)
	}
	return docs
}

// Answer is the body of a 200 of POST /optimize: exactly resource, istio_cr,
// features. It is never cut.
func Answer(r *optimize.Report) ([]byte, error) {
	var d document
	d.list("resource", 1, rowsOf(&d, resourceRows(&r.Plan), nil))
	d.list("istio_cr", 2, rowsOf(&d, yamls(r), nil))
	d.set("features", theFeatures())
	return d.finish(0)
}
