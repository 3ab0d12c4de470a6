package api

import (
	"cmp"
	"context"
	"errors"
	"net/http"
	"os"
	"time"

	"github.com/sluice-mesh/sluice/internal/optimize"
	"github.com/sluice-mesh/sluice/internal/report"
	"github.com/sluice-mesh/sluice/internal/request"
	"github.com/sluice-mesh/sluice/internal/rounds"
)

// optimize is POST /optimize: one request, one round, one answer.
func (s *Server) optimize(w http.ResponseWriter, r *http.Request) {
	answer, err := s.answer(w, r)
	s.metrics.rounds.WithLabelValues(outcome(err)).Inc()
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.send(w, r, http.StatusOK, "application/json", answer)
}

// answer receives the request, waits until it may work, and makes the round.
func (s *Server) answer(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	b, err := s.intake.receive(w, r)
	if err != nil {
		return nil, err
	}
	defer b.Close()
	s.last.under.Add(1)
	defer s.last.under.Add(-1)
	s.metrics.waiting.Inc()
	leave, err := s.gate.enter(r.Context(), b.size > largeBody)
	s.metrics.waiting.Dec()
	if err != nil {
		return nil, err
	}
	defer func() { leave() }()
	req, o, err := s.decode(b)
	if err != nil {
		return nil, err
	}
	large := largeFile(req, o)
	if large {
		o.Log.Enough = s.last.large
	}
	if b.size <= largeBody && large {
		leave() // and come again, alone
		leave = func() {}
		all, err := s.gate.enter(r.Context(), true)
		if err != nil {
			return nil, err
		}
		leave = all
	}
	return s.round(r.Context(), req, o)
}

// readTime is how long one log may take to read: others wait meanwhile. Two
// million lines take a few seconds; what a log of any kind holds back beyond that
// (compressed, on a disk that is gone) must not hold back an answer.
const readTime = 12 * time.Second

// decode is the request in b, with its log where it may be read, and the options
// to run it with. It gives b's memory and place back.
func (s *Server) decode(b *body) (*request.Request, optimize.Options, error) {
	o := s.o.Run
	o.Log.MaxTime = cmp.Or(o.Log.MaxTime, readTime)
	o.Log.Enough = s.last.small
	in, err := b.reader()
	if err != nil {
		return nil, o, err
	}
	req, err := request.Read(in)
	b.Close()
	if err != nil || s.roots == nil {
		return req, o, err
	}
	o.Log.Files = s.roots.root
	req.AccessLog, err = s.roots.within(req.AccessLog)
	return req, o, err
}

// largeFile tells whether the log is so long that it should be read alone. What
// cannot be looked at is not read either.
func largeFile(req *request.Request, o optimize.Options) bool {
	stat := os.Stat
	if o.Log.Files != nil {
		stat = o.Log.Files.Stat
	}
	info, err := stat(req.AccessLog)
	return err == nil && info.Size() > largeLog
}

// round observes, plans in turn, and keeps what it answers.
func (s *Server) round(ctx context.Context, req *request.Request, o optimize.Options) ([]byte, error) {
	began := time.Now()
	if err := optimize.Feasible(req); err != nil {
		return nil, err
	}
	obs, err := optimize.Observe(ctx, req, o)
	if err != nil {
		return nil, err
	}
	t := told{began: began}
	var turn time.Time
	kept, err := s.store.Add(ctx, obs, func(n int, prior *optimize.Memory) (*rounds.Draft, error) {
		turn = time.Now()
		if t.report, err = optimize.Plan(ctx, obs, prior, o); err != nil {
			return nil, err
		}
		t.known = known(prior)
		t.change, t.why = biggest(t.report.Plan.Allotments, prior)
		d, err := t.draft(n)
		t.report, obs = t.report.Figures(), nil // the rest is printed: a large mesh's would stand in the way
		return d, err
	})
	if err != nil {
		return nil, err
	}
	s.last.took(time.Since(turn))
	t.round = kept
	s.tell(&t)
	return t.answer, nil
}

// told is all that is to be told of a round.
type told struct {
	began  time.Time
	round  *rounds.Round
	report *optimize.Report
	answer []byte
	// known is how many observations stood behind the plan before its own; change
	// and why tell what it changes most. They stand in for the memory that the plan
	// started from, which is too large to be held until all is printed.
	known       int
	change, why string
}

// draft prints the round's documents and its answer, so that nothing can fail
// once it has been kept.
func (t *told) draft(n int) (d *rounds.Draft, err error) {
	d = &rounds.Draft{Memory: t.report.Memory, Study: t.report.Study}
	var errs [4]error
	d.Plan, errs[1] = report.Plan(t.report, n)
	d.Graph, errs[2] = report.Graph(t.report.Observation)
	d.DOT, errs[3] = report.DOT(t.report.Observation)
	t.answer, errs[0] = report.Answer(t.report) // the longest last
	return d, errors.Join(errs[:]...)
}
