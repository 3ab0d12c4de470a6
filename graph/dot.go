package graph

import (
	"bufio"
	"fmt"
	"io"
	"math"
	"strconv"
	"strings"
	"time"
)

// DOTOptions are the looks of WriteDOT; the graph knows none of its own.
type DOTOptions struct {
	// Title stands above the graph, when not "".
	Title string
	// Share colours the nodes: for each of Graph.Nodes a part of the latency in
	// 0…1. Nil colours none.
	Share []float64
}

// WriteDOT writes g for Graphviz, left to right: an edge as wide as its rate,
// a node as red as its share. Same graph, same bytes. The only errors are w's.
func WriteDOT(w io.Writer, g *Graph, o DOTOptions) error {
	d := &dotWriter{w: bufio.NewWriter(w), g: g, o: o}
	d.header()
	for i := range g.Nodes {
		d.node(i)
	}
	for i := range g.Edges {
		d.edge(&g.Edges[i])
	}
	d.w.WriteString("}\n")
	return d.w.Flush()
}

// dotWriter holds what is being written. Errors of w stay in the bufio.Writer
// until Flush, as pprof's do.
type dotWriter struct {
	w *bufio.Writer
	g *Graph
	o DOTOptions
	// busiest is the highest rate of an edge.
	busiest float64
}

func (d *dotWriter) header() {
	for i := range d.g.Edges {
		d.busiest = max(d.busiest, d.g.Edges[i].Rate)
	}
	d.w.WriteString("digraph sluice {\n")
	d.w.WriteString("\trankdir=LR\n")
	if d.o.Title != "" {
		fmt.Fprintf(d.w, "\tlabel=%s labelloc=t labeljust=l\n", quoteDOT(d.o.Title))
	}
	d.w.WriteString("\tnode [shape=box style=filled fillcolor=\"#f5f5f5\" color=\"#666666\" fontname=\"Helvetica\"]\n")
	d.w.WriteString("\tedge [color=\"#555555\" fontname=\"Helvetica\" fontsize=10]\n")
}

// node is named by its number: the root's name may be a service's as well.
func (d *dotWriter) node(i int) {
	n := &d.g.Nodes[i]
	label := n.Name
	if n.Kind == Service {
		label += "\n" + count(len(n.Pods), "pod") + ", " + perSecond(n.Rate)
	} else if n.Kind == Root {
		label += "\n" + perSecond(d.g.Gateway.Rate)
	}
	fmt.Fprintf(d.w, "\tn%d [label=%s", i, quoteDOT(label))
	switch n.Kind {
	case Root:
		d.w.WriteString(" shape=house orientation=270")
	case External:
		d.w.WriteString(" shape=ellipse style=\"filled,dashed\"")
	}
	if i < len(d.o.Share) {
		share := d.o.Share[i]
		fmt.Fprintf(d.w, " fillcolor=%s", quoteDOT(heat(share)))
		fmt.Fprintf(d.w, " tooltip=%s", quoteDOT(n.Name+": "+strconv.FormatFloat(100*clamp01(share), 'f', 1, 64)+" % of the latency"))
	} else {
		fmt.Fprintf(d.w, " tooltip=%s", quoteDOT(n.Name))
	}
	d.w.WriteString("]\n")
}

func (d *dotWriter) edge(e *Edge) {
	label := perSecond(e.Rate) + "\n" + shortTime(e.Mean) + " mean\n" + shortTime(e.P99) + " p99"
	tip := fmt.Sprintf("%s → %s: %s, %.3g per external request", d.g.Nodes[e.From].Name, d.g.Nodes[e.To].Name, count(e.Calls, "call"), e.PerRequest)
	if e.ErrorRatio > 0 {
		tip += fmt.Sprintf(", %.3g %% failed", 100*e.ErrorRatio)
	}
	fmt.Fprintf(d.w, "\tn%d -> n%d [label=%s penwidth=%.2f tooltip=%s labeltooltip=%s", e.From, e.To, quoteDOT(label), d.width(e.Rate), quoteDOT(tip), quoteDOT(tip))
	if e.Back {
		d.w.WriteString(" style=dashed constraint=false")
	}
	d.w.WriteString("]\n")
}

// width in points, 1 to 6 with the rate.
func (d *dotWriter) width(rate float64) float64 {
	if d.busiest <= 0 {
		return 1
	}
	return 1 + 5*rate/d.busiest
}

func clamp01(x float64) float64 {
	if math.IsNaN(x) {
		return 0
	}
	return min(max(x, 0), 1)
}

// heat goes from pale grey at no share to red at all of it. The root of the
// share is what the eye takes for even steps, since most shares are small.
func heat(share float64) string {
	x := math.Sqrt(clamp01(share))
	mix := func(cold, hot float64) int { return int(math.Round(cold + (hot-cold)*x)) }
	return fmt.Sprintf("#%02x%02x%02x", mix(245, 230), mix(245, 80), mix(245, 60))
}

func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return strconv.Itoa(n) + " " + what + "s"
}

func perSecond(rate float64) string {
	if rate >= 100 {
		return strconv.FormatFloat(rate, 'f', 0, 64) + "/s"
	}
	return strconv.FormatFloat(rate, 'g', 3, 64) + "/s"
}

func shortTime(d time.Duration) string {
	ms := float64(d) / float64(time.Millisecond)
	if ms >= 1000 {
		return strconv.FormatFloat(ms/1000, 'g', 3, 64) + " s"
	}
	return strconv.FormatFloat(ms, 'g', 3, 64) + " ms"
}

// quoteDOT makes any text a quoted DOT string. Graphviz takes \n in one for a
// centred line and \N, \G, \E, \T, \H, \L, \l, \r for other things still, so
// backslashes are doubled; control characters would break the line or the SVG
// made of it; "<" and "&" are safe in quotes but for entities, which it decodes.
func quoteDOT(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for _, r := range strings.ToValidUTF8(s, "\uFFFD") {
		switch {
		case r == '\n':
			b.WriteString(`\n`)
		case r == '"', r == '\\':
			b.WriteByte('\\')
			b.WriteRune(r)
		case r == '&':
			b.WriteString("&amp;")
		case r < ' ', r == 0x7f:
			b.WriteByte(' ')
		default:
			b.WriteRune(r)
		}
	}
	b.WriteByte('"')
	return b.String()
}
