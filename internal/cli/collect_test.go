package cli

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/sluice-mesh/sluice/internal/request"
)

// metricsServer answers every query about what containers used with one sidecar's,
// and knows nothing of limits, addresses and labels.
func metricsServer(t *testing.T) string {
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		samples := ""
		if strings.Contains(r.FormValue("query"), "container_") && !strings.Contains(r.FormValue("query"), "kube_") {
			samples = `{"metric":{"namespace":"shop","pod":"cart-0","container":"istio-proxy"},"value":[1,"0.25"]},
				{"metric":{"namespace":"shop","pod":"cart-0","container":"cart"},"value":[1,"0.5"]}`
		}
		fmt.Fprintf(w, `{"status":"success","data":{"resultType":"vector","result":[%s]}}`, samples)
	}))
	t.Cleanup(s.Close)
	return s.URL
}

// What is collected can be planned, from a file and from standard input.
func TestCollectAndPlan(t *testing.T) {
	url, file := metricsServer(t), filepath.Join(t.TempDir(), "request.json")
	common := []string{"collect", "prometheus", "--url", url, "--cpu-limit", "1", "--memory-limit", "1e9"}
	status, stdout, stderr := run(t.Context(), nil, append(common, "--log", "logs/access.log", "-o", file)...)
	if status != 0 || stdout != "" || !strings.Contains(stderr, "no kube_pod_info") || strings.Contains(stderr, "no --log") {
		t.Errorf("status %d, %q, %q", status, stdout, stderr)
	}
	text, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	req, err := request.Decode(text)
	if err != nil || len(req.Containers) != 2 || !filepath.IsAbs(req.AccessLog) || !strings.HasSuffix(req.AccessLog, "logs/access.log") {
		t.Errorf("%+v, %v", req, err)
	}
	if status, stdout, _ = run(t.Context(), nil, "plan", file, "-o", "contest"); status != 0 || !strings.Contains(stdout, `"service":"cart"`) {
		t.Errorf("plan: status %d, %s", status, stdout)
	}
	status, stdout, stderr = run(t.Context(), nil, common...)
	if status != 0 || !strings.Contains(stderr, "no --log") {
		t.Errorf("status %d, %q", status, stderr)
	}
	if status, stdout, _ = run(t.Context(), bytes.NewReader([]byte(stdout)), "plan", "-", "-o", "contest"); status != 0 || !strings.Contains(stdout, `"service":"cart"`) {
		t.Errorf("plan -: status %d, %s", status, stdout)
	}
}

func TestCollectMisused(t *testing.T) {
	url := metricsServer(t)
	f := func(want int, says string, args ...string) {
		t.Helper()
		status, stdout, stderr := run(t.Context(), nil, append([]string{"collect"}, args...)...)
		last := strings.TrimSpace(stderr[strings.LastIndex(strings.TrimSpace(stderr), "\n")+1:])
		if status != want || stdout != "" || !strings.HasPrefix(last, "sluice: ") || !strings.Contains(last, says) {
			t.Errorf("%q: status %d, stdout %q, stderr %q; want %d and %q", args, status, stdout, stderr, want, says)
		}
	}
	f(2, "--url", "prometheus")
	f(2, "--url", "prometheus", "--url", "localhost:9090")
	f(2, "say with --cpu-limit", "prometheus", "--url", url)
	f(2, "say with --memory-limit", "prometheus", "--url", url, "--cpu-limit", "1")
	f(2, "--cpu-limit -1", "prometheus", "--url", url, "--cpu-limit", "-1")
	f(2, "--cpu-limit NaN", "prometheus", "--url", url, "--cpu-limit", "NaN")
	f(2, "--window", "prometheus", "--url", url, "--window", "1ms")
	f(2, "--fetch-logs", "kube", "--fetch-logs")
	f(2, "--log-bytes", "kube", "--log-bytes", "1")
	f(2, "takes no arguments", "kube", "shop")
	f(2, `"docker" is no command of 'sluice collect'`, "docker")
	f(1, "connection refused", "prometheus", "--url", "http://127.0.0.1:1")
	f(1, "no such file", "kube", "--kubeconfig", "/none")
	f(1, "no such file or directory", "prometheus", "--url", url, "--cpu-limit", "1", "--memory-limit", "1e9", "-o", "/none/request.json")
}

