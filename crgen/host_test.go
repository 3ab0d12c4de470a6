package crgen

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestEntries(t *testing.T) {
	r := resolver{domain: "cluster.local", namespaces: map[string]bool{"default": true, "shop": true}}
	f := func(host, namespace string, want ...string) {
		t.Helper()
		got, problem := r.entries(Upstream{Host: host, Namespace: namespace}, "default")
		if diff := cmp.Diff(want, got); diff != "" || problem != "" {
			t.Errorf("%q in %q: %s (-want +got):\n%s", host, namespace, problem, diff)
		}
	}
	f("a.shop.svc.cluster.local", "", "shop/a.shop.svc.cluster.local")
	f("A.Shop.svc.cluster.local.:8080", "", "shop/a.shop.svc.cluster.local") // as an authority has it
	f("a.shop.svc", "", "shop/a.shop.svc.cluster.local")
	f("a.shop", "", "shop/a.shop.svc.cluster.local")
	f("a.default", "", "default/a.default.svc.cluster.local")
	f("a", "", "default/a.default.svc.cluster.local") // short: from the caller's namespace
	f("a", "shop", "shop/a.shop.svc.cluster.local")
	f("a", "No Good", "default/a.default.svc.cluster.local")

	// A pod of a headless service, by its own name: istiod knows the service.
	f("a-0.a.shop.svc.cluster.local", "", "shop/a-0.a.shop.svc.cluster.local", "shop/a.shop.svc.cluster.local")
	f("a-0.a.shop", "", "shop/a-0.a.shop.svc.cluster.local", "shop/a.shop.svc.cluster.local")

	// Outside the namespaces that are known, "a.b" may be a service or a domain.
	f("db.data", "", "data/db.data.svc.cluster.local", "*/db.data")
	f("db.data", "egress", "data/db.data.svc.cluster.local", "egress/db.data")
	f("db.data", "data", "data/db.data.svc.cluster.local")

	// External: the namespace of the ServiceEntry is rarely known.
	f("api.pay.example", "", "*/api.pay.example")
	f("api.pay.example", "egress", "egress/api.pay.example")
	f("api.pay.example:443", "", "*/api.pay.example")
	f("*.pay.example", "", "*/*.pay.example") // a wildcard ServiceEntry, as upstream_cluster names it
	f("*.a.shop.svc.cluster.local", "", "shop/*.a.shop.svc.cluster.local")
	f("b.c.a.shop.svc.cluster.local", "", "shop/b.c.a.shop.svc.cluster.local")
	f("*.shop.svc.cluster.local", "", "shop/*.shop.svc.cluster.local")
	f("a.shop.svc.other.domain", "", "*/a.shop.svc.other.domain")
	f("svc.cluster.local", "", "*/svc.cluster.local")

	// Several clusters, and a ServiceEntry that takes a cluster's name.
	f("a.shop.svc.clusterset.local", "", "shop/a.shop.svc.clusterset.local")
	f("a.shop.svc.cluster.local", "egress", "shop/a.shop.svc.cluster.local", "egress/a.shop.svc.cluster.local")
}

func TestEntriesOfOtherDomain(t *testing.T) {
	r := resolver{domain: "mesh.example"}
	got, _ := r.entries(Upstream{Host: "a"}, "shop")
	if diff := cmp.Diff([]string{"shop/a.shop.svc.mesh.example"}, got); diff != "" {
		t.Error(diff)
	}
	got, _ = r.entries(Upstream{Host: "a.b.svc.mesh.example"}, "shop")
	if diff := cmp.Diff([]string{"b/a.b.svc.mesh.example"}, got); diff != "" {
		t.Error(diff)
	}
}

func TestHostsThatCannotBeListed(t *testing.T) {
	r := resolver{domain: "cluster.local"}
	f := func(host, want string) {
		t.Helper()
		if got, problem := r.entries(Upstream{Host: host, Namespace: "n"}, "default"); problem != want || got != nil {
			t.Errorf("%q: %q, %q, want %q", host, got, problem, want)
		}
	}
	f("", hostUnnamed)
	f(".", hostUnnamed)
	f(":80", hostUnnamed)
	for _, h := range []string{"10.0.0.1", "10.0.0.1:80", "::1", "[::1]", "[fe80::1%eth0]:80", "localhost:9000", "PassthroughCluster"} {
		f(h, hostAddress)
	}
	for _, h := range []string{"-", "*", "*.", "a b", "a_b.shop", "a/b", "*/a.b", "~/*", "a..b", "a.*.b", "*a.b", "1.2.3", "256.1.1.1",
		"ünï.example", "\u212Aelvin.example", "a\x00b", "\xff", strings.Repeat("l.", 128) + "com", strings.Repeat("l", 64) + ".com"} {
		f(h, hostForeign)
	}
	// Completed, it is longer than a domain may be.
	r.domain = strings.Repeat("l.", 110) + "local"
	f(strings.Repeat("s", 30), hostForeign)
}

func TestExactNamespaceWinsOverAny(t *testing.T) {
	w := seen("a", "api.example.com")
	w.Upstreams = append(w.Upstreams, Upstream{Host: "api.example.com", Namespace: "egress", Calls: 1})
	rs, _ := generate(t, []Workload{w}, Options{})
	mustHosts(t, rs, "default/a", "egress/api.example.com", "istio-system/*")
	mustHosts(t, rs, "default/default", "./*", "egress/api.example.com", "istio-system/*")
}
