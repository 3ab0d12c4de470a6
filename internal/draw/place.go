package draw

import "math"

// rounds is how often heights are evened out between the ranks.
const rounds = 40

// place gives every vertex its middle.
func (g *grid) place() {
	for _, layer := range g.layers {
		g.stack(layer)
	}
	for i := range rounds {
		if i%2 == 0 {
			for l := range g.layers {
				g.settle(g.layers[l], i)
			}
		} else {
			for l := len(g.layers) - 1; l >= 0; l-- {
				g.settle(g.layers[l], i)
			}
		}
	}
	g.columns()
}

// gap is the room between two neighbours on a rank.
func (g *grid) gap(a, b *vertex) float64 {
	if a.node >= 0 && b.node >= 0 {
		return g.size.gap
	}
	return g.size.gap / 2
}

// apart is how far the middles of two neighbours must be.
func (g *grid) apart(a, b *vertex) float64 { return a.down + g.gap(a, b) + b.up }

// stack puts a layer's vertices one below the other, around 0.
func (g *grid) stack(layer []int) {
	y := 0.0
	for i, v := range layer {
		if i > 0 {
			y += g.apart(&g.v[layer[i-1]], &g.v[v])
		}
		g.v[v].y = y
	}
	for _, v := range layer {
		g.v[v].y -= y / 2
	}
}

// settle moves a layer's vertices as near to the heights of their neighbours as
// their order and size allow. In the first rounds it looks only to where the sweep
// comes from, so that good places spread through the whole picture.
func (g *grid) settle(layer []int, round int) {
	want, weight := make([]float64, len(layer)), make([]float64, len(layer))
	for i, v := range layer {
		want[i], weight[i] = g.wish(&g.v[v], round)
	}
	apart := make([]float64, len(layer))
	for i := 1; i < len(layer); i++ {
		apart[i] = g.apart(&g.v[layer[i-1]], &g.v[layer[i]])
	}
	for i, y := range nearest(want, weight, apart) {
		g.v[layer[i]].y = y
	}
}

// wish is the height at which v would like to be, and how much.
func (g *grid) wish(v *vertex, round int) (y, weight float64) {
	sides := [2][]link{v.before, v.after}
	if round < rounds/2 {
		sides[1-round%2] = nil
	}
	sum := 0.0
	for _, side := range sides {
		for _, k := range side {
			sum += k.weight * g.v[k.to].y
			weight += k.weight
		}
	}
	if weight == 0 {
		return v.y, 0.01
	}
	return sum / weight, weight
}

// nearest is the heights closest to want, in the sum of weighted squares, that keep
// the order and are at least apart[i] from the one before: isotonic regression by
// pooling adjacent violators, on the heights less the distances before them.
func nearest(want, weight, apart []float64) []float64 {
	type pool struct {
		sum, weight float64
		n           int
	}
	var pools []pool
	before := make([]float64, len(want))
	for i := range want {
		if i > 0 {
			before[i] = before[i-1] + apart[i]
		}
		p := pool{(want[i] - before[i]) * weight[i], weight[i], 1}
		for len(pools) > 0 && pools[len(pools)-1].sum/pools[len(pools)-1].weight > p.sum/p.weight {
			last := pools[len(pools)-1]
			p = pool{last.sum + p.sum, last.weight + p.weight, last.n + p.n}
			pools = pools[:len(pools)-1]
		}
		pools = append(pools, p)
	}
	out := make([]float64, 0, len(want))
	for _, p := range pools {
		for range p.n {
			out = append(out, p.sum/p.weight+before[len(out)])
		}
	}
	return out
}

// columns gives the ranks their places from left to right. Where lines climb far
// they need room to do so, or all of them look upright.
func (g *grid) columns() {
	x := 0.0
	g.columnWidth = make([]float64, len(g.layers))
	for l, layer := range g.layers {
		wide, climb, links := 0.0, 0.0, 0
		for _, v := range layer {
			wide = max(wide, g.v[v].w)
			for _, k := range g.v[v].after {
				climb += math.Abs(g.v[v].y - g.v[k.to].y)
				links++
			}
		}
		g.columnWidth[l] = wide
		for _, v := range layer {
			g.v[v].x = x + wide/2
		}
		room := g.size.room
		if links > 0 {
			room = max(room, min(climb/float64(links)*0.35, 4*g.size.room))
		}
		if l+1 < len(g.layers) {
			x += wide + room
		}
	}
}
