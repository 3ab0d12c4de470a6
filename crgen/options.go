package crgen

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
)

// What the zero Options mean. DefaultMinRequests is the smallest round number
// at which an upstream in 1 request of 13 is missed with probability under 2 %
// (see MissedOneIn). DefaultKeepRounds is longer than any upstream that comes
// with a nightly job or a weekly release train stays away when rounds are days.
// DefaultMaxHosts is far beyond any service that calls a fixed set of others: a
// workload over it (a crawler, a forward proxy) calls an open set, which no list
// can hold.
const (
	DefaultAPIVersion    = "v1beta1"
	DefaultLabelKey      = "app"
	DefaultClusterDomain = "cluster.local"
	DefaultNamespace     = "default"
	DefaultRootNamespace = "istio-system"
	DefaultMinRequests   = 50
	DefaultKeepRounds    = 10
	DefaultMaxHosts      = 1000
)

// Options of the resources; the zero value means the defaults.
type Options struct {
	// APIVersion is "v1beta1" (the default: every Istio since 1.5 serves it) or
	// "v1" (from 1.22).
	APIVersion string
	// LabelKey is the pod label that holds the service's name, "app" by default.
	LabelKey string
	// Labels are those that the pods of workloads carry which bring none themselves,
	// by "service" or, which goes first, "namespace/service".
	Labels map[string]map[string]string
	// ClusterDomain is "cluster.local" by default.
	ClusterDomain string
	// MinRequests is how many requests a workload must have been seen to handle
	// before it is narrowed, 50 by default.
	MinRequests int
	// Namespace of workloads that name none. "" means that in which they are
	// called, as far as the hosts tell, else "default".
	Namespace string
	// RootNamespace is where the mesh keeps its own configuration and services,
	// "istio-system" by default. Nothing is generated for it, and it stays visible
	// to all but the leaves.
	RootNamespace string
	// Providers are the services, as exact namespace/fqdn, that the sidecars
	// themselves call (tracing, OTLP, ext_authz, access log). Named, they stand in
	// the place of RootNamespace/*. Leaves list neither.
	Providers []string
	// Round is the current round. While it is 0 no host is ever dropped.
	Round int
	// Again says that the round shows what an earlier one has shown: Remember then
	// counts none of the requests of workloads that it knows, and no host ages.
	Again bool
	// KeepRounds is how many rounds a host stays after the last in which it was
	// called, 10 by default.
	KeepRounds int
	// MaxHosts is the most hosts that one scope may list, 1000 by default; a
	// workload that calls more is not narrowed.
	MaxHosts int
	// NoDefault leaves out the namespaces' defaults: what is not narrowed then
	// keeps seeing the whole mesh.
	NoDefault bool
}

func (o Options) withDefaults() Options {
	text := func(s *string, d string) {
		if *s == "" {
			*s = d
		}
	}
	number := func(n *int, d int) {
		if *n <= 0 {
			*n = d
		}
	}
	text(&o.APIVersion, DefaultAPIVersion)
	text(&o.LabelKey, DefaultLabelKey)
	text(&o.ClusterDomain, DefaultClusterDomain)
	text(&o.RootNamespace, DefaultRootNamespace)
	number(&o.MinRequests, DefaultMinRequests)
	number(&o.KeepRounds, DefaultKeepRounds)
	number(&o.MaxHosts, DefaultMaxHosts)
	return o
}

// Check names every option that Kubernetes or Istio would refuse, with what it
// expects. Numbers that are not positive mean their default and are no error.
func (o Options) Check() error {
	o = o.withDefaults()
	var errs []error
	bad := func(option, value, want string) {
		errs = append(errs, fmt.Errorf("crgen: %s is %s, want %s", option, quote(value), want))
	}
	if o.APIVersion != "v1beta1" && o.APIVersion != "v1" {
		bad("APIVersion", o.APIVersion, `"v1beta1" or "v1"`)
	}
	if !isLabelKey(o.LabelKey) {
		bad("LabelKey", o.LabelKey, `a label key such as "app" or "app.kubernetes.io/name"`)
	}
	if !isDomain(o.ClusterDomain) {
		bad("ClusterDomain", o.ClusterDomain, `a domain such as "cluster.local"`)
	}
	if o.Namespace != "" && !isDNSLabel(o.Namespace) {
		bad("Namespace", o.Namespace, "a namespace's name")
	}
	if !isDNSLabel(o.RootNamespace) {
		bad("RootNamespace", o.RootNamespace, "a namespace's name")
	}
	for _, key := range sortedKeys(o.Labels) {
		if problem := badLabels(o.Labels[key]); problem != "" || len(o.Labels[key]) == 0 {
			errs = append(errs, fmt.Errorf("crgen: the labels of %s: %s", quote(key), cmp.Or(problem, "none is given, at least one must select its pods")))
		}
	}
	for _, p := range o.Providers {
		if !isExactEntry(p) {
			bad("a provider", p, `namespace/fqdn, such as "tracing/otel.tracing.svc.cluster.local"`)
		}
	}
	return errors.Join(errs...)
}

// labels of a workload whose namespace is known, nil where nobody said.
func (o Options) labels(w Workload) map[string]string {
	if l, ok := o.Labels[w.Namespace+"/"+w.Service]; ok {
		return l
	}
	return o.Labels[w.Service]
}

// isExactEntry is whether s is namespace/fqdn without a wildcard.
func isExactEntry(s string) bool {
	ns, host, _ := strings.Cut(s, "/")
	return isDNSLabel(ns) && isDomain(host) && strings.Contains(host, ".")
}
