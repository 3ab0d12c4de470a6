package crgen

import (
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "write the golden files under testdata")

// host is a service's full name in the default cluster domain.
func host(service, namespace string) string {
	return service + "." + namespace + ".svc.cluster.local"
}

// calls are upstreams seen once each.
func calls(hosts ...string) []Upstream {
	us := make([]Upstream, len(hosts))
	for i, h := range hosts {
		us[i] = Upstream{Host: h, Calls: 1, LastRound: 1}
	}
	return us
}

// seen is a workload in namespace default with evidence enough.
func seen(service string, hosts ...string) Workload {
	return Workload{Service: service, Requests: 400, Upstreams: calls(hosts...)}
}

// shop is four services in a row as in Istio's own sample, by shape.
func shop() []Workload {
	return []Workload{
		seen("front", host("stock", "default"), host("review", "default")),
		seen("review", host("star", "default")),
		seen("stock"),
		seen("star"),
	}
}

// generate is Generate whose output must break no rule.
func generate(t testing.TB, ws []Workload, o Options) (map[string]Resource, []string) {
	t.Helper()
	rs, warnings := Generate(ws, o)
	mustBeValid(t, rs)
	byName := map[string]Resource{}
	for _, r := range rs {
		byName[r.Namespace+"/"+r.Name] = r
	}
	return byName, warnings
}

// mustHosts fails unless the resource exists and lists exactly these hosts.
func mustHosts(t testing.TB, rs map[string]Resource, name string, want ...string) {
	t.Helper()
	r, ok := rs[name]
	if !ok {
		t.Fatalf("%s was not generated", name)
	}
	if diff := cmp.Diff(want, r.Hosts); diff != "" {
		t.Errorf("hosts of %s (-want +got):\n%s", name, diff)
	}
}

// stream is what an operator would apply, with the reasons and warnings beside it.
func stream(rs []Resource, warnings []string) string {
	var b strings.Builder
	for _, r := range rs {
		fmt.Fprintf(&b, "---\n# %s\n%s", r.Reason, r.YAML)
	}
	for _, w := range warnings {
		fmt.Fprintf(&b, "# warning: %s\n", w)
	}
	return b.String()
}

func TestGolden(t *testing.T) {
	for name, c := range map[string]struct {
		ws []Workload
		o  Options
	}{
		"empty":  {},
		"shop":   {ws: shop()},
		"v1":     {ws: shop(), o: Options{APIVersion: "v1", LabelKey: "app.kubernetes.io/name"}},
		"exact":  {ws: shop(), o: Options{Providers: []string{"tracing/" + host("otel", "tracing")}}},
		"cycle":  {ws: []Workload{seen("a", host("b", "default")), seen("b", host("a", "default"), host("b", "default"))}},
		"spaces": {ws: spaces()},
		"odd":    {ws: odd()},
	} {
		t.Run(name, func(t *testing.T) {
			rs, warnings := Generate(c.ws, c.o)
			mustBeValid(t, rs)
			golden(t, name+".yaml", stream(rs, warnings))
		})
	}
}

// spaces is a mesh of two namespaces with what is beyond them.
func spaces() []Workload {
	return []Workload{
		{Service: "front", Namespace: "web", Requests: 900, Upstreams: calls(
			host("cart", "shop"), host("auth", "web"), "api.pay.example", host("collector", "istio-system"))},
		{Service: "auth", Namespace: "web", Requests: 7, Upstreams: calls(host("users", "people"))},
		{Service: "cart", Namespace: "shop", Requests: 450, Upstreams: []Upstream{
			{Host: "ledger.bank.example", Namespace: "bank", Calls: 9}, {Host: "10.2.3.4:5432", Calls: 2}}},
		{Service: "batch", Namespace: "shop", Requests: 450, Opaque: "its address is shared with 2 other services"},
		{Service: "control", Namespace: "istio-system", Requests: 900},
		{Service: "edge", Namespace: "web", Requests: 900, Skip: "a gateway"},
	}
}

// odd is names that need quotes in YAML and names that no resource can bear.
func odd() []Workload {
	return []Workload{
		seen("null", host("true", "default")), seen("true"), seen("0x1f"), seen("1e3"), seen("12"), seen("default"), seen("y"),
		seen("My Service"), seen(`a"b`), seen("ünïcode"), seen("under_score"), seen("dot.ted"), seen("-dash"), seen(strings.Repeat("n", 64)), seen(""),
	}
}

func golden(t *testing.T, name, got string) {
	t.Helper()
	path := filepath.Join("testdata", name)
	if *update {
		if err := os.WriteFile(path, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(string(want), got); diff != "" {
		t.Errorf("%s (-want +got; run go test ./crgen -update to accept):\n%s", path, diff)
	}
}

func ExampleGenerate() {
	rs, _ := Generate([]Workload{{
		Service: "productpage", Requests: 812,
		Upstreams: []Upstream{{Host: "reviews.default.svc.cluster.local", Calls: 401}},
	}}, Options{NoDefault: true})
	for _, r := range rs {
		fmt.Print(r.YAML)
		fmt.Println("#", r.Reason)
	}
	// Output:
	// apiVersion: networking.istio.io/v1beta1
	// kind: Sidecar
	// metadata:
	//   labels:
	//     app.kubernetes.io/managed-by: sluice
	//   name: productpage
	//   namespace: default
	// spec:
	//   egress:
	//   - hosts:
	//     - default/reviews.default.svc.cluster.local
	//     - istio-system/*
	//   workloadSelector:
	//     labels:
	//       app: productpage
	// # calls 1 host, seen in 812 requests; a host that 1 in 208 calls would have been missed with probability under 2 %; it selects pods by app=productpage, which is assumed
}
