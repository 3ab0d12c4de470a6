package api

import (
	"net/http"
	"slices"
	"strconv"
	"strings"

	"github.com/gorilla/mux"
	"github.com/prometheus/client_golang/prometheus/promhttp"

	"github.com/sluice-mesh/sluice/internal/mishap"
	"github.com/sluice-mesh/sluice/internal/request"
)

// methods are the handlers of one path by method; HEAD is GET without a body.
type methods map[string]http.HandlerFunc

func get(h http.HandlerFunc) methods { return methods{http.MethodGet: h} }

// routes lists every path that there is.
func (s *Server) routes() http.Handler {
	metrics := promhttp.HandlerFor(s.metrics.registry, promhttp.HandlerOpts{ErrorHandling: promhttp.ContinueOnError})
	// SkipClean: a path is what it is, and //ready is not there.
	router := mux.NewRouter().SkipClean(true)
	for _, r := range []struct {
		path string
		methods
	}{
		{"/", get(s.page)},
		{"/ready", get(s.ready)},
		{"/healthz", get(s.ready)},
		{"/metrics", get(metrics.ServeHTTP)},
		{"/whatif", methods{http.MethodPost: s.whatIf}},
		{"/optimize", methods{http.MethodPost: s.optimize}},
		{"/rounds", get(s.list)},
		{"/rounds/{n}", get(s.plan)},
		{"/rounds/{n}/graph", get(s.graph)},
		{"/rounds/{n}/graph.dot", get(s.dot)},
		{"/rounds/{n}/graph.svg", get(s.svg)},
		{"/rounds/{n}/curve", get(s.curveJSON)},
		{"/rounds/{n}/curve.svg", get(s.curveSVG)},
		{"/rounds/{n}/istio.yaml", get(s.yaml)},
	} {
		router.Handle(r.path, s.watch(r.path, s.dispatch(r.methods)))
	}
	router.NotFoundHandler = s.watch("other", http.HandlerFunc(s.notFound))
	return drain(router)
}

// dispatch picks the handler by method.
func (s *Server) dispatch(m methods) http.Handler {
	var allow []string
	for name := range m {
		allow = append(allow, name)
	}
	if m[http.MethodGet] != nil {
		m[http.MethodHead] = m[http.MethodGet]
		allow = append(allow, http.MethodHead)
	}
	slices.Sort(allow)
	list := strings.Join(allow, ", ")
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if h := m[r.Method]; h != nil {
			h(w, r)
			return
		}
		w.Header().Set("Allow", list)
		s.fail(w, r, refuse(http.StatusMethodNotAllowed, "method %s: found it on %s, expected one of %s", request.Quote(r.Method), request.Quote(r.URL.Path), list))
	})
}

func (s *Server) notFound(w http.ResponseWriter, r *http.Request) {
	s.fail(w, r, refuse(http.StatusNotFound, "path %s: there is nothing there, expected /, /ready, /optimize, /rounds, /metrics or /healthz", request.Quote(r.URL.Path)))
}

// ready answers /ready and /healthz. It waits for nothing: a server that has come
// so far is ready, however busy.
func (s *Server) ready(w http.ResponseWriter, r *http.Request) {
	s.send(w, r, http.StatusOK, "text/plain; charset=utf-8", []byte("ok\n"))
}

// status remembers what was answered.
type status struct {
	http.ResponseWriter
	code int
}

func (w *status) WriteHeader(code int) {
	if w.code == 0 {
		w.code = code
	}
	w.ResponseWriter.WriteHeader(code)
}

func (w *status) Write(b []byte) (int, error) {
	if w.code == 0 {
		w.code = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap is for http.ResponseController.
func (w *status) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// watch counts the answers of a route, and turns a mistake of ours into a problem
// and a line in the log; the connection and all others live on.
func (s *Server) watch(route string, next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		st := &status{ResponseWriter: w}
		defer func() { s.metrics.requests.WithLabelValues(route, strconv.Itoa(st.code)).Inc() }()
		defer func() {
			if p := recover(); p != nil {
				s.panicked(st, r, p)
			}
		}()
		next.ServeHTTP(st, r)
	})
}

func (s *Server) panicked(w *status, r *http.Request, p any) {
	err := mishap.Of(p)
	if w.code != 0 {
		s.log.WithFields(mishapFields(err)).Error(mishapText)
		panic(http.ErrAbortHandler) // half an answer is none: the client must see that
	}
	s.fail(w, r, err)
}

// mishapText asks for a report of what mishapFields tell.
const mishapText = "a mistake in sluice: please report it"

func mishapFields(err *mishap.Error) map[string]any {
	return map[string]any{"panic": request.Shorten(err.Value), "stack": err.Stack}
}
