package crgen

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"
)

// labels is "k=v k=v" as a map.
func labels(text string) map[string]string {
	if text == "" {
		return nil
	}
	out := map[string]string{}
	for kv := range strings.FieldsSeq(text) {
		k, v, _ := strings.Cut(kv, "=")
		out[k] = v
	}
	return out
}

// labelled is a workload whose pods, one each, carry these labels; "" is a pod of
// which nobody said.
func labelled(service string, requests int, pods ...string) Workload {
	w := Workload{Service: service, Requests: requests, Upstreams: calls(host("of-"+service, "default"))}
	for i, p := range pods {
		w.Carries = append(w.Carries, Carried{labels(p), fmt.Sprintf("%s-%d", service, i)})
	}
	return w
}

func TestSelectorsByWhatPodsCarry(t *testing.T) {
	// f wants the selectors, by name, and one warning that holds all of told.
	f := func(o Options, ws []Workload, want map[string]string, told ...string) {
		t.Helper()
		rs, warnings := generate(t, ws, o)
		got := map[string]string{}
		for _, r := range rs {
			if obj, err := parse(r.YAML); err == nil && r.Name != defaultName {
				got[r.Name] = spell(obj.spec.WorkloadSelector.GetLabels())
			}
		}
		if !maps.Equal(got, want) {
			t.Errorf("selectors %q, want %q", got, want)
		}
		all := strings.Join(warnings, "\n")
		for _, text := range told {
			if !strings.Contains(all, text) {
				t.Errorf("warnings %q, want one that says %s", warnings, text)
			}
		}
		if len(told) == 0 && all != "" {
			t.Errorf("warnings %q, want none", warnings)
		}
	}
	type ws = []Workload
	type m = map[string]string
	// A label that names the workload and that all its pods carry; the key that was
	// asked for first; else all that they carry; of nothing known the assumption.
	f(Options{}, ws{labelled("a", 60, "app=x version=v1", "app=x version=v2")}, m{"a": "app=x"})
	f(Options{LabelKey: "version"}, ws{labelled("a", 60, "app=x version=v1")}, m{"a": "version=v1"})
	f(Options{LabelKey: "version"}, ws{labelled("a", 60, "app=x version=v1", "app=x version=v2")}, m{"a": "app=x"})
	f(Options{}, ws{labelled("a", 60, "k8s-app=y version=v1", "k8s-app=y version=v2", "")}, m{"a": "k8s-app=y"})
	f(Options{}, ws{labelled("a", 60, "tier=t version=v1")}, m{"a": "tier=t, version=v1"})
	f(Options{}, ws{labelled("a", 60, "")}, m{"a": "app=a"})
	f(Options{}, ws{labelled("a", 60, "version=v1", "version=v2")}, m{}, `pod "a-0" carries version=v1, pod "a-1" carries version=v2`, "such as app: a")

	// One label is also on others' pods, another is not.
	f(Options{}, ws{labelled("a", 60, "app=x k8s-app=a"), labelled("b", 60, "app=x k8s-app=b")}, m{"a": "k8s-app=a", "b": "k8s-app=b"})
	f(Options{}, ws{labelled("a", 60, "app=x track=a"), labelled("b", 60, "app=x track=b")}, m{"a": "app=x, track=a", "b": "app=x, track=b"})
	// a's labels are all on b's pods as well: one Sidecar with what both call.
	f(Options{}, ws{labelled("a", 60, "team=t"), labelled("b", 60, "app=b team=t")}, m{"a": "team=t"}, `the pods of "a", "b" alike`, "such as app: a")
	// It holds for b's pods too, so b must have been seen as well: 10 are not enough.
	f(Options{}, ws{labelled("a", 200, "team=t"), labelled("b", 10, "app=b team=t")}, m{}, `"a" ("b", whose pods cannot be told from its own, was seen in 10 requests, 50 are needed)`)
	// A template copied with its label: of b's pods one is still called app: a.
	f(Options{}, ws{labelled("a", 60, "app=a"), labelled("b", 60, "app=a k8s-app=b", "app=b k8s-app=b")}, m{"b": "k8s-app=b"},
		`service "a" of namespace "default": app=a would select pod "b-0" of "b" too: give that one the label app: b`)
	f(Options{}, ws{labelled("a", 60, "app=a"), labelled("b", 60, "app=a", "app=b")}, m{}, `app=a would select pod "b-0"`, `no label selects all its pods (pod "b-0" carries app=a, pod "b-1" carries app=b)`)
	// Nobody knows what b carries: it is taken to carry app: b, as a does.
	f(Options{}, ws{labelled("a", 60, "app=b"), labelled("b", 60)}, m{"b": "app=b"}, `the pods of "a", "b" alike`)
	// A gateway's pods are no part of any scope.
	gateway := labelled("edge", 60, "team=t")
	gateway.Skip = "it is a gateway"
	f(Options{}, ws{labelled("a", 60, "team=t"), gateway}, m{}, `team=t would select pod "edge-0" of "edge" too`)
	// team names no workload: what carries nothing else is left out, the rest is not widened.
	var team ws
	want := m{}
	for i := range 6 {
		team = append(team, labelled(fmt.Sprintf("s%d", i), 60, fmt.Sprintf("app=s%d team=t", i)))
		want[fmt.Sprintf("s%d", i)] = fmt.Sprintf("app=s%d", i)
	}
	f(Options{}, append(team, labelled("odd", 60, "team=t")), want, `service "odd"`, "such as app: odd")
}

