package crgen

import (
	"cmp"
	"fmt"
	"iter"
	"maps"
	"slices"
	"strings"
	"sync"
)

// namespace is one namespace's scopes, sorted by the service they are named after.
type namespace struct {
	name   string
	scopes []scope
	// barred is why it gets no Sidecar at all, "" when it may.
	barred string
	// guessed are the workloads that are in it for want of a better place, sorted;
	// allGuessed is that it has no others, and it gets no default then.
	guessed    []string
	allGuessed bool
	// unproved is how many workloads that are there were seen too little, fallback its
	// default, nil for none. without is why there is none where its workloads call too
	// much for it; crowded is that there are too many namespaces to keep in sight.
	unproved int
	fallback *Resource
	without  string
	crowded  bool
}

// survey sorts the workloads into namespaces and scopes, one namespace after another:
// of a mesh of very many there is only one at a time. The order of ws and of what is
// in them leaves no trace. o has its defaults.
func survey(ws []Workload, o Options) iter.Seq[namespace] {
	byNamespace := map[string][]int{}
	r := resolver{domain: o.ClusterDomain, namespaces: map[string]bool{}}
	homes := findHomes(ws, r, o)
	for i, w := range ws {
		home, _ := homes.of(w)
		byNamespace[home] = append(byNamespace[home], i)
		if isDNSLabel(home) {
			r.namespaces[home] = true
		}
	}
	known := sync.OnceValue(func() knownMesh { return know(ws, homes, r) })
	return func(yield func(namespace) bool) {
		for _, name := range sortedKeys(byNamespace) {
			in := make([]Workload, 0, len(byNamespace[name]))
			ns := namespace{name: name, barred: barred(name, o), allGuessed: true}
			for _, i := range byNamespace[name] {
				w := ws[i]
				if _, guessed := homes.of(w); !guessed {
					ns.allGuessed = false
				} else if !w.gone(o) {
					ns.guessed = append(ns.guessed, w.Service)
				}
				w.Namespace = name
				if w.Labels == nil && len(w.sets()) == 0 {
					w.Labels, w.Carries = o.labels(w), nil
				}
				if len(w.Carries) > 1 {
					w.Carries = slices.SortedFunc(slices.Values(w.Carries), compareCarried)
				}
				in = append(in, w)
			}
			slices.Sort(ns.guessed)
			ns.guessed = slices.Compact(ns.guessed)
			ns.scopes = scopesOf(in, r, o)
			if ns.settle(known, o); !yield(ns) {
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

// scopesOf makes the scopes of the workloads of one namespace. What cannot be selected
// apart from others has no Sidecar, but is a scope of its own all the same.
func scopesOf(ws []Workload, r resolver, o Options) []scope {
	slices.SortFunc(ws, compareWorkloads)
	var here, skipped, gone []Workload
	for _, w := range ws {
		switch {
		case w.gone(o):
			gone = append(gone, w)
		case w.Skip != "":
			skipped = append(skipped, w)
		default:
			here = append(here, w)
		}
	}
	alone := func(w Workload) scope { return merge(&group{units: []unit{newUnit([]Workload{w}, o)}}, r, o) }
	var scopes []scope
	for _, g := range pick(units(here, o), skipped, o) {
		scopes = append(scopes, merge(g, r, o))
	}
	for _, w := range skipped {
		s := alone(w)
		s.obstacle, s.own, s.skipped = w.Skip, false, true
		scopes = append(scopes, s)
	}
	for _, w := range gone {
		s := alone(w)
		s.obstacle, s.own, s.gone = fmt.Sprintf("this round's request lacks it; it was last there in round %d", w.LastRound), false, true
		scopes = append(scopes, s)
	}
	slices.SortStableFunc(scopes, func(a, b scope) int { return cmp.Compare(a.services[0], b.services[0]) })
	return scopes
}

// compareWorkloads puts those to skip last and is total as far as it matters:
// what it calls equal differs only in what merge adds up.
func compareWorkloads(a, b Workload) int {
	if c := cmp.Or(cmp.Compare(a.Skip, b.Skip), cmp.Compare(a.Service, b.Service)); c != 0 {
		return c // nearly always: what follows costs more than the rest of the sort
	}
	return cmp.Or(
		cmp.Compare(labelsKey(a.Labels), labelsKey(b.Labels)),
		cmp.Compare(a.Opaque, b.Opaque),
		cmp.Compare(a.Doubt, b.Doubt),
		slices.CompareFunc(a.Carries, b.Carries, compareCarried))
}

// labelsKey spells labels so that different ones differ.
func labelsKey(labels map[string]string) string {
	var b strings.Builder
	for _, k := range sortedKeys(labels) {
		b.WriteString(k + "\x00" + labels[k] + "\x00")
	}
	return b.String()
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
