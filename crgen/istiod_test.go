package crgen

import (
	"encoding/json"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"testing"
)

var istiod = flag.String("istiod", "", "a folder to write a mesh and its Sidecars to, for testdata/istiod (docs/scoping.md says how)")

// registry is a mesh as istiod sees it, and what its proxies must be told.
type registry struct {
	Services []registered
	Queries  []query
}

type registered struct {
	Namespace, Host string
	// Kube is false for a ServiceEntry.
	Kube bool
}

// query is one proxy: the hosts that its scope must hold and, when Exactly is
// set, nothing beyond them and the root namespace.
type query struct {
	Namespace string
	Labels    map[string]string
	Must      []string
	Exactly   bool
}

// TestIstiod writes 300 services in three namespaces that call each other by all
// spellings that a log can have, ServiceEntries with and without a wildcard, pods
// of headless services; for each one proxy with the label that the Sidecar assumes
// and one without. istiod's own code then says what each is told.
func TestIstiod(t *testing.T) {
	if *istiod == "" {
		t.Skip("no -istiod")
	}
	ws, reg := spelledMesh(300, rand.New(rand.NewPCG(3, 4)))
	rs, warnings := Generate(ws, Options{})
	mustBeValid(t, rs)
	mesh, err := json.Marshal(reg)
	if err != nil {
		t.Fatal(err)
	}
	for name, text := range map[string]string{"mesh.json": string(mesh), "sidecars.yaml": stream(rs, warnings)} {
		if err := os.WriteFile(filepath.Join(*istiod, name), []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
}

func spelledMesh(n int, rnd *rand.Rand) (ws []Workload, reg registry) {
	space := func(i int) string { return fmt.Sprintf("ns-%d", i%3) }
	name := func(i int) string { return fmt.Sprintf("svc-%d", i) }
	reg.Services = []registered{{"istio-system", host("zipkin", "istio-system"), true}, {"data", host("db", "data"), true},
		{"egress", "api.pay.example", false}, {"egress", "*.wild.example", false}}
	for i := range n {
		reg.Services = append(reg.Services, registered{space(i), host(name(i), space(i)), true})
		w := Workload{Service: name(i), Namespace: space(i), Requests: rnd.IntN(300)}
		q := query{Namespace: w.Namespace, Labels: map[string]string{"app": w.Service}, Exactly: w.Requests >= DefaultMinRequests}
		for range rnd.IntN(5) {
			to := rnd.IntN(n)
			full := host(name(to), space(to))
			called, must := full, full
			switch rnd.IntN(8) {
			case 0:
				called = name(to) + "." + space(to) + ":80"
			case 1:
				called = "SVC-" + name(to)[4:] + "." + space(to) + ".svc"
			case 2:
				called = "pod-0." + full
			case 3:
				called, must = "api.pay.example", "api.pay.example"
			case 4:
				called, must = "*.wild.example", "*.wild.example"
			case 5:
				called, must = "db.data:5432", host("db", "data")
			case 6:
				if space(to) == space(i) {
					called = name(to)
				}
			}
			w.Upstreams = append(w.Upstreams, Upstream{Host: called, Calls: 1})
			q.Must = append(q.Must, must)
		}
		ws = append(ws, w)
		reg.Queries = append(reg.Queries, q, query{Namespace: w.Namespace, Labels: map[string]string{"other": w.Service}, Must: q.Must})
	}
	return ws, reg
}
