package graph

import (
	"fmt"
	"strconv"
)

// manyShare is how many external requests may have one request_id on average: clients
// may send the same again.
const manyShare = 2

// warnings are whole sentences in a fixed order: what the figures leave out and
// what to do about it.
func (s *survey) warnings(b *Builder, g *Graph) []string {
	var w warnings
	entries := g.Gateway.Requests
	w.sayIf(g.Untimed, "No line has a start, so rates are not known; calls per request come from counts. Log the field start_time.")
	w.sayIf(b.level > 0, "The log holds more than %d distinct lines; of every %v external requests one was kept to stand for all, and how many lines are repeated is an estimate.", b.options.MaxEvents, s.events.scale)
	w.say(s.oversized, "external request has", "external requests have", "more than %d lines: a sample of them counts, makes no trace, and says how many lines are repeated; see whether request_id is unique.", b.options.MaxTrace)
	w.sayIf(s.entries > manyShare*s.ids, "%d external requests have %d request_ids between them, so that what was called for which cannot be told; see whether request_id is unique.", s.entries, s.ids)
	w.say(b.addresses.refused, "address was", "times an address was", "past the %d that are told apart and counts as outside the mesh.", b.options.MaxAddresses)
	w.say(b.names.refused, "line names an upstream", "lines name upstreams", "past the %d that are told apart, so that only the address says who was called.", b.options.MaxNames)
	w.say(b.addresses.tooLong, "address is", "times an address is", "longer than the %d bytes that any can have, and counts as outside the mesh.", longestAddress)
	w.say(b.names.tooLong, "line names an upstream", "lines name upstreams", "by more than %d bytes, so that only the address says who was called.", longestName)
	w.say(int64(s.lumped), "external host", "external hosts", "called least are shown as one, %s.", OtherHosts)
	if b.added > 0 {
		w.say(int64(s.unplaced), "pod of the request has", "pods of the request have", "no address, so the log cannot show what they do.")
	}
	w.say(s.odd.reused, "line calls", "lines call", "a service at the address of another's pod; the service is believed, for the address may have been reused.")
	w.say(s.odd.unsure, "line comes", "lines come", "from an address that several services share, and nothing tells which of them called; they make no edge, and the intervals of rates that they may be part of are wider.")
	w.say(s.doubts.lost, "call", "calls", "may be of any of more services behind one address than can be listed: who calls what there is not known.")
	w.say(s.odd.calleeless, "line does", "lines do", "not tell which service was called; they make no edge.")
	w.say(s.odd.aimless, "line has", "lines have", "no upstream_cluster, reached no upstream, and the downstream is no pod of the request; no edge is made of that.")
	w.say(s.odd.addressless, "line has", "lines have", "a downstream_remote_address that is no address; who called is taken from the other lines of the call, where there are any.")
	w.say(s.odd.callerless, "line does", "lines do", "not tell who called; they make no edge.")
	w.say(int64(s.cut), "proxy's lines have", "proxies' lines have", "long holes in time; rates are those between the holes.")
	w.say(int64(s.partial()), "proxy logs", "proxies log", "what they receive, or what they send, only in part; what else tells of those calls serves in its place, where it does. Log each direction wholly or not at all.")
	w.say(int64(s.silent()), "pod was", "pods were", "called and wrote no line, though others of the service did, whose lines stand for those as well; log them all.")
	w.sayIf(s.entrances != nil, "%s wrote no line, and nobody was seen to call it: what it sent counts as requests that entered there, and their latency is that of the calls; log it as well.", s.entrance())
	w.sayIf(s.headless && entries == 0, "No line shows a request entering at the gateway, so nothing can be told per external request.")
	w.sayIf(s.headless && entries > 0, "No line shows a request entering at the gateway; services that call and are not called count as where requests enter.")
	return w
}

type warnings []string

// say adds a sentence about n things, none for none of them.
func (w *warnings) say(n int64, one, many, rest string, args ...any) {
	if n == 1 {
		many = one
	}
	w.sayIf(n > 0, strconv.FormatInt(n, 10)+" "+many+" "+rest, args...)
}

func (w *warnings) sayIf(ok bool, format string, args ...any) {
	if ok {
		*w = append(*w, fmt.Sprintf(format, args...))
	}
}
