package api

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus/testutil"

	"github.com/sluice-mesh/sluice/budget"
	"github.com/sluice-mesh/sluice/internal/accesslog"
	"github.com/sluice-mesh/sluice/internal/optimize"
)

// Each round is one line that says what was given and seen; hostile names stay in
// their place.
func TestOneLineARound(t *testing.T) {
	r := start(t, Options{})
	r.post(fleet(mesh(t, t.TempDir(), 100), 3, 2, 2, 2e9))
	r.post(with(`"a"`, `"<b>\u2028\"msg\":\"x`+strings.Repeat("y", 5000)+`"`))
	lines := strings.Split(strings.TrimSpace(r.log.String()), "\n")
	if len(lines) != 2 {
		t.Fatalf("%d lines: %s", len(lines), r.log)
	}
	for i, l := range lines {
		var f map[string]any
		if err := json.Unmarshal([]byte(l), &f); err != nil || f["round"] != float64(i+1) || f["msg"] != "round answered" || len(l) > 2000 {
			t.Errorf("%v: %s", err, l)
		}
		for _, want := range []string{"cpu", "cpu_limit", "memory", "services", "lines", "warnings", "took_ms", "observed_ms", "predicted_ms"} {
			if _, ok := f[want]; !ok {
				t.Errorf("no %s in %s", want, l)
			}
		}
	}
}

func TestBiggest(t *testing.T) {
	now := []budget.Allotment{{Service: "a", CPU: 150, Reason: "why a"}, {Service: "b", CPU: 300, Reason: "why b"}, {Service: "c", CPU: 100}}
	f := func(prior *optimize.Memory, want string) {
		t.Helper()
		change, why := biggest(now, prior)
		if got := strings.TrimSpace(change + " " + why); got != want {
			t.Errorf("%q, want %q", got, want)
		}
	}
	f(nil, "b 100m → 300m why b") // since the floor
	f(&optimize.Memory{Given: []optimize.Grant{{Service: "a", CPU: 500}, {Service: "b", CPU: 290}}}, "a 500m → 150m why a")
	f(&optimize.Memory{Given: []optimize.Grant{{Service: "a", CPU: 150}, {Service: "b", CPU: 300}, {Service: "c", CPU: 100}}}, "")
}

// The metrics are of the format, tell what the contract's readers look for, and
// hold no name from a request.
func TestMetrics(t *testing.T) {
	r := start(t, Options{Version: "v1.2.3"})
	dir := t.TempDir()
	log := mesh(t, dir, 100)
	b, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	noisy := filepath.Join(dir, "noisy")
	if err := os.WriteFile(noisy, append(append(b, "{bad\n"...), b...), 0o600); err != nil {
		t.Fatal(err)
	}
	r.post(fleet(noisy, 3, 2, 2, 2e9))
	r.post("no")
	r.post(with(": 2,", ": 0,"))
	r.get("/some/path")
	text := r.get("/metrics").body
	faults, err := testutil.GatherAndLint(r.server.metrics.registry)
	if err != nil || len(faults) > 0 {
		t.Errorf("%v, %v", faults, err)
	}
	for _, want := range []string{
		`sluice_build_info{go="go`, `version="v1.2.3"} 1`, "sluice_round 1\n", "sluice_round_duration_seconds_count 1\n",
		`sluice_rounds_total{outcome="answered"} 1`, `sluice_rounds_total{outcome="malformed"} 1`, `sluice_rounds_total{outcome="infeasible"} 1`,
		`sluice_log_lines_total{result="used"} 300`, `sluice_log_lines_total{result="repeated"} 300`, `sluice_log_lines_total{result="skipped"} 1`, "sluice_log_lines_skipped_total{reason=",
		`sluice_cpu_cores{kind="allocated"}`, `sluice_cpu_cores{kind="limit"} 2`, `sluice_memory_bytes{kind="limit"} 2e+09`,
		`sluice_gateway_latency_seconds{kind="observed"} 0.012`, `sluice_gateway_latency_seconds{kind="predicted"}`,
		`sluice_http_requests_total{code="404",route="other"} 1`, "go_goroutines", "process_resident_memory_bytes",
	} {
		if !bytes.Contains(text, []byte(want)) {
			t.Errorf("no %s", want)
		}
	}
	if bytes.Contains(text, []byte("s0")) || bytes.Contains(text, []byte("some/path")) {
		t.Error("a name from a request is a label")
	}
}

// Reasons become labels, but never very many of them.
func TestMetricsBoundReasons(t *testing.T) {
	m := newMetrics("")
	for i := range 1000 {
		m.read(&accesslog.Reading{Skips: []accesslog.Skip{{Reason: fmt.Sprint("reason ", i), Lines: 1}}}, [3]int64{})
	}
	families, err := m.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if n := len(f.GetMetric()); n > maxReasons+1 {
			t.Errorf("%s has %d series", f.GetName(), n)
		}
	}
}

// A round that cannot be kept safely is answered, counted and told of.
func TestUnsavedRound(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "state")
	r := start(t, Options{StateDir: dir})
	if err := os.Rename(dir, dir+".away"); err != nil {
		t.Fatal(err)
	}
	if a := r.post(with("", "")); a.status != 200 {
		t.Errorf("%d %s", a.status, a.body)
	}
	if !strings.Contains(string(r.get("/metrics").body), "sluice_rounds_unsaved_total 1\n") || !strings.Contains(r.log.String(), "not safe") {
		t.Errorf("nobody is told: %s", r.log)
	}
	if !strings.Contains(string(r.get("/metrics").body), "sluice_rounds_pending 1\n") {
		t.Error("the round that waits is not in the metrics")
	}
	a := r.get("/rounds/1")
	var doc struct{ Warnings []string }
	if err := json.Unmarshal([]byte(a.body), &doc); err != nil || a.status != 200 {
		t.Errorf("/rounds/1: %d, %v", a.status, err)
	}
	const want = "the state folder cannot be written (no such file or directory): this round was answered and is in memory alone"
	if len(doc.Warnings) < 2 || !strings.HasPrefix(doc.Warnings[0], want) { // the other says that there is no log
		t.Errorf("its warnings are %q", doc.Warnings)
	}
	// Once it can be written it is, as it was answered.
	if err := os.Rename(dir+".away", dir); err != nil {
		t.Fatal(err)
	}
	r.post(with("", ""))
	if !strings.Contains(string(r.get("/metrics").body), "sluice_rounds_pending 0\n") {
		t.Error("the round still waits")
	}
	r.close()
	r = start(t, Options{StateDir: dir})
	if again := r.get("/rounds/1"); string(again.body) != string(a.body) || r.server.store.Latest() != 2 {
		t.Errorf("after a restart round 1 of %d is %s, was %s", r.server.store.Latest(), again.body, a.body)
	}
}

// Files that are put aside are told of at the start.
func TestStartWarns(t *testing.T) {
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "round-00000007.sluice"), []byte("torn"), 0o600); err != nil {
		t.Fatal(err)
	}
	r := start(t, Options{StateDir: dir})
	warned := 0
	for s := bufio.NewScanner(strings.NewReader(r.log.String())); s.Scan(); {
		if strings.Contains(s.Text(), `"level":"warning"`) && strings.Contains(s.Text(), "round-00000007.sluice.kept-1") {
			warned++
		}
	}
	if warned != 1 {
		t.Errorf("%d warnings: %s", warned, r.log)
	}
}
