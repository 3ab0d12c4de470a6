package optimize

import (
	"testing"

	"github.com/sluice-mesh/sluice/budget"
	"github.com/sluice-mesh/sluice/critical"
	"github.com/sluice-mesh/sluice/graph"
)

// A call is tried again every other time: that costs the callee 3 calls for 2, and they
// follow one another.
func TestTriesCostTheCallee(t *testing.T) {
	obs := &Observation{
		Graph:    &graph.Graph{Edges: []graph.Edge{{From: 1, To: 2, PerRequest: 2, Again: 0.5}}},
		Critical: critical.Result{Edges: []critical.EdgeShare{{Critical: 1}}},
	}
	if c := calls(obs, []int{-1, 0, 1})[0]; c.PerRequest != 3 || c.Critical != 1.5 {
		t.Errorf("%v calls, %v of them waited for; want 3 and 1.5", c.PerRequest, c.Critical)
	}
}

// Of 2 calls for a request a fifth fails at the caller's sidecar: the callee's has to do with
// 2·0.8 = 1.6, of which 1·0.8 are waited for. What was used is reckoned to those that are
// played at both ends, or the caller would seem to need less for the same load: of 100 a
// second it sent 80.
func TestCallsThatNeverCameCostTheCalleeNothing(t *testing.T) {
	obs := &Observation{
		Graph:    &graph.Graph{Edges: []graph.Edge{{From: 1, To: 2, Rate: 100, PerRequest: 2, Unreached: 0.2}}},
		Critical: critical.Result{Edges: []critical.EdgeShare{{Critical: 1}}},
	}
	at := []int{-1, 0, 1}
	if c := calls(obs, at)[0]; c.PerRequest != 1.6 || c.Critical != 0.8 {
		t.Errorf("%v calls, %v of them waited for; want 1.6 and 0.8", c.PerRequest, c.Critical)
	}
	in := budget.Input{Sidecars: make([]budget.Sidecar, 2)}
	in.Sidecars[0].Uses = []budget.Use{{Sent: 100}}
	if sendTotals(&in, obs, at); in.Sidecars[0].Sends != 1.6 || in.Sidecars[0].Uses[0].Sent != 80 {
		t.Errorf("the caller sends %v for a request and %v a second, want 1.6 and 80", in.Sidecars[0].Sends, in.Sidecars[0].Uses[0].Sent)
	}
}
