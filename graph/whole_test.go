package graph

import "testing"

// The log of front, 60 lines, is not much longer than its calls take, some 80 ms at 100 a
// second: eight are under way at any time, as many as began or ended outside of the log.
// The few that are there from start to end make one call of a and two of b each, and so
// do all. By the rates alone 13 of the logs said so.
func TestCallsLongerThanTheLog(t *testing.T) {
	found := 0
	for seed := range uint64(20) {
		m := simMesh{entry: "front", rate: 100, seconds: 10, seed: 40 + seed, head: 60, gateway: true, tail: true, services: []simService{
			{name: "front", pods: 1, work: 10, calls: []simCall{{to: "a"}, {to: "b", times: 2}}},
			{name: "a", pods: 1, work: 25}, {name: "b", pods: 2, work: 20},
		}}
		g := collect(m.run(), Options{}).Build(m.pods(), 0)
		check(t, g)
		a, b := edge(t, g, "front", "a").PerCall, edge(t, g, "front", "b").PerCall
		if a > 0.98 && a < 1.02 && b > 1.96 && b < 2.04 {
			found++
		}
	}
	if found < 15 {
		t.Errorf("%d of 20 logs show one call of a and two of b", found)
	}
}

// Where the few that were seen differ, the rates stand: front calls a for half of what it
// receives.
func TestCallsLongerThanTheLogThatDiffer(t *testing.T) {
	sum := 0.0
	for seed := range uint64(20) {
		m := simMesh{entry: "front", rate: 100, seconds: 10, seed: 40 + seed, head: 60, gateway: true, services: []simService{
			{name: "front", pods: 1, work: 40, calls: []simCall{{to: "a", chance: 0.5}}},
			{name: "a", pods: 1, work: 25},
		}}
		g := collect(m.run(), Options{}).Build(m.pods(), 0)
		check(t, g)
		sum += edge(t, g, "front", "a").PerCall / 20
	}
	near(t, "calls of a", sum, 0.5, 0.1)
}
