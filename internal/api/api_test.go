package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/sirupsen/logrus"
)

// rig is a server under test and a client of it.
type rig struct {
	t      *testing.T
	server *Server
	http   *httptest.Server
	log    *safeBuffer
}

// safeBuffer takes the log of several goroutines.
type safeBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.Write(p)
}

func (b *safeBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.b.String()
}

// start starts a server; with may change it before it answers.
func start(t *testing.T, o Options, with ...func(*Server)) *rig {
	t.Helper()
	r := &rig{t: t, log: new(safeBuffer)}
	o.Log = logrus.New()
	o.Log.SetOutput(r.log)
	o.Log.SetFormatter(&logrus.JSONFormatter{})
	s, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range with {
		f(s)
	}
	r.server, r.http = s, httptest.NewServer(s)
	t.Cleanup(r.close)
	return r
}

func (r *rig) close() {
	r.http.Close()
	if err := r.server.Close(); err != nil && !strings.Contains(err.Error(), "closed") {
		r.t.Error(err)
	}
}

// answer is what a client gets.
type answer struct {
	status int
	header http.Header
	body   []byte
}

func (r *rig) do(method, path string, body io.Reader) answer {
	r.t.Helper()
	req, err := http.NewRequest(method, r.http.URL+path, body)
	if err != nil {
		r.t.Fatal(err)
	}
	return r.send(req)
}

func (r *rig) send(req *http.Request) answer {
	r.t.Helper()
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		r.t.Errorf("%s %s: %v", req.Method, req.URL.Path, err)
		return answer{}
	}
	defer resp.Body.Close()
	got, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Errorf("%s %s: %v", req.Method, req.URL.Path, err)
	}
	return answer{resp.StatusCode, resp.Header, got}
}

func (r *rig) get(path string) answer { r.t.Helper(); return r.do(http.MethodGet, path, nil) }

func (r *rig) post(body string) answer {
	r.t.Helper()
	return r.do(http.MethodPost, "/optimize", strings.NewReader(body))
}

// problem checks that a is a problem with that status whose detail says so.
func (r *rig) problem(name string, a answer, status int, says string) {
	r.t.Helper()
	var p problem
	if a.status != status {
		r.t.Errorf("%s: status %d, want %d: %.200s", name, a.status, status, a.body)
	} else if err := json.Unmarshal(a.body, &p); err != nil || a.header.Get("Content-Type") != "application/problem+json" {
		r.t.Errorf("%s: %v, %s: no problem document", name, err, a.header.Get("Content-Type"))
	} else if p.Status != status || p.Title == "" || !strings.Contains(p.Detail, says) {
		r.t.Errorf("%s: %+v does not say %q", name, p, says)
	} else if len([]rune(p.Detail)) > 500 {
		r.t.Errorf("%s: a detail of %d characters", name, len(p.Detail))
	}
}

// fleet is a request of n services with that many pods each.
func fleet(log string, n, pods int, cpu, memory float64) string {
	var b strings.Builder
	fmt.Fprintf(&b, `{"accesslog_path": %q, "cpu_limit": %g, "memory_limit": %g, "containers": [`, log, cpu, memory)
	for i := range n {
		for j := range pods {
			fmt.Fprintf(&b, `{"service_name": "s%d", "pod_name": "s%d-%d", "container": "istio-proxy", "ip": "10.%d.%d.%d", "cpu": 0.0%d, "memory": 6e7},`, i, i, j, i>>8, i&255, j, i%10)
		}
	}
	return b.String() + "]}"
}

// mesh writes a log in which the gateway calls s0 and s0 calls s1, and returns its path.
func mesh(t *testing.T, dir string, requests int) string {
	t.Helper()
	var b strings.Builder
	line := func(id, at, took int, cluster, from, to, local string) {
		fmt.Fprintf(&b, `{"upstream_cluster": %q, "downstream_remote_address": %q, "upstream_host": %q, "downstream_local_address": %q, "request_id": "r%d", "start_time": "2026-01-02T03:%02d:%02d.%03dZ", "duration": %d, "upstream_service_time": "%d", "path": "/", "response_code": 200, "bytes_sent": 10, "bytes_received": 0}`+"\n",
			cluster, from, to, local, id, at/60000, at/1000%60, at%1000, took, took)
	}
	for i := range requests {
		at := i * 20
		line(i, at, 12, "inbound|9080||", "10.9.9.9:40000", "10.0.0.0:9080", "10.0.0.0:9080")
		line(i, at+2, 6, "outbound|9080||s1.default.svc.cluster.local", "10.0.0.0:50000", "10.0.1.0:9080", "10.0.1.0:9080")
		line(i, at+3, 4, "inbound|9080||", "10.0.0.0:50001", "10.0.1.0:9080", "10.0.1.0:9080")
	}
	path := filepath.Join(dir, "accesslog")
	if err := os.WriteFile(path, []byte(b.String()), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

// feasible checks an answer by the contest's rules, in its arithmetic.
func feasible(t *testing.T, request string, a answer) {
	t.Helper()
	var req struct {
		Containers []struct {
			Service string `json:"service_name"`
			Pod     string `json:"pod_name"`
		} `json:"containers"`
		CPU    float64 `json:"cpu_limit"`
		Memory float64 `json:"memory_limit"`
	}
	if err := json.Unmarshal([]byte(strings.ReplaceAll(request, "},]", "}]")), &req); err != nil {
		t.Fatal(err)
	}
	var plan struct {
		Resource []struct {
			Service     string
			CPU, Memory float64
		}
		IstioCR  []string `json:"istio_cr"`
		Features struct {
			MultiBuffer struct{ Enabled bool } `json:"multi_buffer"`
		}
	}
	if err := json.Unmarshal(a.body, &plan); err != nil || a.status != http.StatusOK {
		t.Errorf("status %d, %v: %.200s", a.status, err, a.body)
		return
	}
	pods := make(map[string]map[string]bool)
	for _, c := range req.Containers {
		if pods[c.Service] == nil {
			pods[c.Service] = make(map[string]bool)
		}
		pods[c.Service][c.Pod] = true
	}
	cpu, memory := 0.0, 0.0
	for _, r := range plan.Resource {
		n := float64(len(pods[r.Service]))
		if n == 0 || r.CPU < 0.1 || r.Memory < 128e6 {
			t.Errorf("%q is listed twice, unknown or under the floor: %+v", r.Service, r)
		}
		delete(pods, r.Service)
		cpu, memory = cpu+n*r.CPU, memory+n*r.Memory
	}
	if len(pods) > 0 || cpu > req.CPU*(1+1e-12) || memory > req.Memory*(1+1e-12) || !plan.Features.MultiBuffer.Enabled {
		t.Errorf("not feasible: %d services left out, cpu %v of %v, memory %v of %v", len(pods), cpu, req.CPU, memory, req.Memory)
	}
}

// serve posts a body without a network.
func serve(s *Server, body string) answer {
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(http.MethodPost, "/optimize", strings.NewReader(body)))
	return answer{w.Code, w.Result().Header, w.Body.Bytes()}
}
