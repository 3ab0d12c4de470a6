package critical

import (
	"time"

	"github.com/sluice-mesh/sluice/graph"
)

// outward is how much of the delay that a stalled sidecar adds to a call it
// receives it adds to a call it sends. A received call can meet it at three
// points (on arrival, when the application sends on, when it answers), a sent
// one, once it is logged, at one; but most of the stall passes waiting for what
// was sent. Real Envoys showed 0.3 to 0.6.
const outward = 0.5

// blame clears callees of what their callers did. Where only the caller's line
// is there, a call that came back late may have been held by either sidecar. The
// caller's own delay is known from its own callers, though: going onward from
// the gateway, of a callee's excess as much is laid to its caller as a sidecar so
// stalled would add, and only the rest to the callee.
func (c *combiner) blame() {
	s := c.r.Services
	in := make([][]int, len(s))
	for i, e := range c.m.g.Edges {
		if !e.Back && c.m.g.Nodes[e.From].Kind == graph.Service {
			in[e.To] = append(in[e.To], i)
		}
	}
	for _, n := range c.onward {
		if c.ev.s.inbound[n] || s[n].Excess == 0 || s[n].Visits == 0 {
			continue
		}
		by := 0.0 // what the callers would add to a call
		for _, e := range in[n] {
			by += c.adds(e)
		}
		if by /= s[n].Visits; by == 0 {
			continue
		}
		moved := min(float64(s[n].Excess), by)
		for _, e := range in[n] {
			if share := &c.r.Edges[e]; share.Critical > 0 {
				share.ReplyLag += scale(1, moved*c.adds(e)/(by*share.Critical))
			}
		}
		s[n].Excess -= scale(1, moved)
	}
}

// adds is the delay that an edge's caller adds to its calls, per external request.
func (c *combiner) adds(edge int) float64 {
	return outward * float64(c.r.Services[c.m.g.Edges[edge].From].Excess) * c.r.Edges[edge].Critical
}

// corroborate settles what may be either delay or an application's own spread,
// as where a sidecar is so short of CPU that no call passes it undisturbed. The
// lags know nothing of applications: as much is believed to be delay inside the
// call as the same sidecar is seen to add outside of it.
func (c *combiner) corroborate() {
	seen := make([]time.Duration, len(c.doubt)) // per external request
	for i, e := range c.m.g.Edges {
		share := &c.r.Edges[i]
		seen[e.To] += scale(share.StartLag, share.Critical)
		seen[e.From] += scale(share.ReplyLag, share.Critical)
	}
	for n := range seen {
		if s := &c.r.Services[n]; s.Visits > 0 {
			more := max(0, min(c.doubt[n], scale(seen[n], 1/s.Visits)-s.Excess))
			s.Excess += more
			s.Work = max(0, s.Work-more)
		}
	}
}
