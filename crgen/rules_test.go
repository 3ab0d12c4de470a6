package crgen

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"
)

// The tests of this file are named for the traps of Istio's Sidecar, in the order
// in which the project's rules list them.

func TestRuleAPIVersion(t *testing.T) {
	f := func(version, want string) {
		t.Helper()
		rs, _ := generate(t, shop(), Options{APIVersion: version})
		for name, r := range rs {
			if !strings.HasPrefix(r.YAML, "apiVersion: networking.istio.io/"+want+"\nkind: Sidecar\nmetadata:\n") {
				t.Errorf("%s begins otherwise:\n%s", name, r.YAML)
			}
		}
	}
	f("", "v1beta1") // the contest mesh is older than v1
	f("v1beta1", "v1beta1")
	f("v1", "v1")
}

func TestRuleOneDefaultPerNamespace(t *testing.T) {
	rs, _ := generate(t, spaces(), Options{})
	for _, ns := range []string{"web", "shop"} {
		if r := rs[ns+"/default"]; r.Service != "" || strings.Contains(r.YAML, "workloadSelector") {
			t.Errorf("the default of %s: %+v", ns, r)
		}
	}
}

func TestRuleDefaultHoldsForAllThatIsNotSelected(t *testing.T) {
	// Also for what a narrowed workload (front) calls: its label is assumed, and
	// when no pod carries it, the default is what its pods get.
	ws := spaces()
	ws[1].Requests, ws[3].Opaque = 70, "" // all was seen enough
	rs, _ := generate(t, ws, Options{})
	mustHosts(t, rs, "web/default", "*/api.pay.example", "./*", "istio-system/*",
		"people/users.people.svc.cluster.local", "shop/cart.shop.svc.cluster.local")
	mustHosts(t, rs, "shop/default", "./*", "bank/ledger.bank.example", "istio-system/*")
}

// A workload that was seen too little is not narrowed by its namespace's default either:
// that lists all that is known of the mesh. What lives elsewhere widens nothing.
func TestRuleDefaultNarrowsNobodySeenTooLittle(t *testing.T) {
	ws := spaces() // auth of web was seen in 7 requests
	ws[3].Opaque = ""
	rs, warnings := generate(t, ws, Options{})
	mustHosts(t, rs, "web/default", "*/api.pay.example", "./*", "bank/*", "istio-system/*", "people/*", "shop/*")
	mustHosts(t, rs, "shop/default", "./*", "bank/ledger.bank.example", "istio-system/*")
	const want = `1 of 3 workloads in namespace "web" not narrowed, they keep what the namespace's default allows, all namespaces that rows or hosts name: "auth" (seen in 7 requests, 50 are needed)`
	if told := strings.Join(warnings, "\n"); !strings.Contains(told, want) {
		t.Errorf("no %s in\n%s", want, told)
	}
	// Nothing seen at all: each sees all, as before there was anything.
	rs, _ = generate(t, []Workload{{Service: "front", Namespace: "shop"}, {Service: "db", Namespace: "data"}}, Options{})
	mustHosts(t, rs, "shop/default", "./*", "data/*", "istio-system/*")
	mustHosts(t, rs, "data/default", "./*", "istio-system/*", "shop/*")
	// A mesh of too many namespaces to list: 1 with 101 others, and the root's.
	ws = nil
	for i := range 102 {
		ws = append(ws, Workload{Service: "a", Namespace: fmt.Sprint("n", i)})
	}
	rs, warnings = generate(t, ws, Options{})
	if len(rs) != 0 || !strings.Contains(warnings[0], `in namespace "n0" not narrowed, they see the whole mesh, whose namespaces are too many to list (over 100), without a default (delete one that was applied): "a"`) {
		t.Errorf("%d resources, %q", len(rs), warnings[0])
	}
}

func TestRuleServiceNamedDefaultLeavesTheNameFree(t *testing.T) {
	rs, _ := generate(t, []Workload{seen("default"), seen("default-workload"), seen("default-workload-2")}, Options{})
	mustHosts(t, rs, "default/default", "./*", "istio-system/*")
	if r := rs["default/default-workload-3"]; r.Service != "default" {
		t.Errorf("the service named default: %+v", rs)
	}
	if len(rs) != 4 {
		t.Errorf("%d resources, want 4", len(rs))
	}
}