// Logs that were fetched are in a file like any other, in place of one that was there
// with its mode, and are not there where collecting failed or no log could be read.
func TestCollectFetchesLogs(t *testing.T) {
	const pods = `{"items": [{"metadata": {"name": "cart-0", "namespace": "shop"}, "status": {"phase": "Running", "podIP": "10.0.0.1"},
		"spec": {"containers": [{"name": "istio-proxy", "resources": {"limits": {"cpu": "1", "memory": "1Gi"}}}, {"name": "cart"}]}}]}`
	forbidden := false
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.HasSuffix(r.URL.Path, "/log") && forbidden:
			w.WriteHeader(403)
		case strings.HasSuffix(r.URL.Path, "/log"):
			fmt.Fprintln(w, `{"a": 1}`)
		case r.URL.Path == "/api/v1/pods":
			fmt.Fprint(w, pods)
		default:
			fmt.Fprint(w, `{"items": []}`)
		}
	}))
	t.Cleanup(s.Close)
	dir := t.TempDir()
	config, log := filepath.Join(dir, "config"), filepath.Join(dir, "access.log")
	text := fmt.Sprintf(`{"current-context": "c", "clusters": [{"name": "c", "cluster": {"server": %q}}], "contexts": [{"name": "c", "context": {"cluster": "c"}}]}`, s.URL)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	args := []string{"collect", "kube", "--kubeconfig", config, "--log", log, "--fetch-logs"}
	status, stdout, stderr := run(t.Context(), nil, args...)
	if status != 0 || !strings.Contains(stdout, fmt.Sprintf(`"accesslog_path": %q`, log)) || !strings.Contains(stdout, `"cpu_limit": 1`) {
		t.Errorf("status %d, %s %s", status, stdout, stderr)
	}
	got, err := os.ReadFile(log)
	info, _ := os.Stat(log)
	if err != nil || string(got) != "{\"a\": 1}\n" || info.Mode().Perm()&^0o644 != 0 || info.Mode().Perm()&0o600 != 0o600 {
		t.Errorf("the log is %q, %v, %v", got, info.Mode(), err)
	}
	// The next one takes its place and mode; where none can be read it stays.
	if err := os.Chmod(log, 0o640); err != nil {
		t.Fatal(err)
	}
	if status, _, _ := run(t.Context(), nil, args...); status != 0 {
		t.Errorf("status %d", status)
	}
	forbidden = true
	status, stdout, stderr = run(t.Context(), nil, args...)
	if status != 0 || !strings.Contains(stdout, `"cart-0"`) || !strings.Contains(stderr, "stays as it was") || !strings.Contains(stderr, "403") {
		t.Errorf("status %d, %s %s", status, stdout, stderr)
	}
	got, err = os.ReadFile(log)
	if info, _ = os.Stat(log); err != nil || string(got) != "{\"a\": 1}\n" || info.Mode().Perm() != 0o640 {
		t.Errorf("the log is %q, %v, %v", got, info.Mode(), err)
	}
	if status, _, stderr := run(t.Context(), nil, append(args, "-o", log)...); status != 2 || !strings.Contains(stderr, "both name") {
		t.Errorf("-o and --log are one file: status %d, %s", status, stderr)
	}
	if err := os.Remove(log); err != nil {
		t.Fatal(err)
	}
	s.Close()
	if status, _, _ := run(t.Context(), nil, args...); status != 1 {
		t.Errorf("without a server: status %d", status)
	}
	if left, _ := os.ReadDir(dir); len(left) != 1 {
		t.Errorf("a run that failed leaves %v", left)
	}
}
