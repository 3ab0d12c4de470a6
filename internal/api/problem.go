package api

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/sluice-mesh/sluice/budget"
	"github.com/sluice-mesh/sluice/internal/mishap"
	"github.com/sluice-mesh/sluice/internal/request"
	"github.com/sluice-mesh/sluice/internal/rounds"
	"github.com/sluice-mesh/sluice/internal/whatif"
)

// problem is an error as RFC 9457 has it. Without a type the title is the
// status's own.
type problem struct {
	Title  string `json:"title"`
	Status int    `json:"status"`
	Detail string `json:"detail"`
	// Needed is what every sidecar's floor takes, where the limits hold less.
	Needed *amounts `json:"needed,omitempty"`
}

// amounts are sums over all sidecars.
type amounts struct {
	CPU    float64 `json:"cpu"`
	Memory int64   `json:"memory"`
}

// refusal is an error that knows its status.
type refusal struct {
	status int
	detail string
}

func (r *refusal) Error() string { return r.detail }

func refuse(status int, format string, args ...any) error {
	return &refusal{status, fmt.Sprintf(format, args...)}
}

// statusGone is nginx's for a client that left before there was an answer.
const statusGone = 499

// problemOf is the one place where errors become statuses.
func problemOf(err error) problem {
	p := problem{Status: http.StatusInternalServerError, Detail: "this is a mistake in sluice: its log says more"}
	var (
		own     *refusal
		body    *request.Error
		floors  *budget.InfeasibleError
		missing *rounds.GoneError
		unkept  *rounds.NoStudyError
		script  *whatif.ScriptError
	)
	switch {
	case errors.As(err, &own):
		p.Status, p.Detail = own.status, own.detail
	case errors.As(err, &body) && body.TooLarge:
		p.Status, p.Detail = http.StatusRequestEntityTooLarge, body.Error()
	case errors.As(err, &body):
		p.Status, p.Detail = http.StatusBadRequest, body.Error()
	case errors.As(err, &floors):
		p.Status, p.Detail = http.StatusUnprocessableEntity, err.Error()
		p.Needed = &amounts{float64(floors.Needed.CPU) / 1000, int64(floors.Needed.Memory)}
	case errors.As(err, &script):
		p.Status, p.Detail = http.StatusBadRequest, script.Error()
	case errors.As(err, &unkept):
		p.Status, p.Detail = http.StatusNotFound, unkept.Error()
	case errors.As(err, &missing):
		p.Status, p.Detail = http.StatusNotFound, missing.Error()
	case errors.Is(err, context.Canceled):
		p.Status, p.Detail = statusGone, "the connection was closed before there was an answer: keep it open, both ways"
	}
	if p.Title = http.StatusText(p.Status); p.Title == "" {
		p.Title = "Client Closed Request"
	}
	return p
}

// fail answers with err.
func (s *Server) fail(w http.ResponseWriter, r *http.Request, err error) {
	p := problemOf(err)
	log := s.log.WithFields(map[string]any{"status": p.Status, "method": request.Shorten(r.Method), "path": request.Shorten(r.URL.Path)})
	var ours *mishap.Error
	switch {
	case errors.As(err, &ours):
		log.WithFields(mishapFields(ours)).Error(mishapText)
	case p.Status == http.StatusInternalServerError:
		log.WithError(err).Error("request failed")
	case p.Status == statusGone:
		// It is answered all the same: it may have closed but its sending side.
		log.Debug("the client has gone")
	case r.URL.Path == "/optimize":
		log.WithField("detail", p.Detail).Info("request refused")
	}
	body, err := marshal(p)
	if err != nil {
		panic(err) // text and two numbers
	}
	s.send(w, r, p.Status, "application/problem+json", body)
}

// marshal is v as JSON for people too: without escapes that only HTML needs.
func marshal(v any) ([]byte, error) {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	err := e.Encode(v)
	return b.Bytes(), err
}

// send answers. Every answer but that of /metrics goes through here: a client that
// does not take its answer is not waited for longer than writeTime, and one that is
// answered before its body has been read is told that the connection will close.
func (s *Server) send(w http.ResponseWriter, r *http.Request, status int, contentType string, body []byte) {
	h := w.Header()
	h.Set("Content-Type", contentType)
	h.Set("Content-Length", strconv.Itoa(len(body)))
	h.Set("Cache-Control", "no-store")
	h.Set("X-Content-Type-Options", "nosniff")
	if unread(r) || s.stopping.Err() != nil {
		h.Set("Connection", "close")
	}
	// Writers of tests have no deadlines; those of connections all do.
	_ = http.NewResponseController(w).SetWriteDeadline(time.Now().Add(writeTime))
	w.WriteHeader(status)
	_, _ = w.Write(body) // there is nobody to tell that the client has gone
}
