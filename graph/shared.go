package graph

import (
	"cmp"
	"slices"
)

// court decides which of several services behind one address made the calls that came
// from there, as host networking has it: one of those that the same request called there.
type court struct {
	*join
	place *place
	// longest is how long the longest call there took of each node; nodes and took
	// are the same in order.
	longest map[int32]Micros
	nodes   []int32
	took    []Micros
	// calls are those received whose lines were written there, by start: they are on
	// the same clock as what was sent from there. known marks their callees.
	calls []receivedAt
	known []bool
	// decided are the calls sent from there by their own lines, once they were
	// decided, by callee and duration.
	decided []*hop
}

// receivedAt is a call received by one of court.nodes.
type receivedAt struct {
	*hop
	node int
}

// maxAmong is how many services behind one address are told apart in one request.
const maxAmong = 64

// decide settles the callers of a request's hops that are unsure. First count the
// callees that were called at the same address, and of them those whose call lasted as
// long; then, as one address is one clock, those whose call contains the caller's line;
// then what a callee's line is the other side of. Where several are left, what they are
// known to call decides, and last which call began last: then the caller is inferred.
func (j *join) decide(hops []hop) {
	courts := j.courts(hops)
	for pass := range 2 { // callers' lines first: callees' follow them
		for i := range hops {
			h := &hops[i]
			if h.unsure != nil && h.from == none && h.event.traced() && h.in == (pass == 1) {
				courts[h.unsure].judge(h)
			}
		}
		for _, c := range courts { // each by itself
			slices.SortFunc(c.decided, compareAnswers)
		}
	}
}

// settleTwins gives what is still nobody's to the first of the services that all select
// the pod it came from: it was that pod's, whichever of them it served.
func (j *join) settleTwins(hops []hop) {
	for i := range hops {
		if h := &hops[i]; h.from == none && h.unsure != nil && h.unsure.twins {
			h.from = h.unsure.services[0]
			h.fromPod, h.inferred = j.podOf(h.unsure, h.from), true
		}
	}
}

// courts of the places that a request's unsure calls came from.
func (j *join) courts(hops []hop) map[*place]*court {
	courts := make(map[*place]*court)
	for i := range hops {
		if p := hops[i].unsure; p != nil && courts[p] == nil {
			courts[p] = &court{join: j, place: p, longest: make(map[int32]Micros)}
		}
	}
	for i := range hops {
		h := &hops[i]
		if h.to < 0 {
			continue
		}
		if c := courts[j.calledAt(h.event)]; c != nil {
			c.hear(h)
		} else if h.toPod == none && len(courts) <= maxAmong {
			for _, c := range courts { // each by itself
				if c.mayBe(h.to) { // by an address that tells no pod: nobody knows how long
					c.longest[h.to] = latestStart
				}
			}
		}
	}
	for _, c := range courts {
		c.open()
	}
	return courts
}

func compareAnswers(a, b *hop) int {
	return cmp.Or(cmp.Compare(a.to, b.to), cmp.Compare(a.event.duration, b.event.duration), cmp.Compare(a.event.id, b.event.id))
}

// hear takes up a call of the request that was received at the place.
func (c *court) hear(h *hop) {
	c.longest[h.to] = max(c.longest[h.to], h.event.duration.micros())
	if &c.places[h.writer] == c.place && h.event.timed() && h.event.duration != noSpan {
		c.calls = append(c.calls, receivedAt{hop: h})
	}
}

// open puts in order what was heard. Where not all candidates are known, or too many,
// there are none.
func (c *court) open() {
	if c.place.crowded || len(c.longest) > maxAmong {
		c.calls = nil
		return
	}
	for n := range c.longest { // sorted below
		c.nodes = append(c.nodes, n)
	}
	slices.Sort(c.nodes)
	c.known = make([]bool, len(c.nodes))
	for _, n := range c.nodes {
		c.took = append(c.took, c.longest[n])
	}
	for i := range c.calls {
		r := &c.calls[i]
		r.node, _ = slices.BinarySearch(c.nodes, r.to)
		c.known[r.node] = true
	}
	slices.SortFunc(c.calls, func(a, b receivedAt) int {
		return cmp.Or(cmp.Compare(a.event.start, b.event.start), cmp.Compare(b.to, a.to), cmp.Compare(a.event.id, b.event.id))
	})
}

// mayBe reports whether a node has a pod at the place, or is one that it was called as.
func (c *court) mayBe(node int32) bool {
	return len(c.podsOf(c.place, node)) > 0 || slices.Contains(c.place.learned, node)
}

// fits reports whether candidate i may have made a call: what took longer than any that
// it received was not made during one of those.
func (c *court) fits(i int, h *hop) bool {
	return len(c.nodes) == 1 || c.took[i] >= h.event.duration.micros()-2*rounding
}

// judge finds the caller of one hop.
func (c *court) judge(h *hop) {
	among := make([]int, 0, maxAmong)
	for i := range c.nodes {
		if c.fits(i, h) {
			among = append(among, i)
		}
	}
	from, last := none, none
	switch {
	case len(among) < 2:
	case h.in:
		if o := c.otherSide(h); o != nil {
			from, h.inferred = o.from, o.inferred
		}
	default:
		among, last = c.serving(h, among)
	}
	if from == none && len(among) == 1 {
		from = c.nodes[among[0]]
	} else if from == none {
		if from = c.likeliest(among, h.to); from == none && c.plausible(among, h.to, last) {
			from = last
		}
		h.inferred = from != none
	}
	if from == none {
		return
	}
	h.from, h.fromPod = from, c.podOf(c.place, from)
	if !h.in {
		c.decided = append(c.decided, h)
	}
}

