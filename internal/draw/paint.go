package draw

import "fmt"

// margin around a picture.
const margin = 20

// compose lays m out and paints it.
func compose(m *Mesh) (*scene, error) {
	if err := m.check(); err != nil {
		return nil, err
	}
	g := ranked(m, sizesFor(m))
	g.measure()
	g.order()
	g.place()
	s := &scene{title: clean(m.Title), about: fmt.Sprintf("%d nodes and %d edges, from left to right", len(m.Nodes), len(m.Edges))}
	top := header(s, m)
	g.shift(margin, top)
	g.paint(s)
	bottom := g.paintLoose(s, s.height)
	s.height = bottom
	legend(s, m, g.size.thin)
	return s, nil
}

// header paints the title and the notes, and returns where they end.
func header(s *scene, m *Mesh) float64 {
	y := float64(margin)
	if m.Title != "" {
		y += 15
		s.text("ink", clean(m.Title), point{margin, y}, 15, true, start)
		s.width = max(s.width, 2*margin+textWidth(clean(m.Title), 15, true))
		y += 6
	}
	for _, note := range m.Notes {
		y += 13
		s.text("soft", clean(note), point{margin, y}, 11, false, start)
		s.width = max(s.width, 2*margin+textWidth(clean(note), 11, false))
		y += 3
	}
	return y + 12
}

// shift moves the grid so that its left upper corner is there.
func (g *grid) shift(left, top float64) {
	if len(g.v) == 0 {
		return
	}
	high := g.v[0].y - g.v[0].up
	for i := range g.v {
		high = min(high, g.v[i].y-g.v[i].up)
	}
	for i := range g.v {
		g.v[i].x += left
		g.v[i].y += top - high
	}
}

// paint paints the lines, then the boxes over them, then the labels over all.
func (g *grid) paint(s *scene) {
	for i := range g.v {
		v := &g.v[i]
		s.width = max(s.width, v.x+v.w/2+margin)
		s.height = max(s.height, v.y+v.down)
	}
	p, busiest := g.ports(), g.m.busiest()
	for _, critical := range []bool{false, true} {
		for i := range g.routes {
			if g.m.Edges[g.routes[i].edge].Critical == critical {
				g.paintLine(s, i, p, busiest)
			}
		}
	}
	for i := range g.v {
		if v := &g.v[i]; v.node >= 0 {
			g.size.paint(s, &g.m.Nodes[v.node], v.x-v.w/2, v.y-v.up, v.w, v.up+v.down)
		}
	}
	for i := range g.v {
		if v := &g.v[i]; v.edge >= 0 {
			g.paintLabel(s, v)
		}
	}
}

func (g *grid) paintLine(s *scene, i int, p ports, busiest float64) {
	r := &g.routes[i]
	e := &g.m.Edges[r.edge]
	class, tip := "edge", "tip"
	switch {
	case e.Critical:
		class, tip = "main", "maintip"
	case e.Back:
		class = "back"
	}
	width := g.size.thickness(e, busiest)
	sh, head := g.line(i, p, width)
	for _, q := range sh.points {
		s.width = max(s.width, q.x+margin)
		s.height = max(s.height, q.y)
	}
	s.open(e.Tip)
	s.stroke(class, sh, width)
	s.add(tip, head)
	s.close()
}

func (g *grid) paintLabel(s *scene, v *vertex) {
	e := &g.m.Edges[v.edge]
	y := v.y - v.up + g.size.tag
	for i, line := range e.Lines {
		s.text("label", clean(line), point{v.x, y + float64(i)*g.size.tag*1.25}, g.size.tag, e.Critical, middle)
	}
}

