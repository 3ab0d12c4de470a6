package collect

import (
	"context"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/prometheus/client_golang/api"
	prom "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"

	"github.com/sluice-mesh/sluice/internal/request"
)

// Server is a Prometheus, or what speaks its query API (Thanos, Mimir,
// VictoriaMetrics).
type Server struct {
	// URL such as http://prometheus.monitoring:9090, with a path where it has one.
	URL string
	// TokenFile holds a bearer token to send along, "" for none. It is read for each
	// query, as tokens of Kubernetes are renewed.
	TokenFile string
}

// pods matches the containers of pods: cAdvisor also has rows for whole pods and
// their sandboxes.
const pods = `container!="",container!="POD",pod!=""`

// Prometheus collects what containers used from cAdvisor's metrics and, where
// kube-state-metrics are there, addresses, labels, owners and limits of their pods.
// Warnings say what was not there.
func Prometheus(ctx context.Context, s Server, o Options) (*Request, []string, error) {
	o = o.withDefaults()
	q, err := s.open(o)
	if err != nil {
		return nil, nil, err
	}
	f := fleet{}
	// By "cpu" where use is told for each processor; the largest of what is scraped
	// twice, or restarted in the window.
	err = q.each(ctx, fmt.Sprintf(`sum by (namespace,pod,container) (max by (namespace,pod,container,cpu) (rate(container_cpu_usage_seconds_total{%s%s}[%s])))`, pods, q.namespaces, model.Duration(o.Window)),
		func(m model.Metric, v float64) { f.container(m).cpu = &v })
	if err == nil {
		err = q.each(ctx, fmt.Sprintf(`max by (namespace,pod,container) (container_memory_working_set_bytes{%s%s})`, pods, q.namespaces),
			func(m model.Metric, v float64) { f.container(m).memory = &v })
	}
	if err != nil {
		return nil, nil, err
	}
	if len(f) == 0 {
		return nil, nil, fmt.Errorf("collect: %s has no container_cpu_usage_seconds_total and no container_memory_working_set_bytes %sof the last %s: does it scrape the kubelets' cAdvisor?", q.url, within(o.Namespaces), o.Window)
	}
	warnings, err := q.state(ctx, f, o)
	if err != nil {
		return nil, nil, err
	}
	if n := f.forget(); n > 0 {
		warnings = append(warnings, fmt.Sprintf("%s there within the last %s and not any more: left out", count(n, "pod was", "pods were"), o.Window))
	}
	return f.request(o, append(warnings, q.told...))
}

// forget drops pods that used something in the window and are gone: what they used is
// no use to those that took their places. In a namespace of which kube-state-metrics tell
// pods it is those that they do not; else those without memory, which unlike a rate is
// told of what is there alone, if that of any is.
func (f fleet) forget() (n int) {
	listed, measured := map[string]bool{}, false
	remembered := func(p *pod) bool {
		for _, c := range p.containers {
			if c.memory != nil {
				return true
			}
		}
		return false
	}
	for n, p := range f {
		listed[n.namespace] = listed[n.namespace] || p.listed
		measured = measured || remembered(p)
	}
	for at, p := range f {
		if _, beside := p.meshed(); !beside {
			continue // left out in any case
		}
		gone := measured && !remembered(p)
		if listed[at.namespace] {
			gone = !p.listed
		}
		if gone {
			delete(f, at)
			n++
		}
	}
	return n
}

// container is the one that a metric is about.
func (f fleet) container(m model.Metric) *container {
	return f.pod(name{string(m["namespace"]), string(m["pod"])}).container(string(m["container"]))
}

