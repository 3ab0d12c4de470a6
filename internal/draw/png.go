package draw

import (
	"image"
	"image/color"
	"image/draw"
	"image/png"
	"io"
	"math"
	"strconv"

	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
	"golang.org/x/image/vector"
)

// Pictures are twice as fine as their units, as screens and slides want them, but
// have at most maxPixels: 64 MB of memory.
const (
	fineness  = 2
	maxPixels = 16 << 20
)

// PNG writes m as pixels, by light. Errors are ErrLarge and w's.
func PNG(w io.Writer, m *Mesh) error {
	s, err := compose(m)
	if err != nil {
		return err
	}
	return s.png(w)
}

// canvas is a scene being painted.
type canvas struct {
	img   *image.RGBA
	scale float64
	fill  vector.Rasterizer
	glyph sfnt.Buffer
}

func (s *scene) png(w io.Writer) error {
	c := &canvas{scale: min(fineness, math.Sqrt(maxPixels/max(s.width*s.height, 1)))}
	c.img = image.NewRGBA(image.Rect(0, 0, max(int(s.width*c.scale), 1), max(int(s.height*c.scale), 1)))
	draw.Draw(c.img, c.img.Rect, image.NewUniform(colourOf("paper")), image.Point{}, draw.Src)
	for i := range s.items {
		switch it := &s.items[i]; it.kind {
		case shapeItem:
			c.shape(it)
		case textItem:
			c.text(it)
		}
	}
	return png.Encode(w, c.img)
}

// colourOf is the colour of a class that fills, by light.
func colourOf(class string) color.Color { return hex(lookOf(class).fill[light]) }

// hex reads #rrggbb.
func hex(s string) color.Color {
	n, err := strconv.ParseUint(s[1:], 16, 32)
	if err != nil {
		panic("draw: " + s + " is no colour")
	}
	return color.RGBA{uint8(n >> 16), uint8(n >> 8), uint8(n), 255}
}

// shape fills and strokes an item.
func (c *canvas) shape(it *item) {
	l := lookOf(it.class)
	lines := it.shape.flat(c.scale)
	if l.fill[light] != "" {
		c.area(lines, hex(l.fill[light]))
	}
	if w := it.lineWidth(); w > 0 {
		ink := hex(l.stroke[light])
		for _, line := range lines {
			for _, part := range dashes(line, l.dash, c.scale) {
				c.stroke(part, max(w*c.scale, 0.8), ink)
			}
		}
	}
}

// flat is the shape as polygons, in pixels.
func (s *shape) flat(scale float64) [][]point {
	var lines [][]point
	var line []point
	next := 0
	for _, op := range s.ops {
		p := s.points[next : next+pointsOf(op)]
		next += len(p)
		switch op {
		case 'M':
			if line != nil {
				lines = append(lines, line)
			}
			line = []point{{p[0].x * scale, p[0].y * scale}}
		case 'L':
			line = append(line, point{p[0].x * scale, p[0].y * scale})
		case 'C':
			line = append(line, bend(line[len(line)-1], p, scale)...)
		case 'Z':
			line = append(line, line[0])
		}
	}
	return append(lines, line)
}

// bend cuts a curve into lines of a few pixels.
func bend(from point, p []point, scale float64) []point {
	a, b, to := point{p[0].x * scale, p[0].y * scale}, point{p[1].x * scale, p[1].y * scale}, point{p[2].x * scale, p[2].y * scale}
	long := math.Hypot(a.x-from.x, a.y-from.y) + math.Hypot(b.x-a.x, b.y-a.y) + math.Hypot(to.x-b.x, to.y-b.y)
	n := int(min(max(long/6, 4), 200))
	out := make([]point, n)
	for i := range out {
		t := float64(i+1) / float64(n)
		u := 1 - t
		k := [4]float64{u * u * u, 3 * u * u * t, 3 * u * t * t, t * t * t}
		out[i] = point{k[0]*from.x + k[1]*a.x + k[2]*b.x + k[3]*to.x, k[0]*from.y + k[1]*a.y + k[2]*b.y + k[3]*to.y}
	}
	return out
}

// dashes cuts a line into what of it is to be seen.
func dashes(line []point, dash []float64, scale float64) [][]point {
	if dash == nil {
		return [][]point{line}
	}
	var out [][]point
	part := []point{line[0]}
	k, left := 0, dash[0]*scale
	for i := 1; i < len(line); i++ {
		a, b := line[i-1], line[i]
		long := math.Hypot(b.x-a.x, b.y-a.y)
		for long > left {
			t := left / long
			a = point{a.x + (b.x-a.x)*t, a.y + (b.y-a.y)*t}
			long -= left
			if k%2 == 0 {
				out = append(out, append(part, a))
			}
			part = []point{a}
			k++
			left = dash[k%len(dash)] * scale
		}
		left -= long
		part = append(part, b)
	}
	if k%2 == 0 && len(part) > 1 {
		out = append(out, part)
	}
	return out
}

// area fills polygons.
func (c *canvas) area(lines [][]point, ink color.Color) {
	var all []point
	for _, l := range lines {
		all = append(all, l...)
	}
	c.within(all, ink, func(dx, dy float64) {
		for _, l := range lines {
			c.trace(l, dx, dy)
		}
	})
}

