package crgen

import (
	"cmp"
	"slices"
	"strings"
)

// Remember adds what round o.Round showed (seen) to what earlier rounds left
// (known), for Generate. It returns the workloads of seen, by namespace and
// service, with the requests and upstreams of all rounds: hosts grow at once.
// They shrink in Generate, once a host was not called for more than o.KeepRounds
// rounds and in at least o.MinRequests requests; after as many rounds again it is
// forgotten here.
//
// Hosts come back without port and in lower case. A workload that seen lacks is forgotten, and starts anew when it comes back.
// Requests of an opaque workload prove nothing and are not counted. Neither
// argument is changed.
func Remember(known, seen []Workload, o Options) []Workload {
	o = o.withDefaults()
	old := map[workloadKey]Workload{}
	for _, w := range joined(known, o) {
		old[keyOf(w, o)] = w
	}
	var out []Workload
	for _, w := range joined(seen, o) {
		out = append(out, w.after(old[keyOf(w, o)], o))
	}
	return out
}

type workloadKey struct{ namespace, service string }

func keyOf(w Workload, o Options) workloadKey {
	return workloadKey{cmp.Or(w.Namespace, o.Namespace, DefaultNamespace), w.Service}
}

// joined sorts workloads and makes one of those with the same name.
func joined(ws []Workload, o Options) []Workload {
	ws = slices.Clone(ws)
	slices.SortStableFunc(ws, func(a, b Workload) int {
		ka, kb := keyOf(a, o), keyOf(b, o)
		return cmp.Or(cmp.Compare(ka.namespace, kb.namespace), compareWorkloads(a, b))
	})
	var out []Workload
	for _, w := range ws {
		last := len(out) - 1
		if last < 0 || keyOf(out[last], o) != keyOf(w, o) {
			out = append(out, w)
			continue
		}
		l := &out[last]
		l.Requests = addCount(l.Requests, w.Requests)
		l.Opaque, l.Doubt = cmp.Or(l.Opaque, w.Opaque), cmp.Or(l.Doubt, w.Doubt)
		l.Upstreams = slices.Concat(l.Upstreams, w.Upstreams)
		l.Pods = slices.Concat(l.Pods, w.Pods)
		l.Carries = slices.Concat(l.Carries, w.Carries)
	}
	return out
}

// after is w, seen in round o.Round, on top of what was known of it.
func (w Workload) after(known Workload, o Options) Workload {
	proof := max(w.Requests, 0)
	if w.Opaque != "" {
		proof = 0
	}
	type key struct{ host, namespace string }
	byHost := map[key]Upstream{}
	add := func(u Upstream) {
		u.Host = bareHost(u.Host)
		k := key{u.Host, u.Namespace}
		if v, ok := byHost[k]; ok {
			u = v.plus(u)
		}
		byHost[k] = u
	}
	for _, u := range known.Upstreams {
		u.Idle = addCount(u.Idle, proof)
		if !stale(u.LastRound+o.KeepRounds, u.Idle, o) {
			add(u)
		}
	}
	for _, u := range w.Upstreams {
		u.LastRound, u.Idle = max(u.LastRound, o.Round), 0
		add(u)
	}
	w.Requests = addCount(known.Requests, proof)
	w.Upstreams = make([]Upstream, 0, len(byHost))
	for _, u := range byHost {
		w.Upstreams = append(w.Upstreams, u)
	}
	w.Upstreams = bounded(w.Upstreams, o)
	w.Pods = slices.Compact(slices.Sorted(slices.Values(w.Pods)))
	return w
}

// plus is what both saw of one host: the calls of both, and the evidence against
// it since the later round only.
func (u Upstream) plus(v Upstream) Upstream {
	sum, seen := addCount(u.Calls, v.Calls), max(u.LastSeen, v.LastSeen)
	if v.LastRound > u.LastRound || v.LastRound == u.LastRound && v.Idle < u.Idle {
		u = v
	}
	u.Calls, u.Idle = sum, max(u.Idle, 0)
	u.LastSeen = seen
	return u
}

// bounded keeps the memory of a workload that calls an open set of hosts from
// growing. What it keeps is more than a scope may list, so that a workload that
// lost hosts here is sure to be found over the limit: a service has at most four
// spellings ("a", "a.ns", "a.ns.svc" and in full). Hosts that can be listed come
// first, then the latest and most called.
func bounded(us []Upstream, o Options) []Upstream {
	const spellings = 4
	if most := spellings * (o.MaxHosts + 1); len(us) > most {
		slices.SortFunc(us, func(a, b Upstream) int {
			return cmp.Or(cmp.Compare(unlisted(a), unlisted(b)), cmp.Compare(b.LastRound, a.LastRound),
				cmp.Compare(b.Calls, a.Calls), compareHosts(a, b))
		})
		us = slices.Clip(us[:most])
	}
	slices.SortFunc(us, compareHosts)
	return us
}

// unlisted is 1 for a host that has no entry, but for "", which must not be lost.
func unlisted(u Upstream) int {
	if u.Host != "" && (isAddress(u.Host) || !isDomain(strings.TrimPrefix(u.Host, "*."))) {
		return 1
	}
	return 0
}

func compareHosts(a, b Upstream) int {
	return cmp.Or(cmp.Compare(a.Host, b.Host), cmp.Compare(a.Namespace, b.Namespace))
}