// state adds what kube-state-metrics tell. Where they are scraped without
// honorLabels, the labels that matter are called exported_….
func (q *querier) state(ctx context.Context, f fleet, o Options) (warnings []string, err error) {
	found := func(m model.Metric) *pod {
		n := name{string(m["namespace"]), string(m["pod"])}
		if m["exported_pod"] != "" {
			n = name{string(m["exported_namespace"]), string(m["exported_pod"])}
		}
		return f[n]
	}
	infos, labelled := 0, 0
	err = q.each(ctx, `max by (namespace,pod,exported_namespace,exported_pod,pod_ip,created_by_kind,created_by_name) (kube_pod_info)`, func(m model.Metric, _ float64) {
		if p := found(m); p != nil {
			infos++
			p.listed = true
			p.ip = string(m["pod_ip"])
			p.ownerKind, p.owner = workload(string(m["created_by_kind"]), string(m["created_by_name"]), nil)
		}
	})
	if err != nil {
		return nil, err
	}
	keys := labelKeys(o)
	err = q.each(ctx, fmt.Sprintf(`max by (namespace,pod,exported_namespace,exported_pod,%s) (kube_pod_labels)`, strings.Join(sanitized(keys), ",")), func(m model.Metric, _ float64) {
		if p := found(m); p != nil {
			labelled += p.label(m, keys)
		}
	})
	if err != nil {
		return nil, err
	}
	if err := q.specs(ctx, found); err != nil {
		return nil, err
	}
	if err := q.clusterIPs(ctx, f); err != nil {
		return nil, err
	}
	if infos == 0 {
		warnings = append(warnings, "there is no kube_pod_info of these pods: without kube-state-metrics their addresses are not known, and an access log cannot be joined with them")
	}
	if labelled == 0 {
		warnings = append(warnings, "kube_pod_labels tell no label that names a service (kube-state-metrics need --metric-labels-allowlist=pods=[app,…]): services are named by their workloads")
	}
	return warnings, nil
}

// clusterIPs adds the virtual addresses of services, where they are told.
func (q *querier) clusterIPs(ctx context.Context, f fleet) error {
	byNamespace := map[string]*pod{} // one that stands for all
	err := q.each(ctx, `max by (namespace,service,exported_namespace,exported_service,cluster_ip) (kube_service_info)`, func(m model.Metric, _ float64) {
		ns, service := string(m["namespace"]), string(m["service"])
		if m["exported_service"] != "" {
			ns, service = string(m["exported_namespace"]), string(m["exported_service"])
		}
		if byNamespace[ns] == nil {
			byNamespace[ns] = new(pod)
		}
		byNamespace[ns].reach(service, []string{string(m["cluster_ip"])})
	})
	for n, p := range f {
		if all := byNamespace[n.namespace]; all != nil {
			p.clusterIPs = all.clusterIPs
		}
	}
	return err
}

