// Package report gives a round its outward forms: the contest's answer, the
// documents of contract.md as JSON, and tables for people. It decides nothing.
package report

import (
	"io"

	"github.com/sluice-mesh/sluice/internal/optimize"
)

// Answer is the body of a 200 of POST /optimize: exactly resource, istio_cr, features.
func Answer(r *optimize.Report) ([]byte, error) { return nil, nil }

// Plan is `sluice plan -o json` and GET /rounds/{n}; round numbers it.
func Plan(r *optimize.Report, round int) ([]byte, error) { return nil, nil }

// Graph is `sluice graph -o json` and GET /rounds/{n}/graph.
func Graph(r *optimize.Report) ([]byte, error) { return nil, nil }

// PlanTable and GraphTable write tables for people; colour only when asked.
func PlanTable(w io.Writer, r *optimize.Report, colour bool) error { return nil }

// GraphTable is the mesh as text.
func GraphTable(w io.Writer, r *optimize.Report, colour bool) error { return nil }
