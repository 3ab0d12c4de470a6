package draw

import (
	"errors"
	"math"
)

// Kind tells what a node stands for, and so its outline.
type Kind uint8

// Service is a box, Root where requests come in, External outside the mesh, Group
// several services in one box.
const (
	Service Kind = iota
	Root
	External
	Group
)

// Mesh is what a picture of a mesh shows.
type Mesh struct {
	// Title and Notes stand above the picture, a line each; both may be missing.
	Title string
	Notes []string
	Nodes []Node
	Edges []Edge
}

// Node is one box.
type Node struct {
	// Name is its first line, shortened to fit; Lines stand below it, smaller.
	Name  string
	Lines []string
	// Tip is what it tells when pointed at.
	Tip  string
	Kind Kind
	// Share colours it: a part of the latency in 0…1, NaN for none.
	Share float64
	// Critical outlines it boldly.
	Critical bool
}

// Edge is an arrow between two boxes.
type Edge struct {
	// From and To index Mesh.Nodes.
	From, To int
	// Rate makes it thick, against the busiest edge of the picture.
	Rate float64
	// Lines are its label, where there is room for labels; Tip what it tells when
	// pointed at.
	Lines []string
	Tip   string
	// Critical edges are bold, Back edges (those that close a cycle) dashed.
	Critical, Back bool
}

// The largest mesh that SVG and PNG draw. Their time grows faster than the mesh, and
// nobody finds anything in a larger picture.
const (
	MaxNodes = 600
	MaxEdges = 3000
)

// ErrLarge refuses a mesh beyond MaxNodes or MaxEdges.
var ErrLarge = errors.New("draw: the mesh is too large for one picture: draw a part of it")

// check refuses what cannot be laid out.
func (m *Mesh) check() error {
	if len(m.Nodes) > MaxNodes || len(m.Edges) > MaxEdges {
		return ErrLarge
	}
	for i := range m.Edges {
		e := &m.Edges[i]
		if e.From < 0 || e.To < 0 || e.From >= len(m.Nodes) || e.To >= len(m.Nodes) {
			return errors.New("draw: an edge leads to a node that is not there")
		}
	}
	return nil
}

// busiest is the highest rate of an edge, 0 for none.
func (m *Mesh) busiest() float64 {
	most := 0.0
	for i := range m.Edges {
		if r := m.Edges[i].Rate; r > most && !math.IsInf(r, 0) {
			most = r
		}
	}
	return most
}

// heatSteps are the least shares of the colours, from pale to deep: most shares are
// small, so the steps are finer there.
var heatSteps = [...]float64{0, 0.01, 0.03, 0.07, 0.15, 0.30, 0.50}

// heatNames are the steps in the legend.
var heatNames = [...]string{"< 1 %", "1", "3", "7", "15", "30", "≥ 50 %"}

// heat is the colour of a share, an index of heatSteps, -1 for none.
func heat(share float64) int {
	if math.IsNaN(share) {
		return -1
	}
	step := 0
	for i, least := range heatSteps {
		if share >= least {
			step = i
		}
	}
	return step
}
