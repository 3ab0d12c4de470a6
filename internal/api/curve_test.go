package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice-mesh/sluice/internal/optimize"
	"github.com/sluice-mesh/sluice/internal/report"
)

// curveDocument is GET /rounds/{n}/curve.
type curveDocument struct {
	Points []struct {
		Limit float64  `json:"cpu_limit"`
		CPU   float64  `json:"cpu"`
		Mean  *float64 `json:"mean_ms"`
	} `json:"points"`
	Knee   float64 `json:"knee"`
	Limit  float64 `json:"cpu_limit"`
	Method string  `json:"method"`
	Doubt  string  `json:"doubt"`
}

func (r *rig) curve(path string) (c curveDocument) {
	r.t.Helper()
	a := r.get(path)
	if err := json.Unmarshal(a.body, &c); err != nil || a.status != http.StatusOK {
		r.t.Fatalf("%s: %d %v %.300s", path, a.status, err, a.body)
	}
	return c
}

// TestCurve: the figures are those of 'sluice plan --curve', the point at the present
// limit promises what the round's plan does, and knee and limit are among the points.
func TestCurve(t *testing.T) {
	r := start(t, Options{Demo: true})
	c := r.curve("/rounds/latest/curve")
	var plan planView
	if err := json.Unmarshal(r.get("/rounds/1").body, &plan); err != nil {
		t.Fatal(err)
	}
	knee, limit := false, false
	for i, p := range c.Points {
		if i > 0 && p.Limit <= c.Points[i-1].Limit {
			t.Errorf("point %d has the limit %v after %v", i, p.Limit, c.Points[i-1].Limit)
		}
		if p.CPU > p.Limit || p.CPU > c.Knee && c.Doubt == "" || p.Mean == nil {
			t.Errorf("point %d spends %v of %v with a knee at %v, mean %v", i, p.CPU, p.Limit, c.Knee, p.Mean)
		}
		knee = knee || p.Limit == c.Knee
		if p.Limit == c.Limit {
			if limit = true; *p.Mean != *plan.Predicted.Mean {
				t.Errorf("at the present limit the mean is %v, the plan predicts %v", *p.Mean, *plan.Predicted.Mean)
			}
		}
	}
	if !knee || !limit || c.Limit != plan.Totals.CPULimit || c.Method != "rehearsal" || len(c.Points) < 20 {
		t.Errorf("knee %v and limit %v among %d points, limit %v of %v, by %s", knee, limit, len(c.Points), c.Limit, plan.Totals.CPULimit, c.Method)
	}
	study, err := r.server.store.Study(1)
	if err != nil {
		t.Fatal(err)
	}
	made, err := optimize.NewCurve(t.Context(), study)
	if err != nil {
		t.Fatal(err)
	}
	if want, err := report.Curve(made); err != nil || string(want) != string(r.get("/rounds/1/curve").body) {
		t.Errorf("it is not the curve of its round: %v", err)
	}
}

