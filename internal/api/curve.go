package api

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"sync"
	"time"

	"github.com/gorilla/mux"

	"github.com/sluice-mesh/sluice/internal/optimize"
	"github.com/sluice-mesh/sluice/internal/report"
	"github.com/sluice-mesh/sluice/internal/rounds"
)

const (
	// maxCurves is how many curves are kept, 20 KB each.
	maxCurves = 32
	// curveTime is what one may take: the largest mesh that is played takes two
	// seconds of CPU, the largest whose study is kept about as long.
	curveTime = 15 * time.Second
)

// curves makes one at a time, each once, when it is asked for: that costs as much as
// dozens of plans, and most rounds' are never looked at.
type curves struct {
	turn chan struct{} // a place for the one being made
	most time.Duration

	mu   sync.Mutex
	kept []*curve // the last to be asked for at the end
}

// curve is that of a round, or why there is none.
type curve struct {
	number    int
	tag       string
	json, svg []byte
	none      error
}

func newCurves() curves { return curves{turn: make(chan struct{}, 1), most: curveTime} }

// curveJSON is GET /rounds/{n}/curve: predicted latency against the budget.
func (s *Server) curveJSON(w http.ResponseWriter, r *http.Request) {
	s.curve(w, r, typeJSON, func(c *curve) []byte { return c.json })
}

// curveSVG is the same as a picture.
func (s *Server) curveSVG(w http.ResponseWriter, r *http.Request) {
	s.curve(w, r, typeSVG, func(c *curve) []byte { return c.svg })
}

func (s *Server) curve(w http.ResponseWriter, r *http.Request, contentType string, of func(*curve) []byte) {
	c, err := s.curveOf(r)
	if err == nil {
		err = c.none
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if s.unchanged(w, r, c.tag) {
		return
	}
	if contentType == typeSVG {
		w.Header().Set("Content-Security-Policy", picturePolicy())
	}
	s.send(w, r, http.StatusOK, contentType, of(c))
}

// curveOf is the curve of the round that the path names. The error is that there is no
// such round, or ctx's.
func (s *Server) curveOf(r *http.Request) (*curve, error) {
	n, err := s.number(mux.Vars(r)["n"])
	if err != nil {
		return nil, err
	}
	if _, kept := slices.BinarySearch(s.store.Numbers(), n); kept {
		if c := s.curves.find(n); c != nil {
			return c, nil
		}
	}
	select {
	case s.curves.turn <- struct{}{}:
		defer func() { <-s.curves.turn }()
	case <-r.Context().Done():
		return nil, r.Context().Err()
	case <-s.stopping.Done():
		return nil, errStopping
	}
	if c := s.curves.find(n); c != nil { // it was being made meanwhile
		return c, nil
	}
	round, err := s.store.Get(n)
	if err != nil {
		return nil, err
	}
	c := &curve{number: n, tag: fmt.Sprintf(`"%d-%x"`, n, round.Time.UnixNano())}
	if err := s.makeCurve(r.Context(), c); err != nil {
		return nil, err
	}
	s.curves.keep(c)
	return c, nil
}

// errStopping is for those who ask while the server ends.
var errStopping = refuse(http.StatusServiceUnavailable, "the server is stopping: ask again when it is back")

// makeCurve fills in the curve, or why there is none. The error is for this client
// alone: another one may ask again.
func (s *Server) makeCurve(ctx context.Context, c *curve) error {
	limited, cancel := context.WithTimeout(ctx, s.curves.most)
	defer cancel()
	defer context.AfterFunc(s.stopping, cancel)()
	var unkept *rounds.NoStudyError
	study, err := s.store.Study(c.number)
	switch {
	case errors.As(err, &unkept):
		c.none = refuse(http.StatusNotFound, "round %d: what its plan was made of was not kept, for the mesh is too large or the round older than that: 'sluice plan --curve' makes the curve of its request", c.number)
		return nil
	case err != nil:
		return err
	case study.Input.Gateway.Requests == 0:
		c.none = refuse(http.StatusNotFound, "round %d: its log shows no request at the ingress gateway, so there is no latency to predict", c.number)
		return nil
	}
	made, err := optimize.NewCurve(limited, study)
	switch {
	case err == nil:
		return c.print(made)
	case ctx.Err() != nil:
		return ctx.Err()
	case s.stopping.Err() != nil:
		return errStopping
	case limited.Err() != nil:
		c.none = refuse(http.StatusNotFound, "round %d: its curve takes longer than %v here: 'sluice plan --curve' makes that of its request", c.number, s.curves.most)
		return nil
	}
	return err
}

func (c *curve) print(made *optimize.Curve) (err error) {
	if c.json, err = report.Curve(made); err == nil {
		c.svg, err = report.CurvePicture(made)
	}
	return err
}

// find is the curve of round n, if it is kept.
func (k *curves) find(n int) *curve {
	k.mu.Lock()
	defer k.mu.Unlock()
	i := slices.IndexFunc(k.kept, func(c *curve) bool { return c.number == n })
	if i < 0 {
		return nil
	}
	c := k.kept[i]
	k.kept = append(slices.Delete(k.kept, i, i+1), c)
	return c
}

// keep remembers a curve in the place of the one that nobody has asked for longest.
func (k *curves) keep(c *curve) {
	k.mu.Lock()
	defer k.mu.Unlock()
	if len(k.kept) == maxCurves {
		k.kept = slices.Delete(k.kept, 0, 1)
	}
	k.kept = append(k.kept, c)
}