func TestRuleNothingInTheRootNamespace(t *testing.T) {
	ws := []Workload{{Service: "a", Namespace: "istio-system", Requests: 400}, {Service: "b", Namespace: "mesh", Requests: 400}}
	f := func(o Options, want string) {
		t.Helper()
		rs, warnings := generate(t, ws, o)
		if len(rs) != 2 || rs[want+"/default"].Name == "" {
			t.Errorf("resources: %v", rs)
		}
		if len(warnings) != 1 || !strings.Contains(warnings[0], "root") {
			t.Errorf("warnings: %q", warnings)
		}
	}
	f(Options{}, "mesh")
	f(Options{RootNamespace: "mesh"}, "istio-system")
}

func TestRuleNothingForWhatIsSkipped(t *testing.T) {
	rs, warnings := generate(t, []Workload{{Service: "edge", Requests: 900, Skip: "a gateway"}}, Options{})
	if len(rs) != 0 || len(warnings) != 0 {
		t.Errorf("%v %q: a namespace of gateways needs nothing", rs, warnings)
	}
	// A gateway's upstreams are no reason to widen its namespace's default.
	rs, _ = generate(t, []Workload{{Service: "edge", Requests: 900, Skip: "a gateway", Upstreams: calls(host("b", "far"))}, seen("a")}, Options{})
	mustHosts(t, rs, "default/default", "./*", "istio-system/*")
}

func TestRuleExactHosts(t *testing.T) {
	rs, _ := generate(t, shop(), Options{Providers: []string{"tracing/otel.tracing.svc.cluster.local"}})
	for name, r := range rs {
		if name == "default/default" || slices.Equal(r.Hosts, []string{"~/*"}) {
			continue // a leaf's listener has no host to look for
		}
		if strings.Contains(strings.Join(r.Hosts, " "), "*") {
			t.Errorf("%s loses the fast path of exact hosts: %q", name, r.Hosts)
		}
	}
}

func TestRuleNoDuplicates(t *testing.T) {
	// The same service by four spellings, and one that istio-system/* covers.
	rs, _ := generate(t, []Workload{seen("a",
		"b", "b.default", "B.default.svc:8080", host("b", "default")+".", host("zipkin", "istio-system"))}, Options{})
	mustHosts(t, rs, "default/a", "default/b.default.svc.cluster.local", "istio-system/*")
}

func TestRuleLeaf(t *testing.T) {
	rs, _ := generate(t, shop(), Options{})
	mustHosts(t, rs, "default/star", "~/*")
	// What calls only addresses is no leaf: "calls nothing" was not seen.
	rs, _ = generate(t, []Workload{seen("a", "10.0.0.1:80")}, Options{})
	mustHosts(t, rs, "default/a", "istio-system/*")
	// Beside "~/*" nothing may stand: 1.30 would import it, 1.31 would not. But a
	// provider is called by the leaf's proxy itself: without it ext_authz, say, names a
	// cluster that is not there, and refuses every request. So it is told.
	rs, warnings := generate(t, shop(), Options{Providers: []string{"tracing/otel.tracing.svc.cluster.local"}})
	mustHosts(t, rs, "default/star", "~/*")
	mustHosts(t, rs, "default/stock", "~/*")
	const want = `crgen: 2 workloads in namespace "default" call nothing and list "~/*" alone`
	if len(warnings) != 1 || !strings.HasPrefix(warnings[0], want) || !strings.HasSuffix(warnings[0], `do not apply the Sidecars of "star", "stock"`) {
		t.Errorf("warnings %q, want %s …", warnings, want)
	}
}

func TestRuleProvidersReplaceTheRootNamespace(t *testing.T) {
	o := Options{Providers: []string{"tracing/otel.tracing.svc.cluster.local", "default/log.default.svc.cluster.local"}}
	rs, _ := generate(t, shop(), o)
	mustHosts(t, rs, "default/review", "default/log.default.svc.cluster.local",
		"default/star.default.svc.cluster.local", "tracing/otel.tracing.svc.cluster.local")
	mustHosts(t, rs, "default/default", "./*", "tracing/otel.tracing.svc.cluster.local")
}

func TestRuleRootNamespaceIsKept(t *testing.T) {
	rs, _ := generate(t, shop(), Options{RootNamespace: "mesh-system"})
	mustHosts(t, rs, "default/review", "default/star.default.svc.cluster.local", "mesh-system/*")
}

