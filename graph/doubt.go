package graph

import (
	"cmp"
	"slices"
	"strings"
)

// Doubt is calls that make no edge, or one by inference alone, because their caller or
// their callee is one of several services behind one address. They were made all the
// same: whoever asks what a service may call has to count them.
type Doubt struct {
	// From and To index Graph.Nodes, sorted: the callers and the callees that may be
	// meant. Doubts share them: they must not be changed.
	From, To []int
	// Hosts and Unnamed are as an Edge's.
	Hosts   []Host
	Unnamed Host
}

const (
	// maxDoubts bounds what is kept, in pairs of services: a host of a cluster runs a few
	// on its own network, each of which calls a few others.
	maxDoubts = 1 << 16
	// maxDoubted is how many services a call may be of to count for each of them.
	maxDoubted = maxAmong
)

// doubts are the calls whose ends are not certain.
type doubts struct {
	tally map[doubtKey]map[doubtName]hostTally
	// sets are lists of services that may be meant; of are the numbers of those of ends of
	// calls, and known finds a set by what is in it.
	sets  [][]int
	of    map[end]int32
	known map[string]int32
	// pairs of services that are kept; lost counts the calls that found no room.
	pairs int
	lost  int64
}

// end is one end of a call: a node or, where at is set, one of those there.
type end struct {
	at   *place
	node int32
}

// doubtKey tells doubts apart: by who may be at their ends.
type doubtKey struct{ from, to int32 }

// doubtName is a name by which was called, on one side.
type doubtName struct {
	side int
	name uint32
}

// waver notes a hop whose ends are not certain. One pod of several services is certain
// enough: what it calls is all of theirs.
func (s *survey) waver(h *hop) {
	var fromAt, calledAt *place
	if h.unsure != nil && !h.unsure.twins && (h.from == none || h.inferred) {
		fromAt = h.unsure
	}
	if h.to == none {
		if calledAt = s.calledAt(h.event); calledAt.node != several {
			return
		}
	}
	if fromAt == nil && (calledAt == nil || h.from <= 0) {
		return
	}
	d := &s.doubts
	if d.tally == nil {
		*d = doubts{tally: make(map[doubtKey]map[doubtName]hostTally), of: make(map[end]int32), known: make(map[string]int32)}
	}
	k := doubtKey{s.mayBe(fromAt, h.from), s.mayBe(calledAt, h.to)}
	t := d.tally[k]
	if t == nil {
		from, to := len(d.sets[k.from]), len(d.sets[k.to])
		if from > maxDoubted || to > maxDoubted || d.pairs+from*to > maxDoubts {
			d.lost += int64(b2i(h.from == none || h.to == none)) // what is inferred has an edge
			return
		}
		d.pairs += from * to
		t = make(map[doubtName]hostTally)
		d.tally[k] = t
	}
	n := doubtName{sideOf(h), h.event.name}
	t[n] = hostTally{t[n].calls + 1, max(t[n].last, h.event.start)}
}

// mayBe is the number of the set of services that a place may be, or of the one node that
// is known. Places with the same services, as hosts of a cluster have, are one.
func (s *survey) mayBe(p *place, node int32) int32 {
	if p != nil {
		node = none
	}
	if n, ok := s.doubts.of[end{p, node}]; ok {
		return n
	}
	of := []int32{node}
	if p != nil && len(p.pods) > 0 {
		of = s.servicesAt(p.address)
	} else if p != nil {
		of = p.learned
	}
	var set []int
	for _, n := range of {
		if n > 0 {
			set = append(set, int(n))
		}
	}
	slices.Sort(set)
	n := s.doubts.intern(set)
	s.doubts.of[end{p, node}] = n
	return n
}

func (d *doubts) intern(set []int) int32 {
	var b strings.Builder
	for _, n := range set {
		b.WriteString(string([]byte{byte(n), byte(n >> 8), byte(n >> 16), byte(n >> 24)}))
	}
	n, ok := d.known[b.String()]
	if !ok {
		n = int32(len(d.sets))
		d.known[b.String()] = n
		d.sets = append(d.sets, set)
	}
	return n
}

// listDoubts lists them by who may have called whom.
func (s *survey) listDoubts() []Doubt {
	var out []Doubt
	for k, t := range s.doubts.tally { // sorted below
		d := Doubt{From: s.doubts.sets[k.from], To: s.doubts.sets[k.to]}
		if len(d.From) == 0 || len(d.To) == 0 {
			continue
		}
		var names [2]map[uint32]hostTally
		for n, h := range t {
			if names[n.side] == nil {
				names[n.side] = make(map[uint32]hostTally)
			}
			names[n.side][n.name] = h
		}
		side := inSide
		if names[outSide] != nil {
			side = outSide
		}
		d.Hosts, d.Unnamed = s.hosts(&edgeTally{from: int32(d.From[0]), to: int32(d.To[0])}, names[side])
		if len(d.Hosts) > maxHosts {
			slices.SortStableFunc(d.Hosts, func(a, b Host) int { return cmp.Compare(b.Calls, a.Calls) })
			d.Hosts = slices.Clone(d.Hosts[:maxHosts])
			slices.SortFunc(d.Hosts, compareHosts)
		}
		out = append(out, d)
	}
	slices.SortFunc(out, func(a, b Doubt) int { return cmp.Or(slices.Compare(a.From, b.From), slices.Compare(a.To, b.To)) })
	return out
}
