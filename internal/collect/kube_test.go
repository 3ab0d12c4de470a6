package collect

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"
)

// apiServer is a fake of Kubernetes' API: answers by path, lists in pages of two.
type apiServer struct {
	t       *testing.T
	answers map[string]any // a list's items, a log's text, or a status
	asked   []string
}

func (s *apiServer) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	s.asked = append(s.asked, r.URL.String())
	if r.Header.Get("Authorization") != "Bearer secret" {
		s.t.Errorf("%s: Authorization %q", r.URL, r.Header.Get("Authorization"))
	}
	switch a := s.answers[r.URL.Path].(type) {
	case []any:
		from := 0
		fmt.Sscan(r.FormValue("continue"), &from)
		to, meta := min(from+2, len(a)), map[string]string{}
		if to < len(a) {
			meta["continue"] = fmt.Sprint(to)
		}
		json.NewEncoder(w).Encode(map[string]any{"metadata": meta, "items": a[from:to]})
	case string:
		fmt.Fprint(w, a)
	case int:
		w.WriteHeader(a)
		fmt.Fprintf(w, `{"kind":"Status","message":"the server says %d"}`, a)
	default:
		w.WriteHeader(404)
		fmt.Fprint(w, "404 page not found")
	}
}

// kubeconfig starts the server with a certificate of its own, and writes what is
// needed to reach it.
func (s *apiServer) kubeconfig(t *testing.T) string {
	t.Helper()
	s.t = t
	server := httptest.NewTLSServer(s)
	t.Cleanup(server.Close)
	cert := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	file := filepath.Join(t.TempDir(), "config")
	text := fmt.Sprintf(`apiVersion: v1
kind: Config
current-context: other
clusters:
- {name: c, cluster: {server: %q, certificate-authority-data: %s}}
- {name: o, cluster: {server: "https://127.0.0.1:1"}}
users:
- {name: u, user: {token: secret}}
contexts:
- {name: mine, context: {cluster: c, user: u}}
- {name: other, context: {cluster: o, user: u}}
`, server.URL, base64.StdEncoding.EncodeToString(cert))
	if err := os.WriteFile(file, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return file
}

// object is JSON as a value, with ' for ".
func object(format string, args ...any) (v any) {
	text := strings.ReplaceAll(fmt.Sprintf(format, args...), "'", `"`)
	if err := json.Unmarshal([]byte(text), &v); err != nil {
		panic(err.Error() + ": " + text)
	}
	return v
}

const injected = `{'name': 'istio-proxy', 'resources': {'limits': {'cpu': '500m', 'memory': '1Gi'}}}`

// shopCluster has two pods of cart that two Services select, a native sidecar, a
// gateway, pods without a sidecar, pending and going.
func shopCluster() *apiServer {
	pod := func(name, labels, owners, init, containers, status string) any {
		return object(`{'metadata': {'name': '%s', 'namespace': 'shop', 'labels': {%s}, 'ownerReferences': [%s]}, 'spec': {'initContainers': [%s], 'containers': [%s]}, 'status': {%s}}`,
			name, labels, owners, init, containers, status)
	}
	const replicas = `{'kind': 'Node', 'name': 'n'}, {'kind': 'ReplicaSet', 'name': 'cart-v1-abc', 'controller': true}`
	const cart = `'app': 'cart', 'tier': 'web', 'pod-template-hash': 'abc'`
	running := func(ip string) string { return fmt.Sprintf(`'phase': 'Running', 'podIP': '%s'`, ip) }
	going := pod("cart-3", cart, replicas, "", injected+`, {'name': 'cart'}`, running("10.0.0.8"))
	going.(map[string]any)["metadata"].(map[string]any)["deletionTimestamp"] = "2026-01-01T00:00:00Z"
	return &apiServer{answers: map[string]any{
		"/api/v1/namespaces/shop/pods": []any{
			pod("cart-1", cart, replicas, `{'name': 'istio-init'}`, injected+`, {'name': 'cart'}`, running("10.0.0.1")),
			pod("cart-2", cart, replicas, `{'name': 'migrate'}`, injected+`, {'name': 'cart'}`, running("10.0.0.2")),
			going,
			pod("job-x", "", `{'kind': 'Job', 'name': 'job', 'controller': true}`, `{'name': 'istio-proxy', 'restartPolicy': 'Always', 'resources': {'limits': {'cpu': '2', 'memory': '128M'}}}`, `{'name': 'work'}`, running("10.0.0.3")),
			pod("gate", "", "", "", injected, running("10.0.0.4")),
			pod("plain", "", "", "", `{'name': 'plain'}`, running("10.0.0.5")),
			pod("soon", cart, replicas, "", injected+`, {'name': 'cart'}`, `'phase': 'Pending'`),
		},
		"/api/v1/namespaces/shop/services": []any{
			object(`{'metadata': {'name': 'admin', 'namespace': 'shop'}, 'spec': {'selector': {'tier': 'web'}}}`),
			object(`{'metadata': {'name': 'cart', 'namespace': 'shop'}, 'spec': {'selector': {'app': 'cart'}}}`),
			object(`{'metadata': {'name': 'outside', 'namespace': 'shop'}, 'spec': {}}`),
		},
		"/apis/metrics.k8s.io/v1beta1/namespaces/shop/pods": []any{
			object(`{'metadata': {'name': 'cart-1', 'namespace': 'shop'}, 'containers': [{'name': 'istio-proxy', 'usage': {'cpu': '12345678n', 'memory': '64Mi'}}, {'name': 'cart', 'usage': {'cpu': '250m', 'memory': '1e8'}}]}`),
			object(`{'metadata': {'name': 'cart-2', 'namespace': 'shop'}, 'containers': [{'name': 'istio-proxy', 'usage': {'cpu': '-1', 'memory': 'many'}}, {'name': 'gone', 'usage': {'cpu': '1'}}]}`),
			object(`{'metadata': {'name': 'job-x', 'namespace': 'shop'}, 'containers': [{'name': 'istio-proxy', 'usage': {'cpu': '0', 'memory': '5e7'}}]}`),
			object(`{'metadata': {'name': 'who', 'namespace': 'shop'}, 'containers': [{'name': 'istio-proxy', 'usage': {'cpu': '9'}}]}`),
		},
		"/api/v1/namespaces/shop/pods/cart-1/log": "{\"a\":1}\n{\"a\":2}\n{\"cut",
		"/api/v1/namespaces/shop/pods/job-x/log":  "[Envoy] started\n",
	}}
}

func TestKube(t *testing.T) {
	s := shopCluster()
	var logs bytes.Buffer
	r, warnings, err := Kube(t.Context(), Cluster{Kubeconfig: s.kubeconfig(t), Context: "mine", Logs: &logs, LogBytes: 4096},
		Options{Namespaces: []string{"shop", "shop"}, Window: time.Minute, Log: "/log"})
	if err != nil {
		t.Fatal(err)
	}
	// 12345678n is 0.0123457 cores; 64Mi are 67,108,864 bytes.
	mustRows(t, r, `
shop/cart/cart-1 cart 10.0.0.1 0.25 1e+08
shop/cart/cart-1 istio-proxy 10.0.0.1 0.0123457 6.71089e+07 app=cart pod-template-hash=abc tier=web
shop/cart/cart-2 cart 10.0.0.2 ? ?
shop/cart/cart-2 istio-proxy 10.0.0.2 ? ? app=cart pod-template-hash=abc tier=web
shop/job/job-x istio-proxy 10.0.0.3 0 5e+07
shop/job/job-x work 10.0.0.3 ? ?
`)
	// 0.5 + 0.5 + 2 cores; 2 · 1,073,741,824 + 128,000,000 bytes.
	if r.CPULimit != 3 || r.MemoryLimit != 2275483648 {
		t.Errorf("limits %v and %v", r.CPULimit, r.MemoryLimit)
	}
	mustWarn(t, warnings, "1 pod is nothing but a proxy", "of 1 of 3 sidecars", "the logs of 1 of 3 sidecars cannot be read, the first for: collect: 127.0.0.1")
	if got := logs.String(); got != "{\"a\":1}\n{\"a\":2}\n[Envoy] started\n" {
		t.Errorf("the logs are %q", got)
	}
	all := strings.Join(s.asked, "\n")
	for _, want := range []string{"/api/v1/namespaces/shop/pods?continue=6&limit=500", "/pods/cart-1/log?container=istio-proxy&limitBytes=4096&sinceSeconds=60"} {
		if !strings.Contains(all, want) {
			t.Errorf("it did not ask for %s:\n%s", want, all)
		}
	}
	if n := strings.Count(all, "/services"); n != 2 { // two pages, once
		t.Errorf("the Services were asked for %d times", n)
	}
}

// Who may not read Services or has no metrics-server gets what there is.
func TestKubeWithoutMetrics(t *testing.T) {
	s := shopCluster()
	a := s.answers
	s.answers = map[string]any{"/api/v1/pods": a["/api/v1/namespaces/shop/pods"], "/api/v1/services": 403, "/apis/metrics.k8s.io/v1beta1/pods": 503}
	r, warnings, err := Kube(t.Context(), Cluster{Kubeconfig: s.kubeconfig(t), Context: "mine"}, Options{Log: "/log", CPULimit: 1, MemoryLimit: 1e9, LabelKey: "tier"})
	if err != nil {
		t.Fatal(err)
	}
	if r.Containers[0].Service != "web" || r.Containers[0].CPU != nil {
		t.Errorf("%+v", r.Containers[0])
	}
	mustWarn(t, warnings, "the Services cannot be read (collect: 127.0.0.1", "metrics.k8s.io cannot be read (collect: 127.0.0.1", "gateways", "of 3 of 3 sidecars")
}

func TestKubeFails(t *testing.T) {
	s := shopCluster()
	config := s.kubeconfig(t)
	for what, c := range map[string]struct {
		cluster Cluster
		options Options
		says    string
	}{
		"no kubeconfig": {Cluster{Kubeconfig: "/none"}, Options{}, "no such file"},
		"no context":    {Cluster{Kubeconfig: config, Context: "never"}, Options{}, `context "never" does not exist`},
		"nobody":        {Cluster{Kubeconfig: config}, Options{}, "connection refused"},
		"no namespace":  {Cluster{Kubeconfig: config, Context: "mine"}, Options{Namespaces: []string{"none"}}, "404 Not Found: 404 page not found"},
		"a hostile one": {Cluster{Kubeconfig: config, Context: "mine"}, Options{Namespaces: []string{"../../secrets"}}, "404 Not Found"},
	} {
		if _, _, err := Kube(t.Context(), c.cluster, c.options); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", what, err, c.says)
		}
	}
	for _, asked := range s.asked {
		if strings.HasPrefix(asked, "/secrets") || strings.HasPrefix(asked, "/api/secrets") {
			t.Errorf("a namespace's name led to %s", asked)
		}
	}
	s.answers["/api/v1/namespaces/shop/pods"] = "no JSON"
	if _, _, err := Kube(t.Context(), Cluster{Kubeconfig: config, Context: "mine"}, Options{Namespaces: []string{"shop"}}); err == nil || !strings.Contains(err.Error(), "no list") {
		t.Errorf("no JSON: %v", err)
	}
}

