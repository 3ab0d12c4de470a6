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
// client's own words tell, or the address that it asked for. Whether the caller is a pod
// at all shows only later (see aimless), and so does whether that address is the
// callee's own, as the callee's line would have it (see either).
func (r *Record) guess() (d Direction, sure bool) {
	up, down := parseHost(r.Upstream), parseHost(r.Downstream)
	accepted, opened := parseHost(r.DownstreamLocal), parseHost(r.UpstreamLocal)
	switch {
	case len(r.Upstream) == 0 && down != absentAddress && meshNamed(r.ServerName):
		return Inbound, true // as below
	case len(r.Upstream) == 0 && down != absentAddress && len(r.aim()) > 0:
		return Outbound, false
	case len(r.Upstream) == 0 && down != absentAddress && len(r.asked()) > 0:
		return Outbound, true
	case len(r.Upstream) == 0:
		return Unknown, false
	case up.local() || opened.inward():
		return Inbound, true // the sidecar turned to its own pod
	case accepted != absentAddress && accepted != up:
		return Outbound, true // it accepted what was meant for a service's address, or a gateway's
	case meshNamed(r.ServerName) && opened != down:
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

// meshNamed reports whether a server name is a cluster's, as sidecars spell it in TLS.
func meshNamed(serverName []byte) bool { return bytes.HasPrefix(serverName, []byte("outbound_.")) }

// unrouted reports whether an outbound line names no service that a route led to.
func (r *Record) unrouted() bool {
	return bytes.IndexByte(r.Cluster, '|') < 0 && !meshNamed(r.Cluster)
}

// asked is the name that the client used: the Host header or, of a connection that no
// route led to a service and that has none, the one in TLS.
func (r *Record) asked() []byte {
	if len(r.Authority) == 0 && len(r.ServerName) > 0 && r.Direction != Inbound && r.unrouted() && !meshNamed(r.ServerName) {
		return r.ServerName
	}
	return r.Authority
}

// aim is the address that was asked for in vain: the original destination or, where that
// is not logged, the Host header if it is one. It is nil where a route led on.
func (r *Record) aim() []byte {
	switch {
	case len(r.Upstream) > 0 || len(r.UpstreamLocal) > 0 || r.Direction == Inbound || !r.unrouted():
		return nil
	case len(r.DownstreamLocal) > 0:
		return r.DownstreamLocal
	case len(r.Authority) > 0 && parseAddress(string(r.Authority)).ip.IsValid():
		return r.Authority
	}
	return nil
}

// aim is the place that an event's connection was for, where no route led anywhere and
// the pods there are others than the caller; nil where that is not so or not known. A
// pod's own lines have its own address there, and clients outside ask for anything.
func (j *join) aim(e *event) *place {
	if !e.aimed() {
		return nil
	}
	p, from := j.at(e.local), j.at(e.down)
	if p == from || len(p.pods) == 0 || len(from.pods) == 0 {
		return nil
	}
	return p
}

// either reports whether an event may be the other side's: of a line that reached no
// upstream only if it was for a pod's own address.
func (j *join) either(e *event) bool {
	return e.either() && (e.up != absent || j.aim(e) != nil)
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
		case j.either(h.event):
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
	if h.event.aimed() {
		h.writer = j.canon[h.event.local]
	}
	h.sentFrom(j, j.at(h.event.down))
}
