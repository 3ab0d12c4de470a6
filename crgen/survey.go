package crgen

import (
	"cmp"
	"iter"
	"maps"
	"slices"
	"strings"
)

// namespace is one namespace's scopes, sorted by the service they are named after.
type namespace struct {
	name   string
	scopes []scope
	// barred is why it gets no Sidecar at all, "" when it may.
	barred string
}

// survey sorts the workloads into namespaces and scopes, one namespace after another:
// of a mesh of very many there is only one at a time. The order of ws and of what is
// in them leaves no trace. o has its defaults.
func survey(ws []Workload, o Options) iter.Seq[namespace] {
	byNamespace := map[string][]int{}
	r := resolver{domain: o.ClusterDomain, namespaces: map[string]bool{}}
	homes := findHomes(ws, r, o)
	for i, w := range ws {
		home := homes.of(w)
		byNamespace[home] = append(byNamespace[home], i)
		if isDNSLabel(home) {
			r.namespaces[home] = true
		}
	}
	return func(yield func(namespace) bool) {
		for _, name := range sortedKeys(byNamespace) {
			in := make([]Workload, 0, len(byNamespace[name]))
			for _, i := range byNamespace[name] {
				w := ws[i]
				w.Namespace = name
				if len(w.Labels) == 0 {
					w.Labels = o.labels(w)
				}
				in = append(in, w)
			}
			if !yield(namespace{name, scopesOf(in, r, o), barred(name, o)}) {
				return
			}
		}
	}
}

// barred says why a namespace gets no Sidecar, "" when it may.
func barred(name string, o Options) string {
	switch {
	case !isDNSLabel(name):
		return "its namespace's name is no DNS label"
	case name == o.RootNamespace:
		return "its namespace is the mesh's root, where a Sidecar without a selector rules the whole mesh"
	}
	return ""
}

// scopesOf merges the workloads of one namespace that select the same pods.
func scopesOf(ws []Workload, r resolver, o Options) []scope {
	slices.SortFunc(ws, compareWorkloads)
	skipped := slices.IndexFunc(ws, func(w Workload) bool { return w.Skip != "" })
	if skipped < 0 {
		skipped = len(ws)
	}
	var scopes []scope
	for _, group := range sharing(ws[:skipped], o) {
		scopes = append(scopes, merge(group, r, o))
	}
	for _, w := range ws[skipped:] {
		s := merge([]Workload{w}, r, o)
		s.obstacle, s.own, s.skipped = w.Skip, false, true
		scopes = append(scopes, s)
	}
	slices.SortStableFunc(scopes, func(a, b scope) int { return cmp.Compare(a.services[0], b.services[0]) })
	return scopes
}

// compareWorkloads puts those to skip last and is total as far as it matters:
// what it calls equal differs only in what merge adds up.
func compareWorkloads(a, b Workload) int {
	return cmp.Or(
		cmp.Compare(a.Skip, b.Skip),
		cmp.Compare(a.Service, b.Service),
		cmp.Compare(labelsKey(a.Labels), labelsKey(b.Labels)),
		cmp.Compare(a.Opaque, b.Opaque),
		cmp.Compare(a.Doubt, b.Doubt))
}

// sharing groups workloads (sorted) that some pod has in common: by name, by
// labels that are the same or among the other's, or by a pod that is named.
func sharing(ws []Workload, o Options) [][]Workload {
	d := newDisjoint(len(ws))
	first := map[string]int{}
	join := func(key string, i int) {
		if j, ok := first[key]; ok {
			d.union(i, j)
		} else {
			first[key] = i
		}
	}
	for i, w := range ws {
		join("service\x00"+w.Service, i)
		join("labels\x00"+selectorKey(w, o), i)
		for _, p := range w.Pods {
			join("pod\x00"+p, i)
		}
	}
	for i, w := range ws {
		if badLabels(w.Labels) == "" {
			subsets(w.Labels, func(key string) {
				if j, ok := first["labels\x00"+key]; ok {
					d.union(i, j)
				}
			})
		}
	}
	return d.groups(ws)
}

// selectorKey spells the labels that would select the workload's pods.
func selectorKey(w Workload, o Options) string {
	if len(w.Labels) == 0 {
		return o.LabelKey + "\x00" + w.Service + "\x00"
	}
	return labelsKey(w.Labels)
}

func labelsKey(labels map[string]string) string {
	var b strings.Builder
	for _, k := range sortedKeys(labels) {
		b.WriteString(k + "\x00" + labels[k] + "\x00")
	}
	return b.String()
}

// subsets calls f with the key of every non-empty proper subset of labels:
// whatever labels select, each subset selects too.
func subsets(labels map[string]string, f func(key string)) {
	keys := sortedKeys(labels)
	for mask := 1; mask < 1<<len(keys)-1; mask++ {
		part := map[string]string{}
		for i, k := range keys {
			if mask>>i&1 == 1 {
				part[k] = labels[k]
			}
		}
		f(labelsKey(part))
	}
}

// disjoint is a union-find whose sets are led by their smallest member.
type disjoint []int

func newDisjoint(n int) disjoint {
	d := make(disjoint, n)
	for i := range d {
		d[i] = i
	}
	return d
}

func (d disjoint) find(i int) int {
	for d[i] != i {
		d[i] = d[d[i]]
		i = d[i]
	}
	return i
}

func (d disjoint) union(i, j int) {
	i, j = d.find(i), d.find(j)
	d[max(i, j)] = min(i, j)
}

// groups are the sets in the order of their leaders, each in the order of ws.
func (d disjoint) groups(ws []Workload) [][]Workload {
	at := map[int]int{}
	var out [][]Workload
	for i, w := range ws {
		leader := d.find(i)
		if _, ok := at[leader]; !ok {
			at[leader] = len(out)
			out = append(out, nil)
		}
		out[at[leader]] = append(out[at[leader]], w)
	}
	return out
}

func sortedKeys[V any](m map[string]V) []string {
	return slices.Sorted(maps.Keys(m))
}
