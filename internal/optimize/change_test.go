package optimize

import (
	"bytes"
	"strings"
	"testing"

	"github.com/sluice-mesh/sluice/budget"
	"github.com/sluice-mesh/sluice/crgen"
	"github.com/sluice-mesh/sluice/graph"
	"github.com/sluice-mesh/sluice/internal/request"
)

func TestWorkers(t *testing.T) {
	for cpu, want := range map[budget.MilliCPU]int{0: 1, 1: 1, 100: 1, 999: 1, 1000: 1, 1001: 2, 2000: 2, 2500: 3} {
		if got := Workers(cpu); got != want {
			t.Errorf("Workers(%d) is %d, want %d", cpu, got, want)
		}
	}
}

func TestResize(t *testing.T) {
	mb := func(n float64) *float64 { n *= 1e6; return &n }
	grant := func(cpu budget.MilliCPU, memory budget.Bytes) Grant {
		return Grant{CPU: cpu, Memory: memory * 1_000_000}
	}
	f := func(from, to Grant, used *float64, restart bool, because string) {
		t.Helper()
		got, why := Resize(from, to, used)
		if got != restart || !strings.Contains(why, because) {
			t.Errorf("from %+v to %+v: restart %v, %q; want %v, %q", from, to, got, why, restart, because)
		}
	}
	f(grant(100, 128), grant(1000, 128), nil, false, "keeps 1 worker")
	f(grant(100, 128), grant(1001, 128), nil, true, "needs 2 workers")
	f(grant(3000, 128), grant(500, 128), nil, true, "runs 3 workers") // they would share half a core
	f(grant(1200, 128), grant(1900, 256), nil, false, "memory limit grows")
	f(grant(100, 256), grant(100, 128), mb(60), false, "shrinks with room")
	f(grant(100, 256), grant(100, 128), mb(120), true, "under a use of 120000000")
	f(grant(100, 256), grant(100, 128), nil, true, "not known")
	f(grant(0, 128), grant(100, 128), mb(60), true, "not known")
	f(grant(100, 0), grant(100, 128), mb(60), true, "not known")
	f(grant(100, 128), grant(100, 128), nil, false, "nothing changes")
	// All that stands against it is told.
	f(grant(2000, 256), grant(600, 128), mb(120), true, "runs 2 workers since it started and needs 1 worker for 0.6 cores: a limit that changes in place changes no workers; and its memory limit shrinks")
}

// TestChangesByWhatIsTold: limits, class and owner of the real pods go before what the
// last plan is believed to have given; what nobody told is said to be assumed.
// TestChangesLiveWhereTheResourcesDo: rows that name no namespace are about pods of the one
// that the hosts tell, or that is said; patches follow the same rule as Sidecars.
func TestChangesLiveWhereTheResourcesDo(t *testing.T) {
	w := chain(100, 0)
	named := w.request()
	for i := range named.Containers {
		named.Containers[i].Namespace = ""
	}
	named.OpenLog = withLog(bytes.ReplaceAll(w.log(), []byte(".default.svc"), []byte(".shop.svc"))).OpenLog
	for told, want := range map[string]string{"": "shop", "prod": "prod"} {
		rep, err := Run(t.Context(), named, nil, Options{Resources: crgen.Options{Namespace: told}})
		if err != nil {
			t.Fatal(err)
		}
		for _, r := range rep.Resources {
			if r.Namespace != want {
				t.Errorf("told %q: Sidecar %s/%s, want namespace %s", told, r.Namespace, r.Name, want)
			}
		}
		for _, c := range Changes(rep) {
			if c.Namespace != want {
				t.Errorf("told %q: pod %s/%s, want namespace %s", told, c.Namespace, c.Pod, want)
			}
		}
	}
	// What a row says counts, whatever is told.
	named.Containers[0].Namespace = "own"
	rep, err := Run(t.Context(), named, nil, Options{Resources: crgen.Options{Namespace: "prod"}})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range Changes(rep) {
		if (c.Pod == named.Containers[0].Pod) != (c.Namespace == "own") {
			t.Errorf("pod %s/%s", c.Namespace, c.Pod)
		}
	}
}

func TestChangesByWhatIsTold(t *testing.T) {
	num := func(f float64) *float64 { return &f }
	yes, no := true, false
	f := func(spec *request.Spec, restart bool, because string) {
		t.Helper()
		r := &Report{Observation: &Observation{Graph: &graph.Graph{}, Request: &request.Request{Containers: []request.Container{
			{Service: "a", Pod: "a-1", Sidecar: true, Memory: num(50e6), Spec: spec}}}},
			Was: []Grant{{"a", 100, 128e6}}, Plan: budget.Plan{Allotments: []budget.Allotment{{Service: "a", Pods: 1, CPU: 600, Memory: 300e6}}}}
		if c := Changes(r)[0]; c.Restart != restart || c.Because != because {
			t.Errorf("%+v: restart %v, %q\nwant %v, %q", spec, c.Restart, c.Because, restart, because)
		}
	}
	const up = "from 0.1 cores to 0.6 cores it keeps 1 worker, its memory limit grows"
	f(nil, false, up+"; its limits now are assumed, that its QoS class stays is assumed")
	f(&request.Spec{QoS: "BestEffort", CPULimit: num(0.1), MemoryLimit: num(128e6)}, true,
		"its QoS class would change from BestEffort to Burstable, which Kubernetes refuses")
	f(&request.Spec{OwnerKind: "Deployment"}, false, up+"; its limits now are assumed, that its QoS class stays is assumed")
	f(&request.Spec{CPULimit: num(0.1), MemoryLimit: num(128e6)}, false, up+"; that its QoS class stays is assumed")
	f(&request.Spec{CPULimit: num(0.1), MemoryLimit: num(128e6), QoS: "Burstable", OthersGuaranteed: &no}, false, up)
	f(&request.Spec{CPULimit: num(0.1), MemoryLimit: num(128e6), QoS: "Guaranteed"}, false, up)
	f(&request.Spec{CPULimit: num(0.1), MemoryLimit: num(128e6), QoS: "Burstable", OthersGuaranteed: &yes}, true,
		"its QoS class would change from Burstable to Guaranteed, which Kubernetes refuses")
	// The pod of the prover: 2 cores and 1 GiB, requests of Istio's default, its other
	// container guaranteed. Two reasons, and the memory has room (50 of 300 MB).
	f(&request.Spec{CPULimit: num(2), MemoryLimit: num(1 << 30), CPURequest: num(0.1), MemoryRequest: num(128 << 20), QoS: "Burstable", OthersGuaranteed: &yes}, true,
		"it runs 2 workers since it started and needs 1 worker for 0.6 cores: a limit that changes in place changes no workers; and its QoS class would change from Burstable to Guaranteed, which Kubernetes refuses")
	// The class is told, so a limit that is not there is none.
	f(&request.Spec{QoS: "Burstable", OthersGuaranteed: &no}, true,
		"it has no CPU limit, and so runs a worker for each core of its node: 0.6 cores take 1 worker")
	f(&request.Spec{CPULimit: num(0.6), MemoryLimit: num(300e6), CPURequest: num(0.1), QoS: "Burstable", OthersGuaranteed: &no}, false, "its requests change to its limits")
	f(&request.Spec{CPULimit: num(0.6), MemoryLimit: num(300e6), CPURequest: num(0.6), MemoryRequest: num(300e6), QoS: "Burstable", OthersGuaranteed: &no}, false, "nothing changes")
}
