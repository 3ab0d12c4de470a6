package api

import (
	"bytes"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"github.com/sluice-mesh/sluice/internal/request"
	"github.com/sluice-mesh/sluice/internal/whatif"
)

// A script is a stranger's: each has a process of its own, so many at once, and
// others wait.
const (
	maxScripts  = 2
	maxQuestion = 1 << 20 // bytes of a body
)

// scriptBounds of one script. Its process takes about 50 MB besides.
var scriptBounds = whatif.Bounds{Steps: 2_000_000, Time: 5 * time.Second, Memory: 96 << 20}

// scriptName is what errors call a script that came in a body.
const scriptName = "script"

// question is the body of POST /whatif.
type question struct {
	Round  *int    `json:"round"`
	Script *string `json:"script"`
}

// whatIf is POST /whatif: a script against a round.
func (s *Server) whatIf(w http.ResponseWriter, r *http.Request) {
	answer, err := s.ask(w, r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	s.send(w, r, http.StatusOK, typeJSON, answer)
}

func (s *Server) ask(w http.ResponseWriter, r *http.Request) ([]byte, error) {
	q, err := s.question(w, r)
	if err != nil {
		return nil, err
	}
	n := s.store.Latest()
	if q.Round != nil {
		n = *q.Round
	}
	select {
	case s.scripts <- struct{}{}:
		defer func() { <-s.scripts }()
	case <-r.Context().Done():
		return nil, r.Context().Err()
	}
	study, err := s.store.Study(n)
	if err != nil {
		return nil, err
	}
	res, err := whatif.Isolated(r.Context(), whatif.Job{Study: study, Name: scriptName, Script: *q.Script, Bounds: scriptBounds})
	if err != nil {
		return nil, err
	}
	res.Lines = study.Lines
	return res.JSON()
}

// question reads and checks the body.
func (s *Server) question(w http.ResponseWriter, r *http.Request) (*question, error) {
	if r.ContentLength > maxQuestion {
		return nil, tooLong(r.ContentLength)
	}
	b, err := s.intake.receive(w, r)
	if err != nil {
		return nil, err
	}
	defer b.Close()
	if b.size > maxQuestion {
		return nil, tooLong(b.size)
	}
	in, err := b.reader()
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	if _, err := text.ReadFrom(in); err != nil {
		return nil, err
	}
	q := new(question)
	if err := json.Unmarshal(text.Bytes(), q); err != nil {
		var kind *json.UnmarshalTypeError
		if errors.As(err, &kind) && kind.Field != "" {
			return nil, refuse(http.StatusBadRequest, "%s: found %s, expected %s", request.Quote(kind.Field), kind.Value, map[string]string{"round": "the number of a round", "script": "a script as text"}[kind.Field])
		}
		if errors.As(err, &kind) {
			return nil, refuse(http.StatusBadRequest, `the body: found %s, expected {"round": NUMBER or absent, "script": "…"}`, kind.Value)
		}
		return nil, refuse(http.StatusBadRequest, `the body: %s: expected {"round": NUMBER or absent, "script": "…"}`, request.Shorten(err.Error()))
	}
	switch {
	case q.Script == nil:
		return nil, refuse(http.StatusBadRequest, `script: found none, expected a script as text, such as "row(mesh)"`)
	case q.Round != nil && *q.Round < 1:
		return nil, refuse(http.StatusBadRequest, "round: found %d, expected the number of a round from 1 on, or none for the latest", *q.Round)
	}
	return q, nil
}

func tooLong(n int64) error {
	return refuse(http.StatusRequestEntityTooLarge, "the body: found %d bytes, expected at most %d", n, maxQuestion)
}
