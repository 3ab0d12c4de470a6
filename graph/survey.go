package graph

import (
	"cmp"
	"slices"
	"strings"
)

// survey is the work of one Build: it goes over the events three times (who
// wrote them and which edges there are; how they are spread over time; what
// they sum up to) and leaves the figures in the nodes and edges.
type survey struct {
	*join
	events *events
	// writers: the pods by number, then others as they are found.
	writers []writer
	others  map[otherWriter]int32
	// wrote is the writer of each event, in canonical order.
	wrote []int32
	tally []edgeTally
	at    Pairs // from two nodes to the index in tally
	byPod []podTally
	// lost is, by node, the rate of calls received from unknown callers, nameless
	// how many lines tell of such.
	lost     []float64
	nameless []int
	// followed counts calls by edge and calling pod; see follower.
	followed following
	// addressed marks nodes that were reached by an address that tells no pod.
	addressed []bool
	// unit is, by pod, what follower counts it under; first is each node's first
	// pod. listens marks the units that log what they send and not what they
	// receive; clocks compares those with their callers, whose calls to each node
	// are counted in callers. hears is, by pod, where the log holds both (see hear),
	// strange the part of its calls whose callers' clocks are not known.
	unit, first []int32
	listens     []bool
	clocks      *clocks
	callers     map[[2]int32]int
	hears       []window
	inner       []window
	crowded     []bool // pods at an address of several
	strange     []float64
	// told counts, by side and pod, the lines of the other ends of a pod's calls, toldNode
	// by service those that tell no pod; partly is what follows from them (file partly.go).
	told     [2][]int32
	toldNode []int32
	partly   partly
	// stands is what the lines of a service with silent pods stand for (file silent.go).
	stands []float64
	// vague counts the lines that lack their start or duration, clear the others.
	vague, clear int
	// partlyDeaf is set where an edge is unheard; then it is worth asking which.
	partlyDeaf bool
	// homes of the pods.
	homes homes
	// doubts are the calls whose ends are not certain.
	doubts doubts
	// fanout is how many callees each node has, nil until it is asked for.
	fanout []int
	// goneUsual is set where calls fail before they come to their callees.
	goneUsual bool
	// lostMeanwhile is what pods' logs lost of what was followed, by side, over all of them.
	lostMeanwhile [2]lostLines
	// lossy is set where so many lines are lost that the ends' do not tell which are of one
	// call.
	lossy bool
	// heard is, by node, what its callers' lines say of the calls to it.
	heard []heard
	// rates of the edges.
	rates []estimate
	odd   oddities
	// entries are the external requests that were counted by their request_ids, of
	// which there are ids.
	entries, ids int
	// oversized requests were capped; cut proxies have holes in their windows.
	oversized int64
	cut       int
	// headless is set when no call from the root was seen, but others were.
	headless bool
}

// otherWriter is a proxy that is not one pod of the request: it is known by its
// address, and at a shared address by the service that it stands before.
type otherWriter struct {
	address uint32
	node    int32
}

// oddities are counted for the warnings.
type oddities struct {
	reused, unsure, callerless, calleeless, aimless, addressless int64
}

// edgeTally sums what is known of one edge.
type edgeTally struct {
	from, to int32
	out, in  sideRate
	// thin is what proxies logged that log a side only in part: it counts if nothing
	// else does.
	thin [2]sideRate
	// paired and loose count calls: of requests, and those without request_id
	// by side.
	paired float64
	loose  [2]float64
	// tries are what tells how many calls were made again and, of the failed ones, how many
	// never came to the callee: at callees that log what they receive, and in part.
	tries [2]tries
	// events, and of them failed ones, sizes and names, by side.
	events, failed, bytes, sized [2]int64
	// traced counts the events with a request_id by side.
	traced [2]int64
	// hosts are calls by name, but for the latest by one name, which are in runs: most edges
	// have but one.
	hosts [2]map[uint32]hostTally
	runs  [2]hostRun
	// parts are the same, told apart by where the caller's pods live.
	parts map[part]hostTally
	// lines counts the events by side before any are summed up.
	lines [2]int
	// answered is set once a caller's line tells of a call that did not fail.
	answered bool
	// inferred is the rate of the calls that are this edge's only by inference,
	// doubt of those that are nobody's and may be, shared this edge's part of them by
	// what is certain; by side.
	inferred, doubt, shared [2]float64
	// unnamed is set where callees' lines that do not say who called may be of
	// this edge.
	unnamed bool
	// timed counts events with a duration by side; durations and their total in
	// µs are those of the side that is shown.
	timed     [2]int
	durations []span
	total     int64
}

