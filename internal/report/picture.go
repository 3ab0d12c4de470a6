package report

import (
	"bytes"
	"fmt"

	"github.com/sluice-mesh/sluice/internal/draw"
	"github.com/sluice-mesh/sluice/internal/optimize"
)

// Form is a kind of picture.
type Form uint8

// SVG and PNG are laid out here and show at most maxSpots nodes, the busiest; DOTForm
// and Mermaid leave that to other tools and hold any number.
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

// Picture is the part of the mesh that v shows, in that form. A *ViewError says
// what the mesh does not have.
func Picture(o *optimize.Observation, v View, f Form) ([]byte, error) {
	return sketchOf(o).picture(v, f, maxSpots, maxHops)
}

// RoundPicture is GET /rounds/{n}/graph.svg, from the document that Graph wrote.
func RoundPicture(document []byte) ([]byte, error) {
	s, err := readSketch(document)
	if err != nil {
		return nil, err
	}
	return s.picture(View{}, SVG, maxSpots, maxHops)
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

func (s *sketch) picture(v View, f Form, spots, hops int) ([]byte, error) {
	write := draw.SVG
	switch f {
	case PNG:
		write = draw.PNG
	case DOTForm:
		write, spots, hops = draw.DOT, len(s.spots), len(s.hops)
	case Mermaid:
		write, spots, hops = draw.Mermaid, len(s.spots), len(s.hops)
	}
	m, err := s.view(v, spots, hops)
	if err != nil {
		return nil, err
	}
	var b bytes.Buffer
	err = write(&b, m)
	return b.Bytes(), wrap(err)
}

// view is the part that v shows, the busiest of it, with what is said about it.
func (s *sketch) view(v View, spots, hops int) (*draw.Mesh, error) {
	title, err := v.apply(s)
	if err != nil {
		return nil, err
	}
	all, edges := s.count(), len(s.hops)
	var notes []string
	if s.busiest(spots, hops) {
		notes = append(notes, fmt.Sprintf("Shown are the busiest %d of %d nodes and %d of %d edges", s.count(), all, len(s.hops), edges))
	}
	if s.cut {
		notes = append(notes, "The round's document holds only a part of the mesh, and so does this picture")
	}
	if title == "" {
		title = "The mesh as it was observed"
	}
	return s.mesh(title, notes), nil
}

func wrap(err error) error {
	if err != nil {
		return fmt.Errorf("report: %w", err)
	}
	return nil
}
