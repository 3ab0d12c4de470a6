package critical

import (
	"github.com/sluice-mesh/sluice/graph"
)

// millisecond is the grain of Envoy's DURATION and of Istio's start_time.
const millisecond micros = 1000

// survey is the first reading: what must be known of the log as a whole before
// one trace can be understood.
type survey struct {
	m      *mesh
	clocks clocks
	// lines are those that each pod's sidecar wrote; unlogged marks pods of which a
	// call is known by its callee's line alone.
	lines    []pace
	unlogged []bool
	// met tells of each node how requests met it.
	met []meeting
	// entries counts the calls from outside.
	entries int
	// arrivals are when those began, by the pods whose clocks tell.
	arrivals [][]micros
	// inbound tells of each node whether its sidecars log what they receive.
	inbound []bool
	// held tells of each node how long calls were in its sidecars.
	held []heldSum
	// whole and broken count durations that are full milliseconds and others.
	whole, broken int

	nesting nesting
}

func newSurvey(m *mesh) *survey {
	s := &survey{m: m, clocks: newClocks(m.pods(), m.calls()), lines: make([]pace, m.pods()), unlogged: make([]bool, m.pods()), met: make([]meeting, len(m.g.Nodes)), inbound: make([]bool, len(m.g.Nodes)), held: make([]heldSum, len(m.g.Nodes)), arrivals: make([][]micros, m.pods())}
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
		c := &t.Calls[i]
		s.call(c)
		s.met[c.To].got.note(s.nesting.now, c.In, c.Out)
		if !c.Earlier {
			if s.m.g.Nodes[c.From].Kind == graph.Root {
				s.entries++
				s.arrive(c)
			}
			s.met[c.From].sent.note(s.nesting.now, c.Out, c.In)
		}
	}
	for i := range t.Calls {
		c := &t.Calls[i]
		s.met[c.From].count(s.nesting.now)
		if c.Earlier {
			continue // its caller's line is of the last try
		}
		if out, sent := view(c.Out); sent {
			s.nesting.sent(s.m.caller(c), out)
		} else if in, got := view(c.In); got {
			s.nesting.onlyIn(&s.clocks, s.m.caller(c), s.m.callee(c), in)
		}
	}
	s.nesting.end(&s.clocks)
}

func (s *survey) call(c *graph.Call) {
	s.held[c.To].received.add(c.In, c.Failed)
	s.held[c.From].sent.add(c.Out, c.Failed)
	p, q := s.m.caller(c), s.m.callee(c)
	out, sent := view(c.Out)
	in, got := view(c.In)
	if sent {
		s.line(p, out)
		s.lines[p].sent++
	}
	if got {
		s.line(q, in)
		s.lines[q].got++
		s.unlogged[p] = s.unlogged[p] || !sent && !c.Earlier
		s.nesting.got(q, in)
		s.inbound[c.To] = true
	}
	if sent && got && p != q {
		s.clocks.sides(p, q, window{out.start - in.start, out.end - in.end})
	} else if sent && !got {
		s.nesting.onlyOut(p, q, out)
	}
}

// arrive notes when a call from outside began.
func (s *survey) arrive(c *graph.Call) {
	if w, ok := view(c.Out); ok {
		p := s.m.caller(c)
		s.arrivals[p] = append(s.arrivals[p], w.start)
	} else if w, ok := view(c.In); ok {
		q := s.m.callee(c)
		s.arrivals[q] = append(s.arrivals[q], w.start)
	}
}

// line notes one sidecar's line.
func (s *survey) line(pod int32, w window) {
	s.lines[pod].note(w)
	if w.length()%millisecond == 0 {
		s.whole++
	} else {
		s.broken++
	}
}

// muddled reports whether traces are of several external requests each, as a rule: a
// request_id that is not unique tells nothing of who passes it on.
func (s *survey) muddled() bool { return s.entries > 2*int(s.nesting.now) }

// meeting counts the traces in which a node is called, in which it calls, and in which
// it does both.
type meeting struct {
	got, sent visits
	both      int32
	last      int32
}

// visits counts the traces that show one side of a node, and the calls after the first.
type visits struct {
	traces, again, last int32
	// during holds all of them by what each clock says.
	during window
}

func (v *visits) note(trace int32, own, other graph.Side) {
	w, ok := view(own)
	if !ok {
		w, ok = view(other)
	}
	if ok {
		has := v.traces > 0
		grow(&v.during, &has, w)
	}
	if v.last == trace {
		v.again++
		return
	}
	v.last = trace
	v.traces++
}

func (m *meeting) count(trace int32) {
	if m.last != trace && m.got.last == trace {
		m.last = trace
		m.both++
	}
}

// once reports whether requests call the node once, but for a retry in fifty.
func (m *meeting) once() bool { return 50*m.got.again <= m.got.traces }

// parted reports whether the node was called and called others at the same time, as
// far as clocks agree, but next to never in one trace: its application does not pass
// request_id on. Where the log has but ends of it that do not meet, nothing can be told.
func (m *meeting) parted() bool {
	fewer := min(m.got.traces, m.sent.traces)
	a, b := m.got.during, m.sent.during
	common := min(a.end, b.end) - max(a.start, b.start)
	return fewer >= enough && 50*m.both <= fewer && common > 0 && 2*common >= min(a.length(), b.length())
}
