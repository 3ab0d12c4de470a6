package report

import (
	"bytes"
	"fmt"

	"github.com/sluice-mesh/sluice/graph"
	"github.com/sluice-mesh/sluice/internal/draw"
	"github.com/sluice-mesh/sluice/internal/optimize"
)

// Form is a kind of picture.
type Form uint8

// SVG and PNG are laid out here and show at most maxSpots nodes, the busiest; Mermaid
// shows what Mermaid draws with its own settings; DOTForm leaves that to other tools and
// holds any number.
const (
	SVG Form = iota
	PNG
	DOTForm
	Mermaid
)

// The most that a laid out picture shows: some hundred services can be told apart on
// a large screen, more are a View's business.
const (
	maxSpots = 400
	maxHops  = 1200
)

// Picture is the part of the mesh that v shows, in that form, and what is left out of
// it, a sentence each. A *ViewError says what the mesh does not have.
func Picture(o *optimize.Observation, v View, f Form) (picture []byte, left []string, err error) {
	return sketchOf(o).picture(v, f)
}

// RoundPicture is GET /rounds/{n}/graph.svg, from the document that Graph wrote.
func RoundPicture(document []byte) ([]byte, error) {
	s, err := readSketch(document)
	if err != nil {
		return nil, err
	}
	picture, _, err := s.picture(View{}, SVG)
	return picture, err
}

// The page's picture is smaller: the table beside it has the rest.
const (
	pageSpots = 80
	pageHops  = 240
)

// PagePicture is the busiest part of the mesh for a page that has PictureStyle in
// its own, from the document that Graph wrote.
func PagePicture(document []byte) ([]byte, error) {
	s, err := readSketch(document)
	if err != nil {
		return nil, err
	}
	m, err := s.view(View{}, pageSpots, pageHops)
	if err != nil {
		return nil, err
	}
	m.Title, m.Notes = "", m.Notes[:0]
	var b bytes.Buffer
	err = draw.Inline(&b, m)
	return b.Bytes(), wrap(err)
}

// PictureStyle is the CSS of pictures on pages.
func PictureStyle() string { return draw.CSS() }

func (s *sketch) picture(v View, f Form) ([]byte, []string, error) {
	write, spots, hops := draw.SVG, maxSpots, maxHops
	switch f {
	case PNG:
		write = draw.PNG
	case DOTForm:
		write, spots, hops = draw.DOT, len(s.spots), len(s.hops)
	case Mermaid:
		write, hops = draw.Mermaid, draw.MermaidEdges
	}
	shown, err := s.cutout(v)
	if err != nil {
		return nil, nil, err
	}
	var b bytes.Buffer
	for {
		m := shown.mesh(spots, hops)
		if f == Mermaid && m.Notes != nil && s.dropLoose() {
			m = shown.mesh(spots, hops)
		}
		b.Reset()
		if err := write(&b, m); err != nil {
			return nil, nil, wrap(err)
		}
		if f != Mermaid || b.Len() <= draw.MermaidText || len(s.spots) < 2 {
			return b.Bytes(), m.Notes, nil
		}
		// Nine tenths of it, until the text is short enough.
		spots, hops = len(s.spots)*9/10, len(s.hops)*9/10
	}
}

// view is the part that v shows, the busiest of it, with what is said about it.
func (s *sketch) view(v View, spots, hops int) (*draw.Mesh, error) {
	p, err := s.cutout(v)
	if err != nil {
		return nil, err
	}
	return p.mesh(spots, hops), nil
}

// cutout is a sketch of which a view has left what it shows.
type cutout struct {
	*sketch
	title      string
	all, edges int // before anything had to go for want of room
}

// cutout leaves of s what v shows.
func (s *sketch) cutout(v View) (*cutout, error) {
	title, err := v.apply(s)
	if title == "" {
		title = "The mesh as it was observed"
	}
	return &cutout{s, title, s.count(), len(s.hops)}, err
}

// mesh is the busiest of the part, with what is said about it.
func (p *cutout) mesh(spots, hops int) *draw.Mesh {
	var notes []string
	if p.busiest(spots, hops) || p.count() < p.all || len(p.hops) < p.edges {
		notes = append(notes, fmt.Sprintf("Shown are the busiest %d of %d nodes and %d of %d edges", p.count(), p.all, len(p.hops), p.edges))
	}
	if p.cut {
		notes = append(notes, "The round's document holds only a part of the mesh, and so does this picture")
	}
	return p.sketch.mesh(p.title, notes)
}

// dropLoose leaves out the nodes whose every edge had to go, and tells whether there
// were any: a box by itself would say that nothing calls it.
func (s *sketch) dropLoose() bool {
	tied := make([]bool, len(s.spots))
	for _, h := range s.hops {
		tied[h.from], tied[h.to] = true, true
	}
	n := len(s.spots)
	s.keep(func(i int) bool { return tied[i] || s.spots[i].kind == graph.Root })
	return len(s.spots) < n
}

func wrap(err error) error {
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}
