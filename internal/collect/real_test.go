package collect

import (
	"context"
	"fmt"
	"math"
	"net"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// TestRealPrometheus has a Prometheus scrape what cAdvisor and kube-state-metrics
// would write, and collects from it: the queries are PromQL to more than our fake.
func TestRealPrometheus(t *testing.T) {
	program, err := exec.LookPath("prometheus")
	if err != nil {
		t.Skip("there is no prometheus on PATH (Debian: apt-get install prometheus)")
	}
	began := time.Now()
	exporter := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, exported(time.Since(began).Seconds()))
	}))
	defer exporter.Close()
	url := startPrometheus(t, program, exporter.Listener.Addr().String())

	o := Options{Window: 3 * time.Second, Log: "/log"}
	var r *Request
	var warnings []string
	// cart's counter grows by 0.5 cores, its sidecar's by 0.3 and 0.02 on two
	// processors. A rate is right once there are scrapes all through the window, and
	// less so where one comes late, so figures are held to a tenth and then made round.
	want := []float64{0.5, 0.32}
	right := func() bool {
		for i, w := range want {
			if got := r.Containers[i].CPU; got == nil || math.Abs(*got-w) > w/10 {
				return false
			}
		}
		return true
	}
	for deadline := time.Now().Add(60 * time.Second); ; time.Sleep(250 * time.Millisecond) {
		r, warnings, err = Prometheus(t.Context(), Server{URL: url}, o)
		if err == nil && right() {
			break
		}
		if time.Now().After(deadline) {
			t.Fatalf("not right after 60 s: %+v %v", r, err)
		}
	}
	for i, w := range want {
		*r.Containers[i].CPU = w
	}
	mustRows(t, r, `
shop/shopping/cart-5ff8d5599f-rhvwg cart 10.0.0.1 0.5 1e+08
shop/shopping/cart-5ff8d5599f-rhvwg istio-proxy 10.0.0.1 0.32 6e+07 app=shopping
`)
	if r.CPULimit != 2 || r.MemoryLimit != 1<<30 {
		t.Errorf("limits %v and %v", r.CPULimit, r.MemoryLimit)
	}
	mustWarn(t, warnings, "1 pod is nothing but a proxy")
}

// exported is what a kubelet and kube-state-metrics show after so many seconds.
func exported(seconds float64) string {
	const cart = `namespace="shop",pod="cart-5ff8d5599f-rhvwg"`
	var b strings.Builder
	use := func(labels string, cores float64) {
		fmt.Fprintf(&b, "container_cpu_usage_seconds_total{%s} %f\n", labels, cores*seconds)
	}
	use(cart+`,container="istio-proxy",cpu="cpu00",id="/a"`, 0.3)
	use(cart+`,container="istio-proxy",cpu="cpu01",id="/a"`, 0.02)
	use(cart+`,container="cart",cpu="total",id="/b"`, 0.5)
	use(cart+`,container="",cpu="total",id="/"`, 0.82) // the pod as a whole
	use(cart+`,container="POD",cpu="total",id="/p"`, 0.001)
	use(`namespace="istio-system",pod="gate-1",container="istio-proxy",cpu="total"`, 1)
	fmt.Fprintf(&b, "container_memory_working_set_bytes{%s,container=\"istio-proxy\"} 6e7\ncontainer_memory_working_set_bytes{%s,container=\"cart\"} 1e8\n", cart, cart)
	fmt.Fprintf(&b, "kube_pod_info{%s,pod_ip=\"10.0.0.1\",created_by_kind=\"ReplicaSet\",created_by_name=\"cart-5ff8d5599f\"} 1\n", cart)
	fmt.Fprintf(&b, "kube_pod_labels{%s,label_app=\"shopping\"} 1\n", cart)
	fmt.Fprintf(&b, "kube_pod_container_resource_limits{%s,container=\"istio-proxy\",resource=\"cpu\",unit=\"core\"} 2\n", cart)
	fmt.Fprintf(&b, "kube_pod_container_resource_limits{%s,container=\"istio-proxy\",resource=\"memory\",unit=\"byte\"} %d\n", cart, 1<<30)
	return b.String()
}

// startPrometheus runs one that scrapes target until the test ends.
func startPrometheus(t *testing.T, program, target string) (url string) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0") // a port that is free, most likely still when it starts
	if err != nil {
		t.Fatal(err)
	}
	address := l.Addr().String()
	l.Close()
	dir := t.TempDir()
	config := filepath.Join(dir, "prometheus.yml")
	text := fmt.Sprintf("global: {scrape_interval: 250ms}\nscrape_configs:\n- {job_name: mesh, honor_labels: true, static_configs: [{targets: [%q]}]}\n", target)
	if err := os.WriteFile(config, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, program, "--config.file="+config, "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+address, "--log.level=error")
	var said strings.Builder
	cmd.Stdout, cmd.Stderr = &said, &said
	if err := cmd.Start(); err != nil {
		stop()
		t.Skipf("%s does not start: %v", program, err)
	}
	t.Cleanup(func() {
		stop()
		_ = cmd.Wait() // it was killed
		if t.Failed() {
			t.Logf("prometheus said: %s", said.String())
		}
	})
	return "http://" + address
}
