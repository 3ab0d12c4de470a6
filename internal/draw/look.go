package draw

import (
	"fmt"
	"strings"
)

// look is how a class of shapes is painted, by light and by dark.
type look struct {
	class        string
	fill, stroke [2]string // "" for none
	width        float64
	dash         []float64
}

// light and dark index the two colours of a look.
const (
	light = iota
	dark
)

// looks are all classes. Heat is ColorBrewer's OrRd by light and its glow by dark;
// both can be told apart by people who see no red. The texts on them are classes of
// their own, since the deep ends want the other ink.
var looks = []look{
	{class: "paper", fill: [2]string{"#ffffff", "#16181d"}},
	{class: "ink", fill: [2]string{"#1b1f24", "#e8eaed"}},
	{class: "soft", fill: [2]string{"#57606a", "#a3abb5"}},
	{class: "label", fill: [2]string{"#424a53", "#b9c0c9"}},
	{class: "heat0", fill: [2]string{"#f6f5f3", "#262a31"}, stroke: outline, width: 1},
	{class: "heat1", fill: [2]string{"#fee8c8", "#3d3029"}, stroke: outline, width: 1},
	{class: "heat2", fill: [2]string{"#fdd49e", "#57391f"}, stroke: outline, width: 1},
	{class: "heat3", fill: [2]string{"#fdbb84", "#76451c"}, stroke: outline, width: 1},
	{class: "heat4", fill: [2]string{"#fc8d59", "#a0521c"}, stroke: outline, width: 1},
	{class: "heat5", fill: [2]string{"#e34a33", "#d9682a"}, stroke: outline, width: 1},
	{class: "heat6", fill: [2]string{"#b30000", "#ff9a4d"}, stroke: outline, width: 1},
	{class: "plain", fill: [2]string{"#ffffff", "#1d2026"}, stroke: outline, width: 1},
	{class: "root", fill: [2]string{"#dbe9fb", "#1d3350"}, stroke: [2]string{"#4a7ab5", "#6f9fd8"}, width: 1},
	{class: "external", fill: [2]string{"#ffffff", "#1d2026"}, stroke: outline, width: 1, dash: []float64{4, 3}},
	{class: "bold", stroke: [2]string{"#1b1f24", "#f4f5f7"}, width: 2.5},
	{class: "edge", stroke: [2]string{"#a5adb6", "#59616c"}, width: 1},
	{class: "back", stroke: [2]string{"#a5adb6", "#59616c"}, width: 1, dash: []float64{6, 4}},
	{class: "main", stroke: [2]string{"#1b1f24", "#f4f5f7"}, width: 1},
	{class: "tip", fill: [2]string{"#a5adb6", "#59616c"}},
	{class: "maintip", fill: [2]string{"#1b1f24", "#f4f5f7"}},
	{class: "onpale", fill: [2]string{"#1b1f24", "#e8eaed"}},
	{class: "ondeep", fill: [2]string{"#ffffff", "#16181d"}},
	{class: "axis", stroke: [2]string{"#8c959f", "#6b7480"}, width: 1},
	{class: "grid", stroke: [2]string{"#e4e7eb", "#2b3038"}, width: 1},
	{class: "line0", stroke: [2]string{"#0b62c4", "#6fb1ff"}, width: 2},
	{class: "line1", stroke: [2]string{"#c2410c", "#ff9a4d"}, width: 2, dash: []float64{6, 4}},
	{class: "line2", stroke: [2]string{"#2c7a4b", "#6fd39a"}, width: 2},
	{class: "line3", stroke: [2]string{"#7c3aad", "#c79bf2"}, width: 2, dash: []float64{2, 3}},
	{class: "line4", stroke: [2]string{"#8a6100", "#e6c34a"}, width: 2},
	{class: "line5", stroke: [2]string{"#b3246f", "#ff8ac4"}, width: 2, dash: []float64{9, 3, 2, 3}},
	{class: "line6", stroke: [2]string{"#0f7580", "#5fd0dc"}, width: 2},
	{class: "line7", stroke: [2]string{"#57606a", "#a3abb5"}, width: 2, dash: []float64{12, 4}},
	{class: "dot0", fill: [2]string{"#0b62c4", "#6fb1ff"}},
	{class: "dot1", fill: [2]string{"#c2410c", "#ff9a4d"}},
	{class: "dot2", fill: [2]string{"#2c7a4b", "#6fd39a"}},
	{class: "dot3", fill: [2]string{"#7c3aad", "#c79bf2"}},
	{class: "dot4", fill: [2]string{"#8a6100", "#e6c34a"}},
	{class: "dot5", fill: [2]string{"#b3246f", "#ff8ac4"}},
	{class: "dot6", fill: [2]string{"#0f7580", "#5fd0dc"}},
	{class: "dot7", fill: [2]string{"#57606a", "#a3abb5"}},
	{class: "mark", stroke: [2]string{"#57606a", "#a3abb5"}, width: 1, dash: []float64{3, 3}},
}

var outline = [2]string{"#8c959f", "#6b7480"}

// lookOf is the look of a class; an unknown one is a mistake here.
func lookOf(class string) *look {
	for i := range looks {
		if looks[i].class == class {
			return &looks[i]
		}
	}
	panic("draw: no look of class " + class)
}

// prefix keeps the classes apart from those of a page that a picture stands in.
const prefix = "dr-"

// fonts are what a viewer sets the text in. Widths are measured in Go's own fonts,
// which are a little wider than most of these.
const fonts = `"Helvetica Neue",Helvetica,Arial,"Liberation Sans",sans-serif`

// CSS is the style of every picture, by light and by dark. SVG brings it along; a
// page that holds pictures of Inline needs it once.
func CSS() string {
	var b strings.Builder
	fmt.Fprintf(&b, ".%stext{font-family:%s}\n", prefix, fonts)
	rules(&b, light)
	b.WriteString("@media (prefers-color-scheme:dark){\n")
	rules(&b, dark)
	b.WriteString("}\n")
	return b.String()
}

func rules(b *strings.Builder, mode int) {
	for i := range looks {
		l := &looks[i]
		fmt.Fprintf(b, ".%s%s{fill:%s", prefix, l.class, none(l.fill[mode]))
		if l.stroke[mode] != "" {
			fmt.Fprintf(b, ";stroke:%s", l.stroke[mode])
		}
		if l.class == "label" { // lines may pass behind it
			fmt.Fprintf(b, ";stroke:%s;stroke-width:3px;stroke-linejoin:round;paint-order:stroke", lookOf("paper").fill[mode])
		}
		if mode == light && l.dash != nil {
			fmt.Fprintf(b, ";stroke-dasharray:%s", strings.Trim(fmt.Sprint(l.dash), "[]"))
		}
		b.WriteString("}\n")
	}
}

func none(colour string) string {
	if colour == "" {
		return "none"
	}
	return colour
}
