package api

import (
	"encoding/json"
	"fmt"
	"net/http"
	"slices"
	"strconv"
	"sync"

	"github.com/gorilla/mux"

	"github.com/sluice-mesh/sluice/internal/report"
	"github.com/sluice-mesh/sluice/internal/request"
	"github.com/sluice-mesh/sluice/internal/rounds"
)

const (
	typeJSON = "application/json"
	typeDOT  = "text/vnd.graphviz; charset=utf-8"
	typeSVG  = "image/svg+xml"
	typeYAML = "application/yaml"
)

func (s *Server) plan(w http.ResponseWriter, r *http.Request) {
	s.document(w, r, typeJSON, func(d *rounds.Documents) []byte { return d.Plan })
}

func (s *Server) graph(w http.ResponseWriter, r *http.Request) {
	s.document(w, r, typeJSON, func(d *rounds.Documents) []byte { return d.Graph })
}

func (s *Server) dot(w http.ResponseWriter, r *http.Request) {
	s.document(w, r, typeDOT, func(d *rounds.Documents) []byte { return d.DOT })
}

// svg draws the round's mesh when it is asked for.
func (s *Server) svg(w http.ResponseWriter, r *http.Request) {
	picture, err := s.picture(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Security-Policy", picturePolicy())
	s.send(w, r, http.StatusOK, typeSVG, picture)
}

// picturePolicy lets a picture that is a page of its own have its style, which is in
// it, and nothing else.
var picturePolicy = sync.OnceValue(func() string {
	return "default-src 'none'; style-src '" + hashOf("\n"+report.PictureStyle()) + "'"
})

// pictures makes one at a time, which bounds their memory, and keeps the last one.
type pictures struct {
	mu     sync.Mutex
	number int
	svg    []byte
}

// picture is that of the round that the path names.
func (s *Server) picture(r *http.Request) ([]byte, error) {
	n, err := s.number(mux.Vars(r)["n"])
	if err != nil {
		return nil, err
	}
	p := &s.pictures
	p.mu.Lock()
	defer p.mu.Unlock()
	if n == p.number && n > 0 {
		return p.svg, nil
	}
	round, err := s.store.Get(n)
	if err != nil {
		return nil, err
	}
	svg, err := report.RoundPicture(round.Graph)
	if err == nil {
		p.number, p.svg = n, svg
	}
	return svg, err
}

// yaml is the round's Istio resources, for kubectl apply -f -. Like the document that
// they come from it may be cut, but between resources.
func (s *Server) yaml(w http.ResponseWriter, r *http.Request) {
	round, err := s.named(r)
	var plan struct {
		Resources []string `json:"istio_cr"`
	}
	if err == nil {
		err = json.Unmarshal(round.Plan, &plan)
	}
	if err != nil {
		s.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Disposition", fmt.Sprintf(`attachment; filename="istio-round-%d.yaml"`, round.Number))
	s.send(w, r, http.StatusOK, typeYAML, report.Stream(plan.Resources))
}

// document answers with one document of the round that the path names.
func (s *Server) document(w http.ResponseWriter, r *http.Request, contentType string, of func(*rounds.Documents) []byte) {
	round, err := s.named(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	// Those who watch for a new round ask for the latest again and again.
	w.Header().Set("Last-Modified", round.Time.UTC().Format(http.TimeFormat))
	if s.unchanged(w, r, fmt.Sprintf(`"%d-%x"`, round.Number, round.Time.UnixNano())) {
		return
	}
	s.send(w, r, http.StatusOK, contentType, of(&round.Documents))
}

// unchanged names what is about to be answered, and tells whether the client has it
// already; then it has been answered.
func (s *Server) unchanged(w http.ResponseWriter, r *http.Request, tag string) bool {
	w.Header().Set("ETag", tag)
	if r.Header.Get("If-None-Match") != tag {
		return false
	}
	w.Header().Set("Cache-Control", "no-store")
	if s.stopping.Err() != nil {
		w.Header().Set("Connection", "close")
	}
	w.WriteHeader(http.StatusNotModified)
	return true
}

// named is the round that the path names.
func (s *Server) named(r *http.Request) (*rounds.Round, error) {
	n, err := s.number(mux.Vars(r)["n"])
	if err != nil {
		return nil, err
	}
	return s.store.Get(n)
}

// number is the round that a path names.
func (s *Server) number(name string) (int, error) {
	if name == "latest" {
		return s.store.Latest(), nil
	}
	if n, err := strconv.Atoi(name); err == nil && n > 0 && strconv.Itoa(n) == name {
		return n, nil
	}
	return 0, refuse(http.StatusNotFound, "round %s: it is no number from 1 and not \"latest\"", request.Quote(name))
}

// maxList is the most bytes of one page of /rounds.
const maxList = 1_900_000

// list is GET /rounds: the plans of the last rounds as one JSON array, rising, as
// many as fit. ?before=N asks for those before round N; the Link header leads there.
func (s *Server) list(w http.ResponseWriter, r *http.Request) {
	numbers := s.store.Numbers()
	if before := r.URL.Query().Get("before"); before != "" {
		n, err := strconv.Atoi(before)
		if err != nil {
			s.fail(w, r, refuse(http.StatusBadRequest, "before: found %s, expected the number of a round", request.Quote(before)))
			return
		}
		i, _ := slices.BinarySearch(numbers, n)
		numbers = numbers[:i]
	}
	plans, first := s.plans(numbers, maxList)
	if first > 0 {
		w.Header().Set("Link", fmt.Sprintf(`</rounds?before=%d>; rel="prev"`, first))
	}
	s.send(w, r, http.StatusOK, typeJSON, array(plans))
}

// plans are the documents of the last of these rounds that fit on a page of most
// bytes, one at least, the last one first. first is the number of the first of
// them, if there are more before it.
func (s *Server) plans(numbers []int, most int) (plans [][]byte, first int) {
	size := 0
	for i, n := range slices.Backward(numbers) {
		round, err := s.store.Get(n)
		if err != nil {
			continue // it has been let go since, or its file is lost
		}
		if size += len(round.Plan) + 2; size > most && len(plans) > 0 {
			return plans, numbers[i+1]
		}
		plans = append(plans, round.Plan)
	}
	return plans, 0
}

// array writes documents as a JSON array, the last first.
func array(documents [][]byte) []byte {
	out := []byte("[")
	for i, d := range slices.Backward(documents) {
		out = append(out, d...)
		if i > 0 {
			out = append(out, ',')
		}
	}
	return append(out, "]\n"...)
}
