package graph

// A pod that is called and writes no line at all, while others of its service do, sends
// as they do, as far as anybody can tell: a call goes to any of a service's pods alike.
// Where the callees do not log who called them, its siblings' lines stand for its own.

// silentPod reports whether a pod is called, as callers' lines show, and wrote nothing.
func (s *survey) silentPod(pod int) bool {
	return s.writers[pod].lines == 0 && s.told[inSide][pod] > 0
}

// standIns is, by node, how many calls one that its pods logged stands for; nil where
// each stands for itself.
func (a *audit) standIns() []float64 {
	var stands []float64
	for n := range a.nodes {
		all, heard := 0.0, 0.0
		for _, i := range a.podsOfNode(int32(n)) {
			rate := a.pods[inSide][i].told.rate
			switch {
			case a.writers[i].out > 0:
				heard += rate
				all += rate
			case a.silentPod(int(i)):
				all += rate
			}
		}
		if heard == 0 || all == heard {
			continue
		}
		if stands == nil {
			stands = make([]float64, len(a.nodes))
		}
		stands[n] = all / heard
	}
	return stands
}

// silent is how many pods siblings stand in for.
func (s *survey) silent() (n int) {
	for i, ref := range s.pods {
		n += b2i(s.stands != nil && s.stands[ref.node] > 0 && s.silentPod(i))
	}
	return n
}

// standsFor is how many calls a hop stands for: more than one where it was sent by a
// service with silent pods and callees do not tell who called.
func (s *survey) standsFor(h *hop) float64 {
	if h.in || h.from < 0 || h.to < 0 || s.stands == nil || s.stands[h.from] == 0 || s.edge(h.from, h.to).lines[inSide] > 0 {
		return 1
	}
	return s.stands[h.from]
}

// unknownCallers marks the nodes that silent pods call, as their siblings do: what such a
// node sends for no call that is seen may be sent for theirs.
func (s *survey) unknownCallers() []bool {
	unknown := make([]bool, len(s.nodes))
	for i := range s.tally {
		if t := &s.tally[i]; s.stands != nil && s.stands[t.from] > 0 && t.lines[inSide] == 0 {
			unknown[t.to] = true
		}
	}
	return unknown
}
