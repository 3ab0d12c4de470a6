package optimize

import (
	"bytes"
	"context"
	"errors"
	"io"
	"math"
	"math/rand/v2"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-mesh/sluice/budget"
	"github.com/sluice-mesh/sluice/crgen"
	"github.com/sluice-mesh/sluice/graph"
	"github.com/sluice-mesh/sluice/internal/demo"
	"github.com/sluice-mesh/sluice/internal/request"
)

// mustRun is Run for requests whose floors fit.
func mustRun(t *testing.T, req *request.Request, prior *Memory) *Report {
	t.Helper()
	rep, err := Run(context.Background(), req, prior, Options{})
	if err != nil {
		t.Fatal(err)
	}
	return rep
}

// edgeNames are "from→to" in the order of the graph.
func edgeNames(g *graph.Graph) []string {
	var names []string
	for _, e := range g.Edges {
		names = append(names, g.Nodes[e.From].Name+"→"+g.Nodes[e.To].Name)
	}
	return names
}

func TestCaptureHasItsFourEdges(t *testing.T) {
	rep := mustRun(t, demo.Request(), nil)
	want := []string{"ingress-gateway→productpage", "productpage→details", "productpage→reviews", "reviews→ratings"}
	if diff := cmp.Diff(want, edgeNames(rep.Graph)); diff != "" {
		t.Error(diff)
	}
	// Each sidecar's 200 distinct lines over its own span: see the capture itself.
	// ratings gets two of three reviews' calls, for v1 calls nobody.
	for i, want := range []struct{ low, high, perRequest float64 }{
		{48, 66, 1}, {58, 70, 1}, {55, 67, 1}, {37, 45, 2. / 3},
	} {
		e := rep.Graph.Edges[i]
		if e.Rate < want.low || e.Rate > want.high {
			t.Errorf("%s: %.1f/s, want %g to %g", edgeNames(rep.Graph)[i], e.Rate, want.low, want.high)
		}
		if d := e.PerRequest - want.perRequest; d < -.05 || d > .05 {
			t.Errorf("%s: %.3f calls per request, want %.3f ± 0.05", edgeNames(rep.Graph)[i], e.PerRequest, want.perRequest)
		}
	}
	if l := rep.Graph.Lines; l != (graph.Lines{Total: 2400, Used: 1200, Repeated: 1200}) {
		t.Errorf("lines %+v, want every line to stand there twice", l)
	}
}

// Outbound lines that name no upstream tell whom they called by their cluster: they do
// not make of the pods that were called one that stands behind a common address.
func TestCaptureWithoutUpstreams(t *testing.T) {
	host := regexp.MustCompile(`"upstream_host": *"[^"]*"`)
	for _, value := range []string{"null", `"999.1.1.1:99999"`} {
		ls, damaged := lines(t), 0
		for i, l := range ls {
			if bytes.Contains(l, []byte(`"outbound|`)) && host.Match(l) {
				ls[i] = host.ReplaceAll(l, []byte(`"upstream_host":`+value))
				damaged++
			}
		}
		if damaged == 0 {
			t.Fatal("no outbound line was found")
		}
		g := mustRun(t, withLog(bytes.Join(ls, []byte("\n"))), nil).Graph
		// As in TestCaptureHasItsFourEdges.
		if e := g.Edges[3]; math.Abs(e.PerRequest-2./3) > .05 {
			t.Errorf("upstream_host %s: %.3f calls of ratings per request, want 0.667 ± 0.05", value, e.PerRequest)
		}
	}
}

func TestCapturePlan(t *testing.T) {
	rep := mustRun(t, demo.Request(), nil)
	most := slices.MaxFunc(rep.Plan.Allotments, func(a, b budget.Allotment) int { return int(a.CPU - b.CPU) })
	if most.Service != "productpage" {
		t.Errorf("%s gets the most, want the ingress service", most.Service)
	}
	for _, a := range rep.Plan.Allotments {
		if a.Reason == "" || a.CPU < budget.FloorCPU || a.Memory < budget.FloorMemory {
			t.Errorf("%+v: want a reason and the floors", a)
		}
	}
	if rep.Plan.CPU > 4200 || rep.Plan.Memory > 1_280_000_000 {
		t.Errorf("%d millicores and %d bytes are over the limits", rep.Plan.CPU, rep.Plan.Memory)
	}
}

func TestCaptureScope(t *testing.T) {
	rep := mustRun(t, demo.Request(), nil)
	got := map[string][]string{}
	for _, r := range rep.Resources {
		got[r.Name] = r.Hosts
	}
	want := map[string][]string{
		"default":     {"./*", "istio-system/*"},
		"details":     {"~/*"},
		"productpage": {"default/details.default.svc.cluster.local", "default/reviews.default.svc.cluster.local", "istio-system/*"},
		"ratings":     {"~/*"},
		"reviews":     {"default/ratings.default.svc.cluster.local", "istio-system/*"},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Error(diff)
	}
}

