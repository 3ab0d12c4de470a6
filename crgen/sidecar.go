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
	if r, ok := ns.fallback(o, n); ok {
		emit(r, nil)
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

// fallback is the namespace's default: what holds for every pod that no other
// Sidecar selects, be it that its workload is not narrowed, that the log never
// showed it or that the assumed label is not on it. So it lists, beside all of
// its own namespace, each host elsewhere that any workload of the namespace was
// seen to call.
func (ns namespace) fallback(o Options, n *notes) (Resource, bool) {
	var elsewhere []string
	members, narrowed, most := 0, 0, 0
	for _, s := range ns.scopes {
		if s.skipped {
			continue
		}
		if !s.gone {
			members++
		}
		if s.obstacle == "" {
			narrowed++
		}
		elsewhere = append(elsewhere, ns.outside(s.hosts)...)
		most = max(most, len(s.hosts))
	}
	if members == 0 || o.NoDefault || ns.allGuessed {
		return Resource{}, false
	}
	base := append([]string{ownNamespace}, ns.outside(o.base())...)
	hosts := list(base, exactWins(elsewhere))
	more := len(hosts) - len(base)
	if most = max(most, more); most > o.MaxHosts {
		// One workload over the limit is enough: what Remember keeps of its hosts
		// may not be all, and then the default would lack some.
		n.addf("no default Sidecar for namespace %q: its workloads call %d hosts, a scope lists at most %d; what is not narrowed sees the whole mesh",
			ns.name, most, o.MaxHosts)
		return Resource{}, false
	}
	reason := fmt.Sprintf("for pods that no other Sidecar of the namespace selects (%d of its %s have one): all of the namespace, what every sidecar calls",
		narrowed, count(members, "workload"))
	if more > 0 {
		reason += fmt.Sprintf(", and %s elsewhere that its workloads were seen to call", count(more, "host"))
	}
	return Resource{Kind: kind, Namespace: ns.name, Name: defaultName, Hosts: hosts, Reason: reason}, true
}

// outside leaves those entries that the namespace's own "./*" does not cover.
func (ns namespace) outside(entries []string) []string {
	return slices.DeleteFunc(slices.Clone(entries), func(e string) bool {
		return strings.HasPrefix(e, ns.name+"/")
	})
}
