package draw

import (
	"fmt"
	"io"
	"testing"
)

// tree is a mesh of n nodes, each called by an earlier one, and every third by two.
func tree(n int) *Mesh {
	m := &Mesh{Title: "a mesh"}
	for i := range n {
		node := Node{Name: fmt.Sprintf("service-%d", i), Lines: []string{fmt.Sprintf("%d/s", i)}, Tip: "told when pointed at", Share: float64(i%10) / 20}
		if i == 0 {
			node.Kind = Root
		}
		m.Nodes = append(m.Nodes, node)
		if i == 0 {
			continue
		}
		m.Edges = append(m.Edges, Edge{From: i * 5 / 13, To: i, Rate: float64(n - i), Lines: []string{fmt.Sprintf("%d/s", n-i), "mean 3 ms"}, Critical: i&(i+1) == 0})
		if i%3 == 0 && i > 6 {
			m.Edges = append(m.Edges, Edge{From: (i * 7) % (i / 2), To: i, Rate: 3})
		}
	}
	return m
}

func BenchmarkPicture(b *testing.B) {
	for _, n := range []int{5, 50, 300} {
		for _, f := range []struct {
			name  string
			write func(io.Writer, *Mesh) error
		}{{"svg", SVG}, {"png", PNG}, {"dot", DOT}, {"mermaid", Mermaid}} {
			b.Run(fmt.Sprintf("%s-%d", f.name, n), func(b *testing.B) {
				m := tree(n)
				b.ReportAllocs()
				for b.Loop() {
					if err := f.write(io.Discard, m); err != nil {
						b.Fatal(err)
					}
				}
			})
		}
	}
}