// paint paints one node's box and text.
func (z *sizes) paint(s *scene, n *Node, x, y, w, h float64) {
	s.open(n.Tip)
	class, ink := "plain", "onpale"
	step := heat(n.Share)
	if step >= 0 {
		class = fmt.Sprintf("heat%d", step)
	}
	if step >= 5 {
		ink = "ondeep"
	}
	outline := box(x, y, w, h, 6)
	switch n.Kind {
	case Root:
		outline = pennant(x, y, w, h)
		class, ink = "root", "ink"
	case External:
		outline = box(x, y, w, h, h/2)
		class, ink = "external", "ink"
	case Group:
		s.add(class, box(x+4, y-4, w, h, 6)) // a second sheet behind the first
	}
	s.add(class, outline)
	if n.Critical {
		s.add("bold", outline)
	}
	at := point{x + w/2, y + 0.7*z.pad + z.name}
	if n.Kind == Root {
		at.x -= z.pad / 2
	}
	s.text(ink, fit(n.Name, z.longest), at, z.name, true, middle)
	for _, line := range z.linesOf(n) {
		at.y += z.line * 1.3
		s.text(ink, clean(line), at, z.line, false, middle)
	}
	s.close()
}

// maxLoose is how many nodes without any edge are shown one by one.
const maxLoose = 60

// paintLoose paints the nodes without edges in rows below the rest, and returns
// where they end.
func (g *grid) paintLoose(s *scene, y float64) float64 {
	if len(g.loose) == 0 {
		return y
	}
	y += 26
	said := fmt.Sprintf("Without calls in this log: %d", len(g.loose))
	s.text("soft", said, point{margin, y}, 11, false, start)
	s.width = max(s.width, 2*margin+textWidth(said, 11, false), 640)
	y += 8
	x, tall := float64(margin), 0.0
	for i, n := range g.loose {
		if i == maxLoose {
			y += tall + 16
			s.text("soft", fmt.Sprintf("… and %d more", len(g.loose)-i), point{margin, y}, 11, false, start)
			return y
		}
		small := g.size
		small.lines = 0
		w, h := small.node(&g.m.Nodes[n])
		if x+w > s.width-margin && x > margin {
			x, y = margin, y+tall+6
		}
		small.paint(s, &g.m.Nodes[n], x, y, w, h)
		s.width = max(s.width, x+w+margin)
		x, tall = x+w+8, h
	}
	return y + tall
}

// legend explains the colours and lines below the picture, and ends it.
func legend(s *scene, m *Mesh, thin float64) {
	y := s.height + 30
	x := float64(margin)
	say := func(text string) {
		s.text("soft", text, point{x, y}, 10.5, false, start)
		x += textWidth(text, 10.5, false) + 8
	}
	coloured, critical, back := m.shows()
	if coloured {
		say("share of latency")
		for i, name := range heatNames {
			w := textWidth(name, 10.5, false) + 12
			s.add(fmt.Sprintf("heat%d", i), box(x, y-12, w, 17, 3))
			ink := "onpale"
			if i >= 5 {
				ink = "ondeep"
			}
			s.text(ink, name, point{x + w/2, y}, 10.5, false, middle)
			x += w + 3
		}
		x += 14
	}
	if len(m.Edges) > 0 {
		for i, width := range []float64{1, 3, 5} {
			s.stroke("edge", straight(point{x + float64(i)*18, y - 4}, point{x + float64(i)*18 + 14, y - 4}), width*thin)
		}
		x += 58
		say("rate")
		x += 10
	}
	sample := func(class, text string, width float64) {
		s.stroke(class, straight(point{x, y - 4}, point{x + 24, y - 4}), width)
		x += 30
		say(text)
		x += 10
	}
	if critical {
		sample("main", "critical path", 2.5)
	}
	if back {
		sample("back", "closes a cycle", 1.5)
	}
	s.width = max(s.width, x+margin-10)
	s.height = y + margin
}

// shows tells what the legend must explain.
func (m *Mesh) shows() (coloured, critical, back bool) {
	for i := range m.Nodes {
		coloured = coloured || m.Nodes[i].Kind != Root && heat(m.Nodes[i].Share) >= 0
	}
	for i := range m.Edges {
		critical = critical || m.Edges[i].Critical
		back = back || m.Edges[i].Back
	}
	return
}