// served is a cluster whose API is h, plain.
func served(t *testing.T, h http.HandlerFunc) *cluster {
	t.Helper()
	server := httptest.NewServer(h)
	t.Cleanup(server.Close)
	base, err := url.Parse(server.URL)
	if err != nil {
		t.Fatal(err)
	}
	return &cluster{server.Client(), base}
}

// names lists what list takes.
func names(t *testing.T, k *cluster) (got []string, err error) {
	t.Helper()
	err = list(t.Context(), k, "api/v1/pods", func(p kubePod) { got = append(got, p.Meta.Name) })
	return got, err
}

// TestListComesAgain: a server that is busy is asked again when it says, a list whose
// continuation has expired is begun again, and neither for ever.
func TestListComesAgain(t *testing.T) {
	asked, busy, expired := 0, 2, 1
	k := served(t, func(w http.ResponseWriter, r *http.Request) {
		asked++
		switch {
		case busy > 0:
			busy--
			w.Header().Set("Retry-After", "0")
			w.WriteHeader(429)
		case r.FormValue("continue") == "":
			fmt.Fprint(w, `{"kind": "PodList", "metadata": {"continue": "x"}, "items": [{"metadata": {"name": "a"}}]}`)
		case expired > 0:
			expired--
			w.WriteHeader(410)
		default:
			fmt.Fprint(w, `{"items": [{"metadata": {"name": "b"}}], "metadata": {"continue": ""}}`)
		}
	})
	// 429, 429, a page, 410, the first page again, the second one.
	if got, err := names(t, k); err != nil || strings.Join(got, " ") != "a a b" || asked != 6 {
		t.Errorf("%q after %d questions, %v", got, asked, err)
	}
	asked, busy = 0, 100
	if _, err := names(t, k); err == nil || !strings.Contains(err.Error(), "429") || asked != maxTries {
		t.Errorf("always busy: %d questions, %v", asked, err)
	}
	asked, busy, expired = 0, 0, 100
	if _, err := names(t, k); err == nil || !strings.Contains(err.Error(), "410") || asked != 2*(maxRelists+1) {
		t.Errorf("always expired: %d questions, %v", asked, err)
	}
}