// The picture marks the knee and the limit, tells each point's figures, and may have
// its style and nothing else.
func TestCurvePicture(t *testing.T) {
	r := start(t, Options{Demo: true})
	a := r.get("/rounds/1/curve.svg")
	for _, want := range []string{"<svg", ">knee<", ">limit<", " cores: mean ", " cores: p99 ", "99th percentile"} {
		if !strings.Contains(string(a.body), want) {
			t.Errorf("the picture does not show %s", want)
		}
	}
	if p := a.header.Get("Content-Security-Policy"); p != picturePolicy() || a.header.Get("Content-Type") != typeSVG {
		t.Errorf("policy %q, type %q", p, a.header.Get("Content-Type"))
	}
	for _, path := range []string{"/rounds/1/curve.svg", "/rounds/1/curve"} {
		req, err := http.NewRequest(http.MethodGet, r.http.URL+path, nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("If-None-Match", a.header.Get("ETag"))
		if b := r.send(req); b.status != http.StatusNotModified || len(b.body) > 0 {
			t.Errorf("%s again: %d, want 304", path, b.status)
		}
	}
}

// A plan's document has no curve in it, and making a round makes none.
func TestNoCurveInPassing(t *testing.T) {
	r := start(t, Options{Demo: true})
	if strings.Contains(string(r.get("/rounds/1").body), `"curve"`) {
		t.Error("the plan's document holds a curve")
	}
	r.get("/")
	if n := len(r.server.curves.kept); n != 0 {
		t.Errorf("%d curves were made that nobody asked for", n)
	}
}

// Many who ask at once get the one curve that is made.
func TestCurveOnce(t *testing.T) {
	r := start(t, Options{Demo: true})
	r.server.curves.turn <- struct{}{} // until all ask
	var all sync.WaitGroup
	bodies := make([]string, 8)
	for i := range bodies {
		all.Go(func() { bodies[i] = string(r.get("/rounds/1/curve").body) })
	}
	time.Sleep(50 * time.Millisecond)
	if n := len(r.server.curves.kept); n != 0 {
		t.Errorf("%d curves were made side by side", n)
	}
	<-r.server.curves.turn
	all.Wait()
	for i, b := range bodies {
		if b == "" || b != bodies[0] {
			t.Errorf("client %d got another curve", i)
		}
	}
	if n := len(r.server.curves.kept); n != 1 {
		t.Errorf("%d curves are kept of one round", n)
	}
}

// What is kept does not grow with the rounds; what was let go is made again.
func TestCurvesAreBounded(t *testing.T) {
	r := start(t, Options{})
	log := mesh(t, t.TempDir(), 20)
	first := ""
	for n := 1; n <= maxCurves+5; n++ {
		r.post(fleet(log, 3, 2, 2, 2e9))
		body := string(r.get(fmt.Sprintf("/rounds/%d/curve", n)).body)
		if n == 1 {
			first = body
		}
		if kept := len(r.server.curves.kept); kept != min(n, maxCurves) {
			t.Fatalf("%d curves are kept after %d rounds, want at most %d", kept, n, maxCurves)
		}
	}
	if r.server.curves.find(1) != nil {
		t.Error("the first curve is still kept")
	}
	if again := string(r.get("/rounds/1/curve").body); again != first || again == "" {
		t.Error("made again the first curve is another one")
	}
}

// A round that was kept has its curve after a restart too, byte for byte.
func TestCurveAfterRestart(t *testing.T) {
	dir := t.TempDir()
	first := start(t, Options{Demo: true, StateDir: dir})
	want := first.get("/rounds/1/curve")
	first.close()
	second := start(t, Options{StateDir: dir})
	if got := second.get("/rounds/1/curve"); got.status != http.StatusOK || string(got.body) != string(want.body) {
		t.Errorf("%d %s, want %s", got.status, got.body, want.body)
	}
}

// A mesh far too large to be rehearsed has a curve in the closed form, within seconds.
func TestCurveOfLargeMesh(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds")
	}
	r := start(t, Options{})
	const n = 10_000
	if a := r.post(fleet(mesh(t, t.TempDir(), 100), n, 2, 1e4, 1e14)); a.status != http.StatusOK {
		t.Fatalf("%d %.300s", a.status, a.body)
	}
	began := time.Now()
	c := r.curve("/rounds/1/curve")
	if took := time.Since(began); took > curveTime || c.Method != "closed form" || len(c.Points) < 20 || c.Points[0].Mean == nil {
		t.Errorf("%v, %d points by %s", took, len(c.Points), c.Method)
	}
}

// Where there is no curve the answer says why.
func TestNoCurve(t *testing.T) {
	r := start(t, Options{})
	r.problem("no round yet", r.get("/rounds/latest/curve"), 404, "there has been no round yet")
	r.post(fleet("/nowhere", 3, 2, 2, 2e9))
	r.problem("no traffic", r.get("/rounds/1/curve"), 404, "no request at the ingress gateway")
	r.problem("no such round", r.get("/rounds/2/curve.svg"), 404, "there is no round 2")
	r.problem("no number", r.get("/rounds/x/curve"), 404, "round \"x\"")
	r.problem("a method", r.do(http.MethodPost, "/rounds/1/curve", nil), 405, "method")

	slow := start(t, Options{Demo: true}, func(s *Server) { s.curves.most = time.Nanosecond })
	slow.problem("too long", slow.get("/rounds/1/curve"), 404, "takes longer than 1ns")
	slow.server.curves.most = curveTime
	slow.problem("it is not tried again", slow.get("/rounds/1/curve.svg"), 404, "takes longer")
}

// A round whose study is not there says so.
func TestCurveWithoutStudy(t *testing.T) {
	r := start(t, Options{})
	long := strings.Repeat("x", 200)
	var b strings.Builder
	for i := range 40_000 {
		fmt.Fprintf(&b, `{"service_name": "s%d%s", "pod_name": "p"},`, i, long)
	}
	if a := r.post(`{"accesslog_path": "/nowhere", "cpu_limit": 1e6, "memory_limit": 1e15, "containers": [` + b.String() + `]}`); a.status != 200 {
		t.Fatalf("%d %.200s", a.status, a.body)
	}
	r.problem("no study", r.get("/rounds/1/curve"), 404, "sluice plan --curve")
}
