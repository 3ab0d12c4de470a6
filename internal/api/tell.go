package api

import (
	"fmt"
	"net/http"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/sluice-mesh/sluice/budget"
	"github.com/sluice-mesh/sluice/internal/optimize"
	"github.com/sluice-mesh/sluice/internal/request"
)

// outcome is a bounded word for what became of a request.
func outcome(err error) string {
	if err == nil {
		return "answered"
	}
	switch status := problemOf(err).Status; status {
	case http.StatusBadRequest, http.StatusUnsupportedMediaType:
		return "malformed"
	case http.StatusForbidden:
		return "forbidden"
	case http.StatusRequestEntityTooLarge:
		return "too_large"
	case http.StatusUnprocessableEntity:
		return "infeasible"
	case http.StatusRequestTimeout:
		return "too_slow"
	case statusGone:
		return "gone"
	}
	return "failed"
}

// tell writes the round's line into the log and its figures into the metrics.
func (s *Server) tell(t *told) {
	took := time.Since(t.began)
	s.metrics.observe(t, took)
	line := s.log.WithFields(fields(t)).WithField("took_ms", float64(took.Microseconds())/1000)
	line.Info("round answered")
	log := s.log.WithField("round", t.round.Number)
	if err := t.round.Unsaved; err != nil {
		s.metrics.unsaved.Inc()
		log.WithError(err).Error("the round was answered, but it is not safe: make room in the state folder, and it is written with the next round")
	}
	if err := t.round.Untaught; err != nil {
		log.WithError(err).Warn("the round was answered, but taught nothing")
	}
}

// fields of the round's line: what was given, what changed most and why, what was
// seen, and what is promised.
func fields(t *told) logrus.Fields {
	p, obs := &t.report.Plan, t.report.Observation
	f := logrus.Fields{
		"round": t.round.Number, "services": len(obs.Services), "known_rounds": t.known,
		"cpu": cores(p.CPU), "cpu_limit": obs.Request.CPULimit,
		"memory": int64(p.Memory), "memory_limit": obs.Request.MemoryLimit,
		"observed_ms": millis(obs.Graph.Gateway.Mean), "observed_rps": obs.Graph.Gateway.Rate,
		"predicted_ms": millis(p.Predicted.Mean), "predicted_rps": p.Predicted.Rate,
		"lines": obs.Graph.Lines.Total, "lines_used": obs.Graph.Lines.Used,
		"warnings": len(t.report.Warnings),
	}
	if t.change != "" {
		f["change"], f["why"] = t.change, request.Shorten(t.why)
	}
	if len(t.report.Warnings) > 0 {
		f["warning"] = request.Shorten(t.report.Warnings[0])
	}
	return f
}

// known is how many observations stood behind a plan before its own.
func known(prior *optimize.Memory) int {
	if prior == nil {
		return 0
	}
	return prior.Latest().Round
}

// biggest is the allotment that changed most in CPU since the last plan of the
// mesh, or since the floors, and its reason; "" when none did.
func biggest(now []budget.Allotment, prior *optimize.Memory) (change, why string) {
	before := make(map[string]budget.MilliCPU)
	if prior != nil {
		for _, g := range prior.Latest().Given {
			before[g.Service] = g.CPU
		}
	}
	var most budget.MilliCPU
	for _, a := range now {
		was, ok := before[a.Service]
		if !ok {
			was = budget.FloorCPU
		}
		if by := max(a.CPU-was, was-a.CPU); by > most {
			most = by
			change, why = fmt.Sprintf("%s %dm → %dm", request.Shorten(a.Service), was, a.CPU), a.Reason
		}
	}
	return change, why
}

func cores(m budget.MilliCPU) float64 { return float64(m) / 1000 }

func millis(d time.Duration) float64 { return float64(d.Microseconds()) / 1000 }
