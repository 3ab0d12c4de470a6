package report

import (
	"io"

	"github.com/sluice-mesh/sluice/internal/optimize"
)

// MaxDocument is the most bytes that Plan and Graph write.
const MaxDocument = 1_900_000

// Answer is the body of a 200 of POST /optimize: exactly resource, istio_cr, features.
func Answer(r *optimize.Report) ([]byte, error) { return nil, nil }

// Plan is `sluice plan -o json` and GET /rounds/{n}; round numbers it. What
// does not fit in MaxDocument is left out in a stated way.
func Plan(r *optimize.Report, round int) ([]byte, error) { return PlanWithin(r, round, MaxDocument) }

// PlanWithin is Plan in at most limit bytes, 0 for no limit.
func PlanWithin(r *optimize.Report, round, limit int) ([]byte, error) { return nil, nil }

// Graph is `sluice graph -o json` and GET /rounds/{n}/graph. What does not fit
// in MaxDocument is left out in a stated way.
func Graph(o *optimize.Observation) ([]byte, error) { return GraphWithin(o, MaxDocument) }

// GraphWithin is Graph in at most limit bytes, 0 for no limit.
func GraphWithin(o *optimize.Observation, limit int) ([]byte, error) { return nil, nil }

// Patches is `sluice plan -o patch`.
func Patches(r *optimize.Report) (yaml []byte, warnings []string) { return nil, nil }

// ResourceStream is `sluice crs`: one YAML document for each resource.
func ResourceStream(r *optimize.Report) []byte { return nil }

// ResourceList is `sluice crs -o json`: a Kubernetes List.
func ResourceList(r *optimize.Report) ([]byte, error) { return nil, nil }

// PlanTable writes the plan for people; colour only when asked.
func PlanTable(w io.Writer, r *optimize.Report, colour bool) error { return nil }

// GraphTable writes the mesh for people.
func GraphTable(w io.Writer, o *optimize.Observation, colour bool) error { return nil }

// Printable is s in one line without anything that a terminal would act on, in
// at most limit bytes.
func Printable(s string, limit int) string { return s }
