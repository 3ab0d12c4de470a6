package crgen

import (
	"cmp"
	"slices"
	"strings"
)

// Remember adds what round o.Round showed (seen) to what earlier rounds left
// (known), for Generate. It returns the workloads of seen, by namespace and
// service, with the requests and upstreams of all rounds: hosts grow at once.
// They shrink in Generate, once a host was not called in more than o.KeepRounds
// rounds and in at least o.MinRequests requests; after as many rounds again it is
// forgotten here. Requests that a log shows again (Workload.Sample) are no evidence:
// they are not counted, and age no host.
//
// Hosts come back without port and in lower case. A workload that seen lacks stays
// for o.KeepRounds rounds, for when it comes back. One whose namespace is named in
// one round and not in another is the same, if nothing else can be meant. Requests of
// an opaque workload prove nothing and are not counted. Neither argument is changed.
func Remember(known, seen []Workload, o Options) []Workload {
	o = o.withDefaults()
	known, seen = joined(known, o), joined(seen, o)
	heirs := inherit(known, seen, o)
	size := sampleFor(len(seen))
	out := make([]Workload, 0, len(seen))
	for i, w := range seen {
		again := o.Again && len(heirs.of[i]) > 0
		out = append(out, w.after(heirs.legacy(i, known, size), again, size, o))
	}
	out = append(out, heirs.away(known, len(seen), o)...)
	slices.SortStableFunc(out, func(a, b Workload) int { return compareKeys(keyOf(a, o), keyOf(b, o)) })
	return out
}

type workloadKey struct{ namespace, service string }

// keyOf is what a workload is known by; its namespace may be "".
func keyOf(w Workload, o Options) workloadKey {
	return workloadKey{cmp.Or(w.Namespace, o.Namespace), w.Service}
}

func compareKeys(a, b workloadKey) int {
	return cmp.Or(cmp.Compare(a.namespace, b.namespace), cmp.Compare(a.service, b.service))
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
		out[last].add(w)
	}
	return out
}

// add makes one of w and v.
func (w *Workload) add(v Workload) {
	w.Requests = addCount(w.Requests, v.Requests)
	w.Sample = w.Sample.With(v.Sample, sampleSize)
	w.Counted.Latest = w.Counted.Latest.With(v.Counted.Latest, sampleSize)
	w.Counted.Earlier = w.Counted.Earlier.With(v.Counted.Earlier, sampleSize)
	w.Counted.Rounds = max(w.Counted.Rounds, v.Counted.Rounds)
	w.LastRound = max(w.LastRound, v.LastRound)
	w.Opaque, w.Doubt = cmp.Or(w.Opaque, v.Opaque), cmp.Or(w.Doubt, v.Doubt)
	w.Upstreams = slices.Concat(w.Upstreams, v.Upstreams)
	w.Pods = slices.Concat(w.Pods, v.Pods)
	w.Carries = slices.Concat(w.Carries, v.Carries)
}

// after is w, seen in round o.Round, on top of what was known of it; again is that all of
// its requests are known to be counted.
func (w Workload) after(known Workload, again bool, size int, o Options) Workload {
	n, of := 1, 1
	switch {
	case again:
		n = 0
	case w.Sample.Below > 0:
		n, of = known.Counted.fresh(w.Sample)
	}
	proof := part(w.Requests, n, of)
	if w.Opaque != "" {
		proof = 0
	}
	byHost := map[hostKey]Upstream{}
	for k, u := range hostsOf(known.Upstreams) {
		if proof > 0 {
			u.Idle, u.Missed = addCount(u.Idle, proof), u.Missed+1
		}
		if !stale(u, 2*o.KeepRounds, o) {
			byHost[k] = u
		}
	}
	for k, u := range hostsOf(w.Upstreams) {
		u.LastRound, u.Idle, u.Missed = max(u.LastRound, o.Round), 0, 0
		if was, ok := byHost[k]; ok {
			u.Calls = part(u.Calls, n, of)
			u = was.plus(u)
		}
		byHost[k] = u
	}
	w.Requests = addCount(known.Requests, proof)
	w.Counted, w.LastRound, w.Sample = known.Counted.with(w.Sample, size, o.KeepRounds), o.Round, Sample{}
	w.Upstreams = make([]Upstream, 0, len(byHost))
	for _, u := range byHost {
		w.Upstreams = append(w.Upstreams, u)
	}
	w.Upstreams = bounded(w.Upstreams, o)
	w.Pods = slices.Compact(slices.Sorted(slices.Values(w.Pods)))
	return w
}

type hostKey struct{ host, namespace string }

// hostsOf sums up upstreams by the host that they are.
func hostsOf(us []Upstream) map[hostKey]Upstream {
	if len(us) == 0 {
		return nil
	}
	out := make(map[hostKey]Upstream, len(us))
	for _, u := range us {
		u.Host = bareHost(u.Host)
		k := hostKey{u.Host, u.Namespace}
		if v, ok := out[k]; ok {
			u = v.plus(u)
		}
		out[k] = u
	}
	return out
}

// plus is what both saw of one host: the calls of both, and the evidence against
// it since the later round only.
func (u Upstream) plus(v Upstream) Upstream {
	sum, seen := addCount(u.Calls, v.Calls), max(u.LastSeen, v.LastSeen)
	if v.LastRound > u.LastRound || v.LastRound == u.LastRound && v.Idle < u.Idle {
		u = v
	}
	u.Calls, u.Idle, u.Missed = sum, max(u.Idle, 0), max(u.Missed, 0)
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
