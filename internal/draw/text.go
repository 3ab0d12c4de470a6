package draw

import (
	"strings"
	"sync"
	"unicode"

	"golang.org/x/image/font"
	"golang.org/x/image/font/gofont/gobold"
	"golang.org/x/image/font/gofont/goregular"
	"golang.org/x/image/font/sfnt"
	"golang.org/x/image/math/fixed"
)

// typeface is one of Go's own fonts, which come with the program: pictures must not
// depend on what a machine has. It is read when the first picture is made.
type typeface struct {
	font *sfnt.Font
	// advance of the ASCII characters, in ems: nearly all text.
	advance [128]float64
}

var faces = [2]func() *typeface{
	sync.OnceValue(func() *typeface { return readFace(goregular.TTF) }),
	sync.OnceValue(func() *typeface { return readFace(gobold.TTF) }),
}

func face(bold bool) *typeface {
	if bold {
		return faces[1]()
	}
	return faces[0]()
}

func readFace(ttf []byte) *typeface {
	f, err := sfnt.Parse(ttf)
	if err != nil {
		panic("draw: the built-in font is broken: " + err.Error())
	}
	t := &typeface{font: f}
	var b sfnt.Buffer
	for r := range t.advance {
		t.advance[r] = t.measure(&b, rune(r))
	}
	return t
}

// unit is the size at which a font is measured, large so that rounding is small.
const unit = 1000

// measure is the width of r in ems. What the font lacks is shown by another: East
// Asian characters are square, others are as an average letter.
func (t *typeface) measure(b *sfnt.Buffer, r rune) float64 {
	g, err := t.font.GlyphIndex(b, r)
	if err == nil && g != 0 {
		if a, err := t.font.GlyphAdvance(b, g, fixed.I(unit), font.HintingNone); err == nil {
			return float64(a) / 64 / unit
		}
	}
	if r >= 0x1100 && unicode.IsPrint(r) {
		return 1
	}
	return 0.6
}

// textWidth is how wide s is at that size.
func textWidth(s string, size float64, bold bool) float64 {
	t := face(bold)
	var b sfnt.Buffer
	w := 0.0
	for _, r := range s {
		if r < 128 {
			w += t.advance[r]
		} else {
			w += t.measure(&b, r)
		}
	}
	return w * size
}

// measured is textWidth, and whether our own font has all of s: the width of what it
// lacks is a guess, which nothing should be set to.
func measured(s string, size float64, bold bool) (w float64, known bool) {
	t := face(bold)
	var b sfnt.Buffer
	n := 0
	for _, r := range s {
		if n++; r >= 128 {
			if g, err := t.font.GlyphIndex(&b, r); err != nil || g == 0 {
				return 0, false
			}
		}
	}
	return textWidth(s, size, bold), n > 1
}

// clean is s without what would break a line or a document: control characters and
// marks that turn the direction of writing become a box's question mark.
func clean(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\t':
			return ' '
		case r == ' ' || unicode.IsPrint(r):
			return r
		}
		return '\uFFFD'
	}, strings.ToValidUTF8(s, "\uFFFD"))
}

// fit is s cleaned and shortened in the middle to at most that many characters:
// names in a mesh often differ at the end alone.
func fit(s string, most int) string {
	s = clean(s)
	runes := []rune(s)
	if len(runes) <= most {
		return s
	}
	tail := (most - 1) / 3
	return string(runes[:most-1-tail]) + "…" + string(runes[len(runes)-tail:])
}
