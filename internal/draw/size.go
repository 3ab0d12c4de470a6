package draw

import "math"

// sizes are the measures of a picture, in CSS pixels; large meshes get small ones.
type sizes struct {
	name, line float64 // heights of the letters in a node
	tag        float64 // and of a label
	pad        float64 // between a node's outline and its text
	gap        float64 // between nodes on a rank
	room       float64 // between ranks, at least
	longest    int     // characters of a name
	lines      int     // lines below a name
	thin       float64 // how much thinner lines are than usual
	// labels says that there are some, all that each edge has one.
	labels, all bool
}

// Up to so many edges all have labels; beyond, those of the critical path do, and in
// the largest pictures none.
const (
	allLabels  = 48
	someLabels = 400
)

// sizesFor suits the picture to the mesh.
func sizesFor(m *Mesh) sizes {
	s := sizes{name: 13, line: 11, tag: 10.5, pad: 10, gap: 22, room: 40, longest: 32, lines: 3, thin: 1}
	switch n := len(m.Nodes); {
	case n > 150:
		s = sizes{name: 10, line: 8.5, tag: 8.5, pad: 5, gap: 7, room: 60, longest: 26, lines: 0, thin: 0.7}
	case n > 40:
		s = sizes{name: 11, line: 9.5, tag: 9.5, pad: 7, gap: 12, room: 50, longest: 28, lines: 1, thin: 0.9}
	}
	s.all = len(m.Edges) <= allLabels
	for i := range m.Edges {
		if s.labelled(&m.Edges[i]) {
			s.labels = true
			if len(m.Edges) <= someLabels {
				s.room = min(s.room, 34) // on either side of the label
			}
			return s
		}
	}
	return s
}

// labelled tells whether e has a label in the picture.
func (s *sizes) labelled(e *Edge) bool {
	return len(e.Lines) > 0 && (s.all || e.Critical && s.lines > 0)
}

// measure gives every vertex its extent.
func (g *grid) measure() {
	busiest := g.m.busiest()
	for i := range g.v {
		v := &g.v[i]
		switch {
		case v.node >= 0:
			var h float64
			v.w, h = g.size.node(&g.m.Nodes[v.node])
			v.up, v.down = h/2, h/2
		case v.edge >= 0:
			e := &g.m.Edges[v.edge]
			for _, line := range e.Lines {
				v.w = max(v.w, textWidth(clean(line), g.size.tag, e.Critical))
			}
			half := g.size.thickness(e, busiest) / 2
			v.up, v.down = half+float64(len(e.Lines))*g.size.tag*1.25+2, half
		default:
			v.up, v.down = 3, 3
		}
	}
}

// node is the extent of a node's box.
func (s *sizes) node(n *Node) (w, h float64) {
	w = textWidth(fit(n.Name, s.longest), s.name, true)
	h = s.name * 1.3
	for _, line := range s.linesOf(n) {
		w = max(w, textWidth(clean(line), s.line, false))
		h += s.line * 1.3
	}
	if n.Kind == Root {
		w += s.pad
	}
	return w + 2*s.pad, h + 1.4*s.pad
}

// linesOf is what stands below a node's name: at the root all of it.
func (s *sizes) linesOf(n *Node) []string {
	if n.Kind == Root {
		return n.Lines
	}
	return n.Lines[:min(len(n.Lines), s.lines)]
}

// thickness of an edge's line, 1 to 5 with the rate. The root evens out what
// otherwise is one thick line among hairs.
func (s *sizes) thickness(e *Edge, busiest float64) float64 {
	w := 1.0
	if busiest > 0 && e.Rate > 0 {
		w += 4 * math.Sqrt(min(e.Rate/busiest, 1))
	}
	if e.Critical {
		w = max(w, 2.5)
	}
	return w * s.thin
}
