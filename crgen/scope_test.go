package crgen

import (
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestMissedOneIn(t *testing.T) {
	// (12/13)^50 = 0.0183 < 0.02 < (13/14)^50 = 0.0246; (50/51)^200 = 0.0190, (51/52)^200 = 0.0206.
	for n, want := range map[int]int{-1: 0, 0: 0, 1: 1, 50: 13, 200: 51, 1000: 256} {
		if got := MissedOneIn(n); got != want {
			t.Errorf("MissedOneIn(%d) = %d, want %d", n, got, want)
		}
	}
	for n := 1; n < 3000; n += 7 {
		missed := func(k int) float64 { return math.Pow(1-1/float64(k), float64(n)) }
		if k := MissedOneIn(n); missed(k) >= 0.02 || missed(k+1) < 0.02 {
			t.Errorf("n=%d: one in %d is missed with probability %v, one in %d with %v", n, k, missed(k), k+1, missed(k+1))
		}
	}
}

func TestThresholdOfEvidence(t *testing.T) {
	f := func(requests, least int, narrowed bool) {
		t.Helper()
		rs, warnings := generate(t, []Workload{{Service: "a", Requests: requests}}, Options{MinRequests: least})
		if _, ok := rs["default/a"]; ok != narrowed {
			t.Errorf("%d requests of %d: narrowed %v", requests, least, ok)
		}
		if told := len(warnings) == 1 && strings.Contains(warnings[0], fmt.Sprintf(`"a" (seen in %d requests`, requests)); told == narrowed {
			t.Errorf("%d requests of %d: warnings %q", requests, least, warnings)
		}
		mustHosts(t, rs, "default/default", "./*", "istio-system/*")
	}
	f(49, 0, false)
	f(50, 0, true)
	f(0, 0, false)
	f(0, 1, false)
	f(1, 1, true)
}

func TestWhatIsNotNarrowed(t *testing.T) {
	f := func(w Workload, why string) {
		t.Helper()
		w.Service = "a"
		rs, warnings := generate(t, []Workload{w}, Options{MaxHosts: 3})
		if _, ok := rs["default/a"]; ok || len(warnings) == 0 || !strings.Contains(strings.Join(warnings, "\n"), why) {
			t.Errorf("narrowed %v, warnings %q, want one that says %s", ok, warnings, why)
		}
	}
	f(Workload{Requests: 400, Opaque: "two services share its address"}, "two services share its address")
	f(seen("", host("b", "default"), ""), "does not name what was called")
	f(seen("", "b", "c", "d", "e"), "it calls 4 hosts")
}

func TestScopeOfTooManyHostsLeavesOutTheDefault(t *testing.T) {
	// A crawler: the default would have to list what no list can hold.
	rs, warnings := generate(t, []Workload{seen("a", "a.x.example", "b.x.example"), seen("b", "c.x.example")}, Options{MaxHosts: 2})
	mustHosts(t, rs, "default/b", "*/c.x.example", "istio-system/*")
	if len(rs) != 2 || len(warnings) != 1 || !strings.Contains(warnings[0], "no default Sidecar") {
		t.Errorf("%v %q", rs, warnings)
	}
}

func TestNoDefault(t *testing.T) {
	rs, _ := generate(t, shop(), Options{NoDefault: true})
	if _, ok := rs["default/default"]; ok || len(rs) != 4 {
		t.Errorf("%v", rs)
	}
}

func TestSameWorkloadTwiceIsOne(t *testing.T) {
	a := Workload{Service: "a", Requests: 30, Upstreams: calls("b")}
	b := Workload{Service: "a", Namespace: "default", Requests: 30, Upstreams: calls("c")}
	rs, _ := generate(t, []Workload{a, b}, Options{})
	mustHosts(t, rs, "default/a", "default/b.default.svc.cluster.local", "default/c.default.svc.cluster.local", "istio-system/*")
	if len(rs["default/a"].Merged) != 0 {
		t.Errorf("merged with %q", rs["default/a"].Merged)
	}
}

func TestSameNameInTwoNamespacesIsTwo(t *testing.T) {
	rs, _ := generate(t, []Workload{
		{Service: "a", Namespace: "x", Requests: 60, Upstreams: calls("b")},
		{Service: "a", Namespace: "y", Requests: 60, Upstreams: calls("b")},
	}, Options{})
	mustHosts(t, rs, "x/a", "istio-system/*", "x/b.x.svc.cluster.local")
	mustHosts(t, rs, "y/a", "istio-system/*", "y/b.y.svc.cluster.local")
}

func TestCountsDoNotWrapAround(t *testing.T) {
	a := Workload{Service: "a", Requests: math.MaxInt}
	rs, _ := generate(t, []Workload{a, a, {Service: "a", Requests: math.MinInt}}, Options{})
	if _, ok := rs["default/a"]; !ok {
		t.Error("all the requests there can be are not enough")
	}
}

func TestWrongOptionsGiveNothing(t *testing.T) {
	f := func(o Options, want string) {
		t.Helper()
		if err := o.Check(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%+v: %v, want an error about %s", o, err, want)
		}
		rs, warnings := Generate(shop(), o)
		if len(rs) != 0 || len(warnings) != 1 || !strings.Contains(warnings[0], want) {
			t.Errorf("%+v: %d resources, %q", o, len(rs), warnings)
		}
	}
	f(Options{APIVersion: "v2"}, `APIVersion is "v2"`)
	f(Options{LabelKey: "a b"}, "LabelKey")
	f(Options{LabelKey: "/app"}, "LabelKey")
	f(Options{ClusterDomain: "cluster..local"}, "ClusterDomain")
	f(Options{Namespace: "No"}, "Namespace")
	f(Options{RootNamespace: "*"}, "RootNamespace")
	for _, p := range []string{"otel.tracing.svc.cluster.local", "*/otel.tracing", "tracing/*", "tracing/otel", "~/otel.tracing", "a/b/c.d"} {
		f(Options{Providers: []string{p}}, "a provider")
	}
	if err := (Options{APIVersion: "v1", LabelKey: "app.kubernetes.io/name", MinRequests: -1}).Check(); err != nil {
		t.Error(err)
	}
}

func TestWarningsAreBounded(t *testing.T) {
	var ws []Workload
	for i := range 5000 {
		ws = append(ws, Workload{Service: fmt.Sprintf("%s %d", strings.Repeat("x", 10_000), i)})
	}
	_, warnings := Generate(ws, Options{})
	// Each name is told by 1,024 bytes and some 50 more: not a thousand fit 1 MiB.
	last := warnings[len(warnings)-1]
	if m := regexp.MustCompile(`for (\d+) services of namespace "default" more`).FindStringSubmatch(last); m == nil || len(m[1]) != 4 || m[1] < "4000" {
		t.Errorf("%d warnings, the last %q", len(warnings), last)
	}
	if n := len(strings.Join(warnings, "")); n > maxNamed+16<<10 {
		t.Errorf("%d bytes of warnings", n)
	}
}

// TestEachUnfitNameIsTold: however many they are and however alike they begin.
func TestEachUnfitNameIsTold(t *testing.T) {
	var ws []Workload
	want := map[string]bool{}
	for i := range 3000 {
		name := fmt.Sprintf("Bad_%d", i)
		if i%10 == 0 {
			name = strings.Repeat("x", 300) + name
		}
		ws, want[strconv.Quote(name)] = append(ws, Workload{Service: name}), true
	}
	long := strings.Repeat("y", 2000)
	ws = append(ws, Workload{Service: long + "1"}, Workload{Service: long + "2"})
	_, warnings := Generate(ws, Options{})
	told := strings.Join(warnings, "\n")
	for name := range want {
		if !strings.Contains(told, name) {
			t.Errorf("%.80s is not named", name)
		}
	}
	if a, b := wholeName(long+"1"), wholeName(long+"2"); a == b || !strings.Contains(told, a) || !strings.Contains(told, b) {
		t.Errorf("%q and %q: two names that begin alike", a, b)
	}
	if len(warnings) > 40 {
		t.Errorf("%d warnings, want one for a hundred names and one for what is not narrowed", len(warnings))
	}
}

func TestExplain(t *testing.T) {
	w := Workload{Service: "a", Requests: 700, Upstreams: []Upstream{
		{Host: "b", Calls: 7, LastRound: 20},
		{Host: "c", Calls: 1, LastRound: 2, Idle: 600, Missed: 18},
		{Host: "10.0.0.1:80", Calls: 3, LastRound: 20},
	}}
	got := Explain([]Workload{w, {Service: "edge", Skip: "a gateway"}, {Service: "rare", Requests: 4}}, Options{Round: 20})
	want := []Evidence{
		{Namespace: "default", Service: "a", Requests: 700, Narrowed: true,
			Because: "calls 1 host, seen in 700 requests; a host that 1 in 179 calls would have been missed with probability under 2 %; 1 address or odd host cannot be listed and goes the way of unknown destinations as before",
			Hosts: []HostEvidence{
				{Host: "10.0.0.1", Calls: 3, LastRound: 20, Because: hostAddress},
				{Host: "b", Entries: []string{"default/b.default.svc.cluster.local"}, Calls: 7, LastRound: 20, Kept: true, Because: "called 7 times, last in round 20 of 20"},
				{Host: "c", Entries: []string{"default/c.default.svc.cluster.local"}, Calls: 1, LastRound: 2, Because: "dropped: not called for 18 rounds and 600 requests"},
			}},
		{Namespace: "default", Service: "edge", Because: "a gateway", Hosts: []HostEvidence{}},
		{Namespace: "default", Service: "rare", Requests: 4, Because: "seen in 4 requests, 50 are needed", Hosts: []HostEvidence{}},
	}
	for i := range got {
		if len(got[i].Merged) == 0 {
			got[i].Merged = nil
		}
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestExplainAgreesWithGenerate(t *testing.T) {
	rs, _ := Generate(spaces(), Options{})
	mustKeepWhatIsCalled(t, rs, spaces(), Options{})
	for _, e := range Explain(spaces(), Options{}) {
		exists := slices.ContainsFunc(rs, func(r Resource) bool { return r.Namespace == e.Namespace && r.Service == e.Service })
		if exists != e.Narrowed {
			t.Errorf("%s/%s: narrowed %v, generated %v", e.Namespace, e.Service, e.Narrowed, exists)
		}
	}
}
