package graph

import (
	"fmt"
	"testing"
)

func TestParseName(t *testing.T) {
	f := func(text, want string) {
		t.Helper()
		c := parseName(text)
		if got := fmt.Sprintf("%s %d, %s %d", c.host, c.port, c.authority, c.authorityPort); got != want {
			t.Errorf("parseName(%q) is %q, want %q", text, got, want)
		}
	}
	f("coutbound|9080||reviews.default.svc.cluster.local", "reviews.default.svc.cluster.local 9080,  0")
	f("coutbound|9080|v1|Reviews.default.svc.cluster.local.\x00reviews:9080", "reviews.default.svc.cluster.local 9080, reviews 9080")
	f("cinbound|9080|http|reviews.default.svc.cluster.local", "reviews.default.svc.cluster.local 9080,  0") // Istio before 1.8
	f("coutbound_.80_.v2_.a.b.svc.cluster.local", "a.b.svc.cluster.local 80,  0")
	f("soutbound_.9080_._.reviews.default.svc.cluster.local\x00[fd00::1]:80", "reviews.default.svc.cluster.local 9080, fd00::1 80")
	f("sapi.example.com", "api.example.com 0,  0")
	f("soutbound_.broken", " 0,  0")
	f("cPassthroughCluster\x00api.example.com", " 0, api.example.com 0")
	f("cBlackHoleCluster", " 0,  0")
	f("coutbound|70000||a", "a 0,  0")
	f("coutbound|||", " 0,  0")
	f("c|||", " 0,  0")
	f("", " 0,  0")
}

func TestDirectory(t *testing.T) {
	nodes := newMesh([]Pod{
		{Service: "reviews", Namespace: "default", Name: "1"},
		{Service: "ratings", Name: "1"},
		{Service: "Mixed", Name: "1"},
		{Service: "dotted.name", Namespace: "default", Name: "1"},
		{Service: "api.example.com", Name: "1"},
		{Service: "db", Namespace: "a", Name: "1"}, {Service: "db", Namespace: "b", Name: "2"},
	}).nodes
	d := newDirectory(nodes)
	f := func(host, want string) {
		t.Helper()
		got := "none"
		if n := d.service(host); n != none {
			got = nodes[n].Name
		}
		if got != want {
			t.Errorf("%q is %s, want %s", host, got, want)
		}
	}
	f("reviews", "reviews")
	f("reviews.default", "reviews")
	f("reviews.default.svc", "reviews")
	f("reviews.default.svc.cluster.local", "reviews")
	f("reviews.default.svc.some.domain", "reviews")
	f("reviews.other", "none")
	f("reviews.other.svc.cluster.local", "none")
	f("reviews.example.com", "none")
	f("ratings.any.svc.cluster.local", "ratings") // the request names no namespace
	f("ratings.com", "none")                      // as likely a domain
	f("mixed.any.svc.cluster.local", "Mixed")
	f("dotted.name.default.svc.cluster.local", "dotted.name")
	f("reviews-0.reviews.default.svc.cluster.local", "reviews")
	f("api.example.com", "api.example.com")
	f("db.a.svc.cluster.local", "db")
	f("db.b.svc.cluster.local", "db")
	f("db.c.svc.cluster.local", "none")
	f("", "none")
	f(".svc.", "none")
	f(".", "none")
	f("reviews.svc.cluster.local", "none")
}

func TestQualify(t *testing.T) {
	f := func(name, host, want string) {
		t.Helper()
		if got := qualify(name, host); got != want {
			t.Errorf("qualify(%q, %q) is %q, want %q", name, host, got, want)
		}
	}
	f("b", "c.ns.svc.cluster.local", "b.ns.svc.cluster.local")
	f("b.ns", "c.ns.svc.cluster.local", "b.ns.svc.cluster.local")
	f("b.ns.svc", "c.ns.svc.cluster.local", "b.ns.svc.cluster.local")
	f("b.other", "c.ns.svc.cluster.local", "b.other")
	f("b.ns.svc.cluster.local", "c.ns.svc.cluster.local", "b.ns.svc.cluster.local")
	f("b", "api.example.com", "b")
	f("b", "host", "b")
}
