package draw

import (
	"cmp"
	"slices"
)

// sweeps is how often the order of the ranks is tried anew. Crossings seldom fall
// after the first dozen.
const sweeps = 24

// order sorts every layer so that few lines cross: each vertex to the middle of its
// neighbours on the rank before, then on the rank after, by turns; the best of all
// tries is kept.
func (g *grid) order() {
	g.first()
	best, fewest := g.snapshot(), g.crossings()
	for i := 0; i < sweeps && fewest > 0; i++ {
		if i%2 == 0 {
			for l := 1; l < len(g.layers); l++ {
				g.sortLayer(l, func(v *vertex) []link { return v.before })
			}
		} else {
			for l := len(g.layers) - 2; l >= 0; l-- {
				g.sortLayer(l, func(v *vertex) []link { return v.after })
			}
		}
		g.swap()
		if n := g.crossings(); n < fewest {
			best, fewest = g.snapshot(), n
		}
	}
	g.layers = best
}

// first orders the layers as a walk from the left meets the vertices, the heaviest
// way first.
func (g *grid) first() {
	seen := make([]bool, len(g.v))
	layers := make([][]int, len(g.layers))
	var stack []int
	visit := func(from int) {
		stack = append(stack[:0], from)
		for len(stack) > 0 {
			i := stack[len(stack)-1]
			stack = stack[:len(stack)-1]
			if seen[i] {
				continue
			}
			seen[i] = true
			layers[g.v[i].rank] = append(layers[g.v[i].rank], i)
			for _, l := range slices.Backward(g.v[i].after) {
				stack = append(stack, l.to)
			}
		}
	}
	for _, layer := range g.layers {
		for _, i := range layer {
			if !seen[i] {
				visit(i)
			}
		}
	}
	g.layers = layers
}

func (g *grid) snapshot() [][]int {
	c := make([][]int, len(g.layers))
	for i := range c {
		c[i] = slices.Clone(g.layers[i])
	}
	return c
}

// places is where in its layer each vertex is.
func (g *grid) places() []int {
	at := make([]int, len(g.v))
	for _, layer := range g.layers {
		for i, v := range layer {
			at[v] = i
		}
	}
	return at
}

// sortLayer sorts layer l by the mean place of each vertex's neighbours. Those
// without any keep their place.
func (g *grid) sortLayer(l int, side func(*vertex) []link) {
	at := g.places()
	layer := g.layers[l]
	type want struct {
		v    int
		mean float64
	}
	var moving []want
	for _, v := range layer {
		if links := side(&g.v[v]); len(links) > 0 {
			sum := 0.0
			for _, k := range links {
				sum += float64(at[k.to])
			}
			moving = append(moving, want{v, sum / float64(len(links))})
		}
	}
	slices.SortStableFunc(moving, func(a, b want) int { return cmp.Compare(a.mean, b.mean) })
	next := 0
	for i, v := range layer {
		if len(side(&g.v[v])) > 0 {
			layer[i] = moving[next].v
			next++
		}
	}
}

// swapLayer is the longest layer in which neighbours are tried the other way round:
// it helps small pictures, and costs most in large ones.
const swapLayer = 80

// swap exchanges neighbours in a layer while that saves crossings.
func (g *grid) swap() {
	at := g.places()
	for range 3 {
		better := false
		for _, layer := range g.layers {
			if len(layer) > swapLayer {
				continue
			}
			for i := 0; i+1 < len(layer); i++ {
				a, b := &g.v[layer[i]], &g.v[layer[i+1]]
				now := between(at, a.before, b.before) + between(at, a.after, b.after)
				then := between(at, b.before, a.before) + between(at, b.after, a.after)
				if then < now {
					layer[i], layer[i+1] = layer[i+1], layer[i]
					at[layer[i]], at[layer[i+1]] = i, i+1
					better = true
				}
			}
		}
		if !better {
			return
		}
	}
}

// between counts the crossings of two neighbours' links, the first above the second.
func between(at []int, a, b []link) int {
	n := 0
	for _, x := range a {
		for _, y := range b {
			if at[x.to] > at[y.to] {
				n++
			}
		}
	}
	return n
}

// crossings counts them all: between two layers, pairs of links in the wrong order,
// by a tree of sums (Barth, Jünger, Mutzel: Simple and Efficient Bilayer Cross
// Counting, 2002).
func (g *grid) crossings() int {
	at := g.places()
	total := 0
	for l := 0; l+1 < len(g.layers); l++ {
		sums := make([]int, len(g.layers[l+1])+1)
		seen := 0
		for _, v := range g.layers[l] {
			ends := make([]int, 0, len(g.v[v].after))
			for _, k := range g.v[v].after {
				ends = append(ends, at[k.to]+1)
			}
			for _, e := range ends {
				upTo := 0
				for i := e; i > 0; i -= i & -i {
					upTo += sums[i]
				}
				total += seen - upTo
			}
			for _, e := range ends {
				for i := e; i < len(sums); i += i & -i {
					sums[i]++
				}
			}
			seen += len(ends)
		}
	}
	return total
}
