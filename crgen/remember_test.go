package crgen

import (
	"encoding/json"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// rounds plays what each round saw and returns the memory after the last.
func rounds(seen ...[]Workload) (known []Workload, o Options) {
	for i, ws := range seen {
		o.Round = i + 1
		known = Remember(known, ws, o)
	}
	return known, o
}

func TestRememberAddsUp(t *testing.T) {
	known, _ := rounds(
		[]Workload{{Service: "a", Requests: 30, Upstreams: []Upstream{{Host: "b", Calls: 3}}}},
		[]Workload{{Service: "a", Requests: 20, Upstreams: []Upstream{{Host: "c", Calls: 2}}}},
	)
	want := []Workload{{Service: "a", Requests: 50, Upstreams: []Upstream{
		{Host: "b", Calls: 3, LastRound: 1, Idle: 20},
		{Host: "c", Calls: 2, LastRound: 2},
	}}}
	if diff := cmp.Diff(want, known); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestHostsGrowAtOnceAndShrinkLate(t *testing.T) {
	with := []Workload{{Service: "a", Requests: 100, Upstreams: []Upstream{{Host: "b", Calls: 1}, {Host: "c", Calls: 1}}}}
	without := []Workload{{Service: "a", Requests: 100, Upstreams: []Upstream{{Host: "b", Calls: 1}}}}
	const b, c = "default/b.default.svc.cluster.local", "default/c.default.svc.cluster.local"

	history := [][]Workload{without, with}
	for range DefaultKeepRounds {
		history = append(history, without)
		known, o := rounds(history...)
		rs, _ := generate(t, known, o)
		mustHosts(t, rs, "default/a", b, c, "istio-system/*")
	}
	history = append(history, without)
	known, o := rounds(history...)
	rs, _ := generate(t, known, o)
	mustHosts(t, rs, "default/a", b, "istio-system/*")

	// It comes back in the round in which it is called again.
	known, o = rounds(append(history, with)...)
	rs, _ = generate(t, known, o)
	mustHosts(t, rs, "default/a", b, c, "istio-system/*")
}

func TestHostsStayWithoutEvidenceAgainstThem(t *testing.T) {
	history := [][]Workload{{{Service: "a", Requests: 100, Upstreams: []Upstream{{Host: "b", Calls: 1}}}}}
	for range 40 {
		history = append(history, []Workload{{Service: "a", Requests: 1}}) // 40 quiet rounds: 40 requests
	}
	known, o := rounds(history...)
	rs, _ := generate(t, known, o)
	mustHosts(t, rs, "default/a", "default/b.default.svc.cluster.local", "istio-system/*")
}

func TestRepeatedRoundChangesNoByte(t *testing.T) {
	once, o1 := rounds(shop())
	twice, o2 := rounds(shop(), shop())
	a, _ := Generate(once, o1)
	b, _ := Generate(twice, o2)
	if len(a) != 5 || len(b) != 5 {
		t.Fatalf("%d and %d resources", len(a), len(b))
	}
	for i := range a {
		if a[i].YAML != b[i].YAML {
			t.Errorf("%s changed:\n%s", a[i].Name, cmp.Diff(a[i].YAML, b[i].YAML))
		}
	}
}

func TestOpaqueRequestsProveNothing(t *testing.T) {
	known, o := rounds(
		[]Workload{{Service: "a", Requests: 1000, Opaque: "its address is shared"}},
		[]Workload{{Service: "a", Requests: 10}},
	)
	if rs, _ := generate(t, known, o); len(rs) != 1 || known[0].Requests != 10 || known[0].Opaque != "" {
		t.Errorf("%v from %+v", rs, known)
	}
}

func TestWorkloadThatLeftIsForgotten(t *testing.T) {
	known, _ := rounds([]Workload{{Service: "a", Requests: 100}, {Service: "b"}}, []Workload{{Service: "b"}}, []Workload{{Service: "a"}, {Service: "b"}})
	if len(known) != 2 || known[0].Requests != 0 {
		t.Errorf("%+v", known)
	}
}

func TestMemoryIsBounded(t *testing.T) {
	round := func(n int) []Workload {
		w := Workload{Service: "crawler", Requests: 1000, Upstreams: []Upstream{{Host: "b", Calls: 1}}}
		for i := range 5000 {
			w.Upstreams = append(w.Upstreams, Upstream{Host: fmt.Sprintf("h%d-%d.example.com", n, i), Calls: 1}, Upstream{Host: fmt.Sprintf("10.%d.%d.%d", n, i/250, i%250), Calls: 9})
		}
		return []Workload{w}
	}
	known, o := rounds(round(1), round(2), round(3))
	if n := len(known[0].Upstreams); n > 4*DefaultMaxHosts+4 {
		t.Errorf("%d upstreams are remembered", n)
	}
	if rs, _ := generate(t, known, o); len(rs) != 0 {
		t.Errorf("the crawler is narrowed: %v", rs)
	}
}

func TestMemorySurvivesJSON(t *testing.T) {
	known, _ := rounds(spaces())
	text, err := json.Marshal(known)
	if err != nil {
		t.Fatal(err)
	}
	var back []Workload
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(known, back); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestArgumentsAreNotChanged(t *testing.T) {
	ws, copy := spaces(), spaces()
	known := Remember(ws, ws, Options{Round: 3})
	Generate(ws, Options{})
	Explain(ws, Options{})
	Remember(known, ws, Options{Round: 4})
	if diff := cmp.Diff(copy, ws); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
}
