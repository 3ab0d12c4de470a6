package cli

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// Whatever answers at the URL, the command says in a line that it is no server of
// ours.
func TestRoundsOfStrangers(t *testing.T) {
	for name, body := range map[string]string{
		"a page": "<html>hello</html>", "nothing": "", "another document": `{"a": 1}`, "a list": "[]",
		"endless": `{"round": 1, "warnings": ["` + strings.Repeat("x", maxRoundDocument),
	} {
		for _, code := range []int{200, 404, 500} {
			s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
				w.WriteHeader(code)
				fmt.Fprint(w, body)
			}))
			status, stdout, stderr := run(t.Context(), nil, "rounds", s.URL, "--once")
			s.Close()
			if status != 1 || stdout != "" || strings.Count(stderr, "\n") != 1 || !strings.Contains(stderr, "sluice serve") {
				t.Errorf("%s, %d: status %d, stdout %q, stderr %q", name, code, status, stdout, stderr)
			}
		}
	}
}

// A server that goes away is waited for, told about once, and may begin anew.
func TestRoundsServerReturns(t *testing.T) {
	var asked atomic.Int32
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		n := 5
		switch k := asked.Add(1); {
		case strings.HasSuffix(r.URL.Path, "/4"):
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprint(w, `{"detail": "no longer kept"}`)
			return
		case k > 2 && k < 5:
			w.WriteHeader(http.StatusBadGateway)
			return
		case k >= 5:
			n = 1
		}
		tag := fmt.Sprintf(`"%d"`, n)
		if r.Header.Get("If-None-Match") == tag {
			w.WriteHeader(http.StatusNotModified)
			return
		}
		w.Header().Set("ETag", tag)
		fmt.Fprintf(w, `{"round": %d, "sidecars": [{"service": "a\u001b[31m", "cpu": %d}]}`, n, n)
	}))
	defer s.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	go func() {
		for asked.Load() < 7 && ctx.Err() == nil {
			time.Sleep(10 * time.Millisecond)
		}
		cancel()
	}()
	status, stdout, stderr := run(ctx, nil, "rounds", s.URL, "--last", "1", "--interval", "100ms")
	if status != 0 {
		t.Errorf("status %d", status)
	}
	lines := strings.Split(strings.TrimSpace(stdout), "\n")
	if len(lines) != 3 || !strings.HasPrefix(lines[1], "    5  ") || !strings.HasPrefix(lines[2], "    1  ") || strings.Contains(stdout, "\x1b") {
		t.Errorf("stdout %q", stdout)
	}
	for _, want := range []string{"502", "answers again", "begun anew"} {
		if strings.Count(stderr, want) != 1 {
			t.Errorf("stderr %q does not say %q once", stderr, want)
		}
	}
}

// A round is compared with the one before of the same services.
func TestRoundsCompare(t *testing.T) {
	doc := func(n int, predicted float64, services ...string) *roundDocument {
		d := &roundDocument{Round: n, Predicted: gatewayFigures{Mean: &predicted}}
		for i, s := range services {
			d.Sidecars = append(d.Sidecars, struct {
				Service string  `json:"service"`
				CPU     float64 `json:"cpu"`
			}{s, float64(n * (i + 1))})
		}
		return d
	}
	p := new(roundsPrinter)
	p.line(doc(1, 10, "a", "b"))
	p.line(doc(2, 99, "x"))
	l := p.line(doc(3, 30, "a", "b"))
	if l.Foreseen == nil || *l.Foreseen != 10 || l.Changed != "b" || l.By != 4 {
		t.Errorf("%+v", l)
	}
	for i := range 3 * maxMeshes {
		p.line(doc(4, 1, fmt.Sprint(i)))
	}
	if len(p.before) > maxMeshes {
		t.Errorf("%d meshes are kept", len(p.before))
	}
}
