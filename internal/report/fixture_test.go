package report

import (
	"bytes"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-mesh/sluice/budget"
	"github.com/sluice-mesh/sluice/crgen"
	"github.com/sluice-mesh/sluice/critical"
	"github.com/sluice-mesh/sluice/graph"
	"github.com/sluice-mesh/sluice/internal/accesslog"
	"github.com/sluice-mesh/sluice/internal/optimize"
	"github.com/sluice-mesh/sluice/internal/request"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// golden compares got with testdata/name.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(file, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(string(want), string(got)); d != "" {
		t.Errorf("%s (-want +got; -update rewrites it):\n%s", file, d)
	}
}

const ms = time.Millisecond

// shop is a small round with one of everything: two pods of one service, a cycle,
// an external upstream, a service without traffic or figures, wide names, and text
// that means harm to terminals.
func shop() *optimize.Report {
	cpu := func(v float64) *float64 { return &v }
	req := &request.Request{
		AccessLog: "access.log", CPULimit: 1.5, MemoryLimit: 1e9,
		Containers: []request.Container{
			{Service: "cart", Namespace: "shop", Pod: "cart-v1-5ff8d5599f-rhvwg", IP: "10.0.0.1", Sidecar: true, CPU: cpu(0.1)},
			{Service: "cart", Namespace: "shop", Pod: "cart-v1-5ff8d5599f-7tq9x", IP: "10.0.0.2", Sidecar: true, CPU: cpu(0.05)},
			{Service: "idle", Pod: "idle-0", IP: "10.0.0.3"},
			{Service: "支払い", Pod: "pay-6c4f8b9d5-x2x4z", IP: "10.0.0.4", Sidecar: true, CPU: cpu(0.02)},
		},
	}
	obs := &optimize.Observation{
		Request: req, Graph: shopGraph(), Critical: shopCritical(),
		Log:      &accesslog.Reading{Skips: []accesslog.Skip{{Reason: "no JSON object", Lines: 2, First: 7}}},
		Services: []string{"cart", "idle", "支払い"},
		Warnings: []string{"2 lines were skipped: no JSON object"},
	}
	return &optimize.Report{
		Observation: obs,
		Plan: budget.Plan{
			Allotments: []budget.Allotment{
				{Service: "cart", Pods: 2, CPU: 234, Memory: 150_000_000, Demand: 0.1170004, Utilization: 0.5, LatencyShare: 1. / 3, Last: 1234567 * time.Nanosecond, Next: 1034 * time.Microsecond, Reason: "A third of the latency is here."},
				{Service: "idle", Pods: 1, CPU: 100, Memory: 128_000_000, Reason: "No traffic: the floor."},
				{Service: "支払い", Pods: 1, CPU: 900, Memory: 128_000_001, Demand: 0.8, Utilization: 8. / 9, LatencyShare: math.NaN(), Reason: "Called <twice> & busy."},
			},
			CPU: 1468, Memory: 556_000_001,
			Predicted: budget.Gateway{Rate: 200, Mean: 4 * ms},
			Remarks:   []string{"32 of 1500 millicores are left"},
		},
		Resources: []crgen.Resource{
			{Kind: "Sidecar", Namespace: "shop", Name: "cart", Service: "cart", YAML: "apiVersion: networking.istio.io/v1beta1\nkind: Sidecar\nmetadata:\n  name: cart\n", Reason: "It called 2 hosts in 800 requests."},
			{Kind: "Sidecar", Namespace: "default", Name: "idle", Service: "idle", YAML: "apiVersion: networking.istio.io/v1beta1\nkind: Sidecar\nmetadata:\n  name: idle\n", Reason: "It called nothing."},
		},
		Warnings: append(obs.Warnings[:1:1], "memory is short"),
	}
}