// TestEachPodHasOneSidecarAtMost: whatever pods carry, at most one Sidecar with a
// selector matches each, and that one lists what the pod's workload calls.
func TestEachPodHasOneSidecarAtMost(t *testing.T) {
	rnd := rand.New(rand.NewPCG(6, 1))
	pick := func(of ...string) string { return of[rnd.IntN(len(of))] }
	matched := 0
	for round := range 600 {
		var ws []Workload
		n := 3 + rnd.IntN(6)
		for i := range n {
			name, other := fmt.Sprintf("s%d", i), fmt.Sprintf("s%d", rnd.IntN(n))
			var pods []string
			for range 1 + rnd.IntN(3) {
				pods = append(pods, [...]string{
					"app=" + pick(name, other),
					pick("app=", "k8s-app=", "name=") + name + " tier=" + pick("a", "b"),
					"team=" + pick("a", "b") + " tier=" + pick("a", "b") + pick("", " app="+name),
					pick("", "app="+name, "app="+name+" x=y"),
				}[round%4])
			}
			ws = append(ws, labelled(name, 60, pods...))
		}
		rs := mustBeStable(t, ws, Options{}, rnd)
		for _, w := range ws {
			for _, c := range w.Carries {
				matched += mustMatchOne(t, rs, w, c)
			}
		}
	}
	if matched < 1000 {
		t.Errorf("%d pods are selected in all: the meshes try too little", matched)
	}
}

// mustMatchOne returns how many Sidecars select the pod that c is about.
func mustMatchOne(t *testing.T, rs []Resource, w Workload, c Carried) (n int) {
	t.Helper()
	carries := c.Labels
	if carries == nil {
		carries = map[string]string{DefaultLabelKey: w.Service}
	}
	for _, r := range rs {
		obj, err := parse(r.YAML)
		if err != nil {
			t.Fatal(err)
		}
		selector := obj.spec.WorkloadSelector.GetLabels()
		if len(selector) == 0 || !among(selector, carries) {
			continue
		}
		n++
		if !slices.Contains(r.Hosts, "default/"+host("of-"+w.Service, "default")) {
			t.Fatalf("%s selects pod %s %v and lacks what it calls: %q", r.Name, c.Pod, carries, r.Hosts)
		}
	}
	if n > 1 {
		t.Fatalf("%d Sidecars select pod %s %v", n, c.Pod, carries)
	}
	return n
}

// TestLabelsThatAreMuchAlike: ten thousand workloads whose labels are different, but
// each of whose labels half of them carry.
func TestLabelsThatAreMuchAlike(t *testing.T) {
	var ws []Workload
	for i := range 10_000 {
		var b strings.Builder
		for bit := range 14 {
			fmt.Fprintf(&b, "l%d=%d ", bit, i>>bit&1)
		}
		ws = append(ws, labelled(fmt.Sprintf("s%d", i), 60, b.String()))
	}
	began := time.Now()
	rs, _ := Generate(ws, Options{})
	if took := time.Since(began); took > 20*time.Second {
		t.Errorf("it took %s", took)
	}
	for _, r := range rs[:min(len(rs), 20)] {
		n := 0
		for _, w := range ws {
			n += mustMatchOne(t, []Resource{r}, w, w.Carries[0])
		}
		if r.Name != defaultName && n != 1 {
			t.Errorf("%s selects %d pods", r.Name, n)
		}
	}
}
