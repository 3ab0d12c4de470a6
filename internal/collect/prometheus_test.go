package collect

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// series are the samples that a fake Prometheus answers with, by a part of the query.
type series map[string][]string

// sample is one of a vector: "VALUE name=value …".
func sample(text string) string {
	fields := strings.Fields(text)
	labels := make([]string, 0, len(fields))
	for _, l := range fields[1:] {
		k, v, _ := strings.Cut(l, "=")
		labels = append(labels, fmt.Sprintf("%q:%q", k, v))
	}
	return fmt.Sprintf(`{"metric":{%s},"value":[1,%q]}`, strings.Join(labels, ","), fields[0])
}

// prometheus is a fake server, and the queries that it was asked.
func prometheus(t *testing.T, s series) (url string, asked *[]string) {
	t.Helper()
	asked = new([]string)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		query := r.FormValue("query")
		*asked = append(*asked, r.Header.Get("Authorization")+query)
		if r.URL.Path != "/prom/api/v1/query" || r.FormValue("time") != "" {
			t.Errorf("asked for %s at %q", r.URL, r.FormValue("time"))
		}
		var found []string
		for part, samples := range s {
			if strings.Contains(query, part) {
				for _, text := range samples {
					found = append(found, sample(text))
				}
			}
		}
		fmt.Fprintf(w, `{"status":"success","data":{"resultType":"vector","result":[%s]}}`, strings.Join(found, ","))
	}))
	t.Cleanup(server.Close)
	return server.URL + "/prom", asked
}

// shop is a small mesh as a Prometheus has it: two pods of cart, one of them without
// labels, a native sidecar, a gateway, a pod without a sidecar.
func shop() series {
	return series{
		"container_cpu_usage_seconds_total{": {
			"0.25 namespace=shop pod=cart-5ff8d5599f-rhvwg container=istio-proxy", "0.5 namespace=shop pod=cart-5ff8d5599f-rhvwg container=cart",
			"NaN namespace=shop pod=cart-5ff8d5599f-7tq9x container=istio-proxy", "0.5 namespace=shop pod=cart-5ff8d5599f-7tq9x container=cart",
			"0.125 namespace=pay pod=pay-0 container=istio-proxy", "1 namespace=istio-system pod=ingress-1 container=istio-proxy", "1 namespace=shop pod=cron-1 container=cron",
		},
		"container_memory_working_set_bytes{": {
			"6e7 namespace=shop pod=cart-5ff8d5599f-rhvwg container=istio-proxy", "5e7 namespace=pay pod=pay-0 container=istio-proxy", "1e8 namespace=pay pod=pay-0 container=pay",
		},
		"(kube_pod_info)": {
			"1 namespace=shop pod=cart-5ff8d5599f-rhvwg pod_ip=10.0.0.1 created_by_kind=ReplicaSet created_by_name=cart-5ff8d5599f",
			"1 namespace=shop pod=cart-5ff8d5599f-7tq9x pod_ip=10.0.0.2 created_by_kind=ReplicaSet created_by_name=cart-5ff8d5599f",
			"1 namespace=pay pod=pay-0 pod_ip=10.0.0.3 created_by_kind=StatefulSet created_by_name=pay", "1 namespace=other pod=x pod_ip=10.0.0.9",
		},
		"(kube_pod_labels)":   {"1 namespace=pay pod=pay-0 label_app=payments label_app_kubernetes_io_name=p"},
		"(kube_service_info)": {"1 namespace=pay service=payments cluster_ip=10.96.0.3", "1 namespace=other service=cart cluster_ip=10.96.0.4", "1 namespace=ksm service=ksm exported_namespace=shop exported_service=cart cluster_ip=None"},
		"kube_pod_container_resource_limits{resource=\"cpu\"":         {"0.5 namespace=shop pod=cart-5ff8d5599f-rhvwg", "0.5 namespace=shop pod=cart-5ff8d5599f-7tq9x"},
		"kube_pod_container_resource_limits{resource=\"memory\"":      {"1e9 namespace=shop pod=cart-5ff8d5599f-rhvwg", "1e9 namespace=shop pod=cart-5ff8d5599f-7tq9x"},
		"kube_pod_init_container_resource_limits{resource=\"cpu\"":    {"2 namespace=pay pod=pay-0"},
		"kube_pod_init_container_resource_limits{resource=\"memory\"": {"2e9 namespace=pay pod=pay-0"},
	}
}