type hostTally struct {
	calls int
	last  Micros
}

// hostRun is calls by one name, one after the other.
type hostRun struct {
	name uint32
	hostTally
}

// podTally sums what is known of one pod.
type podTally struct {
	received, sent podSide
	evidence       evidence
	// seen is the calls received during which all that the pod sent was logged,
	// seenSquare the sum of their squares by request.
	seen, seenSquare float64
	// receivedLost and sentLost are what tells how many of its lines are lost (file lone.go).
	receivedLost, sentLost lostLines
	// seenLone is the part of seen that only callers' lines tell of; told are the calls
	// received of which the caller's line is there, toldFailed those of them that failed for
	// the caller, untold those of which it is not, perhaps failed ones without the pod's own.
	seenLone, told, toldFailed, untold, perhaps float64
}

// podSide is calls by pairing, loose ones by side, and rate by the pod's own
// lines, by its own where it logs them only in part, and by those of the other ends.
type podSide struct {
	calls                        float64
	loose                        [2]float64
	ownRate, thinRate, otherRate float64
}

// writerOf is the number of the proxy that wrote a hop's line.
func (s *survey) writerOf(h *hop) int32 {
	p := &s.places[h.writer]
	if len(p.pods) == 1 {
		return p.pods[0]
	}
	key := otherWriter{address: h.writer, node: none}
	own, pod := h.from, h.fromPod
	if h.in {
		own, pod = h.to, h.toPod
	}
	if pod != none {
		return pod
	}
	if len(p.pods) > 1 {
		key.node = own
	}
	w, ok := s.others[key]
	if !ok {
		w = int32(len(s.writers))
		s.others[key] = w
		s.writers = append(s.writers, writer{})
	}
	return w
}

// edge finds or makes the edge of two nodes.
func (s *survey) edge(from, to int32) *edgeTally {
	i := s.at.Find(from, to)
	if i == none {
		i = int32(len(s.tally))
		s.at.Set(from, to, i)
		s.tally = append(s.tally, edgeTally{from: from, to: to})
	}
	return &s.tally[i]
}

// newSurvey counts the lines of each writer and finds the edges.
func newSurvey(b *Builder, j *join, es *events) *survey {
	s := &survey{
		join:    j,
		events:  es,
		writers: make([]writer, len(j.pods)),
		others:  make(map[otherWriter]int32),
		wrote:   make([]int32, 0, b.kept),

		byPod:    make([]podTally, len(j.pods)),
		lost:     make([]float64, len(j.nodes)),
		nameless: make([]int, len(j.nodes)),
		heard:    make([]heard, len(j.nodes)),

		addressed: make([]bool, len(j.nodes)),
		homes:     newHomes(j),
		told:      [2][]int32{make([]int32, len(j.pods)), make([]int32, len(j.pods))},
		toldNode:  make([]int32, len(j.nodes)),
	}
	s.inParts(nil, func(r *resolved) {
		n := s.entered(r.hops, r.whole)
		for i := range r.hops {
			s.count(&r.hops[i], r.whole, n)
		}
	})
	s.sortEdges()
	return s
}

// entered is how many external requests share one request_id: one, as a rule.
func (s *survey) entered(hops []hop, whole bool) int {
	if !whole {
		return 1
	}
	var n [2]int
	for i := range hops {
		if h := &hops[i]; h.from == 0 {
			n[sideOf(h)]++
		}
	}
	most := max(n[outSide], n[inSide])
	s.ids += b2i(most > 0)
	s.entries += most
	return max(1, most)
}

