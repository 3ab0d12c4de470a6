package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/sluice-mesh/sluice/internal/accesslog"
)

func TestRoutes(t *testing.T) {
	r := start(t, Options{Demo: true})
	f := func(method, path string, status int, contentType string) answer {
		t.Helper()
		a := r.do(method, path, nil)
		if got, _, _ := strings.Cut(a.header.Get("Content-Type"), ";"); a.status != status || got != contentType {
			t.Errorf("%s %s: %d %s, want %d %s", method, path, a.status, got, status, contentType)
		}
		if method == http.MethodHead && len(a.body) > 0 {
			t.Errorf("HEAD %s has a body", path)
		}
		return a
	}
	const problemType = "application/problem+json"
	for path, contentType := range map[string]string{
		"/": "text/html", "/ready": "text/plain", "/healthz": "text/plain", "/metrics": "text/plain",
		"/rounds": "application/json", "/rounds/1": "application/json", "/rounds/latest": "application/json",
		"/rounds/1/graph": "application/json", "/rounds/latest/graph": "application/json",
		"/rounds/1/graph.dot": "text/vnd.graphviz", "/rounds/latest/graph.dot": "text/vnd.graphviz",
		"/rounds/1/graph.svg": "image/svg+xml", "/rounds/latest/graph.svg": "image/svg+xml",
		"/rounds/1/istio.yaml": "application/yaml", "/rounds/latest/istio.yaml": "application/yaml",
	} {
		f("GET", path, 200, contentType)
		f("HEAD", path, 200, contentType)
		for _, method := range []string{"POST", "PUT", "DELETE", "OPTIONS", "BREW"} {
			if a := f(method, path, 405, problemType); a.header.Get("Allow") != "GET, HEAD" {
				t.Errorf("%s %s: Allow is %q", method, path, a.header.Get("Allow"))
			}
		}
	}
	for _, method := range []string{"GET", "HEAD", "PUT", "DELETE"} {
		if a := f(method, "/optimize", 405, problemType); a.header.Get("Allow") != "POST" {
			t.Errorf("%s /optimize: Allow is %q", method, a.header.Get("Allow"))
		}
	}
	for _, path := range []string{
		"/nowhere", "/ready/", "//ready", "/rounds/", "/rounds/0", "/rounds/2", "/rounds/01", "/rounds/+1", "/rounds/-1", "/rounds/abc", "/rounds/1e0",
		"/rounds/99999999999999999999", "/rounds/%31%00", "/rounds/1/nothing", "/rounds/..", "/debug/pprof/", "/debug/vars", "/optimize/", "/%ff", "/<script>",
	} {
		f("GET", path, 404, problemType)
	}
	f("POST", "/nowhere", 404, problemType)
}

func TestNoRoundYet(t *testing.T) {
	r := start(t, Options{})
	for _, path := range []string{"/rounds/1", "/rounds/latest", "/rounds/latest/graph"} {
		r.problem(path, r.get(path), 404, "no round yet")
	}
	if a := r.get("/rounds"); a.status != 200 || strings.TrimSpace(string(a.body)) != "[]" {
		t.Errorf("/rounds: %d %s", a.status, a.body)
	}
	if a := r.get("/"); a.status != 200 || !bytes.Contains(a.body, []byte("curl")) {
		t.Errorf("/: %d, and it does not say how to begin", a.status)
	}
}

// Every 200 is a round, and its documents are what the answer was.
func TestOptimizeMakesRounds(t *testing.T) {
	r := start(t, Options{})
	req := fleet(mesh(t, t.TempDir(), 200), 3, 2, 2, 1e9)
	for n := 1; n <= 3; n++ {
		a := r.post(req)
		feasible(t, req, a)
		var said, kept map[string]json.RawMessage
		if err := json.Unmarshal(a.body, &said); err != nil || len(said) != 3 || a.header.Get("Content-Type") != "application/json" {
			t.Fatalf("round %d: %v: %.200s", n, err, a.body)
		}
		doc := r.get(fmt.Sprint("/rounds/", n))
		if err := json.Unmarshal(doc.body, &kept); err != nil || string(kept["round"]) != fmt.Sprint(n) {
			t.Errorf("round %d: %v, its number is %s", n, err, kept["round"])
		}
		for _, field := range []string{"resource", "istio_cr", "features"} {
			if compact(said[field]) != compact(kept[field]) || said[field] == nil {
				t.Errorf("round %d: %s is not what was answered", n, field)
			}
		}
		if latest := r.get("/rounds/latest"); !bytes.Equal(latest.body, doc.body) {
			t.Errorf("round %d is not the latest", n)
		}
		var g struct {
			Edges []struct{ From, To string }
		}
		if err := json.Unmarshal(r.get("/rounds/latest/graph").body, &g); err != nil || fmt.Sprint(g.Edges) != "[{ingress-gateway s0} {s0 s1}]" {
			t.Errorf("edges %v, %v", g.Edges, err)
		}
	}
	// What is refused is no round.
	r.post("no")
	if a := r.get("/rounds/4"); a.status != 404 {
		t.Errorf("round 4: %d", a.status)
	}
}

