package crgen_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-mesh/sluice/crgen"
	"github.com/sluice-mesh/sluice/internal/optimize"
	"github.com/sluice-mesh/sluice/internal/request"
)

// oddNames are services as contract.md lets them be called: anything without
// control characters.
var oddNames = []string{"default", "null", "UPPER", "a.b", "sp ace", "x_y", "支払い", "a--b", "-lead", "trail-", "1", "*", "~", "a/b",
	"true", strings.Repeat("long", 20), "Kelvin", "K\u212a", "{}", "\"quoted\"", "a|b", "x\ue000"}

// wild is a mesh of n services with odd names among them, in some namespaces, that
// call each other at random: cycles, self-calls, hosts outside.
type wild struct {
	*rand.Rand
	n int
}

func (w *wild) service(i int) string {
	if i < len(oddNames) {
		return oddNames[i]
	}
	return fmt.Sprintf("svc-%d", i)
}

func (w *wild) namespace(i int) string { return []string{"", "shop", "default", "istio-system"}[i%4] }
func (w *wild) ip(i int) string        { return fmt.Sprintf("10.%d.%d.%d", i>>16, i>>8&255, i&255) }

// host is what a caller's proxy logs of a call to service i, as odd as can be.
func (w *wild) host(i int) string {
	name, namespace := w.service(i), w.namespace(i)
	if namespace == "" {
		namespace = "default"
	}
	return []string{name + "." + namespace + ".svc.cluster.local", name + "." + namespace, name, "api.example.com", w.ip(i)}[w.IntN(12)%5]
}

// request is the mesh's pods and its log, lines in any order.
func (w *wild) request() *request.Request {
	req := &request.Request{CPULimit: 1e6, MemoryLimit: 1e15}
	var lines [][]byte
	add := func(fields map[string]any) {
		text, err := json.Marshal(fields)
		if err != nil {
			panic(err)
		}
		lines = append(lines, text)
	}
	for i := range w.n {
		req.Containers = append(req.Containers, request.Container{Service: w.service(i), Namespace: w.namespace(i), Pod: w.service(i) + "-0", IP: w.ip(i), Sidecar: true})
		for k := range 1 + w.IntN(3) {
			at := fmt.Sprintf("2026-01-02T03:04:%02d.%03dZ", k, w.IntN(1000))
			id := fmt.Sprintf("%d-%d", i, k)
			add(map[string]any{"upstream_cluster": "inbound|80||", "downstream_remote_address": "192.0.2.1:9", "upstream_host": w.ip(i) + ":80",
				"request_id": id, "start_time": at, "duration": 1, "authority": w.service(i)})
			to := w.IntN(w.n)
			add(map[string]any{"upstream_cluster": "outbound|80||" + w.host(to), "downstream_remote_address": w.ip(i) + ":9", "upstream_host": w.ip(to) + ":80",
				"request_id": id, "start_time": at, "duration": 1, "authority": w.service(to)})
		}
	}
	w.Shuffle(len(lines), func(a, b int) { lines[a], lines[b] = lines[b], lines[a] })
	w.Shuffle(len(req.Containers), func(a, b int) { req.Containers[a], req.Containers[b] = req.Containers[b], req.Containers[a] })
	log := bytes.Join(lines, []byte("\n"))
	req.OpenLog = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(log)), nil }
	return req
}

// resources go the whole way, from lines to YAML.
func resources(t *testing.T, req *request.Request) []crgen.Resource {
	t.Helper()
	o := optimize.Options{Resources: crgen.Options{MinRequests: 1}}
	rep, err := optimize.Run(context.Background(), req, nil, o)
	if err != nil {
		t.Fatal(err)
	}
	return rep.Resources
}

// TestWildMeshes: whatever services are called and whom they call, every resource
// is valid, and another order of lines and rows gives the same bytes.
func TestWildMeshes(t *testing.T) {
	sizes := []int{1, 2, 5, 25, 100, 100, 300}
	if !testing.Short() {
		sizes = append(sizes, 5000)
	}
	for seed, n := range sizes {
		w := &wild{rand.New(rand.NewPCG(uint64(seed), 1)), n}
		req := w.request()
		rs := resources(t, req)
		crgen.MustBeValid(t, rs)
		slices.Reverse(req.Containers)
		if diff := cmp.Diff(rs, resources(t, req)); diff != "" {
			t.Errorf("%d services: another order, other resources:\n%s", n, diff)
		}
		if n >= 300 && len(rs) < n/3 {
			t.Errorf("%d resources for %d services", len(rs), n)
		}
		for _, r := range rs {
			if r.Namespace == "istio-system" || slices.Contains(oddNames[2:9], r.Service) && r.Service != "a--b" {
				t.Errorf("a Sidecar for %q in %q", r.Service, r.Namespace)
			}
		}
	}
}
