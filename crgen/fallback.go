package crgen

import (
	"fmt"
	"slices"
	"strings"
)

// maxWide is how many other namespaces a default lists whole at most: with more, each of
// them listing all the others, defaults would be most of what is written.
const maxWide = 100

// settle makes the namespace's default, if it gets one: what holds for every pod that no
// other Sidecar selects, be it that its workload is not narrowed, that the log never
// showed it or that the assumed label is not on it. So it lists, beside all of
// its own namespace, each host elsewhere that any workload of the namespace was
// seen to call. Where there are workloads of which too little was seen, that would narrow
// them after all: then it lists all that is known of the mesh, every namespace that rows
// or hosts name and every host outside that anybody calls.
func (ns *namespace) settle(known func() knownMesh, o Options) {
	var elsewhere []string
	members, narrowed, most := 0, 0, 0
	for _, s := range ns.scopes {
		if s.skipped {
			continue
		}
		ns.unproved += b2i(s.unproved) // one that this round lacks may be back in the next
		members += b2i(!s.gone)
		if s.obstacle == "" {
			narrowed++
		}
		elsewhere = append(elsewhere, ns.outside(s.hosts)...)
		most = max(most, len(s.hosts))
	}
	if members == 0 || o.NoDefault || ns.allGuessed || ns.barred != "" {
		return
	}
	elsewhere, listed := exactWins(elsewhere), "hosts"
	if ns.unproved > 0 {
		// Before anything is listed: each namespace listing all would take their square.
		if known().spaces-1 > maxWide {
			ns.crowded = true
			return
		}
		most, listed = max(most, known().outside), "hosts and namespaces"
	}
	if ns.unproved > 0 && most <= o.MaxHosts {
		elsewhere = list(elsewhere, ns.outside(known().entries))
	}
	base := append([]string{ownNamespace}, ns.outside(o.base())...)
	hosts := list(base, elsewhere)
	more := len(hosts) - len(base)
	if most = max(most, more); most > o.MaxHosts {
		// One workload over the limit is enough: what Remember keeps of its hosts
		// may not be all, and then the default would lack some.
		ns.without = fmt.Sprintf("its workloads call %d %s, a scope lists at most %d", most, listed, o.MaxHosts)
		return
	}
	ns.fallback = &Resource{Kind: kind, Namespace: ns.name, Name: defaultName, Hosts: hosts, Reason: ns.reason(narrowed, members, more)}
}

// reason is the sentence for the namespace's default.
func (ns *namespace) reason(narrowed, members, more int) string {
	reason := fmt.Sprintf("for pods that no other Sidecar of the namespace selects (%d of its %s have one): all of the namespace, what every sidecar calls",
		narrowed, count(members, "workload"))
	switch {
	case ns.unproved > 0:
		reason += fmt.Sprintf(", and all else that is known of the mesh, for of %s too little was seen", count(ns.unproved, "workload"))
	case more > 0:
		reason += fmt.Sprintf(", and %s elsewhere that its workloads were seen to call", count(more, "host"))
	}
	return reason
}

// knownMesh is what is known to be there.
type knownMesh struct {
	// entries are the namespaces that workloads live in or are called in, whole, and the
	// hosts outside the cluster that anybody calls; sorted.
	entries []string
	// spaces and outside are how many there are of each.
	spaces, outside int
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// know finds what is known of the mesh.
func know(ws []Workload, homes homes, r resolver) knownMesh {
	spaces, outside := map[string]bool{}, map[string]bool{}
	for ns := range r.namespaces {
		if isDNSLabel(ns) {
			spaces[ns] = true
		}
	}
	type key struct{ host, namespace, own string }
	met := map[key]bool{} // most hosts are called by many
	for _, w := range ws {
		home, _ := homes.of(w)
		for _, u := range w.Upstreams {
			k := key{host: u.Host, namespace: u.Namespace}
			if strings.Count(u.Host, ".") < 2 {
				k.own = home // a short name counts from there
			}
			if met[k] {
				continue
			}
			met[k] = true
			entries, _ := r.entries(u, home)
			for _, e := range entries {
				if ns, _, _ := strings.Cut(e, "/"); ns == "*" {
					outside[e] = true
				} else if isDNSLabel(ns) {
					spaces[ns] = true
				}
			}
		}
	}
	all := sortedKeys(outside)
	for ns := range spaces {
		all = append(all, ns+"/*")
	}
	slices.Sort(all)
	return knownMesh{all, len(spaces), len(outside)}
}

// outside leaves those entries that the namespace's own "./*" does not cover.
func (ns namespace) outside(entries []string) []string {
	return slices.DeleteFunc(slices.Clone(entries), func(e string) bool {
		return strings.HasPrefix(e, ns.name+"/")
	})
}
