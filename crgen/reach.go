package crgen

import (
	"slices"
	"strings"
)

// Reach tells which hosts stay in sight of whom once the resources that Generate
// makes are applied: what a holdout is judged by. It is not changed after NewReach.
type Reach struct {
	resolver resolver
	homes    homes
	// scoped is what each workload's Sidecar lists, open what the namespaces'
	// defaults do; where neither has an entry the whole mesh is in sight.
	scoped map[workloadKey]visible
	open   map[string]visible
}

// NewReach applies what Generate makes of the same arguments.
func NewReach(ws []Workload, o Options) *Reach {
	o = o.withDefaults()
	r := &Reach{
		resolver: resolver{domain: o.ClusterDomain, namespaces: map[string]bool{}},
		scoped:   map[workloadKey]visible{}, open: map[string]visible{},
	}
	r.homes = findHomes(ws, r.resolver, o)
	for ns := range survey(ws, o) {
		if isDNSLabel(ns.name) {
			r.resolver.namespaces[ns.name] = true
		}
		if ns.barred != "" || o.Check() != nil {
			continue
		}
		for _, s := range ns.scopes {
			for _, service := range s.services {
				if s.obstacle == "" {
					r.scoped[workloadKey{ns.name, service}] = newVisible(s.egress(o), ns.name)
				}
			}
		}
		if d := ns.fallback; d != nil {
			r.open[ns.name] = newVisible(d.Hosts, ns.name)
		}
	}
	return r
}

// Home is the namespace that the workload is taken to live in.
func (r *Reach) Home(w Workload) string {
	home, _ := r.homes.of(w)
	return home
}

// Narrowed is whether the workload has a Sidecar of its own.
func (r *Reach) Narrowed(w Workload) bool {
	_, ok := r.scoped[workloadKey{r.Home(w), w.Service}]
	return ok
}

// Sees is whether the workload's sidecars are told of host, as far as that is for
// a scope to decide: an address goes the way of unknown destinations with any.
func (r *Reach) Sees(w Workload, host string) bool {
	own := r.Home(w)
	v, ok := r.scoped[workloadKey{own, w.Service}]
	if !ok {
		if v, ok = r.open[own]; !ok || w.Skip != "" {
			return true
		}
	}
	entries, problem := r.resolver.entries(Upstream{Host: host}, own)
	return problem != "" || slices.ContainsFunc(entries, v.covers)
}

// visible is an egress list for looking entries up.
type visible struct {
	own     string
	entries map[string]bool
	// hosts of exact entries, whatever their namespace.
	hosts map[string]bool
}

func newVisible(list []string, own string) visible {
	v := visible{own, make(map[string]bool, len(list)), make(map[string]bool, len(list))}
	for _, e := range list {
		_, host, _ := strings.Cut(e, "/")
		v.entries[e], v.hosts[host] = true, true
	}
	return v
}

// covers is whether the list brings the entry in sight.
func (v visible) covers(entry string) bool {
	ns, host, _ := strings.Cut(entry, "/")
	switch {
	case v.entries[entry], v.entries["*/"+host], v.entries[ns+"/*"]:
		return true
	case ns == v.own:
		return v.entries[ownNamespace] || v.entries["./"+host]
	}
	return ns == "*" && v.hosts[host]
}
