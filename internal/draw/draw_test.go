package draw

import (
	"bytes"
	"encoding/xml"
	"errors"
	"flag"
	"image/png"
	"io"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", file)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; make it with go test ./internal/draw -update", err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs (-want +got); if that is meant, run go test ./internal/draw -update\n%s", path, diff)
	}
}

// hostile is a name with all that could end a string, a tag, a line or a comment.
const hostile = "\"'<script>alert(1)</script>&amp;\\n\\N%%{init}%%`x`;]-->\n\x1b[31m\u202egnp\xff#quot;"

// meshes are small ones of every kind.
func meshes() map[string]*Mesh {
	nan := math.NaN()
	return map[string]*Mesh{
		"empty": {},
		"one":   {Title: "one service", Nodes: []Node{{Name: "root", Kind: Root, Share: nan}, {Name: "alone", Lines: []string{"0/s"}}}},
		"cycle": {
			Title: "a cycle", Notes: []string{"with a note"},
			Nodes: []Node{{Name: "root", Kind: Root, Share: nan, Lines: []string{"50/s"}},
				{Name: "a", Share: 0.6, Critical: true, Lines: []string{"50/s · 2 pods", "self 3 ms"}}, {Name: "b", Share: 0.02},
				{Name: "out.example", Kind: External, Share: nan}, {Name: "c and 3 more", Kind: Group, Share: 0.1}},
			Edges: []Edge{{From: 0, To: 1, Rate: 50, Lines: []string{"50/s", "mean 3 · p99 9 ms"}, Tip: "root → a", Critical: true},
				{From: 1, To: 2, Rate: 10, Lines: []string{"10/s"}}, {From: 2, To: 1, Rate: 1, Lines: []string{"1/s"}, Back: true},
				{From: 2, To: 2, Rate: 1, Back: true}, {From: 1, To: 3, Rate: 3}, {From: 2, To: 4, Rate: 2}, {From: 0, To: 4, Rate: 1}},
		},
		"names": {Title: hostile, Notes: []string{hostile},
			Nodes: []Node{{Name: hostile, Tip: hostile, Lines: []string{hostile}}, {Name: "zwölf→мир 支払い", Share: 1}},
			Edges: []Edge{{From: 0, To: 1, Rate: 1, Lines: []string{hostile}, Tip: hostile}}},
	}
}

var forms = map[string]func(io.Writer, *Mesh) error{"svg": SVG, "png": PNG, "dot": DOT, "mermaid": Mermaid}

func TestGolden(t *testing.T) {
	for name, m := range meshes() {
		for form, write := range forms {
			t.Run(name+"."+form, func(t *testing.T) {
				var b, again bytes.Buffer
				if err := errors.Join(write(&b, m), write(&again, m)); err != nil {
					t.Fatal(err)
				}
				if !bytes.Equal(b.Bytes(), again.Bytes()) {
					t.Error("the same mesh gives other bytes")
				}
				if form != "png" { // its bytes are the compressor's as well
					golden(t, name+"."+form, b.Bytes())
				}
			})
		}
	}
}

// elements counts the elements of an SVG, which must be well formed.
func elements(t *testing.T, svg []byte) map[string]int {
	t.Helper()
	n := make(map[string]int)
	d := xml.NewDecoder(bytes.NewReader(svg))
	for {
		tok, err := d.Token()
		if err == io.EOF {
			return n
		}
		if err != nil {
			t.Fatalf("no XML: %v", err)
		}
		if e, ok := tok.(xml.StartElement); ok {
			n[e.Name.Local]++
			for _, a := range e.Attr {
				if strings.HasPrefix(a.Name.Local, "on") || a.Name.Local == "href" || a.Name.Local == "style" {
					t.Errorf("an attribute %s", a.Name.Local)
				}
			}
		}
	}
}

// Names are text in a picture, whatever they hold; and a page's policy, which
// forbids styles at elements, leaves it as it is.
func TestSVGHostileNames(t *testing.T) {
	var b bytes.Buffer
	if err := SVG(&b, meshes()["names"]); err != nil {
		t.Fatal(err)
	}
	n := elements(t, b.Bytes())
	for name := range n {
		if !strings.Contains(" svg title style rect g path text ", " "+name+" ") {
			t.Errorf("an element %s", name)
		}
	}
	if n["text"] < 6 || n["path"] < 4 {
		t.Errorf("elements are missing: %v", n)
	}
	if !utf8.Valid(b.Bytes()) || strings.ContainsAny(b.String(), "\x1b\u202e") {
		t.Error("control characters or marks of direction are in the picture")
	}
}

