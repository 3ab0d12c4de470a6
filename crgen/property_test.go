package crgen

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// mesh is n services in spaces namespaces that each call some others, cycles and
// self-calls among them.
func mesh(n, spaces int, rnd *rand.Rand) []Workload {
	name := func(i int) (string, string) { return fmt.Sprintf("svc-%d", i), fmt.Sprintf("ns-%d", i%spaces) }
	ws := make([]Workload, n)
	for i := range ws {
		service, space := name(i)
		ws[i] = Workload{Service: service, Namespace: space, Requests: rnd.IntN(1000)}
		for range rnd.IntN(6) {
			to, in := name(rnd.IntN(n))
			ws[i].Upstreams = append(ws[i].Upstreams, Upstream{
				Host: host(to, in), Calls: rnd.IntN(100), LastRound: rnd.IntN(20), Idle: rnd.IntN(100), Missed: rnd.IntN(20)})
		}
	}
	return ws
}

// shuffled is the same workloads and upstreams in another order.
func shuffled(ws []Workload, rnd *rand.Rand) []Workload {
	ws = slices.Clone(ws)
	for i := range ws {
		ws[i].Upstreams = slices.Clone(ws[i].Upstreams)
		ws[i].Pods = slices.Clone(ws[i].Pods)
		rnd.Shuffle(len(ws[i].Upstreams), func(a, b int) {
			u := ws[i].Upstreams
			u[a], u[b] = u[b], u[a]
		})
		slices.Reverse(ws[i].Pods)
	}
	rnd.Shuffle(len(ws), func(a, b int) { ws[a], ws[b] = ws[b], ws[a] })
	return ws
}

// mustBeStable fails when the order of the input shows in any output.
func mustBeStable(t testing.TB, ws []Workload, o Options, rnd *rand.Rand) []Resource {
	t.Helper()
	rs, warnings := Generate(ws, o)
	again, warningsAgain := Generate(shuffled(ws, rnd), o)
	if diff := cmp.Diff(stream(rs, warnings), stream(again, warningsAgain)); diff != "" {
		t.Fatalf("another order, other bytes:\n%s", diff)
	}
	if diff := cmp.Diff(Explain(ws, o), Explain(shuffled(ws, rnd), o)); diff != "" {
		t.Fatalf("another order, other evidence:\n%s", diff)
	}
	if diff := cmp.Diff(Remember(ws, ws, o), Remember(shuffled(ws, rnd), shuffled(ws, rnd), o)); diff != "" {
		t.Fatalf("another order, another memory:\n%s", diff)
	}
	return rs
}

// mustKeepWhatIsCalled fails when a narrowed workload's scope lacks a host that it
// calls and that can be listed, by the validator's reading of entries.
func mustKeepWhatIsCalled(t testing.TB, rs []Resource, ws []Workload, o Options) {
	t.Helper()
	byService := map[string][]string{}
	for _, r := range rs {
		for _, s := range append([]string{r.Service}, r.Merged...) {
			byService[r.Namespace+"/"+s] = r.Hosts
		}
	}
	for _, e := range Explain(ws, o) {
		hosts, ok := byService[e.Namespace+"/"+e.Service]
		if ok != e.Narrowed && e.Service != "" {
			t.Fatalf("%s/%s: narrowed is %v, its Sidecar is there: %v", e.Namespace, e.Service, e.Narrowed, ok)
		}
		for _, h := range e.Hosts {
			if e.Narrowed && h.Kept && !imports(hosts, h.Entries) {
				t.Fatalf("%s/%s calls %s, its scope lacks it: %q", e.Namespace, e.Service, h.Host, hosts)
			}
		}
	}
}

// imports is whether hosts cover one of the entries, as istiod matches them:
// namespace first, then the host, "*" for any.
func imports(hosts, entries []string) bool {
	for _, e := range entries {
		ns, name, _ := strings.Cut(e, "/")
		for _, h := range hosts {
			hns, hname, _ := strings.Cut(h, "/")
			if (hns == ns || hns == "*" || ns == "*") && (hname == name || hname == "*") {
				return true
			}
		}
	}
	return false
}

func TestFiveThousandServices(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	ws := mesh(5000, 7, rnd)
	o := Options{Round: 20}
	rs := mustBeStable(t, ws, o, rnd)
	if len(rs) < 4000 {
		t.Fatalf("%d resources for 5000 services", len(rs))
	}
	mustBeValid(t, rs)
	mustKeepWhatIsCalled(t, rs, ws, o)
}

// FuzzGenerate reads workloads out of arbitrary text: a line a workload, its
// fields apart by "|": service, namespace, requests' length, label, pod, then hosts.
func FuzzGenerate(f *testing.F) {
	f.Add("a|default|xx|||b.default.svc.cluster.local|c\nb||||p|a\nc|||x|p|10.0.0.1:80", "", "app", uint8(0))
	f.Add("default||||\nnull|||||~/*|*|*.x.svc|a/b\n\x00|\xff|||", "tracing/otel.tracing.svc.cluster.local", "k/v", uint8(40))
	f.Add("A|istio-system||\n%s|..|||\ue000|K.default.svc.cluster.local|-|[::1]:80|b.istio-system", "x", "", uint8(3))
	f.Add("a|n||v|p|x.y|x.y.svc|y.svc.cluster.local|p.s.n.svc.cluster.local|*.com\nb|n||v|q|"+strings.Repeat("l.", 120)+"svc", "", "app", uint8(1))
	f.Fuzz(func(t *testing.T, text, provider, key string, round uint8) {
		ws := workloadsOf(text)
		o := Options{LabelKey: key, Round: int(round), MinRequests: 2, MaxHosts: 5}
		if provider != "" {
			o.Providers = []string{provider}
		}
		rs, warnings := Generate(ws, o)
		if o.Check() != nil {
			if len(rs) != 0 || len(warnings) != 1 {
				t.Fatalf("wrong options give %d resources, %q", len(rs), warnings)
			}
			return
		}
		mustBeValid(t, rs)
		mustBeStable(t, ws, o, rand.New(rand.NewPCG(uint64(round), 0)))
		mustKeepWhatIsCalled(t, rs, ws, o)
	})
}

func workloadsOf(text string) []Workload {
	var ws []Workload
	for line := range strings.SplitSeq(text, "\n") {
		w := Workload{Requests: 2}
		for i, field := range strings.Split(line, "|") {
			switch {
			case i == 0:
				w.Service = field
			case i == 1:
				w.Namespace = field
			case i == 2:
				w.Requests += len(field) - 1
			case i == 3 && field != "":
				w.Labels = map[string]string{"app": field, "tier": "x"}
			case i == 4 && field != "":
				w.Pods = []string{field}
			case i > 4:
				w.Upstreams = append(w.Upstreams, Upstream{Host: field, Calls: i, LastRound: i, Idle: i, Missed: i})
			}
		}
		ws = append(ws, w)
	}
	return ws
}

func BenchmarkGenerate(b *testing.B) {
	for _, n := range []int{4, 100, 5000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			ws := mesh(n, 3, rand.New(rand.NewPCG(1, 2)))
			b.ReportAllocs()
			for b.Loop() {
				Generate(ws, Options{})
			}
		})
	}
}

func BenchmarkExplain(b *testing.B) {
	ws := mesh(5000, 3, rand.New(rand.NewPCG(1, 2)))
	b.ReportAllocs()
	for b.Loop() {
		Explain(ws, Options{})
	}
}
