package report

import (
	"bytes"
	"strings"
	"testing"
)

// What the log does not tell is null or "-" in every form, and never 0: rates where no
// line has a start, times where none has a duration, how long requests took that
// entered where nobody logs. A service without traffic has the rate 0 all the same.
func TestUnknownIsNotZero(t *testing.T) {
	r := shop()
	g := r.Graph
	g.Untimed = true
	g.Gateway.Rate, g.Gateway.Mean, g.Gateway.P99 = 0, 0, 0
	for i := range g.Nodes {
		g.Nodes[i].Rate = 0
	}
	for i := range g.Edges {
		e := &g.Edges[i]
		e.Rate, e.Mean, e.P99 = 0, 0, 0
	}
	for i := range r.Critical.Paths {
		r.Critical.Paths[i].Mean = 0
	}
	plan, mesh := cutTo(t, r, 0)
	for _, key := range []string{"requests_per_second", "requests_per_second_low", "requests_per_second_high", "mean_ms", "p99_ms", "p99_ms_low", "p99_ms_high"} {
		for _, e := range list(t, mesh, "edges") {
			if v, ok := e[key]; v != nil || !ok {
				t.Errorf("%s of an edge is %v", key, v)
			}
		}
	}
	for _, s := range list(t, mesh, "services") {
		if v := s["requests_per_second"]; (v == nil) == (s["name"] == "idle") {
			t.Errorf("%s has %v requests per second", s["name"], v)
		}
	}
	for _, p := range list(t, mesh, "critical_paths") {
		if p["mean_ms"] != nil {
			t.Errorf("a path took %v", p["mean_ms"])
		}
	}
	if got := string(plan["observed"]); !strings.Contains(got, `"requests_per_second": null`) && !strings.Contains(got, `"requests_per_second":null`) {
		t.Errorf("observed %s", got)
	}
	var table bytes.Buffer
	if err := GraphTable(&table, r.Observation, false); err != nil {
		t.Fatal(err)
	}
	if s := table.String(); !strings.Contains(s, "- requests/s") || strings.Contains(s, "0.0 ms") {
		t.Errorf("table\n%s", s)
	}
	s := sketchOf(r.Observation)
	if err := s.group(GroupAlike); err != nil {
		t.Fatal(err)
	}
	for _, e := range s.mesh("", nil).Edges {
		if e.Lines[0] != "- /s" || !strings.Contains(e.Tip, "not timed") {
			t.Errorf("an edge says %q, %q", e.Lines, e.Tip)
		}
	}
}