const shopRows = `
pay/payments/pay-0 istio-proxy 10.0.0.3 0.125 5e+07 app=payments app.kubernetes.io/name=p
pay/payments/pay-0 pay 10.0.0.3 ? 1e+08
shop/cart/cart-5ff8d5599f-7tq9x cart 10.0.0.2 0.5 ?
shop/cart/cart-5ff8d5599f-rhvwg cart 10.0.0.1 0.5 ?
shop/cart/cart-5ff8d5599f-rhvwg istio-proxy 10.0.0.1 0.25 6e+07
`

func TestPrometheus(t *testing.T) {
	s := shop()
	// A sidecar of which only NaN is told is there all the same.
	s["container_memory_working_set_bytes{"] = append(s["container_memory_working_set_bytes{"], "0 namespace=shop pod=cart-5ff8d5599f-7tq9x container=istio-proxy")
	url, asked := prometheus(t, s)
	token := filepath.Join(t.TempDir(), "token")
	if err := os.WriteFile(token, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	r, warnings, err := Prometheus(t.Context(), Server{URL: url, TokenFile: token}, Options{Namespaces: []string{"shop", "p.y"}, Window: 90 * time.Second, Log: "/log"})
	if err != nil {
		t.Fatal(err)
	}
	mustRows(t, r, strings.Replace(shopRows, "shop/cart/cart-5ff8d5599f-rhvwg cart", "shop/cart/cart-5ff8d5599f-7tq9x istio-proxy 10.0.0.2 ? 0\nshop/cart/cart-5ff8d5599f-rhvwg cart", 1))
	// 0.5 + 0.5 + 2 cores, 1 + 1 + 2 GB.
	if r.CPULimit != 3 || r.MemoryLimit != 4e9 || r.AccessLog != "/log" {
		t.Errorf("limits %v and %v, log %s", r.CPULimit, r.MemoryLimit, r.AccessLog)
	}
	mustWarn(t, warnings, "1 pod is nothing but a proxy", "of 1 of 3 sidecars nobody told what CPU")
	for _, row := range r.Containers {
		want := ""
		if row.Service == "payments" && row.Container == sidecar {
			want = "10.96.0.3"
		}
		if row.ClusterIP != want {
			t.Errorf("%s %s: the service's address is %q, want %q", row.Service, row.Container, row.ClusterIP, want)
		}
	}
	const first = `Bearer secretsum by (namespace,pod,container) (max by (namespace,pod,container,cpu) (rate(container_cpu_usage_seconds_total{container!="",container!="POD",pod!="",namespace=~"shop|p\\.y"}[1m30s])))`
	if (*asked)[0] != first {
		t.Errorf("asked %s\nwant  %s", (*asked)[0], first)
	}
}

// Without kube-state-metrics there is what cAdvisor tells, and it is said what is not.
func TestPrometheusAlone(t *testing.T) {
	s := shop()
	for part := range s {
		if strings.Contains(part, "kube_") {
			delete(s, part)
		}
	}
	url, _ := prometheus(t, s)
	if _, _, err := Prometheus(t.Context(), Server{URL: url}, Options{}); !errors.Is(err, ErrLimits) || !strings.Contains(err.Error(), "--cpu-limit") {
		t.Errorf("without limits: %v", err)
	}
	r, warnings, err := Prometheus(t.Context(), Server{URL: url}, Options{CPULimit: 3, MemoryLimit: 4e9, Log: "l"})
	if err != nil {
		t.Fatal(err)
	}
	mustRows(t, r, `
pay/pay/pay-0 istio-proxy  0.125 5e+07
pay/pay/pay-0 pay  ? 1e+08
shop/cart/cart-5ff8d5599f-rhvwg cart  0.5 ?
shop/cart/cart-5ff8d5599f-rhvwg istio-proxy  0.25 6e+07
`)
	mustWarn(t, warnings, "there is no kube_pod_info", "tell no label that names a service", "nothing but a proxy", "2 of 2 pods have no address")
}

// TestPrometheusForgetsWhoIsGone: after a rollout the old pods' use is still in the
// window; they take no part in the plan, nor in the limits.
func TestPrometheusForgetsWhoIsGone(t *testing.T) {
	gone := func(s series, namespace string) {
		const cpu = "container_cpu_usage_seconds_total{"
		for _, c := range []string{"istio-proxy", "old"} {
			s[cpu] = append(s[cpu], "9 namespace="+namespace+" pod=old-0 container="+c)
		}
	}
	s := shop() // kube-state-metrics tell of pods in shop and pay, and not of these
	s["container_memory_working_set_bytes{"] = append(s["container_memory_working_set_bytes{"], "1e9 namespace=shop pod=old-0 container=istio-proxy")
	s["kube_pod_container_resource_limits{resource=\"cpu\""] = append(s["kube_pod_container_resource_limits{resource=\"cpu\""], "0.5 namespace=shop pod=old-0")
	gone(s, "shop")
	gone(s, "pay")
	url, _ := prometheus(t, s)
	r, warnings, err := Prometheus(t.Context(), Server{URL: url}, Options{CPULimit: 3, MemoryLimit: 4e9, Log: "l"})
	if err != nil {
		t.Fatal(err)
	}
	mustRows(t, r, strings.Replace(shopRows, "shop/cart/cart-5ff8d5599f-7tq9x cart 10.0.0.2 0.5 ?\n", "", 1))
	mustWarn(t, warnings, "2 pods were there within the last 5m0s and not any more", "nothing but a proxy")

	// Without kube-state-metrics: what has no memory now, where others have, is gone.
	for part := range s {
		if strings.Contains(part, "kube_") {
			delete(s, part)
		}
	}
	s["container_memory_working_set_bytes{"] = s["container_memory_working_set_bytes{"][:3]
	if r, _, err = Prometheus(t.Context(), Server{URL: url}, Options{CPULimit: 3, MemoryLimit: 4e9, Log: "l"}); err != nil || strings.Contains(rows(r), "old-0") {
		t.Errorf("%v %s", err, rows(r))
	}
}

// TestPrometheusWarnings: what a server says of its own answers (Thanos: that a store
// is missing) is passed on, once.
func TestPrometheusWarnings(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		result := ""
		if strings.Contains(r.FormValue("query"), "container_cpu") {
			result = sample("1 namespace=a pod=b container=istio-proxy") + "," + sample("1 namespace=a pod=b container=b")
		}
		fmt.Fprintf(w, `{"status":"success","warnings":["store 10.0.0.1 is unavailable"],"data":{"resultType":"vector","result":[%s]}}`, result)
	}))
	defer server.Close()
	_, warnings, err := Prometheus(t.Context(), Server{URL: server.URL}, Options{CPULimit: 1, MemoryLimit: 1e9, Log: "l"})
	if err != nil || strings.Count(strings.Join(warnings, "|"), "store 10.0.0.1 is unavailable") != 1 {
		t.Errorf("%v, warnings %q", err, warnings)
	}
}

