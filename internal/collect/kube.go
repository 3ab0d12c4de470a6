package collect

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strings"

	"k8s.io/apimachinery/pkg/api/resource"
	"k8s.io/client-go/rest"
	"k8s.io/client-go/tools/clientcmd"
)

// Cluster is a Kubernetes cluster and how to reach it, as kubectl does: by the
// kubeconfig named, else those of $KUBECONFIG or the home folder, else as the pod's
// own service account.
type Cluster struct {
	Kubeconfig, Context string
	// Logs takes the sidecars' logs of the window, at most LogBytes (DefaultLogBytes)
	// of each; nil for none.
	Logs     io.Writer
	LogBytes int64
}

// ErrLogs says that logs were asked for and none could be read; the request is there.
var ErrLogs = errors.New("no sidecar's log can be read")

// Kube collects pods, the Services that select them, and what metrics.k8s.io says
// that their containers use. Warnings say what was not there. Where the time is over
// while logs are fetched, those that came are kept.
func Kube(ctx context.Context, c Cluster, o Options) (*Request, []string, error) {
	o = o.withDefaults()
	k, err := c.open()
	if err != nil {
		return nil, nil, err
	}
	f := fleet{}
	var warnings []string
	for _, ns := range namespaces(o) {
		if err := k.pods(ctx, ns, f); err != nil {
			return nil, nil, err
		}
		if err := k.services(ctx, ns, f); err != nil {
			warnings = append(warnings, fmt.Sprintf("the Services cannot be read (%v): pods are named by their labels and workloads", err))
		}
		if err := k.usage(ctx, ns, f); err != nil {
			warnings = append(warnings, fmt.Sprintf("metrics.k8s.io cannot be read (%v): what containers use is not known; is there a metrics-server?", err))
		}
	}
	r, told, err := f.request(o, warnings)
	if err != nil || c.Logs == nil {
		return r, told, err
	}
	more, err := k.logs(ctx, r, c.Logs, cmp.Or(c.LogBytes, DefaultLogBytes), o.Window)
	return r, append(told, more...), err
}

// namespaces to ask for, "" for all at once.
func namespaces(o Options) []string {
	if len(o.Namespaces) == 0 {
		return []string{""}
	}
	return slices.Compact(slices.Sorted(slices.Values(o.Namespaces)))
}

// cluster is an open Cluster. Of client-go it has the way in (addresses, certificates,
// tokens, plug-ins): the clients and types for all of Kubernetes would be 16 MB for
// four lists.
type cluster struct {
	http *http.Client
	base *url.URL
}

func (c Cluster) open() (*cluster, error) {
	rules := clientcmd.NewDefaultClientConfigLoadingRules()
	rules.ExplicitPath = c.Kubeconfig
	config, err := clientcmd.NewNonInteractiveDeferredLoadingClientConfig(rules, &clientcmd.ConfigOverrides{CurrentContext: c.Context}).ClientConfig()
	if err != nil {
		return nil, fmt.Errorf("collect: no cluster: %w", err)
	}
	config.UserAgent = "sluice"
	k := new(cluster)
	if k.base, _, err = rest.DefaultServerUrlFor(config); err == nil {
		k.http, err = rest.HTTPClientFor(config)
	}
	if err != nil {
		return nil, fmt.Errorf("collect: the cluster's configuration: %w", err)
	}
	return k, nil
}

// meta is what is wanted of an object's metadata.
type meta struct {
	Name      string            `json:"name"`
	Namespace string            `json:"namespace"`
	Labels    map[string]string `json:"labels"`
	Deleted   string            `json:"deletionTimestamp"`
	Owners    []struct {
		Kind       string `json:"kind"`
		Name       string `json:"name"`
		Controller bool   `json:"controller"`
	} `json:"ownerReferences"`
}

// kubeContainer is one of a pod's specification.
type kubeContainer struct {
	Name      string `json:"name"`
	Resources struct {
		Limits   map[string]string `json:"limits"`
		Requests map[string]string `json:"requests"`
	} `json:"resources"`
	// RestartPolicy Always makes a sidecar of an init container.
	RestartPolicy string `json:"restartPolicy"`
}

type kubePod struct {
	Meta meta `json:"metadata"`
	Spec struct {
		Containers     []kubeContainer `json:"containers"`
		InitContainers []kubeContainer `json:"initContainers"`
	} `json:"spec"`
	Status struct {
		Phase string `json:"phase"`
		IP    string `json:"podIP"`
		QoS   string `json:"qosClass"`
	} `json:"status"`
}

