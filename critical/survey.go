package critical

import (
	"math"

	"github.com/sluice-mesh/sluice/graph"
)

// millisecond is the grain of Envoy's DURATION and of Istio's start_time.
const millisecond micros = 1000

// survey is the first reading: what must be known of the log as a whole before
// one trace can be understood.
type survey struct {
	m      *mesh
	clocks clocks
	// written is, for each pod, the end of the earliest line its sidecar wrote,
	// which is when it was written: what ended before is not in the log.
	written []micros
	// inbound tells of each node whether its sidecars log what they receive.
	inbound []bool
	// whole and broken count durations that are full milliseconds and others.
	whole, broken int

	nesting nesting
}

func newSurvey(m *mesh) *survey {
	s := &survey{m: m, clocks: newClocks(m.pods(), m.calls()), written: make([]micros, m.pods()), inbound: make([]bool, len(m.g.Nodes))}
	for i := range s.written {
		s.written[i] = math.MaxInt64
	}
	s.nesting = newNesting(m.pods())
	return s
}

// grain is the unit in which the log gives its times.
func (s *survey) grain() micros {
	if s.broken > s.whole {
		return 1
	}
	return millisecond
}

func (s *survey) add(t *graph.Trace) {
	s.nesting.begin()
	for i := range t.Calls {
		s.call(&t.Calls[i])
	}
	for i := range t.Calls {
		c := &t.Calls[i]
		_, sent := view(c.Out)
		if in, got := view(c.In); got && !sent {
			s.nesting.onlyIn(&s.clocks, s.m.caller(c), s.m.callee(c), in)
		}
	}
	s.nesting.end(&s.clocks)
}

func (s *survey) call(c *graph.Call) {
	p, q := s.m.caller(c), s.m.callee(c)
	out, sent := view(c.Out)
	in, got := view(c.In)
	if sent {
		s.line(p, out)
		s.nesting.sent(p, out)
	}
	if got {
		s.line(q, in)
		s.nesting.got(q, in)
		s.inbound[c.To] = true
	}
	if sent && got && p != q {
		s.clocks.sides(p, q, window{out.start - in.start, out.end - in.end})
	} else if sent && !got {
		s.nesting.onlyOut(p, q, out)
	}
}

// line notes one sidecar's line.
func (s *survey) line(pod int32, w window) {
	s.written[pod] = min(s.written[pod], w.end)
	if w.length()%millisecond == 0 {
		s.whole++
	} else {
		s.broken++
	}
}

// covered reports whether the log still holds all that ended at the pod after start.
func (s *survey) covered(pod int32, start micros) bool { return start >= s.written[pod] }
