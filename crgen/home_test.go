package crgen

import "testing"

func TestNamespaceOfWorkloadsThatNameNone(t *testing.T) {
	f := func(ws []Workload, o Options, want ...string) {
		t.Helper()
		rs, _ := generate(t, ws, o)
		for _, name := range want {
			if _, ok := rs[name]; !ok {
				t.Errorf("%s is missing", name)
			}
		}
		if len(rs) != len(want) {
			t.Errorf("%d resources, want %q", len(rs), want)
		}
	}
	in := func(namespace string) []Workload {
		return []Workload{seen("a", host("b", namespace), host("redis", "shared")), seen("b")}
	}
	f(in("default"), Options{}, "default/default", "default/a", "default/b")
	f(in("prod"), Options{}, "prod/default", "prod/a", "prod/b")
	f(in("prod"), Options{Namespace: "web"}, "web/default", "web/a", "web/b") // told
	// Nobody names a service of the mesh in full: what stays is the default.
	f([]Workload{seen("a", "b", host("redis", "shared")), seen("b")}, Options{}, "default/default", "default/a", "default/b")
	// Some live in x, some in y: a, which nobody calls, could be in either.
	f([]Workload{seen("a", host("b", "x"), host("c", "y")), seen("b"), seen("c")}, Options{},
		"default/default", "default/a", "x/default", "x/b", "y/default", "y/c")
	// b is in two namespaces, and nothing tells which one is meant.
	f([]Workload{seen("a", host("b", "x"), host("b", "y")), seen("b")}, Options{}, "default/default", "default/a", "default/b")
	// What names its namespace stays there.
	f([]Workload{{Service: "b", Namespace: "z", Requests: 60}, seen("a", host("b", "x"))}, Options{}, "z/default", "z/b", "default/default", "default/a")
}
