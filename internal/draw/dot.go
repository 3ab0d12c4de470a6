package draw

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// DOT writes m for Graphviz: from left to right, a rank for each depth, in the
// colours of the other pictures. It takes a mesh of any size. Errors are w's.
func DOT(w io.Writer, m *Mesh) error {
	d := &dotWriter{w: bufio.NewWriter(w), m: m, size: sizesFor(m), busiest: m.busiest()}
	d.header()
	for i := range m.Nodes {
		d.node(i)
	}
	d.sameRanks()
	for i := range m.Edges {
		d.edge(&m.Edges[i])
	}
	d.legend()
	d.w.WriteString("}\n")
	return d.w.Flush()
}

// dotWriter holds what is being written. Errors of w stay in the bufio.Writer
// until Flush, as pprof's do.
type dotWriter struct {
	w       *bufio.Writer
	m       *Mesh
	size    sizes
	busiest float64
}

func (d *dotWriter) header() {
	d.w.WriteString("digraph sluice {\n")
	fmt.Fprintf(d.w, "\trankdir=LR nodesep=%.2f ranksep=%.2f fontname=Helvetica\n", d.size.gap/72, 2*d.size.room/72)
	if title := strings.Join(append([]string{d.m.Title}, d.m.Notes...), "\n"); title != "" {
		fmt.Fprintf(d.w, "\tlabel=%s labelloc=t labeljust=l\n", quoteDOT(title))
	}
	fmt.Fprintf(d.w, "\tnode [shape=box style=\"filled,rounded\" fillcolor=\"%s\" color=\"%s\" fontname=Helvetica fontsize=%g height=0.2]\n",
		lookOf("plain").fill[light], outline[light], d.size.name)
	fmt.Fprintf(d.w, "\tedge [color=\"%s\" fontcolor=\"%s\" fontname=Helvetica fontsize=%g]\n",
		lookOf("edge").stroke[light], lookOf("label").fill[light], d.size.tag)
}

// node is named by its number: names may be alike.
func (d *dotWriter) node(i int) {
	n := &d.m.Nodes[i]
	lines := append([]string{fit(n.Name, d.size.longest)}, d.size.linesOf(n)...)
	fmt.Fprintf(d.w, "\tn%d [label=%s tooltip=%s", i, quoteDOT(strings.Join(lines, "\n")), quoteDOT(n.Tip))
	if step := heat(n.Share); step >= 0 && n.Kind != Root {
		class := fmt.Sprintf("heat%d", step)
		fmt.Fprintf(d.w, " fillcolor=\"%s\"", lookOf(class).fill[light])
		if step >= 5 {
			d.w.WriteString(" fontcolor=white")
		}
	}
	switch n.Kind {
	case Root:
		fmt.Fprintf(d.w, " shape=cds margin=\"0.3,0.12\" style=filled fillcolor=\"%s\"", lookOf("root").fill[light])
	case External:
		d.w.WriteString(" style=\"filled,rounded,dashed\"")
	case Group:
		d.w.WriteString(" peripheries=2")
	}
	if n.Critical {
		d.w.WriteString(" penwidth=2.5 color=black")
	}
	d.w.WriteString("]\n")
}

// sameRanks keeps nodes of one depth in one column.
func (d *dotWriter) sameRanks() {
	rank, used := ranks(d.m)
	var columns [][]int
	for i, r := range rank {
		for len(columns) <= r {
			columns = append(columns, nil)
		}
		if used[i] {
			columns[r] = append(columns[r], i)
		}
	}
	for _, c := range columns {
		if len(c) < 2 {
			continue
		}
		d.w.WriteString("\t{rank=same")
		for _, i := range c {
			fmt.Fprintf(d.w, " n%d", i)
		}
		d.w.WriteString("}\n")
	}
}

func (d *dotWriter) edge(e *Edge) {
	fmt.Fprintf(d.w, "\tn%d -> n%d [penwidth=%.2f tooltip=%s", e.From, e.To, d.size.thickness(e, d.busiest), quoteDOT(e.Tip))
	if d.size.labelled(e) {
		// The last, empty line keeps the text off a thick arrow.
		fmt.Fprintf(d.w, " label=%s labeltooltip=%s", quoteDOT(strings.Join(e.Lines, "\n")+"\n "), quoteDOT(e.Tip))
	}
	if e.Critical {
		fmt.Fprintf(d.w, " color=\"%s\" fontcolor=black", lookOf("main").stroke[light])
	}
	if e.Back {
		d.w.WriteString(" style=dashed constraint=false")
	}
	d.w.WriteString("]\n")
}

// legend is a table, which Graphviz puts beside the graph as a node of its own.
func (d *dotWriter) legend() {
	coloured, critical, back := d.m.shows()
	if !coloured {
		return
	}
	d.w.WriteString("\tlegend [shape=plain style=\"\" tooltip=legend fontsize=10 label=<<table border=\"0\" cellborder=\"0\" cellspacing=\"2\"><tr><td>share of latency</td>")
	for i, name := range heatNames {
		l := lookOf(fmt.Sprintf("heat%d", i))
		ink := "black"
		if i >= 5 {
			ink = "white"
		}
		fmt.Fprintf(d.w, "<td bgcolor=\"%s\"><font color=\"%s\">%s</font></td>", l.fill[light], ink, escape(name))
	}
	d.w.WriteString("</tr><tr><td colspan=\"8\" align=\"left\">width: rate")
	if critical {
		d.w.WriteString("; black: critical path")
	}
	if back {
		d.w.WriteString("; dashed: closes a cycle")
	}
	d.w.WriteString("</td></tr></table>>]\n")
}

// quoteDOT makes any text a quoted DOT string. Graphviz takes \n in one for a
// centred line and \N, \G, \E, \T, \H, \L, \l, \r for other things still, so
// backslashes are doubled; "<" and "&" are safe in quotes but for entities, which it
// decodes.
func quoteDOT(s string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i, line := range strings.Split(s, "\n") {
		if i > 0 {
			b.WriteString(`\n`)
		}
		b.WriteString(dotEscaper.Replace(clean(line)))
	}
	b.WriteByte('"')
	return b.String()
}

var dotEscaper = strings.NewReplacer(`"`, `\"`, `\`, `\\`, "&", "&amp;")
