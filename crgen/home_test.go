package crgen

import (
	"strings"
	"testing"
)

func TestNamespaceOfWorkloadsThatNameNone(t *testing.T) {
	// f wants these resources, and a warning that names the workloads that guessed does.
	f := func(ws []Workload, o Options, guessed string, want ...string) {
		t.Helper()
		rs, warnings := generate(t, ws, o)
		if told := strings.Join(warnings, "\n"); (guessed != "") != (told != "") || !strings.Contains(told, guessed) {
			t.Errorf("warnings %q, want one about %s", warnings, guessed)
		}
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
	f(in("default"), Options{}, "", "default/default", "default/a", "default/b")
	f(in("prod"), Options{}, "", "prod/default", "prod/a", "prod/b")
	f(in("prod"), Options{Namespace: "web"}, "", "web/default", "web/a", "web/b") // told
	// Nobody names a service of the mesh in full: what stays is the default.
	f([]Workload{seen("a", "b", host("redis", "shared")), seen("b")}, Options{}, "", "default/default", "default/a", "default/b")
	// Some live in x, some in y: a, which nobody calls, could be in either. A default
	// where it may not even be would rule pods that have no part in this.
	f([]Workload{seen("a", host("b", "x"), host("c", "y")), seen("b"), seen("c")}, Options{}, `"a" lives`,
		"default/a", "x/default", "x/b", "y/default", "y/c")
	// Where others are named to live in default it has its own, whoever is taken to live there.
	f([]Workload{seen("a", host("b", "x")), seen("b"), {Service: "c", Namespace: "default", Requests: 60}}, Options{}, `"a" lives`,
		"default/default", "default/a", "default/c", "x/default", "x/b")
	// b is in two namespaces, and nothing tells which one is meant.
	f([]Workload{seen("a", host("b", "x"), host("b", "y")), seen("b")}, Options{}, `"a", "b" live`, "default/a", "default/b")
	// What names its namespace stays there, and nothing speaks for another one.
	f([]Workload{{Service: "b", Namespace: "z", Requests: 60}, seen("a", host("b", "x"))}, Options{}, "", "z/default", "z/b", "z/a")
}
