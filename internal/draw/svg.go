package draw

import (
	"bufio"
	"fmt"
	"io"
	"strconv"
	"strings"
)

// SVG writes m as a picture of its own, by light or by dark as its viewer prefers.
// Errors are ErrLarge and w's.
func SVG(w io.Writer, m *Mesh) error {
	s, err := compose(m)
	if err != nil {
		return err
	}
	return s.svg(w, true)
}

// Inline is SVG for a page that has CSS in its own style.
func Inline(w io.Writer, m *Mesh) error {
	s, err := compose(m)
	if err != nil {
		return err
	}
	return s.svg(w, false)
}

// svg prints the scene. Whole pictures have a style and a ground of their own.
func (s *scene) svg(w io.Writer, whole bool) error {
	b := bufio.NewWriter(w)
	name := s.title
	if name == "" {
		name = "mesh"
	}
	fmt.Fprintf(b, `<svg xmlns="http://www.w3.org/2000/svg" width="%[1]s" height="%[2]s" viewBox="0 0 %[1]s %[2]s" role="img" aria-label="%[3]s">`,
		num(s.width), num(s.height), escape(name+": "+s.about))
	b.WriteByte('\n')
	if whole {
		fmt.Fprintf(b, "<title>%s</title>\n<style>\n%s</style>\n", escape(name), CSS())
		fmt.Fprintf(b, `<rect class="%spaper" width="100%%" height="100%%"/>`+"\n", prefix)
	}
	for i := range s.items {
		s.items[i].svg(b)
	}
	b.WriteString("</svg>\n")
	return b.Flush()
}

func (it *item) svg(b *bufio.Writer) {
	switch it.kind {
	case openItem:
		b.WriteString("<g>")
		if it.text != "" {
			fmt.Fprintf(b, "<title>%s</title>", escape(clean(it.text)))
		}
		b.WriteByte('\n')
	case closeItem:
		b.WriteString("</g>\n")
	case shapeItem:
		fmt.Fprintf(b, `<path class="%s%s"`, prefix, it.class)
		// An attribute, since pages forbid styles that stand at elements.
		if w := it.lineWidth(); w > 0 {
			fmt.Fprintf(b, ` stroke-width="%s"`, num(w))
		}
		fmt.Fprintf(b, ` d="%s"/>`+"\n", it.shape.data())
	case textItem:
		fmt.Fprintf(b, `<text class="%[1]stext %[1]s%[2]s" x="%[3]s" y="%[4]s" font-size="%[5]s"`, prefix, it.class, num(it.at.x), num(it.at.y), num(it.size))
		if it.bold {
			b.WriteString(` font-weight="bold"`)
		}
		if it.where != start {
			fmt.Fprintf(b, ` text-anchor="%s"`, [...]string{middle: "middle", end: "end"}[it.where])
		}
		// Faces differ by a fifth in width, and which one a viewer has is not known: each
		// text is set as wide as it was measured, so that what was laid out holds.
		if w, known := measured(it.text, it.size, it.bold); known {
			fmt.Fprintf(b, ` textLength="%s" lengthAdjust="spacingAndGlyphs"`, num(w))
		}
		fmt.Fprintf(b, ">%s</text>\n", escape(it.text))
	}
}

// lineWidth is the width of a shape's line, 0 where it has none.
func (it *item) lineWidth() float64 {
	l := lookOf(it.class)
	switch {
	case l.stroke[light] == "":
		return 0
	case it.width > 0:
		return it.width
	}
	return l.width
}

// data is the path as SVG writes it.
func (s *shape) data() string {
	var b strings.Builder
	next := 0
	for _, op := range s.ops {
		b.WriteByte(op)
		n := pointsOf(op)
		for i, p := range s.points[next : next+n] {
			if i > 0 {
				b.WriteByte(' ')
			}
			b.WriteString(num(p.x) + "," + num(p.y))
		}
		next += n
	}
	return b.String()
}

// pointsOf is how many points follow an op.
func pointsOf(op byte) int {
	switch op {
	case 'C':
		return 3
	case 'Z':
		return 0
	}
	return 1
}

// num prints a length to a tenth of a pixel.
func num(f float64) string {
	s := strconv.FormatFloat(f, 'f', 1, 64)
	return strings.TrimSuffix(s, ".0")
}

// escape makes any clean text safe between tags and in quotes.
func escape(s string) string {
	return escaper.Replace(s)
}

var escaper = strings.NewReplacer("&", "&amp;", "<", "&lt;", ">", "&gt;", `"`, "&quot;", "'", "&#39;")
