package crgen

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// rounds plays what each round saw and returns the memory after the last.
func rounds(seen ...[]Workload) (known []Workload, o Options) {
	for i, ws := range seen {
		o.Round = i + 1
		known = Remember(known, ws, o)
	}
	return known, o
}

func TestRememberAddsUp(t *testing.T) {
	known, _ := rounds(
		[]Workload{{Service: "a", Requests: 30, Upstreams: []Upstream{{Host: "b", Calls: 3}}}},
		[]Workload{{Service: "a", Requests: 20, Upstreams: []Upstream{{Host: "c", Calls: 2}}}},
	)
	want := []Workload{{Service: "a", Requests: 50, LastRound: 2, Upstreams: []Upstream{
		{Host: "b", Calls: 3, LastRound: 1, Idle: 20, Missed: 1},
		{Host: "c", Calls: 2, LastRound: 2},
	}}}
	if diff := cmp.Diff(want, known); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestHostsGrowAtOnceAndShrinkLate(t *testing.T) {
	with := []Workload{{Service: "a", Requests: 100, Upstreams: []Upstream{{Host: "b", Calls: 1}, {Host: "c", Calls: 1}}}}
	without := []Workload{{Service: "a", Requests: 100, Upstreams: []Upstream{{Host: "b", Calls: 1}}}}
	const b, c = "default/b.default.svc.cluster.local", "default/c.default.svc.cluster.local"

	history := [][]Workload{without, with}
	for range DefaultKeepRounds {
		history = append(history, without)
		known, o := rounds(history...)
		rs, _ := generate(t, known, o)
		mustHosts(t, rs, "default/a", b, c, "istio-system/*")
	}
	history = append(history, without)
	known, o := rounds(history...)
	rs, _ := generate(t, known, o)
	mustHosts(t, rs, "default/a", b, "istio-system/*")

	// It comes back in the round in which it is called again.
	known, o = rounds(append(history, with)...)
	rs, _ = generate(t, known, o)
	mustHosts(t, rs, "default/a", b, c, "istio-system/*")
}

// A log that is known to be counted counts for nobody, but for those of whom nothing is
// remembered any more.
func TestAgainCountsNothing(t *testing.T) {
	known, o := rounds(
		[]Workload{{Service: "a", Requests: 30, Upstreams: []Upstream{{Host: "b", Calls: 3}}}},
		[]Workload{{Service: "a", Requests: 20, Upstreams: []Upstream{{Host: "c", Calls: 2}}}},
	)
	o.Round, o.Again = 3, true
	got := Remember(known, []Workload{
		{Service: "a", Requests: 30, Upstreams: []Upstream{{Host: "b", Calls: 3}}},
		{Service: "new", Requests: 7},
	}, o)
	want := []Workload{
		{Service: "a", Requests: 50, LastRound: 3, Upstreams: []Upstream{
			{Host: "b", Calls: 3, LastRound: 3}, // the log shows it: it is not missed
			{Host: "c", Calls: 2, LastRound: 2},
		}},
		{Service: "new", Requests: 7, LastRound: 3, Upstreams: []Upstream{}},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestHostsStayWithoutEvidenceAgainstThem(t *testing.T) {
	history := [][]Workload{{{Service: "a", Requests: 100, Upstreams: []Upstream{{Host: "b", Calls: 1}}}}}
	for range 40 {
		history = append(history, []Workload{{Service: "a", Requests: 1}}) // 40 quiet rounds: 40 requests
	}
	known, o := rounds(history...)
	rs, _ := generate(t, known, o)
	mustHosts(t, rs, "default/a", "default/b.default.svc.cluster.local", "istio-system/*")
}

func TestRepeatedRoundChangesNoByte(t *testing.T) {
	once, o1 := rounds(shop())
	twice, o2 := rounds(shop(), shop())
	a, _ := Generate(once, o1)
	b, _ := Generate(twice, o2)
	if len(a) != 5 || len(b) != 5 {
		t.Fatalf("%d and %d resources", len(a), len(b))
	}
	for i := range a {
		if a[i].YAML != b[i].YAML {
			t.Errorf("%s changed:\n%s", a[i].Name, cmp.Diff(a[i].YAML, b[i].YAML))
		}
	}
}

func TestOpaqueRequestsProveNothing(t *testing.T) {
	known, o := rounds(
		[]Workload{{Service: "a", Requests: 1000, Opaque: "its address is shared"}},
		[]Workload{{Service: "a", Requests: 10}},
	)
	if rs, _ := generate(t, known, o); len(rs) != 1 || known[0].Requests != 10 || known[0].Opaque != "" {
		t.Errorf("%v from %+v", rs, known)
	}
}

// TestWorkloadThatLeftIsRemembered: one that rounds lack keeps what it called for as
// many rounds as hosts do; its Sidecar is gone meanwhile, its hosts stay in the default.
func TestWorkloadThatLeftIsRemembered(t *testing.T) {
	a := Workload{Service: "a", Requests: 100, Upstreams: calls(host("x", "other"))}
	b := Workload{Service: "b", Requests: 100}
	for away := range DefaultKeepRounds + 3 {
		history := [][]Workload{{a, b}}
		for range away {
			history = append(history, []Workload{b})
		}
		known, o := rounds(history...)
		rs, _ := generate(t, known, o)
		_, there := rs["default/a"]
		if kept := imports(rs["default/default"].Hosts, []string{"other/" + host("x", "other")}); there != (away == 0) || kept != (away <= DefaultKeepRounds) {
			t.Errorf("away for %d rounds: a has a Sidecar %v, the default has its host %v", away, there, kept)
		}
		known, o = rounds(append(history, []Workload{{Service: "a"}, b})...)
		rs, _ = generate(t, known, o)
		// It was away for one round less than it is old: remembered up to 10 rounds.
		if _, back := rs["default/a"]; back != (away <= DefaultKeepRounds) {
			t.Errorf("back after %d rounds: narrowed %v", away, back)
		}
	}
}

func TestMemoryOfThoseThatLeftIsBounded(t *testing.T) {
	var known []Workload
	for round := range 12 {
		var ws []Workload
		for i := range 300 {
			ws = append(ws, Workload{Service: fmt.Sprintf("s%d-%d", round, i), Requests: 1})
		}
		known = Remember(known, ws, Options{Round: round + 1})
	}
	if n := len(known); n != 300+minAway {
		t.Errorf("%d workloads are remembered, want 300 and %d", n, minAway)
	}
}

// TestNamespaceThatAppears: a workload whose namespace is named in one of two rounds
// only is the same; where two could be meant neither loses a host, and what one log
// proved is no evidence for either.
func TestNamespaceThatAppears(t *testing.T) {
	in := func(namespace string, requests int, hosts ...string) Workload {
		return Workload{Service: "a", Namespace: namespace, Requests: requests, Upstreams: calls(hosts...)}
	}
	f := func(first, then []Workload, want string) {
		t.Helper()
		known, _ := rounds(first, then)
		var got []string
		for _, w := range known {
			text := fmt.Sprintf("%s:%d", w.Namespace, w.Requests)
			for _, u := range w.Upstreams {
				text += " " + u.Host
			}
			got = append(got, text)
		}
		if all := strings.Join(got, ", "); all != want {
			t.Errorf("%s\nwant %s", all, want)
		}
	}
	type ws = []Workload
	f(ws{in("", 60, "x")}, ws{in("shop", 30, "y")}, "shop:90 x y")
	f(ws{in("shop", 60, "x")}, ws{in("", 30, "y")}, ":90 x y")
	f(ws{in("shop", 60, "x")}, ws{in("shop", 30), in("blog", 20)}, "blog:20, shop:90 x")
	f(ws{in("shop", 60, "x")}, ws{in("blog", 20, "y")}, "blog:20 y, shop:60 x") // another one, and one that left
	f(ws{in("", 60, "x")}, ws{in("shop", 30), in("blog", 20)}, "blog:20 x, shop:30 x")
	f(ws{in("shop", 60, "x"), in("blog", 5, "z")}, ws{in("", 30)}, ":95 x z")
}

// TestRequestsCountOnce: what a log shows again is no evidence, whether the log is
// the same one or its window overlaps with another's.
func TestRequestsCountOnce(t *testing.T) {
	// window is a workload in whose log are the requests from lo to hi.
	window := func(lo, hi int, hosts ...string) []Workload {
		w := Workload{Service: "a", Requests: hi - lo, Upstreams: calls(hosts...), Sample: Sample{Below: math.MaxUint32}}
		for i := lo; i < hi; i++ {
			w.Sample.Hashes = append(w.Sample.Hashes, uint32(i)*2654435761)
		}
		slices.Sort(w.Sample.Hashes)
		return []Workload{w}
	}
	f := func(want int, history ...[]Workload) []Workload {
		t.Helper()
		known, _ := rounds(history...)
		if known[0].Requests != want {
			t.Errorf("%d requests, want %d", known[0].Requests, want)
		}
		return known
	}
	f(16, window(0, 16))
	f(16, window(0, 16), window(0, 16), window(0, 16))
	f(20, window(0, 16), window(2, 18), window(3, 19), window(4, 20)) // 64 in all, of which 20 are different
	f(32, window(0, 16), window(16, 32))
	f(28, window(0, 16), window(16, 28), window(0, 16))
	// Of ten thousand requests a sample tells: 4,000 of them are new.
	known, _ := rounds([]Workload{sampled(0, 10_000)}, []Workload{sampled(4000, 14_000)})
	if n := known[0].Requests; n < 12_500 || n > 15_500 {
		t.Errorf("%d requests, want about 14000", n)
	}

	// A log that stays the same ages no host, and its calls count once.
	history := [][]Workload{window(0, 100, "x", "y")}
	for range 2 * DefaultKeepRounds {
		history = append(history, window(100, 200, "y"))
	}
	known = f(200, history...)
	want := []Upstream{{Host: "x", Calls: 1, LastRound: 1, Idle: 100, Missed: 1}, {Host: "y", Calls: 2, LastRound: 21}}
	if diff := cmp.Diff(want, known[0].Upstreams); diff != "" {
		t.Error(diff)
	}
	// Ten more rounds that are new, and it goes: 11 rounds without a call.
	for i := range DefaultKeepRounds {
		rs, _ := Generate(known, Options{Round: len(history)})
		if !imports(rs[0].Hosts, []string{"default/" + host("x", "default")}) {
			t.Errorf("x is gone after %d rounds that are new", i+1)
		}
		history = append(history, window(200+10*i, 210+10*i, "y"))
		known = f(210+10*i, history...)
	}
	rs, _ := Generate(known, Options{Round: len(history)})
	if imports(rs[0].Hosts, []string{"default/" + host("x", "default")}) {
		t.Error("x stays for ever")
	}
}

// sampled is a workload whose log holds so many requests that a sample is kept.
func sampled(lo, hi int) Workload {
	w := Workload{Service: "a", Requests: hi - lo}
	for i := lo; i < hi; i++ {
		w.Sample.Hashes = append(w.Sample.Hashes, uint32(i)*2654435761)
	}
	slices.Sort(w.Sample.Hashes)
	w.Sample = Sample{w.Sample.Hashes, math.MaxUint32}.cut(math.MaxUint32, sampleSize)
	return w
}

func TestMemoryIsBounded(t *testing.T) {
	round := func(n int) []Workload {
		w := Workload{Service: "crawler", Requests: 1000, Upstreams: []Upstream{{Host: "b", Calls: 1}}}
		for i := range 5000 {
			w.Upstreams = append(w.Upstreams, Upstream{Host: fmt.Sprintf("h%d-%d.example.com", n, i), Calls: 1}, Upstream{Host: fmt.Sprintf("10.%d.%d.%d", n, i/250, i%250), Calls: 9})
		}
		return []Workload{w}
	}
	known, o := rounds(round(1), round(2), round(3))
	if n := len(known[0].Upstreams); n > 4*DefaultMaxHosts+4 {
		t.Errorf("%d upstreams are remembered", n)
	}
	if rs, _ := generate(t, known, o); len(rs) != 0 {
		t.Errorf("the crawler is narrowed: %v", rs)
	}
}

func TestMemorySurvivesJSON(t *testing.T) {
	known, _ := rounds(spaces())
	text, err := json.Marshal(known)
	if err != nil {
		t.Fatal(err)
	}
	var back []Workload
	if err := json.Unmarshal(text, &back); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(known, back); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

func TestArgumentsAreNotChanged(t *testing.T) {
	ws, copy := spaces(), spaces()
	known := Remember(ws, ws, Options{Round: 3})
	Generate(ws, Options{})
	Explain(ws, Options{})
	Remember(known, ws, Options{Round: 4})
	if diff := cmp.Diff(copy, ws); diff != "" {
		t.Errorf("(-before +after):\n%s", diff)
	}
}

// A default that is wide for a workload of which too little was seen stays so while a round
// lacks that workload, as it may be back in the next: until it is forgotten.
func TestDefaultStaysWideForWhoIsAway(t *testing.T) {
	front := Workload{Service: "front", Namespace: "shop", Requests: 100, Upstreams: []Upstream{{Host: "db.data.svc.cluster.local", Calls: 100}}}
	far := Workload{Service: "far", Namespace: "far", Requests: 100}
	job := Workload{Service: "job", Namespace: "shop", Requests: 15}
	wide := []string{"./*", "data/*", "far/*", "istio-system/*"}

	history := [][]Workload{{front, far, job}}
	for range DefaultKeepRounds {
		history = append(history, []Workload{front, far})
		known, o := rounds(history...)
		rs, _ := generate(t, known, o)
		mustHosts(t, rs, "shop/default", wide...)
	}
	history = append(history, []Workload{front, far})
	known, o := rounds(history...)
	rs, _ := generate(t, known, o)
	mustHosts(t, rs, "shop/default", "./*", "data/db.data.svc.cluster.local", "istio-system/*")
}