// count notes one hop at its edge and its writer. Events that are not all of a
// request count as one each, and those of a request_id that many requests share as so
// many: it tells none apart.
func (s *survey) count(h *hop, whole bool, requests int) {
	side := sideOf(h)
	if d := h.event.duration; h.from >= 0 && h.to >= 0 {
		e := s.edge(h.from, h.to)
		e.lines[side]++
		if d != noSpan {
			e.timed[side]++
		}
		e.answered = e.answered || side == outSide && !h.event.failed()
		if side == outSide && whole && !h.event.unreached() {
			s.heard[h.to].add(h.event)
			s.addressed[h.to] = s.addressed[h.to] || h.toPod == none && s.reached(h.event)
		}
	}
	if h.to >= 0 && h.nameless() {
		s.nameless[h.to]++
	}
	if h.toPod != none {
		s.homes.note(h.toPod, s.names[h.event.name].namespace)
	}
	s.tell(h, side)
	if h.event.timed() && h.event.duration != noSpan {
		s.clear++
	} else {
		s.vague++
	}
	if h.entered {
		return // its line is another proxy's
	}
	at := s.writerOf(h)
	w := &s.writers[at]
	if side == inSide {
		w.in++
		w.named += b2i(h.event.traced())
		took := max(0, h.event.duration.micros())
		w.took, w.longest = w.took+took, max(w.longest, took)
	} else {
		w.out++
		w.namedOut += b2i(h.event.traced())
		w.failed += b2i(h.event.failed())
	}
	if e := h.event; e.timed() {
		at := e.end()
		w.ends[side].extend(block{at, at}, w.ends[side] == block{})
	}
	if h.implied {
		return // its line was counted as the one it sent
	}
	s.wrote = append(s.wrote, at)
	w.lines++
	w.timed += b2i(h.event.timed())
	if !whole || w.last != h.event.key || w.lines == 1 {
		w.last = h.event.key
		w.requests += requests
	}
}

// tell counts a line of the other end of a pod's call.
func (s *survey) tell(h *hop, side int) {
	switch {
	case h.unreached():
	case side == inSide && h.fromPod != none:
		s.told[outSide][h.fromPod]++
	case side == outSide && h.toPod != none:
		s.told[inSide][h.toPod]++
	case side == outSide && h.to >= 0:
		s.toldNode[h.to]++
	}
}

// The two sides of a call, as indexes.
const (
	outSide = iota
	inSide
)

func sideOf(h *hop) int {
	if h.in {
		return inSide
	}
	return outSide
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// sortEdges puts the edges in their final order, by the names at their ends, and makes
// room for durations. Names come before numbers: the root's may be a service's too.
func (s *survey) sortEdges() {
	slices.SortFunc(s.tally, func(a, b edgeTally) int {
		return cmp.Or(
			strings.Compare(s.nodes[a.from].Name, s.nodes[b.from].Name), strings.Compare(s.nodes[a.to].Name, s.nodes[b.to].Name),
			cmp.Compare(a.from, b.from), cmp.Compare(a.to, b.to))
	})
	for i := range s.tally {
		e := &s.tally[i]
		s.at.Set(e.from, e.to, int32(i))
		e.durations = make([]span, 0, e.timed[e.side()])
		e.unnamed = s.nameless[e.to] > 0 && e.lines[inSide] == 0
		s.partlyDeaf = s.partlyDeaf || e.unheard()
	}
}

// compareNodes orders by name, and alike names by number: the root's name may
// be a service's too.
func compareNodes(nodes []Node, a, b int32) int {
	return cmp.Or(strings.Compare(nodes[a].Name, nodes[b].Name), cmp.Compare(a, b))
}

// side whose durations the edge shows: the caller's where it was logged.
func (e *edgeTally) side() int {
	if e.timed[outSide] > 0 {
		return outSide
	}
	return inSide
}

// unheard reports whether the callee's sidecars log no call of this edge: all go
// around them, or they are those of a pod to itself. Calls of which none was answered may
// as well never have come.
func (e *edgeTally) unheard() bool {
	return e.answered && e.lines[inSide] == 0 && !e.unnamed
}

// listen finds each writer's window.
func (s *survey) listen() {
	total := 0
	for i := range s.writers {
		s.writers[i].from = total
		total += s.writers[i].timed
		s.writers[i].timed = 0
	}
	ends, n := make([]Micros, total), 0
	for r := range s.events.requests() {
		for i := range r.events {
			w := &s.writers[s.wrote[n]]
			n++
			if e := &r.events[i]; e.timed() {
				ends[w.from+w.timed] = e.end()
				w.timed++
			}
		}
	}
	beside(len(s.writers), func() func(int) {
		var sorter Sorter
		return func(i int) {
			w := &s.writers[i]
			own := ends[w.from : w.from+w.timed]
			sorter.Sort(own)
			w.window = windowOf(own)
			w.whole = w.window
			w.bursts = burstsIn(own, w.window)
		}
	})
	for i := range s.writers {
		s.cut += b2i(len(s.writers[i].window.blocks) > 1)
	}
	expose(s.writers)
}

// reached reports whether an outbound line names an upstream: one that names none, or
// by what is no address, tells that none was reached or that the field is damaged.
func (j *join) reached(e *event) bool { return e.up != absent && !j.at(e.up).odd }