func TestRuleSelfCallsAreHosts(t *testing.T) {
	rs, _ := generate(t, []Workload{seen("a", host("a", "default"))}, Options{})
	mustHosts(t, rs, "default/a", "default/a.default.svc.cluster.local", "istio-system/*")
}

func TestRuleSharedPodsAreMerged(t *testing.T) {
	// web and web-admin are two Services over the same pods, other has its own.
	ws := []Workload{
		{Service: "web-admin", Requests: 10, Upstreams: calls(host("users", "default")), Pods: []string{"web-7d9c-x"}},
		{Service: "web", Requests: 60, Upstreams: calls(host("cart", "default")), Pods: []string{"web-7d9c-x", "web-7d9c-y"}},
		{Service: "other", Requests: 60, Pods: []string{"other-1"}},
	}
	rs, _ := generate(t, ws, Options{})
	mustHosts(t, rs, "default/web", "default/cart.default.svc.cluster.local", "default/users.default.svc.cluster.local", "istio-system/*")
	if len(rs) != 3 {
		t.Errorf("%d resources, want default, other and web: %v", len(rs), rs)
	}
	if m := rs["default/web"].Merged; len(m) != 1 || m[0] != "web-admin" {
		t.Errorf("merged %q", m)
	}
}

func TestRuleLabelsThatMatchTheSamePodAreMerged(t *testing.T) {
	ws := []Workload{
		{Service: "a", Requests: 60, Upstreams: calls(host("x", "default")), Labels: map[string]string{"app": "shop"}},
		{Service: "b", Requests: 60, Upstreams: calls(host("y", "default")), Labels: map[string]string{"app": "shop", "version": "v2"}},
		{Service: "shop", Requests: 60, Upstreams: calls(host("z", "default"))}, // app=shop by assumption
		{Service: "c", Requests: 60, Labels: map[string]string{"app": "c", "version": "v1"}},
		{Service: "d", Requests: 60, Labels: map[string]string{"app": "c", "version": "v2"}},
	}
	rs, _ := generate(t, ws, Options{})
	mustHosts(t, rs, "default/shop", "default/x.default.svc.cluster.local", "default/y.default.svc.cluster.local",
		"default/z.default.svc.cluster.local", "istio-system/*")
	if len(rs) != 4 {
		t.Errorf("%d resources, want c, d, default and shop", len(rs))
	}
}

func TestRuleUnfitNamesAndLabelsGiveAWarningAndNoResource(t *testing.T) {
	f := func(w Workload, want string) {
		t.Helper()
		rs, warnings := generate(t, []Workload{w, seen("fine")}, Options{})
		if len(rs) != 2 {
			t.Errorf("%q: resources %v, want default and fine", w.Service, rs)
		}
		if len(warnings) != 1 || !strings.Contains(warnings[0], want) {
			t.Errorf("%q: warnings %q, want one that says %s", w.Service, warnings, want)
		}
	}
	for _, w := range odd()[7:] {
		f(w, strconv.Quote(w.Service))
	}
	f(Workload{Service: "a", Requests: 60, Labels: map[string]string{"app": "*"}}, `"app": "*"`)
	f(Workload{Service: "a", Requests: 60, Labels: map[string]string{"": "a"}}, `"": "a"`)
	f(Workload{Service: "a", Requests: 60, Labels: map[string]string{"app": strings.Repeat("v", 64)}}, "no label of a pod")
	f(Workload{Service: "a", Requests: 60, Labels: many(9)}, "at most 8")
}

func many(n int) map[string]string {
	labels := map[string]string{}
	for i := range n {
		labels["key"+strings.Repeat("x", i)] = "v"
	}
	return labels
}

func TestRuleOddNamespace(t *testing.T) {
	rs, warnings := generate(t, []Workload{{Service: "a", Namespace: "No Good", Requests: 400}}, Options{})
	if len(rs) != 0 || len(warnings) != 1 || !strings.Contains(warnings[0], `"No Good"`) {
		t.Errorf("%v %q", rs, warnings)
	}
}

func TestPollDelayIsValidEverywhere(t *testing.T) {
	// Envoy and Istio's API: at least 1 ms. istiod passes on the fraction of a second only.
	d, err := time.ParseDuration(PollDelay)
	if err != nil || d < time.Millisecond || d >= time.Second {
		t.Errorf("PollDelay is %s (%v)", PollDelay, err)
	}
}
