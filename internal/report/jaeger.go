package report

import (
	"github.com/sluice-mesh/sluice/internal/optimize"
)

// dependency is an edge as Jaeger's /api/dependencies has it.
type dependency struct {
	Parent string `json:"parent"`
	Child  string `json:"child"`
	Calls  int    `json:"callCount"`
}

// Jaeger is the mesh as Jaeger's dependency JSON, which other tools read. Its counts
// are calls in the log.
func Jaeger(o *optimize.Observation) ([]byte, error) {
	var d document
	rows := []dependency{}
	for _, e := range edgeRows(o.Graph) {
		rows = append(rows, dependency{e.From, e.To, e.Calls})
	}
	d.list("data", 1, rowsOf(rows, nil))
	return d.finish(0)
}
