package graph

import "math"

const (
	// minAlike is how many requests must make the same number of calls before it is
	// taken for what all do.
	minAlike = 3
	// nearWhole is how far the rates may be from it, as a part of it.
	nearWhole = 0.3
)

// takeWhole fills in the calls per call received of services whose log is no longer than
// their calls take, so that nothing shows whether they pass request_id on always: where
// those few requests that were seen from start to end all made the same whole number of
// calls, and the rates say about as much, it is that. The rates alone are off by what was
// under way at the window's ends, which is then as much as what was logged.
func (s *survey) takeWhole(g *Graph, byRates, byTraces []estimate) {
	short := make([]bool, len(g.Nodes))
	for pod, ref := range s.pods {
		u := int(s.unit[pod])
		short[ref.node] = short[ref.node] || s.byPod[u].seen > 0 && !s.mute(u) && !s.traceable(u)
	}
	for i := range byTraces {
		n := int32(g.Edges[i].From)
		if !short[n] || !math.IsInf(byTraces[i].variance, 1) {
			continue
		}
		if k, ok := s.alike(n, int32(i)); ok && math.Abs(byRates[i].value-k.value) <= nearWhole*k.value {
			byTraces[i] = k
		}
	}
}

// alike is the number of calls along an edge that all requests made which were followed
// through a service, if it is one number.
func (s *survey) alike(node, edge int32) (k estimate, ok bool) {
	var of followed
	var seen, square float64
	for _, pod := range s.podsOfNode(node) {
		t, f := &s.byPod[s.unit[pod]], s.followed.of(edge, pod)
		if s.unit[pod] == pod {
			seen, square = seen+t.seen, square+t.seenSquare
		}
		of.c, of.cc, of.cn = of.c+f.c, of.cc+f.cc, of.cn+f.cn
	}
	if seen*seen < minAlike*square { // seen²/square is how many requests that is
		return k, false
	}
	n := math.Round(of.c / seen)
	off := of.cc - 2*n*of.cn + n*n*square
	return estimate{n, 0.25 / sq(seen+1)}, n >= 1 && off <= 1e-9*of.cc
}