// kube-state-metrics that are scraped without honorLabels have their own pod in the
// labels, and those that matter as exported_….
func TestPrometheusExportedLabels(t *testing.T) {
	s := shop()
	for part, samples := range s {
		if strings.Contains(part, "kube_") {
			for i, text := range samples {
				samples[i] = strings.NewReplacer(" namespace=", " namespace=monitoring exported_namespace=", " pod=", " pod=ksm-0 exported_pod=").Replace(text)
			}
		}
	}
	url, _ := prometheus(t, s)
	r, _, err := Prometheus(t.Context(), Server{URL: url}, Options{CPULimit: 1, Log: "/log"})
	if err != nil {
		t.Fatal(err)
	}
	mustRows(t, r, strings.Replace(shopRows, "shop/cart/cart-5ff8d5599f-7tq9x cart 10.0.0.2 0.5 ?\n", "", 1))
}

func TestPrometheusFails(t *testing.T) {
	answer := func(status int, body string) string {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(status)
			fmt.Fprint(w, body)
		}))
		t.Cleanup(s.Close)
		return s.URL
	}
	empty, _ := prometheus(t, nil)
	bare, _ := prometheus(t, series{"container_cpu": {"1 namespace=a pod=b container=c"}})
	for what, c := range map[string]struct {
		server Server
		says   string
	}{
		"nobody":     {Server{URL: "http://127.0.0.1:1"}, "connection refused"},
		"a refusal":  {Server{URL: answer(422, `{"status":"error","errorType":"bad_data","error":"no such thing"}`)}, "no such thing"},
		"no JSON":    {Server{URL: answer(200, "<html>")}, "does not answer"},
		"a scalar":   {Server{URL: answer(200, `{"status":"success","data":{"resultType":"scalar","result":[1,"2"]}}`)}, "expected a vector"},
		"nothing":    {Server{URL: empty}, "does it scrape the kubelets"},
		"no mesh":    {Server{URL: bare}, "none of 1 pods has a container istio-proxy beside another"},
		"no token":   {Server{URL: empty, TokenFile: "/none"}, "no such file"},
		"no address": {Server{URL: "http://\x7f"}, "no URL"},
	} {
		if _, _, err := Prometheus(t.Context(), c.server, Options{CPULimit: 1, MemoryLimit: 1}); err == nil || !strings.Contains(err.Error(), c.says) {
			t.Errorf("%s: %v, want %q", what, err, c.says)
		}
	}
}

