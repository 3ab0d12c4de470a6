package crgen

import (
	"fmt"
	"slices"
	"time"
)

// Evidence is why one workload got the scope it got.
type Evidence struct {
	Namespace string `json:"namespace"`
	Service   string `json:"service"`
	// Merged are further services that share its pods and its scope.
	Merged []string `json:"merged,omitempty"`
	// Requests is how many its sidecars were seen to handle.
	Requests int `json:"requests"`
	// Narrowed is whether it has a Sidecar of its own; Because says why or why not.
	Narrowed bool   `json:"narrowed"`
	Because  string `json:"because"`
	// Hosts it was seen to call, by name.
	Hosts []HostEvidence `json:"hosts"`
}

// HostEvidence is why one host is in a workload's scope, or is not.
type HostEvidence struct {
	// Host as it was called, without port and in lower case.
	Host string `json:"host"`
	// Entries that stand for it, as namespace/fqdn; none for an address.
	Entries []string `json:"entries,omitempty"`
	// Calls is how often it was called, LastRound the latest round in which it was.
	Calls     int `json:"calls"`
	LastRound int `json:"last_round"`
	// LastSeen is when the latest call began on its caller's clock, as RFC 3339 in
	// UTC; "" when the log did not tell.
	LastSeen string `json:"last_seen,omitempty"`
	// Kept is whether it counts among what the workload calls: not when it was
	// dropped, and not when it cannot be listed.
	Kept    bool   `json:"kept"`
	Because string `json:"because"`
}

// Explain gives the evidence behind what Generate makes of the same arguments,
// by namespace and service: all workloads, those too that get no resource. Wrong
// options are taken for their defaults; Check them first.
func Explain(ws []Workload, o Options) []Evidence {
	o = o.withDefaults()
	out := make([]Evidence, 0, len(ws))
	why := ""
	for ns := range survey(ws, o) {
		for _, s := range ns.scopes {
			e := ns.explain(s, o)
			if e.Because == why { // one text for all that are alike, as in Generate
				e.Because = why
			}
			why = e.Because
			out = append(out, e)
		}
	}
	return out
}

func (ns namespace) explain(s scope, o Options) Evidence {
	e := Evidence{Namespace: ns.name, Service: s.services[0], Merged: s.services[1:], Requests: s.requests}
	switch {
	case ns.barred != "":
		e.Because = ns.barred
	case s.obstacle != "":
		e.Because = s.obstacle
	default:
		e.Narrowed, e.Because = true, s.finding()
	}
	e.Hosts = make([]HostEvidence, 0, len(s.calls))
	for _, c := range s.calls {
		e.Hosts = append(e.Hosts, c.explain(s, o))
	}
	return e
}

func (c call) explain(s scope, o Options) HostEvidence {
	h := HostEvidence{Host: c.host, Entries: c.entries, Calls: c.sum.Calls, LastRound: c.sum.LastRound}
	if c.sum.LastSeen > 0 {
		h.LastSeen = time.UnixMicro(c.sum.LastSeen).UTC().Format(time.RFC3339)
	}
	seen := "called once"
	if c.sum.Calls != 1 {
		seen = fmt.Sprintf("called %d times", c.sum.Calls)
	}
	switch {
	case c.problem != "":
		h.Because = c.problem
	case c.stale:
		h.Because = fmt.Sprintf("dropped: not called for %d rounds and %s", c.sum.Missed, count(c.sum.Idle, "request"))
	case !slices.ContainsFunc(c.entries, func(e string) bool { return slices.Contains(s.hosts, e) }):
		h.Kept, h.Because = true, seen+", listed by the namespace it is known to be in"
	default:
		h.Kept, h.Because = true, seen
		if o.Round > 0 {
			h.Because = fmt.Sprintf("%s, last in round %d of %d", seen, c.sum.LastRound, o.Round)
		}
	}
	return h
}
