package graph

import "cmp"

// homes tells in which namespace each pod lives: the one that the request names, else
// that of the hosts by which it was called.
type homes struct {
	// of is by pod, "" where nothing tells; called and disputed are those of hosts.
	of, called []string
	disputed   []bool
	// parted marks nodes whose pods live in several; their calls are told apart.
	parted []bool
}

func newHomes(j *join) homes {
	return homes{called: make([]string, len(j.pods)), disputed: make([]bool, len(j.pods))}
}

// note takes the namespace of a host by which a pod was called, "" for none.
func (h *homes) note(pod int32, namespace string) {
	switch known := &h.called[pod]; {
	case namespace == "" || namespace == *known:
	case *known == "":
		*known = namespace
	default:
		h.disputed[pod] = true
	}
}

// settle ends the notes. Of pods that nothing tells of the others of their service do,
// where these live in one namespace.
func (h *homes) settle(j *join) {
	h.of, h.parted = make([]string, len(j.pods)), make([]bool, len(j.nodes))
	only := make([]string, len(j.nodes)) // the first that is known
	for pod, ref := range j.pods {
		called := h.called[pod]
		if h.disputed[pod] {
			called = ""
		}
		home := cmp.Or(j.nodes[ref.node].Pods[ref.index].Namespace, called)
		h.of[pod] = home
		h.parted[ref.node] = h.parted[ref.node] || home != "" && only[ref.node] != "" && only[ref.node] != home
		only[ref.node] = cmp.Or(only[ref.node], home)
	}
	for pod, ref := range j.pods {
		if !h.parted[ref.node] {
			h.of[pod] = only[ref.node]
		}
	}
}

// part is a share of an edge's calls by a name: those of the pods of one namespace.
type part struct {
	home string
	// known is that the pod is.
	known bool
	side  int
	name  uint32
}

// noteHome tells apart whose call it was, where the pods of its caller live in several
// namespaces.
func (s *survey) noteHome(e *edgeTally, h *hop, side int) {
	if h.from <= 0 || !s.homes.parted[h.from] {
		return
	}
	if e.parts == nil {
		e.parts = make(map[part]hostTally)
	}
	k := part{side: side, name: h.event.name}
	if h.fromPod != none {
		k.home, k.known = s.homes.of[h.fromPod], true
	}
	t := e.parts[k]
	e.parts[k] = hostTally{t.calls + 1, max(t.last, h.event.start)}
}

// partsOf lists by what names the pods of each namespace called, sorted by it. Calls of
// pods that are not known may be anybody's.
func (s *survey) partsOf(t *edgeTally, side int) []Part {
	if len(t.parts) == 0 {
		return nil
	}
	byHome := make(map[string]map[uint32]hostTally)
	for _, p := range s.podsOfNode(t.from) {
		byHome[s.homes.of[p]] = make(map[uint32]hostTally)
	}
	for k, h := range t.parts {
		if k.side != side {
			continue
		}
		for home, names := range byHome {
			if !k.known || k.home == home {
				was := names[k.name]
				names[k.name] = hostTally{was.calls + h.calls, max(was.last, h.last)}
			}
		}
	}
	var out []Part
	for _, home := range sortedKeys(byHome) {
		p := Part{Home: home}
		p.Hosts, p.Unnamed = s.hosts(t, byHome[home])
		out = append(out, p)
	}
	return out
}
