package draw

import "math"

// point is a place in the picture, in units of CSS pixels from the left and the top.
type point struct{ x, y float64 }

// shape is a line or an outline: M, L, C (a cubic Bézier curve) and Z as in SVG.
type shape struct {
	ops    []byte
	points []point
}

func (s *shape) move(p point) { s.ops, s.points = append(s.ops, 'M'), append(s.points, p) }
func (s *shape) line(p point) { s.ops, s.points = append(s.ops, 'L'), append(s.points, p) }
func (s *shape) curve(a, b, p point) {
	s.ops, s.points = append(s.ops, 'C'), append(s.points, a, b, p)
}
func (s *shape) close() { s.ops = append(s.ops, 'Z') }

// Kinds of items in a scene.
type itemKind uint8

const (
	shapeItem itemKind = iota
	textItem
	// openItem begins what a tip belongs to, closeItem ends it.
	openItem
	closeItem
)

// anchor is where a text's x is.
type anchor uint8

const (
	start anchor = iota
	middle
	end
)

// item is one thing to paint.
type item struct {
	kind  itemKind
	class string
	shape shape
	width float64 // of the line, 0 for the class's own
	text  string  // of a text, or the tip
	at    point   // of a text: its base line
	size  float64
	bold  bool
	where anchor
}

// scene is a picture before it has a form.
type scene struct {
	width, height float64
	// title and about are for those who do not see it.
	title, about string
	items        []item
}

func (s *scene) add(class string, sh shape) {
	s.items = append(s.items, item{kind: shapeItem, class: class, shape: sh})
}

func (s *scene) stroke(class string, sh shape, width float64) {
	s.items = append(s.items, item{kind: shapeItem, class: class, shape: sh, width: width})
}

func (s *scene) text(class, text string, at point, size float64, bold bool, where anchor) {
	if text != "" {
		s.items = append(s.items, item{kind: textItem, class: class, text: text, at: at, size: size, bold: bold, where: where})
	}
}

func (s *scene) open(tip string) { s.items = append(s.items, item{kind: openItem, text: tip}) }
func (s *scene) close()          { s.items = append(s.items, item{kind: closeItem}) }

// box is a rectangle with round corners.
func box(x, y, w, h, r float64) shape {
	r = min(r, w/2, h/2)
	k := r * (1 - 0.5523) // what makes a cubic curve a quarter of a circle
	var s shape
	s.move(point{x + r, y})
	s.line(point{x + w - r, y})
	s.curve(point{x + w - k, y}, point{x + w, y + k}, point{x + w, y + r})
	s.line(point{x + w, y + h - r})
	s.curve(point{x + w, y + h - k}, point{x + w - k, y + h}, point{x + w - r, y + h})
	s.line(point{x + r, y + h})
	s.curve(point{x + k, y + h}, point{x, y + h - k}, point{x, y + h - r})
	s.line(point{x, y + r})
	s.curve(point{x, y + k}, point{x + k, y}, point{x + r, y})
	s.close()
	return s
}

// pennant is the root's outline: a box that points to the right.
func pennant(x, y, w, h float64) shape {
	nose := min(h/2, 14)
	var s shape
	s.move(point{x, y})
	s.line(point{x + w - nose, y})
	s.line(point{x + w, y + h/2})
	s.line(point{x + w - nose, y + h})
	s.line(point{x, y + h})
	s.close()
	return s
}

// arrow is a head whose tip is at p and that comes from the angle's direction.
func arrow(p point, angle, length, half float64) shape {
	sin, cos := math.Sincos(angle)
	var s shape
	s.move(p)
	s.line(point{p.x - length*cos - half*sin, p.y - length*sin + half*cos})
	s.line(point{p.x - length*cos + half*sin, p.y - length*sin - half*cos})
	s.close()
	return s
}

// straight is one line.
func straight(a, b point) shape {
	var s shape
	s.move(a)
	s.line(b)
	return s
}

// disc is a full circle.
func disc(c point, r float64) shape { return box(c.x-r, c.y-r, 2*r, 2*r, r) }