func compact(b []byte) string {
	var out bytes.Buffer
	if json.Compact(&out, b) != nil {
		return "broken"
	}
	return out.String()
}

// Asked again in another order, the answer is the same to the byte.
func TestOptimizeIgnoresOrder(t *testing.T) {
	r := start(t, Options{})
	log := mesh(t, t.TempDir(), 100)
	req := fleet(log, 3, 2, 2, 1e9)
	first := r.post(req)
	head, rows, _ := strings.Cut(req, "[")
	parts := strings.Split(strings.TrimSuffix(rows, ",]}"), "},")
	for i := range parts {
		parts[i] = strings.TrimSuffix(parts[i], "}") + "}"
	}
	for i, j := 0, len(parts)-1; i < j; i, j = i+1, j-1 {
		parts[i], parts[j] = parts[j], parts[i]
	}
	if again := r.post(head + "[" + strings.Join(parts, ", ") + "]}"); !bytes.Equal(first.body, again.body) {
		t.Errorf("%s\n%s", first.body, again.body)
	}
}

// /rounds is a JSON array of plans, in pages under 2 MB that lead to each other.
func TestRoundsInPages(t *testing.T) {
	r := start(t, Options{})
	const n = 3
	for range n { // names this long make plans of more than half a page
		if a := r.post(strings.ReplaceAll(fleet("/nowhere", 20, 1, 10, 1e11), `"service_name": "`, `"service_name": "`+strings.Repeat("n", 20_000))); a.status != 200 {
			t.Fatalf("%d %.200s", a.status, a.body)
		}
	}
	seen, pages := n+1, 0
	for path := "/rounds"; path != ""; pages++ {
		a := r.get(path)
		var plans []struct{ Round int }
		if err := json.Unmarshal(a.body, &plans); err != nil || len(a.body) >= 2_000_000 || len(plans) == 0 {
			t.Fatalf("%s: %v, %d bytes, %d plans", path, err, len(a.body), len(plans))
		}
		for i := len(plans) - 1; i >= 0; i-- {
			if seen--; plans[i].Round != seen {
				t.Errorf("%s: round %d, want %d", path, plans[i].Round, seen)
			}
		}
		path, _, _ = strings.Cut(strings.TrimPrefix(a.header.Get("Link"), "<"), ">")
	}
	if seen != 1 || pages < 2 {
		t.Errorf("%d pages, down to round %d", pages, seen)
	}
	r.problem("before", r.get("/rounds?before=x"), 400, "before")
	if a := r.get("/rounds?before=-5"); compact(a.body) != "[]" {
		t.Errorf("before -5: %s", a.body)
	}
}

// A page holds what fits, and one plan where none does.
func TestPlansOnAPage(t *testing.T) {
	r := start(t, Options{})
	for range 5 {
		r.post(with("", ""))
	}
	size := len(r.get("/rounds/1").body)
	f := func(most, want, first int) {
		t.Helper()
		plans, got := r.server.plans(r.server.store.Numbers(), most)
		if len(plans) != want || got != first {
			t.Errorf("%d bytes: %d plans, more before %d; want %d, %d", most, len(plans), got, want, first)
		}
	}
	f(1, 1, 5)
	f(2*size+10, 2, 4)
	f(100*size, 5, 0)
}

func TestPanicIsAProblem(t *testing.T) {
	r := start(t, Options{}, func(s *Server) {
		s.handler = drain(s.watch("/boom", http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { panic("a\nmistake") })))
	})
	r.problem("panic", r.get("/boom"), 500, "mistake in sluice")
	if log := r.log.String(); !strings.Contains(log, `a\nmistake`) || !strings.Contains(log, "routes_test.go") {
		t.Errorf("the log does not say where: %s", log)
	}
	r.problem("again", r.get("/boom"), 500, "mistake in sluice")
}

// A mistake in the midst of a round costs that round, its number not, and nothing
// that others wait for.
func TestServerOutlivesAPanic(t *testing.T) {
	dir, left := t.TempDir(), 3
	var o Options
	o.Run.Log.OnProgress = func(accesslog.Progress) {
		if left--; left >= 0 {
			panic("a mistake")
		}
	}
	r := start(t, o)
	body := fleet(mesh(t, dir, 100), 3, 2, 2, 2e9)
	for range 3 {
		r.problem("panic", r.post(body), 500, "mistake in sluice")
	}
	if a := r.post(body); a.status != 200 || r.server.store.Latest() != 1 {
		t.Errorf("after three panics: %d, round %d", a.status, r.server.store.Latest())
	}
	if log := r.log.String(); strings.Count(log, `"panic":"a mistake"`) != 3 || !strings.Contains(log, "TestServerOutlivesAPanic") {
		t.Errorf("the log does not say where: %s", log)
	}
}