// pods adds those that run.
func (k *cluster) pods(ctx context.Context, ns string, f fleet) error {
	return list(ctx, k, path("api/v1", ns, "pods"), func(p kubePod) {
		if p.Status.Phase != "Running" || p.Meta.Deleted != "" {
			return
		}
		to := f.pod(name{p.Meta.Namespace, p.Meta.Name})
		to.ip, to.labels, to.qos = p.Status.IP, p.Meta.Labels, p.Status.QoS
		for _, o := range p.Meta.Owners {
			if o.Controller {
				to.ownerKind, to.owner = workload(o.Kind, o.Name, p.Meta.Labels)
			}
		}
		others := true
		for i, c := range slices.Concat(p.Spec.InitContainers, p.Spec.Containers) {
			init := i < len(p.Spec.InitContainers)
			if !init || c.RestartPolicy == "Always" { // the others have ended
				to.specified(c, init)
			}
			others = others && (c.Name == sidecar || c.guaranteed())
		}
		to.othersGuaranteed = &others
	})
}

// guaranteed is whether it has requests equal to limits, of both resources; containers
// that have ended count in a pod's class.
func (c *kubeContainer) guaranteed() bool {
	for _, resource := range []string{"cpu", "memory"} {
		limit, request := quantity(c.Resources.Limits[resource]), quantity(c.Resources.Requests[resource])
		if limit == nil || request == nil || *limit != *request {
			return false
		}
	}
	return true
}

// specified adds a container with its limits and requests.
func (p *pod) specified(c kubeContainer, init bool) {
	to := p.container(c.Name)
	to.init = init
	to.cpuLimit, to.memoryLimit = quantity(c.Resources.Limits["cpu"]), quantity(c.Resources.Limits["memory"])
	to.cpuRequest, to.memoryRequest = quantity(c.Resources.Requests["cpu"]), quantity(c.Resources.Requests["memory"])
}

// services notes which pods each Service selects, and its addresses.
func (k *cluster) services(ctx context.Context, ns string, f fleet) error {
	type service struct {
		Meta meta `json:"metadata"`
		Spec struct {
			Selector   map[string]string `json:"selector"`
			ClusterIP  string            `json:"clusterIP"`
			ClusterIPs []string          `json:"clusterIPs"`
		} `json:"spec"`
	}
	byNamespace := map[string][]*pod{}
	for n, p := range f {
		byNamespace[n.namespace] = append(byNamespace[n.namespace], p)
	}
	err := list(ctx, k, path("api/v1", ns, "services"), func(s service) {
		for _, p := range byNamespace[s.Meta.Namespace] {
			if selects(s.Spec.Selector, p.labels) {
				p.services = append(p.services, s.Meta.Name)
				p.reach(s.Meta.Name, append(s.Spec.ClusterIPs, s.Spec.ClusterIP))
			}
		}
	})
	for _, p := range f {
		slices.Sort(p.services)
		p.services = slices.Compact(p.services)
	}
	return err
}

// reach notes a Service's virtual addresses, of which headless ones have none.
func (p *pod) reach(service string, ips []string) {
	var real []string
	for _, ip := range ips {
		if ip != "" && ip != "None" && !slices.Contains(real, ip) {
			real = append(real, ip)
		}
	}
	if len(real) == 0 {
		return
	}
	if p.clusterIPs == nil {
		p.clusterIPs = map[string]string{}
	}
	p.clusterIPs[service] = strings.Join(real, ",")
}

// selects tells whether a Service's selector picks a pod; one without a selector
// picks none.
func selects(selector, labels map[string]string) bool {
	for k, v := range selector {
		if labels[k] != v {
			return false
		}
	}
	return len(selector) > 0
}

// usage adds what metrics.k8s.io tells of the pods that are known.
func (k *cluster) usage(ctx context.Context, ns string, f fleet) error {
	type podMetrics struct {
		Meta       meta `json:"metadata"`
		Containers []struct {
			Name  string            `json:"name"`
			Usage map[string]string `json:"usage"`
		} `json:"containers"`
	}
	return list(ctx, k, path("apis/metrics.k8s.io/v1beta1", ns, "pods"), func(m podMetrics) {
		p := f[name{m.Meta.Namespace, m.Meta.Name}]
		if p == nil {
			return
		}
		for _, c := range m.Containers {
			if to := p.containers[c.Name]; to != nil {
				to.cpu, to.memory = quantity(c.Usage["cpu"]), quantity(c.Usage["memory"])
			}
		}
	})
}

// quantity is an amount as Kubernetes writes it ("250m", "64Mi", "1234n"), nil for none.
func quantity(s string) *float64 {
	q, err := resource.ParseQuantity(s)
	if err != nil || q.Sign() < 0 {
		return nil
	}
	v := q.AsApproximateFloat64()
	return &v
}

// path is that of a list, in one namespace or in all.
func path(api, ns, what string) string {
	if ns == "" {
		return api + "/" + what
	}
	return api + "/namespaces/" + url.PathEscape(ns) + "/" + what
}
