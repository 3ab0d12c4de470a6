package graph

import (
	"bytes"
	"cmp"
	"slices"
)

// guess tells which way a sidecar logged a call whose line names no cluster, by the
// addresses: which ends a line has differs with the way (Envoy's connections, as
// Istio redirects them). sure is false where the two would look alike, as for a call
// straight to a pod's address; then the request's other lines decide (see direct).
// It is Unknown where the line says nothing of its caller. A line that reached no
// upstream is its caller's: no route led anywhere (block_all, NR), and who was meant the
// client's own words tell. Whether the caller is a pod at all shows only later (see
// aimless).
func (r *Record) guess() (d Direction, sure bool) {
	up, down := parseHost(r.Upstream), parseHost(r.Downstream)
	accepted, opened := parseHost(r.DownstreamLocal), parseHost(r.UpstreamLocal)
	switch {
	case len(r.Upstream) == 0 && len(r.Downstream) > 0 && len(r.Authority) > 0:
		return Outbound, true
	case len(r.Upstream) == 0:
		return Unknown, false
	case up.local() || opened.inward():
		return Inbound, true // the sidecar turned to its own pod
	case accepted != absentAddress && accepted != up:
		return Outbound, true // it accepted what was meant for a service's address, or a gateway's
	case bytes.HasPrefix(r.ServerName, []byte("outbound_.")) && opened != down:
		return Inbound, true // the caller's sidecar named its cluster in TLS
	case down == absentAddress && (opened == absentAddress || opened == up):
		return Unknown, false // it names nobody but the callee: either side may have
	}
	return Outbound, false
}

var absentAddress = address{}

// inward reports whether a connection from here leads into the sidecar's own pod.
func (a address) inward() bool { return a.ip.IsValid() && ownEnds[a.ip] }

// parseHost is the address of an address with a port, absentAddress for none.
func parseHost(text []byte) address {
	if len(text) == 0 {
		return absentAddress
	}
	return parseAddress(string(text))
}

// sides counts what a request's lines show of the calls between two pods.
type sides struct{ from, to, fromPod, toPod int32 }

// direct decides on the lines of a request whose direction is not sure: each is the
// side of its call that is not there yet, the longer of two the caller's. A log in
// which no line is sure holds outbound lines, as the contest's statement has it.
func (j *join) direct(hops []hop) {
	count := make(map[sides]int) // outbound less inbound lines
	var either []*hop
	for i := range hops {
		h := &hops[i]
		switch k := (sides{h.from, h.to, h.fromPod, h.toPod}); {
		case h.event.either():
			either = append(either, h)
		case h.in:
			count[k]--
		default:
			count[k]++
		}
	}
	slices.SortFunc(either, func(a, b *hop) int {
		return cmp.Or(cmp.Compare(b.event.duration, a.event.duration), cmp.Compare(a.event.id, b.event.id))
	})
	for _, h := range either {
		k := sides{h.from, h.to, h.fromPod, h.toPod}
		if j.sure[inSide] && (count[k] > 0 || !j.sure[outSide]) {
			h.turn(j)
			count[k]--
		} else {
			count[k]++
		}
	}
}

// turn makes a hop its callee's view.
func (h *hop) turn(j *join) {
	h.in, h.writer = true, j.canon[h.event.up]
	h.sentFrom(j, j.at(h.event.down))
}
