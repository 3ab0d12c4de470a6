package draw

import (
	"bufio"
	"fmt"
	"io"
	"strings"
)

// MermaidEdges and MermaidText are the most edges, and bytes, of a chart that Mermaid
// draws by its own settings (maxEdges and maxTextSize of Mermaid 11). Beyond there is an
// error in the picture's place.
const (
	MermaidEdges = 500
	MermaidText  = 50_000
)

// Mermaid writes m as a Mermaid flowchart, for pages that draw such themselves. It
// takes a mesh of any size, though Mermaid does not. Errors are w's.
func Mermaid(w io.Writer, m *Mesh) error {
	b := bufio.NewWriter(w)
	z := sizesFor(m)
	b.WriteString("flowchart LR\n")
	for _, line := range append([]string{m.Title}, m.Notes...) {
		if line != "" {
			fmt.Fprintf(b, "  %%%% %s\n", mermaidComment(line))
		}
	}
	for i := range m.Nodes {
		mermaidNode(b, i, &m.Nodes[i], &z)
	}
	busiest := m.busiest()
	for i := range m.Edges {
		mermaidEdge(b, &m.Edges[i], &z)
	}
	for i := range m.Edges {
		e := &m.Edges[i]
		class := "edge"
		if e.Critical {
			class = "main"
		}
		fmt.Fprintf(b, "  linkStyle %d stroke-width:%.1fpx,stroke:%s\n", i, z.thickness(e, busiest), lookOf(class).stroke[light])
	}
	mermaidClasses(b, m)
	return b.Flush()
}

func mermaidNode(b *bufio.Writer, i int, n *Node, z *sizes) {
	lines := []string{fit(n.Name, z.longest)}
	lines = append(lines, z.linesOf(n)...)
	open, close := "[", "]"
	switch n.Kind {
	case Root:
		open, close = ">", "]"
	case External:
		open, close = "([", "])"
	case Group:
		open, close = "[[", "]]"
	}
	fmt.Fprintf(b, "  n%d%s%s%s\n", i, open, quoteMermaid(lines), close)
}

func mermaidEdge(b *bufio.Writer, e *Edge, z *sizes) {
	arrow := "-->"
	switch {
	case e.Back:
		arrow = "-.->"
	case e.Critical:
		arrow = "==>"
	}
	fmt.Fprintf(b, "  n%d %s", e.From, arrow)
	if z.labelled(e) {
		fmt.Fprintf(b, "|%s|", quoteMermaid(e.Lines))
	}
	fmt.Fprintf(b, " n%d\n", e.To)
}

// mermaidClasses colours the nodes.
func mermaidClasses(b *bufio.Writer, m *Mesh) {
	for step := range heatSteps {
		var names []string
		for i := range m.Nodes {
			if heat(m.Nodes[i].Share) == step && m.Nodes[i].Kind != Root {
				names = append(names, fmt.Sprintf("n%d", i))
			}
		}
		if names == nil {
			continue
		}
		ink := lookOf("onpale")
		if step >= 5 {
			ink = lookOf("ondeep")
		}
		fmt.Fprintf(b, "  classDef heat%d fill:%s,stroke:%s,color:%s\n", step, lookOf(fmt.Sprintf("heat%d", step)).fill[light], outline[light], ink.fill[light])
		fmt.Fprintf(b, "  class %s heat%d\n", strings.Join(names, ","), step)
	}
}

// quoteMermaid is lines as one quoted text. Mermaid knows HTML in it, Markdown
// between backticks, and character codes written #number;.
func quoteMermaid(lines []string) string {
	var b strings.Builder
	b.WriteByte('"')
	for i, line := range lines {
		if i > 0 {
			b.WriteString("<br/>")
		}
		last := rune(0)
		for _, r := range clean(line) {
			if last == '\\' && r == 'n' {
				b.WriteString("#8203;") // a blank of no width, or the two would end the line
			}
			last = r
			if strings.ContainsRune("\"'<>&#`;\\{}[]()|*_~%$:@/", r) {
				fmt.Fprintf(&b, "#%d;", r)
			} else {
				b.WriteRune(r)
			}
		}
	}
	b.WriteByte('"')
	return b.String()
}

// mermaidComment is a line of text that no directive can be in.
func mermaidComment(s string) string {
	return strings.NewReplacer("{", "(", "}", ")", "%", " per cent").Replace(clean(s))
}
