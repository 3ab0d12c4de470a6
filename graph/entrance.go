package graph

import (
	"slices"
	"strings"
)

// findEntrances finds the gateways among the pods that logged nothing at all: the
// services that sent calls, as their callees' lines show, but wrote no line, were
// called in none, and sent for no request that is seen to enter elsewhere. Their
// requests came from outside; without this they would come from nowhere, for the
// root is who has no pod.
func (j *join) findEntrances(es *events) {
	silent := j.sends
	for n := range silent {
		silent[n] = silent[n] && !j.attended[n] && j.nodes[n].Kind == Service
	}
	j.sends, j.attended = nil, nil
	if !slices.Contains(silent, true) {
		return
	}
	var hops []hop
	for r := range es.requests() {
		if hops = j.resolve(hops[:0], r.events); !r.whole || !slices.ContainsFunc(hops, fromRoot) {
			continue
		}
		for i := range hops {
			if n := int(hops[i].from); n > 0 && n < len(silent) { // externals come behind
				silent[n] = false
			}
		}
	}
	if slices.Contains(silent, true) {
		j.entrances = silent
	}
}

func fromRoot(h hop) bool { return h.from == 0 }

// attend notes who sent an event's call and who is known by a line of its own or by
// having been called.
func (j *join) attend(e *event, to int32) {
	mark := func(m []bool, n int32) {
		if n > 0 && int(n) < len(m) {
			m[n] = true
		}
	}
	mark(j.attended, to)
	from := j.at(e.down).node
	mark(j.sends, from)
	if e.inbound() || e.either() {
		return
	}
	if mark(j.attended, from); !e.aimed() {
		mark(j.attended, j.at(e.local).node)
	}
}

// enter appends to the hops of one request, which are from index first on, the
// calls that entered at its entrances: one each, of which the longest call that was
// sent in return tells most.
func (j *join) enter(hops []hop, first int) []hop {
	longest := make(map[sides]int)
	for i := first; i < len(hops); i++ {
		h := &hops[i]
		if h.from < 0 || int(h.from) >= len(j.entrances) || !j.entrances[h.from] {
			continue
		}
		at := sides{to: h.from, toPod: h.fromPod}
		if k, ok := longest[at]; !ok || longer(h.event, hops[k].event) {
			longest[at] = i
		}
	}
	for i, last := first, len(hops); i < last; i++ { // in the order of the hops
		h := &hops[i]
		if k, ok := longest[sides{to: h.from, toPod: h.fromPod}]; ok && k == i {
			hops = append(hops, hop{event: h.event, in: true, to: h.from, toPod: h.fromPod, fromPod: none, writer: h.writer, implied: true, entered: true})
		}
	}
	return hops
}

// longer orders events of one request by duration, then by hash: one is longest.
func longer(a, b *event) bool {
	x, y := a.duration.micros(), b.duration.micros()
	return x > y || x == y && a.id > b.id
}

// entrance lists the names of the entrances for people.
func (j *join) entrance() string {
	var names []string
	for n, ok := range j.entrances {
		if ok {
			names = append(names, j.nodes[n].Name)
		}
	}
	if more := len(names) - maxNamed; more > 0 {
		names = append(names[:maxNamed], "others")
	}
	return strings.Join(names, ", ")
}
