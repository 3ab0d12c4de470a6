package api

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"time"

	"github.com/sirupsen/logrus"

	"github.com/sluice-mesh/sluice/internal/demo"
	"github.com/sluice-mesh/sluice/internal/optimize"
	"github.com/sluice-mesh/sluice/internal/rounds"
)

// Options of a Server; the zero value serves any readable log and keeps its
// rounds in memory.
type Options struct {
	// LogRoot is the folder that logs must lie in; "" for any.
	LogRoot string
	// StateDir keeps the rounds; "" for memory.
	StateDir string
	// TempDir holds long bodies while they come in; the system's by default.
	TempDir string
	// Demo makes the embedded capture round 1, where there is no round yet.
	Demo bool
	// Run is handed to every round.
	Run optimize.Options
	// Log takes one line a round, and what goes wrong; nil for none.
	Log *logrus.Logger
	// Version is shown in the metrics and on the page.
	Version string
}

// The server's patience. A body has its own, see intake.
const (
	headerTime = 60 * time.Second // to send a request's header
	idleTime   = 60 * time.Second // between requests on a connection
	writeTime  = 60 * time.Second // to take an answer
	maxHeader  = 32 << 10
	// A stop lets bodies come in for graceTime and then tells those who send
	// them; what is under way has until stopTime, and the process 10 s.
	graceTime = 5 * time.Second
	stopTime  = 8 * time.Second
)

// Server answers requests. Make it with New.
type Server struct {
	o        Options
	log      *logrus.Logger
	store    *rounds.Store
	roots    *logRoot // nil for any path
	intake   *intake
	gate     *gate
	scripts  chan struct{} // a place for each script under way
	metrics  *metrics
	pages    pages
	pictures pictures
	curves   curves
	handler  http.Handler
	// stopping ends when the server is to stop.
	stopping context.Context
	stop     context.CancelFunc
	last     *lastCall
}

// New makes a Server and, with Options.Demo, its first round. An error says what
// about the options cannot be used.
func New(o Options) (*Server, error) {
	s := &Server{o: o, log: o.Log, gate: newGate(), scripts: make(chan struct{}, maxScripts), curves: newCurves(), last: newLastCall(), metrics: newMetrics(o.Version)}
	s.o.Run.Lean = true
	if s.log == nil {
		s.log = logrus.New()
		s.log.SetOutput(io.Discard)
	}
	s.stopping, s.stop = context.WithCancel(context.Background())
	if err := s.open(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	s.handler = s.routes()
	if o.Demo && s.store.Latest() == 0 {
		if _, err := s.round(s.stopping, demo.Request(), s.o.Run); err != nil {
			return nil, errors.Join(fmt.Errorf("api: the demo: %w", err), s.Close())
		}
	}
	return s, nil
}

// open opens what the options name.
func (s *Server) open() (err error) {
	if s.o.LogRoot != "" {
		if s.roots, err = openLogRoot(s.o.LogRoot); err != nil {
			return err
		}
	}
	s.intake = newIntake(s.o.TempDir, s.stopping)
	if s.intake.broken != nil {
		s.log.WithError(s.intake.broken).Warn("long bodies are held in memory, two at a time: there is no folder for temporary files")
	}
	store, warnings, err := rounds.Open(rounds.Options{Dir: s.o.StateDir})
	for _, w := range warnings {
		s.log.Warn(w)
	}
	s.store = store
	if store != nil {
		s.metrics.pending(store.Pending)
	}
	if n := s.latest(); n > 0 {
		s.log.WithField("round", n).Info("rounds of an earlier run were found")
		s.metrics.round.Set(float64(n))
	}
	return err
}

// latest is the number of the last round, 0 for none.
func (s *Server) latest() int {
	if s.store == nil {
		return 0
	}
	return s.store.Latest()
}

// Close gives back what New has opened. Serve must have returned.
func (s *Server) Close() error {
	s.stop()
	if s.store != nil {
		if err := s.store.Close(); err != nil {
			s.log.WithError(err).Error("the state folder could not be left as it should be")
		}
	}
	if s.roots != nil {
		return s.roots.close()
	}
	return nil
}

// ServeHTTP answers one request.
func (s *Server) ServeHTTP(w http.ResponseWriter, r *http.Request) { s.handler.ServeHTTP(w, r) }

// Serve answers requests on l until ctx ends, then those under way, for at most
// 8 s, and returns nil. An error means that it could not listen.
func (s *Server) Serve(ctx context.Context, l net.Listener) error {
	saveMemory()
	server := &http.Server{
		Handler:           s,
		ReadHeaderTimeout: headerTime,
		IdleTimeout:       idleTime,
		MaxHeaderBytes:    maxHeader,
		ErrorLog:          ErrorLog(s.log),
	}
	ended := make(chan error, 1)
	go func() { ended <- server.Serve(speaking{l, s.metrics.refused}) }()
	select {
	case err := <-ended:
		return fmt.Errorf("api: %w", err)
	case <-ctx.Done():
	}
	s.log.Info("stopping: requests under way are answered")
	s.stop()
	late, cancel := context.WithTimeout(context.Background(), stopTime)
	defer cancel()
	deadline, _ := late.Deadline()
	go s.last.run(deadline, late.Done())
	if err := server.Shutdown(late); err != nil {
		s.log.WithError(err).Warn("some requests were not answered in time")
		_ = server.Close() // their clients are gone or too slow
	}
	<-ended
	return nil
}