// lines reads the demo's log.
func lines(t *testing.T) [][]byte {
	t.Helper()
	r, err := demo.Open()
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	b, err := io.ReadAll(r)
	if err != nil {
		t.Fatal(err)
	}
	return bytes.Split(bytes.TrimSpace(b), []byte("\n"))
}

// withLog is the demo's request with another log.
func withLog(log []byte) *request.Request {
	req := demo.Request()
	req.OpenLog = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(log)), nil }
	return req
}

func TestOrderOfRowsAndLinesDoesNotMatter(t *testing.T) {
	want := mustRun(t, demo.Request(), nil)
	ls := lines(t)
	rng := rand.New(rand.NewPCG(1, 2))
	for range 3 {
		rng.Shuffle(len(ls), func(i, j int) { ls[i], ls[j] = ls[j], ls[i] })
		req := withLog(bytes.Join(ls, []byte("\n")))
		rng.Shuffle(len(req.Containers), func(i, j int) {
			req.Containers[i], req.Containers[j] = req.Containers[j], req.Containers[i]
		})
		got := mustRun(t, req, nil)
		if diff := cmp.Diff(want.Plan.Allotments, got.Plan.Allotments); diff != "" {
			t.Error(diff)
		}
		if want.Evidence != got.Evidence {
			t.Error("the same evidence in another order has another hash")
		}
	}
}

func TestEvidence(t *testing.T) {
	base, ls := mustRun(t, demo.Request(), nil).Evidence, lines(t)
	for name, c := range map[string]struct {
		change func(*request.Request)
		same   bool
	}{
		"limits":      {func(r *request.Request) { r.CPULimit, r.MemoryLimit = 9, 2e9 }, true},
		"usage":       {func(r *request.Request) { *r.Containers[0].CPU += 1e-9 }, false},
		"memory":      {func(r *request.Request) { *r.Containers[0].Memory++ }, false},
		"unknown use": {func(r *request.Request) { r.Containers[0].CPU = nil }, false},
		"a row twice": {func(r *request.Request) { r.Containers = append(r.Containers, r.Containers[0]) }, false},
		"fewer lines": {func(r *request.Request) { r.OpenLog = withLog(bytes.Join(ls[:1000], []byte("\n"))).OpenLog }, false},
		"no log":      {func(r *request.Request) { r.OpenLog = withLog(nil).OpenLog }, false},
		// Figures stay the same in these: what was called, and whose requests they are.
		"another host":     {relogged(ls, "ratings.default.svc", "ratings-v2.default.svc"), false},
		"other requests":   {relogged(ls, `"request_id":"`, `"request_id":"x`), false},
		"another response": {relogged(ls, `"response_code":200`, `"response_code":201`), true}, // no figure is made of it
		"lines repeated": {func(r *request.Request) {
			r.OpenLog = withLog(bytes.Join(append(ls, ls[5:90]...), []byte("\n"))).OpenLog
		}, true},
	} {
		req := demo.Request()
		c.change(req)
		if same := mustRun(t, req, nil).Evidence == base; same != c.same {
			t.Errorf("%s changed: same evidence is %v, want %v", name, same, c.same)
		}
	}
}

// relogged replaces text in the log; it must be there.
func relogged(ls [][]byte, old, new string) func(*request.Request) {
	return func(r *request.Request) {
		log := bytes.Join(ls, []byte("\n"))
		if !bytes.Contains(log, []byte(old)) {
			panic("the log lacks " + old)
		}
		r.OpenLog = withLog(bytes.ReplaceAll(log, []byte(old), []byte(new))).OpenLog
	}
}

func TestScopeGrowsAtOnceAndIsRemembered(t *testing.T) {
	ls := lines(t)
	var few [][]byte // a log in which nobody calls ratings
	for _, l := range ls {
		if !bytes.Contains(l, []byte("ratings")) {
			few = append(few, l)
		}
	}
	hosts := func(r *Report) []string {
		for _, x := range r.Resources {
			if x.Service == "reviews" {
				return x.Hosts
			}
		}
		return nil
	}
	const ratings = "default/ratings.default.svc.cluster.local"
	first := mustRun(t, withLog(bytes.Join(few, []byte("\n"))), nil)
	if slices.Contains(hosts(first), ratings) {
		t.Fatalf("%v: a host that nobody called", hosts(first))
	}
	second := mustRun(t, demo.Request(), first.Memory)
	if !slices.Contains(hosts(second), ratings) {
		t.Errorf("%v: a new upstream must be let in at once", hosts(second))
	}
	third := mustRun(t, withLog(bytes.Join(few, []byte("\n"))), second.Memory)
	if !slices.Contains(hosts(third), ratings) {
		t.Errorf("%v: an upstream of an earlier round must be kept", hosts(third))
	}
}