func shopGraph() *graph.Graph {
	return &graph.Graph{
		Nodes: []graph.Node{
			{Name: graph.RootName, Kind: graph.Root},
			{Name: "cart", Kind: graph.Service, Namespaces: []string{"shop"}, Rate: 100.0000004, Visits: 1, Depth: 1},
			{Name: "idle", Kind: graph.Service, Depth: -1},
			{Name: "支払い", Kind: graph.Service, Rate: 2000. / 3, Visits: 20. / 3, Depth: 2, Opaque: "it shares 10.0.0.4 with another service"},
			{Name: "evil\x1b[31m\u009b.example", Kind: graph.External, Rate: 3, Visits: 0.03, Depth: 2},
		},
		Edges: []graph.Edge{
			{From: 1, To: 4, Calls: 24, Rate: 3, PerRequest: 0.03, PerCall: 0.03, Mean: 40 * ms, P99: 90 * ms, ErrorRatio: 0.25,
				Hosts: []graph.Host{{Name: "evil\x1b[31m\u009b.example", Port: 443, Calls: 24}}},
			{From: 1, To: 3, Calls: 5333, Rate: 2000. / 3, PerRequest: 20. / 3, PerCall: 20. / 3, Mean: 1500 * time.Microsecond, P99: 3 * ms, SentBytes: 48, Again: 0.25,
				Hosts: []graph.Host{{Name: "pay.shop.svc.cluster.local", Port: 80, Calls: 5000}, {Name: "::1", Port: 80, Calls: 333}}},
			{From: 0, To: 1, Calls: 800, Rate: 100, PerRequest: 1, PerCall: 1, Mean: 12345678 * time.Nanosecond, P99: 40 * ms},
			{From: 3, To: 1, Calls: 8, Rate: 1, PerRequest: 0.01, PerCall: 0.0015, Mean: ms, P99: 2 * ms, Back: true},
		},
		Gateway: graph.Gateway{Requests: 800, Rate: 100, Mean: 12345678 * time.Nanosecond, P99: 40 * ms},
		Lines:   graph.Lines{Total: 4002, Used: 2000, Repeated: 2000, Skipped: 2},
	}
}

func shopCritical() critical.Result {
	return critical.Result{
		Services: []critical.Share{{}, {Self: 2 * ms, Work: ms, Sidecar: 4115226 * time.Nanosecond, Latency: 1. / 3, Visits: 1, Sends: 6}, {}, {Self: 3 * ms, Work: 2 * ms, Sidecar: ms, Latency: 0.08}, {}},
		Edges:    make([]critical.EdgeShare, 4),
		Paths: []critical.Path{
			{Nodes: []int{1, 3}, Share: 0.75, Mean: 11 * ms},
			{Nodes: []int{1}, Share: 0.25, Mean: 16 * ms},
		},
		Traces: 400,
	}
}

// blank is a round of one service about which nothing is known.
func blank() *optimize.Report {
	return &optimize.Report{
		Observation: &optimize.Observation{
			Request:  &request.Request{CPULimit: 0.1, MemoryLimit: 128e6, Containers: []request.Container{{Service: "a", Pod: "a"}}},
			Graph:    &graph.Graph{Nodes: []graph.Node{{Name: graph.RootName}}},
			Critical: critical.Result{Services: make([]critical.Share, 1)},
		},
		Plan: budget.Plan{
			Allotments: []budget.Allotment{{Service: "a", Pods: 1, CPU: 100, Memory: 128_000_000}},
			CPU:        100, Memory: 128_000_000,
		},
	}
}

// town is a round of n services that all call the first, with names of the given
// length and a resource, an edge and a reason each.
func town(n, nameLength int) *optimize.Report {
	r := blank()
	g := &graph.Graph{Nodes: []graph.Node{{Name: graph.RootName}}}
	r.Request.Containers, r.Plan.Allotments = nil, nil
	for i := range n {
		name := fmt.Sprintf("%0*d", nameLength, i)
		r.Request.Containers = append(r.Request.Containers, request.Container{Service: name, Pod: fmt.Sprint("p", i)})
		r.Plan.Allotments = append(r.Plan.Allotments, budget.Allotment{
			Service: name, Pods: 1, CPU: budget.MilliCPU(100 + i), Memory: 128_000_000, Demand: 1. / 3, Utilization: 2. / 3,
			Reason: "It needs a third of a core at the load foreseen and " + string(bytes.Repeat([]byte("so on "), 20)),
		})
		r.Resources = append(r.Resources, crgen.Resource{Kind: "Sidecar", Namespace: "default", Name: fmt.Sprint("s", i), YAML: string(bytes.Repeat([]byte("hosts:\n"), 60))})
		r.Warnings = append(r.Warnings, "a warning about "+name)
		g.Nodes = append(g.Nodes, graph.Node{Name: name, Kind: graph.Service, Rate: float64(i)})
		g.Edges = append(g.Edges, graph.Edge{From: i + 1, To: 1, Rate: float64(i), Calls: i})
	}
	r.Graph = g
	r.Critical = critical.Result{Services: make([]critical.Share, n+1), Edges: make([]critical.EdgeShare, n)}
	r.Observation.Warnings = r.Warnings
	return r
}