// TestEndlessListIsCut: a body without end costs no more than a page may have.
func TestEndlessListIsCut(t *testing.T) {
	k := served(t, func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprint(w, `{"items": [{"metadata": {"name": "a"}}`)
		text := []byte(strings.Repeat(`, {"metadata": {"name": "b"}}`, 1000))
		for {
			if _, err := w.Write(text); err != nil {
				return
			}
		}
	})
	n := 0
	err := list(t.Context(), k, "api/v1/pods", func(kubePod) { n++ })
	if err == nil || !strings.Contains(err.Error(), "longer than 64 MB") || n < 1_000_000 {
		t.Errorf("%d items, %v", n, err)
	}
}

// TestLogsComeInOrder: however long each takes, logs are written in the order of the
// rows, several are fetched at a time, and what came before the time was over is kept.
func TestLogsComeInOrder(t *testing.T) {
	var now, most atomic.Int32
	last := ""
	k := served(t, func(w http.ResponseWriter, r *http.Request) {
		most.Store(max(most.Load(), now.Add(1)))
		defer now.Add(-1)
		pod := strings.Split(r.URL.Path, "/")[6]
		if pod == last {
			<-r.Context().Done()
			return
		}
		var n int
		fmt.Sscanf(pod, "p%d", &n)
		time.Sleep(time.Duration(n*7%5) * 10 * time.Millisecond)
		fmt.Fprintln(w, pod)
	})
	r, want := &Request{}, ""
	for i := range 30 {
		r.Containers = append(r.Containers, Row{Pod: fmt.Sprint("p", i), Namespace: "n", Container: "app"}, Row{Pod: fmt.Sprint("p", i), Namespace: "n", Container: sidecar})
		want += fmt.Sprintln(fmt.Sprint("p", i))
	}
	for _, size := range []int64{4096, maxHeld} {
		var b bytes.Buffer
		if warnings, err := k.logs(t.Context(), r, &b, size, time.Minute); err != nil || len(warnings) > 0 || b.String() != want {
			t.Errorf("%q, %v, %q", b.String(), err, warnings)
		}
	}
	if n := most.Load(); n < 2 || n > maxAhead {
		t.Errorf("%d logs at a time", n)
	}
	last = "p29"
	ctx, cancel := context.WithTimeout(t.Context(), 3*time.Second)
	defer cancel()
	var b bytes.Buffer
	warnings, err := k.logs(ctx, r, &b, 4096, time.Minute)
	if err != nil || b.String() != strings.TrimSuffix(want, "p29\n") {
		t.Errorf("%q, %v", b.String(), err)
	}
	mustWarn(t, warnings, "the logs of 1 of 30 sidecars cannot be read")
}

