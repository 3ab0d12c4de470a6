package whatif

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-mesh/sluice/budget"
	"github.com/sluice-mesh/sluice/internal/optimize"
)

// TestMeant: what is not known is answered with what may have been meant, and what
// comes to nothing with what would come to something.
func TestMeant(t *testing.T) {
	for script, want := range map[string]string{
		"row(mehs)":                  "t.star:1:5: undefined: mehs (did you mean mesh?)",
		"mesh.fail('reviews', 0)":    "fail: pods: found 0, expected 1 or more",
		"mesh.entry('details', x=2)": `no request enters at "details", and 2 times none is none: give share=`,
		"rwo(mesh)":                  "t.star:1:1: undefined: rwo (did you mean row?)",
		"spna(1, 2, 3)":              "undefined: spna (did you mean span?)",
		"scale(2)":                   "undefined: scale (did you mean mesh.scale(x)?)",
		"row(budget(4))":             "t.star:1:5: undefined: budget (did you mean mesh.budget(cores, memory=None)?)",
		"replica('reviews', 2)":      "did you mean mesh.replicas(service, pods)?",
		"row(mesh.budget(knee))":     "undefined: knee (did you mean mesh.knee?)",
		"m = mesh\nrow(n)\nxyzzyq()": "t.star:2:5: undefined: n",
		"row(mesh.load(3))":          `t.star:1:10: "load" is a word of the language and cannot stand after a dot (did you mean .scale(x)?`,
		"mesh.and(3)":                `t.star:1:6: "and" is a word of the language`,
		"mesh.3":                     "t.star:1:7: got float literal",
		"mesh.plan().mean":           "answer has no .mean field or method (did you mean .mean_ms?)",
		"mesh.plan().p99":            "did you mean .p99_ms?",
		"mesh.plan().qwerty":         "t.star:1:12: answer has no .qwerty field or method",
		"mesh.repl":                  "mesh has no .repl field or method (did you mean .replicas?)",
		"mesh.cheap":                 "did you mean .cheapest?",
	} {
		_, err := Run(context.Background(), demoMesh(), "t.star", script, Bounds{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q:\n got %v\nwant %s", script, err, want)
		}
	}
}

// A thousand questions about a thousand services fit into the memory of one: meshes
// share what no question changed, and a mesh that was answered is let go.
func TestManyRowsOfALargeMesh(t *testing.T) {
	const services = 1000
	in := budget.Input{Gateway: budget.Gateway{Requests: 5000, Rate: 800, Mean: 120 * time.Millisecond}}
	for i := range services {
		in.Sidecars = append(in.Sidecars, budget.Sidecar{Service: fmt.Sprintf("svc-%04d", i), Given: 100, Visits: 0.1, CriticalVisits: 0.1, Sends: 0.1, Seen: 500, Work: time.Millisecond,
			Uses: []budget.Use{{Cores: 0.05, Known: true, Received: 80, Sent: 80}}})
		in.Calls = append(in.Calls, budget.Call{From: (i+1)/2 - 1, To: i, PerRequest: 0.1, Critical: 0.1})
	}
	in.Limits = budget.Limits{CPU: 2 * budget.FloorCPU * services, Memory: 3 * budget.FloorMemory * services}
	for _, script := range []string{"for i in range(1000): row(mesh.scale(0.5 + i*0.002))", "for s in mesh.services: row(mesh.replicas(s, 2), s)", "for i in range(500): row(mesh.budget(150 + i/10).plan())"} {
		res, err := Isolated(t.Context(), Job{Study: &optimize.Study{Input: in}, Name: "t.star", Script: script, Bounds: Bounds{Memory: 96 << 20}})
		if err != nil {
			t.Errorf("%s: %v", script, err)
		} else if len(res.Rows) < 500 {
			t.Errorf("%s: %d rows", script, len(res.Rows))
		}
	}
}

// ofQuestion are the warnings that come of what was asked, not of what the demo shows
// at all: it is a first round in which sidecars were full.
func ofQuestion(res *Result) []string {
	return slices.DeleteFunc(slices.Clone(res.Warnings), func(w string) bool { return strings.HasPrefix(w, "figures may be off by half") })
}

// What weakens a prediction is told by its true reason.
func TestWarnings(t *testing.T) {
	for script, want := range map[string]string{
		"row(mesh.closed(20000))": "20000 requests in flight that pass 13 times through sidecars each are more than is rehearsed: figures are the closed form's",
		"row(mesh.replicas('reviews', 10000).replicas('ratings', 10000).replicas('details', 10000).budget(9000, 1e14))": "the mesh has 30001 pods, and up to 20000 are rehearsed",
		"row(mesh.cost('reviews', 10000))":                                 "too few requests came through in the seconds that are rehearsed",
		"row(mesh.limit('reviews', 3))":                                    "an allocation that is fixed takes more CPU than the budget",
		"row(mesh.apply().budget(1))":                                      "an allocation that is fixed takes more CPU than the budget",
		"row(mesh.limit('reviews', 0.2))\nrow(mesh.apply())":               "",
		"row(mesh.budget(2).allocate({s: 0.2 for s in mesh.services}))":    "",
		"m = mesh.apply()\nfor i in range(20): row(m.budget(2 + i / 100))": "an allocation that is fixed",
	} {
		told := ofQuestion(mustRun(t, script))
		if want == "" && len(told) > 0 || want != "" && (len(told) != 1 || !strings.HasPrefix(told[0], want)) {
			t.Errorf("%s: warnings %q, want %q", script, told, want)
		}
	}
}

// An edit to what is so is the mesh itself, to the digit.
func TestIdentities(t *testing.T) {
	rows := mustRun(t, `
row(mesh)
for s in mesh.services:
    row(mesh.work(s, x=1))
    row(mesh.cost(s, 1))
    row(mesh.replicas(s, mesh.pods[s]))
row(mesh.entry("productpage", x=1))
row(mesh.scale(1))
`).Rows
	for i, row := range rows {
		if row.Get("mean_ms") != rows[0].Get("mean_ms") || row.Get("cpu") != rows[0].Get("cpu") {
			t.Errorf("row %d: %v, want %v", i, row, rows[0])
		}
	}
}