// TestEarlierRoundAskedAgain: what an earlier round showed gets the same amounts when it is
// asked again, and keeps in sight what was seen since. Nothing counts twice.
func TestEarlierRoundAskedAgain(t *testing.T) {
	quiet, busy := chain(200, 0), chain(200, 0.5)
	busy.first, busy.seed = 1000, 3
	middle := func(m *Memory) crgen.Workload {
		for _, w := range m.Scope {
			if w.Service == "middle" {
				return w
			}
		}
		t.Fatal("nothing is remembered of middle")
		return crgen.Workload{}
	}
	first := mustRun(t, quiet.request(), nil)
	second := mustRun(t, busy.request(), first.Memory)
	again := mustRun(t, quiet.request(), &Memory{Since: second.Memory})
	if d := cmp.Diff(first.Plan.Allotments, again.Plan.Allotments); d != "" {
		t.Errorf("the same evidence gets other amounts: (-first +again)\n%s", d)
	}
	was, is := middle(second.Memory), middle(again.Memory)
	if len(was.Upstreams) != 2 || len(is.Upstreams) != 2 || is.Requests != was.Requests {
		t.Errorf("middle: %d hosts after %d requests, then %d after %d; want back and rare both times, and no request counted twice",
			len(was.Upstreams), was.Requests, len(is.Upstreams), is.Requests)
	}
	for i, u := range is.Upstreams {
		if v := was.Upstreams[i]; u.Calls != v.Calls || u.Idle > v.Idle || u.Missed > v.Missed {
			t.Errorf("%+v became %+v: an old log is no evidence, for a host or against it", v, u)
		}
	}
	m := again.Memory
	if m.Round != 3 || m.Since != nil || m.Knowledge != second.Memory.Knowledge || m.Traffic != second.Memory.Traffic {
		t.Errorf("round %d; costs or traffic were learned from an old round", m.Round)
	}
	if d := cmp.Diff(first.Memory.Given, m.Given); d != "" {
		t.Errorf("the plan in force now is the one just made: (-first +again)\n%s", d)
	}
}

func TestInfeasible(t *testing.T) {
	req := demo.Request()
	req.CPULimit = 0.5
	_, err := Run(context.Background(), req, nil, Options{})
	var short *budget.InfeasibleError
	if !errors.As(err, &short) || short.Needed.CPU != 600 {
		t.Errorf("%v, want an InfeasibleError that needs 600 millicores", err)
	}
}

func TestUnopenableLogIsAWarning(t *testing.T) {
	req := demo.Request()
	req.OpenLog = func() (io.ReadCloser, error) { return nil, errors.New("no such thing") }
	rep := mustRun(t, req, nil)
	if len(rep.Warnings) == 0 || !strings.Contains(rep.Warnings[0], "could not be opened") {
		t.Errorf("warnings %q", rep.Warnings)
	}
}

func TestCancelled(t *testing.T) {
	ctx, cancel := context.WithCancel(context.Background())
	cancel()
	if _, err := Run(ctx, demo.Request(), nil, Options{}); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want the context's error", err)
	}
}

func TestWhole(t *testing.T) {
	for _, c := range []struct {
		f    float64
		want int64
	}{
		{0, 0}, {99.9, 99}, {100, 100},
		{0.1 * 3 * 1000, 300},                  // 300.00000000000006
		{(0.1*8 - 1e-16) * 1000, 800},          // the sum of eight tenths, one by one
		{299.9999, 299},                        // short by more than rounding explains
		{1e308, 100_000_000_000_000_000},       // nothing to overflow later
		{math.Inf(1), 100_000_000_000_000_000}, // what a finite limit times 1000 can be
	} {
		if got := whole(c.f); got != c.want {
			t.Errorf("whole(%v) is %d, want %d", c.f, got, c.want)
		}
	}
}

func TestRecall(t *testing.T) {
	mesh := func(names string) *Memory { return &Memory{Services: strings.Fields(names)} }
	shop, bank := mesh("cart front pay stock"), mesh("account front ledger")
	for _, c := range []struct {
		services string
		want     int
	}{
		{"cart front pay stock", 0},
		{"cart front pay", 0},                  // 3 of 4
		{"cart front pay quota stock", 0},      // 4 of 5
		{"account front ledger teller", 1},     // 3 of 4
		{"front", -1},                          // 1 of 4 and 1 of 3
		{"cart front", 0},                      // 2 of 4: just half
		{"account cart front ledger pay x", 1}, // shop 3 of 7, bank 3 of 6
		{"", -1},
	} {
		got := Recall([]*Memory{shop, bank}, strings.Fields(c.services))
		if got != c.want {
			t.Errorf("Recall(%s) is %d, want %d", c.services, got, c.want)
		}
	}
}
