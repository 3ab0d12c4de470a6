package graph

import "slices"

// Doubt is calls that make no edge, or one by inference alone, because their caller or
// their callee is one of several services behind one address. They were made all the
// same: whoever asks what a service may call has to count them.
type Doubt struct {
	// From and To index Graph.Nodes, sorted: the callers and the callees that may be meant.
	From, To []int
	// Hosts and Unnamed are as an Edge's.
	Hosts   []Host
	Unnamed Host
}

// doubtKey tells doubts apart: by the nodes at their ends or, where these are not known,
// the places.
type doubtKey struct {
	from, to         int32
	fromAt, calledAt *place
}

// doubtTally is the names by which was called, by side.
type doubtTally [2]map[uint32]hostTally

// waver notes a hop whose ends are not certain. One pod of several services is certain
// enough: what it calls is all of theirs.
func (s *survey) waver(h *hop) {
	k := doubtKey{from: h.from, to: h.to}
	if h.unsure != nil && !h.unsure.twins && (h.from == none || h.inferred) {
		k.from, k.fromAt = none, h.unsure
	}
	if h.to == none {
		if p := s.calledAt(h.event); p.node == several {
			k.calledAt = p
		}
	}
	if k.fromAt == nil && (k.calledAt == nil || k.from <= 0) || k.to == none && k.calledAt == nil {
		return
	}
	if s.doubts == nil {
		s.doubts = make(map[doubtKey]*doubtTally)
	}
	t := s.doubts[k]
	if t == nil {
		t = &doubtTally{make(map[uint32]hostTally), make(map[uint32]hostTally)}
		s.doubts[k] = t
	}
	was := t[sideOf(h)][h.event.name]
	t[sideOf(h)][h.event.name] = hostTally{was.calls + 1, max(was.last, h.event.start)}
}

// listDoubts lists them by who may have called whom, those alike together.
func (s *survey) listDoubts() []Doubt {
	var out []Doubt
	for k, t := range s.doubts {
		d := Doubt{From: s.candidates(k.fromAt, k.from), To: s.candidates(k.calledAt, k.to)}
		if len(d.From) == 0 || len(d.To) == 0 {
			continue
		}
		side := inSide
		if len(t[outSide]) > 0 {
			side = outSide
		}
		d.Hosts, d.Unnamed = s.hosts(&edgeTally{from: int32(d.From[0]), to: int32(d.To[0])}, t[side])
		out = append(out, d)
	}
	slices.SortFunc(out, compareDoubts)
	merged := out[:0]
	for _, d := range out {
		if n := len(merged); n > 0 && slices.Equal(merged[n-1].From, d.From) && slices.Equal(merged[n-1].To, d.To) {
			merged[n-1].add(d)
			continue
		}
		merged = append(merged, d)
	}
	return merged
}

// candidates are the services that a place may be, or the one node that is known.
func (s *survey) candidates(p *place, node int32) []int {
	of := []int32{node}
	if p != nil && len(p.pods) > 0 {
		of = s.servicesAt(p.address)
	} else if p != nil {
		of = p.learned
	}
	var out []int
	for _, n := range of {
		if n > 0 {
			out = append(out, int(n))
		}
	}
	slices.Sort(out)
	return out
}

func compareDoubts(a, b Doubt) int {
	if c := slices.Compare(a.From, b.From); c != 0 {
		return c
	}
	return slices.Compare(a.To, b.To)
}

// add makes one of two that are of the same services.
func (d *Doubt) add(o Doubt) {
	d.Unnamed.Calls += o.Unnamed.Calls
	d.Unnamed.Last = max(d.Unnamed.Last, o.Unnamed.Last)
	all := slices.Concat(d.Hosts, o.Hosts)
	slices.SortFunc(all, compareHosts)
	d.Hosts = all[:0]
	for _, h := range all {
		n := len(d.Hosts)
		if n > 0 && compareHosts(d.Hosts[n-1], h) == 0 {
			d.Hosts[n-1].Calls += h.Calls
			d.Hosts[n-1].Last = max(d.Hosts[n-1].Last, h.Last)
			continue
		}
		d.Hosts = append(d.Hosts, h)
	}
}