// TestGatewayWithAnotherContainer: a gateway is one by its labels, whatever runs beside.
func TestGatewayWithAnotherContainer(t *testing.T) {
	s := &apiServer{answers: map[string]any{"/api/v1/pods": []any{
		object(`{'metadata': {'name': 'gate-1', 'namespace': 'edge', 'labels': {'istio': 'ingressgateway'}}, 'spec': {'containers': [{'name': 'istio-proxy'}, {'name': 'agent'}]}, 'status': {'phase': 'Running'}}`),
		object(`{'metadata': {'name': 'cart-1', 'namespace': 'shop'}, 'spec': {'containers': [{'name': 'istio-proxy'}, {'name': 'cart'}]}, 'status': {'phase': 'Running'}}`),
	}}}
	r, warnings, err := Kube(t.Context(), Cluster{Kubeconfig: s.kubeconfig(t), Context: "mine"}, Options{Log: "/log", CPULimit: 1, MemoryLimit: 1e9})
	if err != nil || len(r.Containers) != 2 || r.Containers[0].Pod != "cart-1" || !strings.Contains(strings.Join(warnings, "|"), "1 pod is nothing but a proxy, or a gateway") {
		t.Errorf("%+v, %v, %q", r, err, warnings)
	}
}

// full is a disk without room.
type full struct{}