// Inline pictures bring no style: a page has CSS once.
func TestInline(t *testing.T) {
	var b bytes.Buffer
	if err := Inline(&b, meshes()["cycle"]); err != nil {
		t.Fatal(err)
	}
	if n := elements(t, b.Bytes()); n["style"] > 0 || n["rect"] > 0 {
		t.Errorf("elements %v", n)
	}
	for _, class := range strings.Split(b.String(), `class="`)[1:] {
		class, _, _ = strings.Cut(class, `"`)
		for c := range strings.FieldsSeq(class) {
			if !strings.Contains(CSS(), "."+c+"{") {
				t.Errorf("no style for %s", c)
			}
		}
	}
}

func TestPNG(t *testing.T) {
	var b bytes.Buffer
	if err := PNG(&b, meshes()["cycle"]); err != nil {
		t.Fatal(err)
	}
	img, err := png.Decode(&b)
	if err != nil {
		t.Fatal(err)
	}
	seen := make(map[[3]uint32]int)
	for y := range img.Bounds().Dy() {
		for x := range img.Bounds().Dx() {
			r, g, b, _ := img.At(x, y).RGBA()
			seen[[3]uint32{r >> 8, g >> 8, b >> 8}]++
		}
	}
	for what, colour := range map[string][3]uint32{"paper": {255, 255, 255}, "heat 6": {0xb3, 0, 0}, "edge": {0xa5, 0xad, 0xb6}, "critical path": {0x1b, 0x1f, 0x24}, "root": {0xdb, 0xe9, 0xfb}} {
		if seen[colour] < 100 {
			t.Errorf("%d pixels of %s", seen[colour], what)
		}
	}
}

// The pixels are bounded, whatever the mesh.
func TestPNGBounded(t *testing.T) {
	m := &Mesh{Nodes: []Node{{Kind: Root}}}
	for i := 1; i < MaxNodes; i++ {
		m.Nodes = append(m.Nodes, Node{Name: strings.Repeat("支", 100)})
		m.Edges = append(m.Edges, Edge{From: i - 1, To: i})
	}
	var b bytes.Buffer
	if err := PNG(&b, m); err != nil {
		t.Fatal(err)
	}
	c, err := png.DecodeConfig(&b)
	if err != nil || c.Width*c.Height > maxPixels {
		t.Errorf("%d × %d, %v", c.Width, c.Height, err)
	}
}

