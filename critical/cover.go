package critical

import (
	"math"

	"github.com/sluice-mesh/sluice/graph"
)

// always is all time there is.
var always = window{math.MinInt64, math.MaxInt64}

// minLines is how many lines a sidecar must have in the log for their first and last
// to be where its log was cut; of fewer nobody knows.
const minLines = 8

// cover tells of each pod in which stretches of time, on its own clock, the log holds
// all that the pod sent: a capture has the head or the tail of what each sidecar wrote,
// so that a call which waited for nobody looks like one whose callees' lines are cut
// off.
type cover struct {
	m *mesh
	s *survey
	// known holds the stretches of the pods asked for so far, done marks them.
	known [][]window
	done  []bool
}

func newCover(m *mesh, s *survey) cover {
	return cover{m, s, make([][]window, m.pods()), make([]bool, m.pods())}
}

// holds reports whether all is in the log that a pod sent during w.
func (c *cover) holds(pod int32, w window) bool {
	if !c.done[pod] {
		c.known[pod], c.done[pod] = c.of(pod), true
	}
	for _, k := range c.known[pod] {
		if k.holds(w) {
			return true
		}
	}
	return false
}

// maxOthers is how many pods at the other ends of a pod's calls are looked at: of a
// service with more of them the graph's means serve.
const maxOthers = 1000

// others lists the pods of the nodes at one end of edges that have lines enough to tell
// where their logs were cut; ok is false where there are too many.
func (c *cover) others(edges []int, end func(*graph.Edge) int) (pods []int32, ok bool) {
	for _, i := range edges {
		n := end(&c.m.g.Edges[i])
		for p := c.m.first[n]; p < c.m.first[n+1]; p++ {
			if c.s.lines[p].all() < minLines {
				continue
			}
			if len(pods) == maxOthers {
				return nil, false
			}
			pods = append(pods, p)
		}
	}
	return pods, true
}

// of finds the stretches of a pod. Its own lines tell where it logs what it sends, and
// where it logs what it receives and is not seen to send. What it sends unlogged, its
// callees must have logged. A pod that writes no line at all may be one whose log is not
// there, unless its service calls nobody.
func (c *cover) of(pod int32) []window {
	node := c.m.node(pod)
	lines := &c.s.lines[pod]
	switch {
	case len(c.m.out[node]) == 0:
		return []window{always}
	case lines.sent == 0 && c.s.unlogged[pod]:
		return c.byCallees(pod, node)
	}
	held := c.s.windows(pod)
	if lines.got == 0 && !c.s.met[node].once() {
		return c.byCallers(pod, node, held)
	}
	return held
}

// byCallers are the stretches of held in which all were heard, too, that call a pod
// which does not log what it receives. Where requests call its service more than once,
// what it sent for a call of which the caller's line is cut off would count for another.
func (c *cover) byCallers(pod int32, node int, held []window) []window {
	callers, ok := c.others(c.m.in[node], func(e *graph.Edge) int { return e.From })
	longest := micros(0)
	for _, i := range c.m.in[node] {
		longest = max(longest, longCall*micros(c.m.g.Edges[i].Mean.Microseconds()))
	}
	for _, caller := range callers {
		if caller == pod {
			continue
		}
		l := c.s.clocks.find(caller, pod)
		if !l.known {
			return nil
		}
		l.d = -l.d
		held = meet(held, c.s.windows(caller), l, longest)
	}
	if !ok {
		return nil
	}
	return held
}

// longCall is by how many times the mean a call may take longer to be thought of: its
// line is written when it ends.
const longCall = 3

// byCallees are the stretches in which all pods that a pod may have called were heard,
// where it does not log what it sends.
func (c *cover) byCallees(pod int32, node int) []window {
	callees, ok := c.others(c.m.out[node], func(e *graph.Edge) int { return e.To })
	if !ok || len(callees) == 0 { // too many, or nobody heard it
		return nil
	}
	held := []window{always}
	for _, callee := range callees {
		l := c.s.clocks.find(pod, callee)
		if !l.known {
			return nil
		}
		held = meet(held, c.s.windows(callee), l, 0)
	}
	return held
}

// meet is what of a lies in b, which is on another pod's clock, but for the last of it.
func meet(a, b []window, l link, last micros) []window {
	var both []window
	for _, x := range a {
		for _, y := range b {
			y = window{y.start + l.d + l.doubt, y.end + l.d - l.doubt - last}
			if w := (window{max(x.start, y.start), min(x.end, y.end)}); w.start <= w.end {
				both = append(both, w)
			}
		}
	}
	return both
}

// pace is what one pod's sidecar wrote: how many lines of calls received and sent, and
// the ends of the first and the last of them, which is when they were written.
type pace struct {
	got, sent   int
	first, last micros
}

func (l *pace) all() int { return l.got + l.sent }

// note counts a line.
func (l *pace) note(w window) {
	if l.all() == 0 {
		l.first, l.last = w.end, w.end
	}
	l.first, l.last = min(l.first, w.end), max(l.last, w.end)
}

// windows are the stretches that a pod's own lines cover: the graph's, which know
// holes and lines without a request_id, or what the traces show of a proxy that is no
// pod's of the graph.
func (s *survey) windows(pod int32) []window {
	if p := s.m.traffic(pod); p != nil && len(p.Windows) > 0 {
		ws := make([]window, len(p.Windows))
		for i, w := range p.Windows {
			ws[i] = window{w.First, w.Last}
		}
		return ws
	}
	if l := &s.lines[pod]; l.all() > 0 {
		return []window{{l.first, l.last}}
	}
	return nil
}