func (full) Write([]byte) (int, error) { return 0, errors.New("no space left on device") }

func TestLogsWithoutRoom(t *testing.T) {
	s := shopCluster()
	c := Cluster{Kubeconfig: s.kubeconfig(t), Context: "mine", Logs: full{}}
	if _, _, err := Kube(t.Context(), c, Options{Namespaces: []string{"shop"}}); err == nil || !strings.Contains(err.Error(), "writing the logs: no space left") {
		t.Errorf("%v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, _, err := Kube(ctx, c, Options{Namespaces: []string{"shop"}}); !errors.Is(err, context.Canceled) {
		t.Errorf("cancelled: %v", err)
	}
}

// Lines come whole, in whatever pieces they are written.
func TestLineWriter(t *testing.T) {
	const text = "one\ntwo\n\nlast"
	for size := 1; size <= len(text); size++ {
		var b bytes.Buffer
		l := &lineWriter{w: &b}
		for rest := text; rest != ""; {
			n := min(size, len(rest))
			if k, err := l.Write([]byte(rest[:n])); k != n || err != nil {
				t.Fatal(k, err)
			}
			rest = rest[n:]
		}
		if b.String() != "one\ntwo\n\n" || l.written != 9 {
			t.Errorf("in pieces of %d: %q, %d", size, b.String(), l.written)
		}
	}
}

func TestQuantity(t *testing.T) {
	f := func(s string, want float64) {
		t.Helper()
		if got := quantity(s); got == nil || *got != want {
			t.Errorf("quantity(%q) = %v, want %v", s, got, want)
		}
	}
	f("250m", 0.25)
	f("2", 2)
	f("1Gi", 1<<30)
	f("128M", 128e6)
	f("0", 0)
	for _, bad := range []string{"", "-1", "many", "1 Gi"} {
		if got := quantity(bad); got != nil {
			t.Errorf("quantity(%q) = %v", bad, *got)
		}
	}
}
