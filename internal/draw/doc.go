// Package draw turns a mesh into pictures, and figures into charts, as SVG, PNG,
// Graphviz DOT and Mermaid.
//
//	m := &draw.Mesh{
//		Nodes: []draw.Node{{Name: "ingress", Kind: draw.Root}, {Name: "cart", Share: 0.3}},
//		Edges: []draw.Edge{{From: 0, To: 1, Rate: 120, Lines: []string{"120/s"}}},
//	}
//	err := draw.SVG(w, m) // or PNG, DOT, Mermaid
//
// A Mesh says what is to be seen, in the callers' words; how it looks is decided
// here. DOT and Mermaid leave the layout to their own tools. SVG and PNG lay out
// themselves, in the manner of Sugiyama: ranks from left to right by the longest way
// (rank.go), the order in a rank with few crossings (order.go), heights that keep
// lines straight (place.go), then curves through what lies between (route.go). The
// result is a scene of paths and texts, which both forms print.
//
// Same input, same bytes: there is no clock and no randomness here. Time and memory
// are bounded by MaxNodes and MaxEdges, beyond which a picture would not be read;
// what is more is refused with ErrLarge, and the caller shows a part. It does not
// choose that part, does not know where the figures come from, and escapes whatever
// names it is given.
package draw
