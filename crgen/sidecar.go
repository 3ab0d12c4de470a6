package crgen

import (
	"fmt"
	"slices"
	"strings"
)

const (
	// kind of every resource, defaultName the name that Istio's documentation and
	// its analyzers expect of the one without a selector.
	kind        = "Sidecar"
	defaultName = "default"
	// nothing is the whole list of a leaf. Beside other entries it would mean
	// "no more" up to Istio 1.30 and "not even these" from 1.31.
	nothing = "~/*"
	// ownNamespace is everything in the Sidecar's own namespace.
	ownNamespace = "./*"
)

// managerKey and manager mark the objects as ours, so that an operator finds and
// removes them.
const (
	managerKey = "app.kubernetes.io/managed-by"
	manager    = "sluice"
)

// resources of one namespace, by name.
func (ns namespace) resources(o Options, n *notes) []Resource {
	var rs []Resource
	emit := func(r Resource, labels map[string]string) {
		text, err := render(r, labels, o)
		if err != nil {
			n.addf("no Sidecar %q in namespace %q: %v; please report this", r.Name, r.Namespace, err)
			return
		}
		r.YAML = text
		rs = append(rs, r)
	}
	for _, s := range ns.scopes {
		if s.obstacle == "" {
			emit(ns.narrow(s, o), s.labels)
		}
	}
	if ns.fallback != nil {
		emit(*ns.fallback, nil)
	}
	slices.SortFunc(rs, func(a, b Resource) int { return strings.Compare(a.Name, b.Name) })
	return rs
}

// narrow is the Sidecar of a scope, still without its YAML.
func (ns namespace) narrow(s scope, o Options) Resource {
	return Resource{
		Kind: kind, Namespace: ns.name, Name: ns.nameFor(s.services[0]),
		Service: s.services[0], Merged: s.services[1:], Assumed: s.assumed,
		Hosts: s.egress(o), Reason: s.reason(o),
	}
}

// nameFor is the service's name, but for the one that would take the name of
// the namespace's default.
func (ns namespace) nameFor(service string) string {
	if service != defaultName {
		return service
	}
	taken := map[string]bool{}
	for _, s := range ns.scopes {
		taken[s.services[0]] = true
	}
	name := "default-workload"
	for i := 2; taken[name]; i++ {
		name = fmt.Sprintf("default-workload-%d", i)
	}
	return name
}

// egress is the list of a narrowed scope.
func (s scope) egress(o Options) []string {
	if s.leaf() {
		return []string{nothing} // and nothing else in that list, no provider either
	}
	return list(o.base(), s.hosts)
}

// leaf is whether the scope calls nothing, by no name and by no address.
func (s scope) leaf() bool {
	return !slices.ContainsFunc(s.calls, func(c call) bool { return !c.stale })
}

// base is what sidecars call themselves, but for those of leaves.
func (o Options) base() []string {
	if len(o.Providers) == 0 {
		return []string{o.RootNamespace + "/*"}
	}
	return o.Providers
}

// list sorts the parts into one egress list, without repetitions and without
// what a "namespace/*" of it covers, for which istiod would warn.
func list(parts ...[]string) []string {
	all := slices.Concat(parts...)
	slices.Sort(all)
	all = slices.Compact(all)
	wide := map[string]bool{}
	for _, e := range all {
		if ns, ok := strings.CutSuffix(e, "/*"); ok {
			wide[ns] = true
		}
	}
	return slices.DeleteFunc(all, func(e string) bool {
		ns, host, _ := strings.Cut(e, "/")
		return host != "*" && wide[ns]
	})
}
