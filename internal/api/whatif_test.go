package api

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"

	"github.com/sluice-mesh/sluice/internal/whatif"
)

// TestMain lets this binary be the worker of its own what-if scripts.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == whatif.Worker {
		if err := whatif.Work(context.Background(), os.Stdin, os.Stdout, os.Stderr); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// script is the body of POST /whatif.
func script(text string) *strings.Reader {
	b, err := json.Marshal(map[string]string{"script": text})
	if err != nil {
		panic(err)
	}
	return strings.NewReader(string(b))
}

// TestWhatIf: the row for the round's own limit is what its plan predicts.
func TestWhatIf(t *testing.T) {
	r := start(t, Options{Demo: true})
	a := r.do(http.MethodPost, "/whatif", script("row(mesh)\nfor b in span(1, 3, 1): row(mesh.budget(b), b=b)"))
	if a.status != http.StatusOK {
		t.Fatalf("%d %s", a.status, a.body)
	}
	var got struct {
		Rows []struct {
			Mean  float64 `json:"mean_ms"`
			Rate  float64 `json:"requests_per_second"`
			Limit float64 `json:"cpu_limit"`
			B     float64 `json:"b"`
		} `json:"rows"`
		Warnings []string `json:"warnings"`
	}
	var plan struct {
		Predicted struct {
			Mean float64 `json:"mean_ms"`
			Rate float64 `json:"requests_per_second"`
		} `json:"predicted"`
	}
	if err := json.Unmarshal(a.body, &got); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(r.do(http.MethodGet, "/rounds/1", nil).body, &plan); err != nil {
		t.Fatal(err)
	}
	if len(got.Rows) != 4 || got.Rows[0].Mean != plan.Predicted.Mean || got.Rows[0].Rate != plan.Predicted.Rate || got.Rows[2].B != 2 || got.Warnings == nil {
		t.Errorf("rows %+v, the plan predicts %+v", got.Rows, plan.Predicted)
	}
}

// TestWhatIfAfterRestart: a round that was kept can be asked about.
func TestWhatIfAfterRestart(t *testing.T) {
	dir := t.TempDir()
	first := start(t, Options{Demo: true, StateDir: dir})
	want := first.do(http.MethodPost, "/whatif", script("row(mesh)"))
	first.close()
	second := start(t, Options{StateDir: dir})
	got := second.do(http.MethodPost, "/whatif", strings.NewReader(`{"round": 1, "script": "row(mesh)"}`))
	if got.status != http.StatusOK || string(got.body) != string(want.body) {
		t.Errorf("%d %s, want %s", got.status, got.body, want.body)
	}
}

// TestWhatIfErrors: each says what was found, and where.
func TestWhatIfErrors(t *testing.T) {
	r := start(t, Options{Demo: true})
	for body, want := range map[string]struct {
		status int
		detail string
	}{
		`{"script": "row(mesh.bugdet(1))"}`:                  {400, "script:1:9: mesh has no .bugdet"},
		`{"script": "x = (", "round": null}`:                 {400, "script:1:6: "},
		`{"script": "row(mesh)", "round": 7}`:                {404, "there is no round 7"},
		`{"script": "row(mesh)", "round": 0}`:                {400, "round: found 0"},
		`{"script": "row(mesh)", "round": "1"}`:              {400, `round\": found string`},
		`{"script": 5}`:                                      {400, `script\": found number`},
		`{}`:                                                 {400, "script: found none"},
		`[]`:                                                 {400, `the body: found array, expected {\"round\": NUMBER`},
		`{"script": "load('x', 'y')"}`:                       {400, "nothing to load"},
		`{"script": "x = 'a' * 900000000"}`:                  {400, "MB of memory"},
		`{"script": "` + strings.Repeat("(", 50_000) + `"}`:  {400, "nest deeper"},
		`{"script": "` + strings.Repeat("x", 2<<20) + `"}`:   {413, "bytes"},
		`{"script": "` + strings.Repeat("x", 100_000) + `"}`: {400, "script:1:1: the script has 100000 bytes"},
		`{"script": "def f(): return f()\nf()"}`:             {400, "script:"},
		`{"script": "def f():\n  while True: pass\nf()"}`:    {400, "steps"},
	} {
		a := r.do(http.MethodPost, "/whatif", strings.NewReader(body))
		if a.status != want.status || !strings.Contains(string(a.body), want.detail) {
			t.Errorf("%.60s: %d %s, want %d %s", body, a.status, a.body, want.status, want.detail)
		}
	}
	if a := start(t, Options{}).do(http.MethodPost, "/whatif", script("row(mesh)")); a.status != http.StatusNotFound {
		t.Errorf("without a round: %d %s", a.status, a.body)
	}
}

// TestWhatIfByMany: 64 at once are all answered, each in full.
func TestWhatIfByMany(t *testing.T) {
	r := start(t, Options{Demo: true})
	var wg sync.WaitGroup
	for i := range 64 {
		wg.Go(func() {
			text, status := "row(mesh)", http.StatusOK
			if i%4 == 3 {
				text, status = "x = [0] * 100000000", http.StatusBadRequest
			}
			if a := r.do(http.MethodPost, "/whatif", script(text)); a.status != status {
				t.Errorf("client %d: %d %s", i, a.status, a.body)
			}
		})
	}
	wg.Wait()
}
