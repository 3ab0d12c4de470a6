package report

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/sluice-mesh/sluice/graph"
)

// TestUnknownLatency: requests that entry services counted were timed by nobody, and
// a latency of 0 would be a perfect one.
func TestUnknownLatency(t *testing.T) {
	r := shop()
	r.Graph.Gateway = graph.Gateway{Requests: 800, Rate: 100}
	plan, err := Plan(r, 1)
	if err != nil {
		t.Fatal(err)
	}
	if want := `"observed": {"mean_ms":null,"requests_per_second":100}`; !strings.Contains(string(plan), want) {
		t.Errorf("the plan has no %s:\n%s", want, plan)
	}
	mesh, err := Graph(r.Observation)
	if err != nil {
		t.Fatal(err)
	}
	if want := `"requests_per_second":100,"mean_ms":null,"p99_ms":null`; !strings.Contains(string(mesh), want) {
		t.Errorf("the graph has no %s:\n%s", want, mesh)
	}
	var tables bytes.Buffer
	if err := PlanTable(&tables, r, false); err != nil {
		t.Fatal(err)
	}
	if err := GraphTable(&tables, r.Observation, false); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"observed 100 requests/s (how long they took was not logged);", "100 requests/s, latency not logged, of 800 requests"} {
		if !strings.Contains(tables.String(), want) {
			t.Errorf("the tables do not say %q:\n%s", want, tables.String())
		}
	}
}

// TestUnknownSelf: an idle service has shown no time of its own; one that was
// measured at 0 has.
func TestUnknownSelf(t *testing.T) {
	r := shop()
	r.Critical.Services[3].Self, r.Critical.Services[3].Work, r.Critical.Services[3].Calls = 0, 0, 7
	mesh, err := Graph(r.Observation)
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Services []struct {
			Name string
			Self *float64 `json:"self_ms"`
			Work *float64 `json:"work_ms"`
		}
	}
	if err := json.Unmarshal(mesh, &got); err != nil {
		t.Fatal(err)
	}
	for _, s := range got.Services {
		if known := s.Name != "idle"; (s.Self != nil) != known || (s.Work != nil) != known {
			t.Errorf("%s: self_ms known %v, work_ms known %v, want both %v", s.Name, s.Self != nil, s.Work != nil, known)
		}
	}
	if _, err := RoundPicture(mesh); err != nil {
		t.Errorf("a picture of a mesh with unknown times: %v", err)
	}
}