// strokePart is how many pieces of a line are filled at once: filling costs the
// rectangle around them, which is large for a whole line.
const strokePart = 12

// stroke paints a line of that width.
func (c *canvas) stroke(line []point, width float64, ink color.Color) {
	for from := 0; from+1 < len(line); from += strokePart {
		part := line[from:min(from+strokePart+1, len(line))]
		ribbon := ribbon(part, width/2)
		c.within(ribbon, ink, func(dx, dy float64) { c.trace(ribbon, dx, dy) })
	}
}

// ribbon is the outline of a line: there on its left, back on its right.
func ribbon(line []point, half float64) []point {
	out := make([]point, 0, 2*len(line))
	side := func(i int) point { // the normal at point i, between the pieces around it
		a, b := line[max(i-1, 0)], line[min(i+1, len(line)-1)]
		long := math.Hypot(b.x-a.x, b.y-a.y)
		if long == 0 {
			return point{0, half}
		}
		return point{-(b.y - a.y) / long * half, (b.x - a.x) / long * half}
	}
	for i, p := range line {
		n := side(i)
		out = append(out, point{p.x + n.x, p.y + n.y})
	}
	for i := len(line) - 1; i >= 0; i-- {
		n := side(i)
		out = append(out, point{line[i].x - n.x, line[i].y - n.y})
	}
	return out
}

// within fills what trace draws, in the rectangle around points.
func (c *canvas) within(points []point, ink color.Color, trace func(dx, dy float64)) {
	if len(points) == 0 {
		return
	}
	low, high := points[0], points[0]
	for _, p := range points {
		low = point{min(low.x, p.x), min(low.y, p.y)}
		high = point{max(high.x, p.x), max(high.y, p.y)}
	}
	r := image.Rect(int(low.x)-1, int(low.y)-1, int(high.x)+2, int(high.y)+2)
	c.fill.Reset(r.Dx(), r.Dy())
	trace(-float64(r.Min.X), -float64(r.Min.Y))
	c.fill.Draw(c.img, r, image.NewUniform(ink), image.Point{})
}

// trace hands a polygon to the rasterizer, moved by dx, dy.
func (c *canvas) trace(line []point, dx, dy float64) {
	for i, p := range line {
		if x, y := float32(p.x+dx), float32(p.y+dy); i == 0 {
			c.fill.MoveTo(x, y)
		} else {
			c.fill.LineTo(x, y)
		}
	}
	c.fill.ClosePath()
}

// text paints a text glyph by glyph, as outlines: they need no hinting at this
// fineness, and any size will do.
func (c *canvas) text(it *item) {
	t := face(it.bold)
	size := it.size * c.scale
	x, y := it.at.x*c.scale, it.at.y*c.scale
	switch it.where {
	case middle:
		x -= textWidth(it.text, size, it.bold) / 2
	case end:
		x -= textWidth(it.text, size, it.bold)
	}
	ink := colourOf(it.class)
	for _, r := range it.text {
		c.rune(t, r, x, y, size, ink)
		x += t.measure(&c.glyph, r) * size
	}
}

func (c *canvas) rune(t *typeface, r rune, x, y, size float64, ink color.Color) {
	g, err := t.font.GlyphIndex(&c.glyph, r)
	if err != nil {
		return
	}
	segments, err := t.font.LoadGlyph(&c.glyph, g, fixed.Int26_6(size*64), nil)
	if err != nil || len(segments) == 0 {
		return
	}
	at := func(p fixed.Point26_6) point { return point{x + float64(p.X)/64, y + float64(p.Y)/64} }
	var all []point
	for _, s := range segments {
		for _, p := range s.Args[:argsOf(s.Op)] {
			all = append(all, at(p))
		}
	}
	c.within(all, ink, func(dx, dy float64) { c.outline(segments, at, dx, dy) })
}

func argsOf(op sfnt.SegmentOp) int {
	switch op {
	case sfnt.SegmentOpQuadTo:
		return 2
	case sfnt.SegmentOpCubeTo:
		return 3
	}
	return 1
}

// outline hands a glyph to the rasterizer.
func (c *canvas) outline(segments sfnt.Segments, at func(fixed.Point26_6) point, dx, dy float64) {
	to := func(p fixed.Point26_6) (float32, float32) {
		q := at(p)
		return float32(q.x + dx), float32(q.y + dy)
	}
	for _, s := range segments {
		ax, ay := to(s.Args[0])
		bx, by := to(s.Args[1])
		cx, cy := to(s.Args[2])
		switch s.Op {
		case sfnt.SegmentOpMoveTo:
			c.fill.ClosePath()
			c.fill.MoveTo(ax, ay)
		case sfnt.SegmentOpLineTo:
			c.fill.LineTo(ax, ay)
		case sfnt.SegmentOpQuadTo:
			c.fill.QuadTo(ax, ay, bx, by)
		case sfnt.SegmentOpCubeTo:
			c.fill.CubeTo(ax, ay, bx, by, cx, cy)
		}
	}
	c.fill.ClosePath()
}