// TestPasswordIsNotTold: the user and password of a URL go to its server as they are, to
// no other, and into no error or warning.
func TestPasswordIsNotTold(t *testing.T) {
	for password, in := range map[string]string{"s3cret": "s3cret", "s3cr@t/": "s3cr%40t%2F"} {
		got := ""
		other := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if _, _, ok := r.BasicAuth(); ok {
				t.Error("a server that was not named is told who asks")
			}
			w.WriteHeader(500)
		}))
		defer other.Close()
		named := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			_, got, _ = r.BasicAuth()
			http.Redirect(w, r, other.URL, http.StatusTemporaryRedirect)
		}))
		defer named.Close()
		for _, url := range []string{strings.Replace(named.URL, "//", "//bob:"+in+"@", 1), "http://bob:" + in + "@127.0.0.1:1", "http://bob:" + in + "@[bad", "bob:" + password + "@x y"} {
			_, warnings, err := Prometheus(t.Context(), Server{URL: url}, Options{})
			if err == nil || strings.Contains(err.Error()+strings.Join(warnings, ""), "s3cr") {
				t.Errorf("%s: %v", url, err)
			}
		}
		if got != password {
			t.Errorf("the server is told %q, want %q", got, password)
		}
	}
}

// A query of the URL would not be sent along, and may be a secret.
func TestPrometheusQueryIsRefused(t *testing.T) {
	_, _, err := Prometheus(t.Context(), Server{URL: "http://127.0.0.1:1/prom?token=s3cret"}, Options{})
	if err == nil || strings.Contains(err.Error(), "s3cret") || !strings.Contains(err.Error(), "--token-file") {
		t.Errorf("a URL with a query: %v", err)
	}
}
