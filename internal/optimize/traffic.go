package optimize

import (
	"fmt"

	"github.com/sluice-mesh/sluice/budget"
)

// Traffic is what calls and requests the log of one round showed, for rounds whose
// log is missing or all but empty: a mesh does not stop calling because its log was
// lost, and a plan made from usage alone forgets which sidecars hold requests up.
type Traffic struct {
	// Round whose log showed it.
	Round   int            `json:"round"`
	Gateway budget.Gateway `json:"gateway"`
	// Sidecars as the pour saw them, without Uses and limits, sorted by service.
	Sidecars []budget.Sidecar `json:"sidecars"`
	// Calls index Sidecars.
	Calls []budget.Call `json:"calls"`
}

// fewRequests is how many external requests a log must show to speak for itself
// where an earlier one showed ten times as many.
const fewRequests = 10

// recalls reports whether an earlier round's traffic tells more than this one's log.
func (obs *Observation) recalls(prior *Memory) bool {
	if prior == nil || prior.Traffic == nil {
		return false
	}
	if obs.cut() {
		// Logs come in blocks by proxy: what was cut off is whole proxies, and who they
		// called may pass for the gateway, so the requests seen do not tell.
		return true
	}
	seen := obs.Graph.Gateway.Requests
	return seen < fewRequests && 10*seen < prior.Traffic.Gateway.Requests
}

// recall puts remembered traffic in the place of what the log did not show. What
// sidecars use is left out where their cost is known: it is this round's, the
// traffic is not, and one over the other would teach a cost that never was.
func (t *Traffic) recall(in *budget.Input) {
	known := make(map[string]*budget.Sidecar, len(t.Sidecars))
	for i := range t.Sidecars {
		known[t.Sidecars[i].Service] = &t.Sidecars[i]
	}
	at := make(map[string]int, len(in.Sidecars))
	for i := range in.Sidecars {
		s := &in.Sidecars[i]
		at[s.Service] = i
		was, ok := known[s.Service]
		if !ok {
			continue
		}
		now := *s
		*s = *was
		s.Given, s.GivenMemory, s.Uses = now.Given, now.GivenMemory, now.Uses
		for k := range s.Uses {
			s.Uses[k].Known = false
		}
	}
	in.Gateway, in.Calls = t.Gateway, nil
	for _, c := range t.Calls {
		from, to := -1, -1
		if c.From >= 0 {
			from = position(at, t.Sidecars[c.From].Service)
			if from < 0 {
				continue // its caller is gone
			}
		}
		if to = position(at, t.Sidecars[c.To].Service); to < 0 {
			continue
		}
		c.From, c.To = from, to
		in.Calls = append(in.Calls, c)
	}
}

// position is where a service stands, -1 where it is not.
func position(at map[string]int, service string) int {
	if i, ok := at[service]; ok {
		return i
	}
	return -1
}

// warning tells that the plan rests on an earlier log.
func (t *Traffic) warning(seen int) string {
	return fmt.Sprintf("the access log shows %d external requests: who calls whom and how often is taken from round %d of this mesh, whose log showed %d",
		seen, t.Round, t.Gateway.Requests)
}

// traffic is what in shows, to be remembered; nil when there was none.
func traffic(in budget.Input, round int) *Traffic {
	if in.Gateway.Requests == 0 {
		return nil
	}
	t := &Traffic{Round: round, Gateway: in.Gateway, Calls: in.Calls, Sidecars: make([]budget.Sidecar, len(in.Sidecars))}
	for i, s := range in.Sidecars {
		s.Uses, s.Given, s.GivenMemory = nil, 0, 0
		t.Sidecars[i] = s
	}
	return t
}
