package report

import (
	"fmt"

	"github.com/sluice-mesh/sluice/internal/optimize"
)

// Lines says in words what became of the log's lines.
func Lines(o *optimize.Observation) string {
	l := o.Graph.Lines
	return fmt.Sprintf("%s: %d used, %d repeated, %d skipped", count(int(l.Total), "line"), l.Used, l.Repeated, l.Skipped)
}

// setLines puts into a document what became of the log's lines.
func (d *document) setLines(o *optimize.Observation) {
	d.set("lines", linesRow(o.Graph.Lines))
	d.list("skipped_lines", 6, rowsOf(skipRows(o.Log), nil))
}
