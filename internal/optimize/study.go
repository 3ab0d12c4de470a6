package optimize

import (
	"github.com/sluice-mesh/sluice/budget"
)

// Study is what a round's plan was made of, for those who ask what would have been:
// a plain value that survives JSON. It must not be changed.
type Study struct {
	// Input is what budget.Pour was given.
	Input budget.Input `json:"input"`
	// Pods names the pods of each service, in the order of Input.Sidecars.
	Pods [][]string `json:"pods"`
	// Lines is what became of the lines of the round's log.
	Lines Lines `json:"lines"`
}

// Lines counts a log's lines by what became of them.
type Lines struct {
	Total    int64 `json:"total"`
	Used     int64 `json:"used"`
	Repeated int64 `json:"repeated"`
	Skipped  int64 `json:"skipped"`
}

// NewStudy is the Study of the round that Plan would make of these.
func NewStudy(obs *Observation, prior *Memory, o Options) *Study {
	s, _ := newStudy(obs, prior, o)
	return s
}

// newStudy also tells, as warnings, what it took from earlier rounds where this one
// shows nothing.
func newStudy(obs *Observation, prior *Memory, o Options) (s *Study, recalled []string) {
	s = &Study{Input: pourInput(obs, prior, o.Budget), Pods: make([][]string, len(obs.fleet)), Lines: Lines(obs.Graph.Lines)}
	if obs.recalls(prior) {
		prior.Traffic.recall(&s.Input)
		recalled = []string{prior.Traffic.warning(obs.Graph.Gateway.Requests)}
	}
	for i := range obs.fleet {
		for _, p := range obs.fleet[i].Pods {
			s.Pods[i] = append(s.Pods[i], p.Name)
		}
	}
	return s, recalled
}