func TestRefused(t *testing.T) {
	large := tree(MaxNodes + 1)
	for _, write := range []func(io.Writer, *Mesh) error{SVG, PNG, Inline} {
		if err := write(io.Discard, large); !errors.Is(err, ErrLarge) {
			t.Errorf("%v, want ErrLarge", err)
		}
		if err := write(io.Discard, &Mesh{Nodes: make([]Node, 1), Edges: []Edge{{To: 1}}}); err == nil {
			t.Error("an edge to nowhere is drawn")
		}
	}
	if err := DOT(io.Discard, tree(10*MaxNodes)); err != nil {
		t.Error(err)
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestErrors(t *testing.T) {
	for form, write := range forms {
		if err := write(fullDisk{}, meshes()["cycle"]); err == nil || !strings.Contains(err.Error(), "disk full") {
			t.Errorf("%s: error %v, want the writer's", form, err)
		}
	}
}

// Graphviz takes what DOT writes without a word, and finds every node and edge.
func TestGraphviz(t *testing.T) {
	dot, err := exec.LookPath("dot")
	if err != nil {
		t.Skip("there is no Graphviz here: apt-get install graphviz")
	}
	all := meshes()
	all["tree"] = tree(120)
	for name, m := range all {
		var in, out, said bytes.Buffer
		if err := DOT(&in, m); err != nil {
			t.Fatal(err)
		}
		cmd := exec.Command(dot, "-Tsvg")
		cmd.Stdin, cmd.Stdout, cmd.Stderr = &in, &out, &said
		if err := cmd.Run(); err != nil || said.Len() > 0 {
			t.Errorf("%s: %v: %s", name, err, said.String())
		}
		nodes, edges := strings.Count(out.String(), `class="node"`), strings.Count(out.String(), `class="edge"`)
		if coloured, _, _ := m.shows(); coloured {
			nodes-- // the legend
		}
		if nodes != len(m.Nodes) || edges != len(m.Edges) {
			t.Errorf("%s: %d nodes and %d edges, want %d and %d", name, nodes, edges, len(m.Nodes), len(m.Edges))
		}
		if strings.Contains(out.String(), "<script") {
			t.Errorf("%s: a name became a tag", name)
		}
	}
}

// The text of a Mermaid chart cannot leave its quotes: between them there is
// nothing that Mermaid, Markdown or HTML act on.
func TestMermaidQuotes(t *testing.T) {
	var b bytes.Buffer
	if err := Mermaid(&b, meshes()["names"]); err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(b.String()) {
		line = strings.TrimSpace(line)
		if strings.HasPrefix(line, "%% ") {
			if strings.Contains(line[3:], "%%") || strings.Contains(line, "{") {
				t.Errorf("a directive in a comment: %s", line)
			}
			continue
		}
		parts := strings.Split(line, `"`)
		if len(parts)%2 == 0 {
			t.Fatalf("quotes do not match: %s", line)
		}
		for i := 1; i < len(parts); i += 2 {
			if text := strings.ReplaceAll(parts[i], "<br/>", ""); strings.ContainsAny(text, "<>'`\\{}[]()|&") {
				t.Errorf("text %s", text)
			}
		}
	}
}

func TestFit(t *testing.T) {
	f := func(s string, most int, want string) {
		t.Helper()
		if got := fit(s, most); got != want {
			t.Errorf("fit(%q, %d) = %q, want %q", s, most, got, want)
		}
	}
	f("short", 5, "short")
	f("payments-service-v2", 10, "paymen…-v2")
	f("支払いサービス", 4, "支払…ス")
	f("a\tb\nc\x00d", 10, "a b c\uFFFDd")
	f("\u202egnp\xff", 10, "\uFFFDgnp\uFFFD")
}

func TestHeat(t *testing.T) {
	f := func(share float64, want int) {
		t.Helper()
		if got := heat(share); got != want {
			t.Errorf("heat(%v) = %d, want %d", share, got, want)
		}
	}
	f(math.NaN(), -1)
	f(-1, 0)
	f(0.0099, 0)
	f(0.01, 1)
	f(0.5, len(heatSteps)-1)
	f(math.Inf(1), len(heatSteps)-1)
}

// Text is set as wide as it was measured, whatever face a viewer has: with DejaVu in the
// place of Helvetica it was a fifth wider and ran out of boxes and over its neighbours.
// What our own font lacks was not measured, and a single character has nothing to set.
func TestTextLength(t *testing.T) {
	m := &Mesh{Title: "Title", Nodes: []Node{{Name: "front", Lines: []string{"53.3/s · 1 pod"}, Share: 0.3}, {Name: "支払い", Lines: []string{"x"}, Share: math.NaN()}},
		Edges: []Edge{{From: 0, To: 1, Rate: 1, Lines: []string{"мир", "≥ 50 %"}}}}
	var b bytes.Buffer
	if err := SVG(&b, m); err != nil {
		t.Fatal(err)
	}
	f := func(text, length string) {
		t.Helper()
		found := regexp.MustCompile(`<text[^>]*?(?: textLength="([\d.]+)" lengthAdjust="spacingAndGlyphs")?>` + regexp.QuoteMeta(text) + `</text>`).FindStringSubmatch(b.String())
		if found == nil || found[1] != length {
			t.Errorf("%q: %q, want a length of %q", text, found, length)
		}
	}
	at := func(text string, size float64, bold bool) string { return num(textWidth(text, size, bold)) }
	f("front", at("front", 13, true))
	f("53.3/s · 1 pod", at("53.3/s · 1 pod", 11, false))
	f("мир", at("мир", 10.5, false))
	f("share of latency", at("share of latency", 10.5, false))
	f("支払い", "")
	f("x", "")
}