// specs adds what sidecars may use and are promised.
func (q *querier) specs(ctx context.Context, found func(model.Metric) *pod) error {
	type spec struct {
		resource, metric string
		at               func(*container) **float64
	}
	var all []spec
	for _, of := range []string{"container", "init_container"} {
		all = append(all,
			spec{"cpu", "kube_pod_" + of + "_resource_limits", func(c *container) **float64 { return &c.cpuLimit }},
			spec{"memory", "kube_pod_" + of + "_resource_limits", func(c *container) **float64 { return &c.memoryLimit }},
			spec{"cpu", "kube_pod_" + of + "_resource_requests", func(c *container) **float64 { return &c.cpuRequest }},
			spec{"memory", "kube_pod_" + of + "_resource_requests", func(c *container) **float64 { return &c.memoryRequest }})
	}
	for _, s := range all {
		err := q.each(ctx, fmt.Sprintf(`max by (namespace,pod,exported_namespace,exported_pod) (%s{resource=%q,container=%q} or %s{resource=%q,exported_container=%q})`, s.metric, s.resource, sidecar, s.metric, s.resource, sidecar), func(m model.Metric, v float64) {
			if p := found(m); p != nil && p.containers[sidecar] != nil {
				c := p.containers[sidecar]
				*s.at(c), c.init = &v, strings.Contains(s.metric, "_init_")
			}
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// labelKeys are the labels that are asked for.
func labelKeys(o Options) []string {
	keys := append([]string{o.LabelKey}, identities...)
	slices.Sort(keys)
	return slices.Compact(keys)
}

var notInLabels = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`[^a-zA-Z0-9_]`) })

// sanitized is how kube_pod_labels spells Kubernetes' labels.
func sanitized(keys []string) []string {
	out := make([]string, len(keys))
	for i, k := range keys {
		out[i] = "label_" + notInLabels().ReplaceAllString(k, "_")
	}
	return out
}

// label takes the labels of m that are there, and tells how many.
func (p *pod) label(m model.Metric, keys []string) (n int) {
	for i, spelt := range sanitized(keys) {
		if v := string(m[model.LabelName(spelt)]); v != "" {
			if p.labels == nil {
				p.labels = map[string]string{}
			}
			p.labels[keys[i]] = v
			n++
		}
	}
	return n
}

// workload is what made a pod, and its name. A ReplicaSet's is its Deployment's (or
// Rollout's) and a hash, which the pod's labels tell or its own form.
func workload(kind, called string, labels map[string]string) (string, string) {
	switch {
	case called == "" || called == "<none>":
		return "", ""
	case kind != "ReplicaSet":
		return kind, called
	}
	for _, by := range []struct{ hash, kind string }{{"pod-template-hash", "Deployment"}, {"rollouts-pod-template-hash", "Rollout"}} {
		if name, ok := strings.CutSuffix(called, "-"+labels[by.hash]); ok && labels[by.hash] != "" && name != "" {
			return by.kind, name
		}
	}
	// Its name lacks the last part of its pods'.
	if name := request.Owner(called + "-x2x4z"); name != called {
		return "Deployment", name
	}
	return kind, called
}

// querier asks one server.
type querier struct {
	api prom.API
	url string
	// namespaces is a matcher for those that were asked for, with its comma.
	namespaces string
	// told is what the server warned of, each once: that answers are incomplete, say.
	told []string
}

func (s Server) open(o Options) (*querier, error) {
	base, err := url.Parse(s.URL)
	if err != nil || base.Host == "" || base.Scheme != "http" && base.Scheme != "https" {
		// The parser's own words repeat the URL, and what is secret in it.
		return nil, fmt.Errorf("collect: %q is no URL of a Prometheus", Masked(s.URL))
	}
	a := &authority{host: base.Host, user: base.User, tokenFile: s.TokenFile, next: http.DefaultTransport}
	base.User = nil // it is nobody's to print
	if base.RawQuery != "" {
		base.RawQuery = ""
		return nil, fmt.Errorf("collect: the URL of the Prometheus at %q has a query behind it, which is not sent along: a bearer token goes into --token-file", base)
	}
	client, err := api.NewClient(api.Config{Address: base.String(), RoundTripper: a})
	if err != nil {
		return nil, fmt.Errorf("collect: %q is no URL of a Prometheus: %w", base, err)
	}
	q := &querier{api: prom.NewAPI(client), url: base.String()}
	if len(o.Namespaces) > 0 {
		quoted := make([]string, len(o.Namespaces))
		for i, n := range o.Namespaces {
			quoted[i] = regexp.QuoteMeta(n)
		}
		q.namespaces = fmt.Sprintf(",namespace=~%q", strings.Join(quoted, "|"))
	}
	return q, nil
}

// Masked is a URL, or what was meant for one, without the user and password in it.
func Masked(text string) string {
	at := strings.LastIndexByte(text, '@')
	if at < 0 {
		return text
	}
	scheme, _, ok := strings.Cut(text[:at], "://")
	if !ok {
		return "xxxxx" + text[at:]
	}
	return scheme + "://xxxxx" + text[at:]
}

// each calls take with each sample of the query at the server's own time.
func (q *querier) each(ctx context.Context, query string, take func(m model.Metric, v float64)) error {
	answer, warnings, _, err := q.api.Query(ctx, query, time.Time{})
	q.heed(warnings)
	if err != nil {
		return fmt.Errorf("collect: %s does not answer %s: %w", q.url, query, err)
	}
	samples, ok := answer.(model.Vector)
	if !ok {
		return fmt.Errorf("collect: %s answers %s with a %s, expected a vector", q.url, query, answer.Type())
	}
	for _, s := range samples {
		if v := float64(s.Value); v >= 0 && v < 1e300 { // not NaN, nor an infinity
			take(s.Metric, v)
		}
	}
	return nil
}

// heed keeps a server's warnings, as many as anybody reads.
func (q *querier) heed(warnings []string) {
	const most = 10
	for _, w := range warnings {
		w = fmt.Sprintf("%s warns: %.300q", q.url, w)
		if len(q.told) < most && !slices.Contains(q.told, w) {
			q.told = append(q.told, w)
		}
	}
}

// authority says who asks, to the server that was named and to none that it leads to:
// by the token of a file, or by the user and password of the URL.
type authority struct {
	host      string
	user      *url.Userinfo
	tokenFile string
	next      http.RoundTripper
}

// RoundTrip is http.RoundTripper's.
func (a *authority) RoundTrip(r *http.Request) (*http.Response, error) {
	if r.URL.Host != a.host {
		return a.next.RoundTrip(r)
	}
	r = r.Clone(r.Context())
	if a.tokenFile != "" {
		token, err := os.ReadFile(a.tokenFile)
		if err != nil {
			return nil, err
		}
		r.Header.Set("Authorization", "Bearer "+strings.TrimSpace(string(token)))
	} else if a.user != nil {
		password, _ := a.user.Password()
		r.SetBasicAuth(a.user.Username(), password)
	}
	return a.next.RoundTrip(r)
}
