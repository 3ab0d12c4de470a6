package optimize

import (
	"github.com/sluice-mesh/sluice/budget"
	"github.com/sluice-mesh/sluice/graph"
)

// Study is what a round's plan was made of, for those who ask what would have been:
// a plain value that survives JSON. It must not be changed.
type Study struct {
	// Input is what budget.Pour was given.
	Input budget.Input `json:"input"`
	// Pods names the pods of each service, in the order of Input.Sidecars.
	Pods [][]string `json:"pods"`
	// Back are calls that were seen and are not in Input, as they close a cycle: from
	// and to index Input.Sidecars.
	Back [][2]int `json:"back,omitempty"`
}

// NewStudy is the Study of the round that Plan would make of these.
func NewStudy(obs *Observation, prior *Memory, o Options) *Study {
	s, _ := newStudy(obs, prior, o)
	return s
}

// newStudy also tells, as warnings, what it took from earlier rounds where this one
// shows nothing.
func newStudy(obs *Observation, prior *Memory, o Options) (s *Study, recalled []string) {
	s = &Study{Input: pourInput(obs, prior, o.Budget), Pods: make([][]string, len(obs.fleet))}
	if obs.recalls(prior) {
		prior.Traffic.recall(&s.Input)
		recalled = []string{prior.Traffic.warning(obs.Graph.Gateway.Requests)}
	}
	for i := range obs.fleet {
		for _, p := range obs.fleet[i].Pods {
			s.Pods[i] = append(s.Pods[i], p.Name)
		}
	}
	s.Back = closing(obs)
	return s, recalled
}

// closing are the calls between services that close a cycle.
func closing(obs *Observation) (out [][2]int) {
	byName := make(map[string]int, len(obs.fleet))
	for i := range obs.fleet {
		byName[obs.fleet[i].Name] = i
	}
	at := func(node int) (int, bool) {
		i, ok := byName[obs.Graph.Nodes[node].Name]
		return i, ok && obs.Graph.Nodes[node].Kind == graph.Service
	}
	for i := range obs.Graph.Edges {
		e := &obs.Graph.Edges[i]
		if !e.Back {
			continue
		}
		from, known := at(e.From)
		to, served := at(e.To)
		if known && served {
			out = append(out, [2]int{from, to})
		}
	}
	return out
}