// serving is which candidates were, by the clock that a caller's line is on: those that
// had received a call which contains it, and those of whom that clock knows nothing.
// last is who received the last of those calls.
func (c *court) serving(h *hop, among []int) (left []int, last int32) {
	last = none
	if !h.event.timed() {
		return among, none
	}
	start, end := h.event.start, h.event.end()
	var contains [maxAmong]bool
	at, _ := slices.BinarySearchFunc(c.calls, start+rounding+1, func(r receivedAt, at Micros) int { return cmp.Compare(r.event.start, at) })
	for i := at - 1; i >= max(0, at-maxCandidates); i-- {
		r := &c.calls[i]
		itself := r.hop == h || r.to == h.to && r.event.start+rounding >= start && r.event.end() <= end+rounding
		if itself || r.event.end()+rounding < end || !slices.Contains(among, r.node) {
			continue
		}
		if contains[r.node] = true; last == none {
			last = r.to
		}
	}
	left = slices.DeleteFunc(among, func(i int) bool { return c.known[i] && !contains[i] })
	return left, last
}

// plausible reports whether a candidate is known to call a node, or none of them is.
func (c *court) plausible(among []int, to, from int32) bool {
	certain := func(n int32) bool { return c.calling[[2]int32{n, to}] >= surely }
	return from != none && (certain(from) || !slices.ContainsFunc(among, func(i int) bool { return certain(c.nodes[i]) }))
}

// surely is how many calls of a service to another must be certain for more of them to
// be believed; muchMore by how many times as many as those of another candidate, for
// whole milliseconds make some mistakes certain.
const (
	surely   = 3
	muchMore = 10
)

// likeliest is the candidate that is known to call a node, or does much more than any
// other.
func (c *court) likeliest(among []int, to int32) int32 {
	from, most, next := none, 0, 0
	for _, i := range among {
		switch n := c.calling[[2]int32{c.nodes[i], to}]; {
		case n > most:
			from, most, next = c.nodes[i], n, most
		case n > next:
			next = n
		}
	}
	if most < surely || most < muchMore*next {
		return none
	}
	return from
}

// otherSide is the caller's line of the call that a callee's line is of, where that was
// decided: of several the one that took next as long or longer.
func (c *court) otherSide(h *hop) *hop {
	at, _ := slices.BinarySearchFunc(c.decided, h, compareAnswers)
	for _, i := range [...]int{at, at - 1} {
		if i >= 0 && i < len(c.decided) && c.decided[i].to == h.to {
			return c.decided[i]
		}
	}
	return nil
}

// shared reports whether a place may be one of several services.
func (p *place) shared() bool { return p.node == several || len(p.learned) > 1 }

// learnCallers counts the calls of which the caller is certain, where some are not.
func (j *join) learnCallers(es *events) {
	if !slices.ContainsFunc(j.places, func(p place) bool { return p.shared() }) {
		return
	}
	calling := make(map[[2]int32]int)
	var hops []hop
	for r := range es.requests() {
		if !r.whole {
			continue
		}
		hops = j.resolve(hops[:0], r.events)
		for i := range hops {
			if h := &hops[i]; h.from > 0 && h.to >= 0 && !h.inferred {
				calling[[2]int32{h.from, h.to}]++
			}
		}
	}
	j.calling = calling
}

// doubtful lists the places of a request's calls whose callers stay unknown.
func doubtful(places []*place, hops []hop) []*place {
	places = places[:0]
	for i := range hops {
		if h := &hops[i]; h.unsure != nil && h.from == none && !slices.Contains(places, h.unsure) {
			places = append(places, h.unsure)
		}
	}
	return places
}

// doubt notes a call whose caller is unknown, or inferred, with the edges that it may be
// of: their intervals must hold the truth either way. It reports whether a call of
// nobody was shared out among them.
func (s *survey) doubt(h *hop, rate float64) (laid bool) {
	if h.to < 0 {
		return false
	}
	side := sideOf(h)
	if h.inferred {
		s.edge(h.from, h.to).inferred[side] += rate
	}
	if h.from != none {
		return false
	}
	nodes := h.unsure.services
	if len(h.unsure.pods) == 0 {
		nodes = h.unsure.learned
	}
	all := 0
	for _, n := range nodes {
		all += s.calling[[2]int32{n, h.to}]
	}
	for _, n := range nodes {
		if i := s.at.Find(n, h.to); i != none && all > 0 {
			t := &s.tally[i]
			laid = true
			t.doubt[side] += rate
			t.shared[side] += rate * float64(s.calling[[2]int32{n, h.to}]) / float64(all)
		}
	}
	return laid
}

// share adds to an edge's rate its part of the calls that may be its, and makes the
// interval hold what of all that may be, or may not.
func (t *edgeTally) share(e *Edge, rate *estimate) {
	doubt, sure := max(t.doubt[outSide], t.doubt[inSide]), max(t.inferred[outSide], t.inferred[inSide])
	if doubt == 0 && sure == 0 {
		return
	}
	more := max(t.shared[outSide], t.shared[inSide])
	rate.value += more
	rate.variance += sq(doubt) / 4
	e.Rate += more
	e.RateLow = max(0, e.RateLow-sure)
	e.RateHigh += doubt
}
