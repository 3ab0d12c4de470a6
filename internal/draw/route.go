package draw

import (
	"cmp"
	"math"
	"slices"
)

// ports are where lines meet the boxes: for each route its first and its last end.
type ports [][2]float64

// ports spreads the ends of the lines over the sides of each box, in the order in
// which they come, so that thick lines do not lie on one another.
func (g *grid) ports() ports {
	out := make(ports, len(g.routes))
	type end struct {
		route, side int
		slope       float64
	}
	ends := make([][2][]end, len(g.v)) // on the left and the right of each vertex
	for i := range g.routes {
		r := &g.routes[i]
		if r.side {
			continue
		}
		first, last := r.via[0], r.via[len(r.via)-1]
		second, butLast := r.via[1], r.via[len(r.via)-2]
		ends[first][1] = append(ends[first][1], end{i, 0, g.slope(first, second)})
		ends[last][0] = append(ends[last][0], end{i, 1, g.slope(last, butLast)})
	}
	for at := range ends {
		v := &g.v[at]
		for _, list := range ends[at] {
			slices.SortStableFunc(list, func(a, b end) int { return cmp.Compare(a.slope, b.slope) })
			step := 0.0
			if len(list) > 1 {
				step = min(14, (v.up+v.down)*0.7/float64(len(list)-1))
			}
			for i, e := range list {
				out[e.route][e.side] = v.y + (float64(i)-float64(len(list)-1)/2)*step
			}
		}
	}
	return out
}

// slope tells how steeply a line leaves v towards w.
func (g *grid) slope(v, w int) float64 {
	return (g.v[w].y - g.v[v].y) / math.Max(math.Abs(g.v[w].x-g.v[v].x), 1)
}

// line is the shape of route i and the head at its end, for a line of that width.
func (g *grid) line(i int, p ports, width float64) (sh, head shape) {
	r := &g.routes[i]
	length, half := 5+1.6*width, 2.5+0.9*width
	if r.side {
		return g.sideLine(r, length, half)
	}
	var pts []point // pairs: the way into a rank and out of it
	for k, vi := range r.via {
		v := &g.v[vi]
		switch {
		case k == 0:
			pts = append(pts, point{v.x + v.w/2, p[i][0]})
		case k == len(r.via)-1:
			pts = append(pts, point{v.x - v.w/2, p[i][1]})
		default:
			wide := g.columnWidth[v.rank] // it passes the boxes beside it straight
			if v.edge < 0 && g.size.labels && v.rank%2 == 1 {
				wide *= 0.3 // there are only labels beside it
			}
			pts = append(pts, point{v.x - wide/2, v.y}, point{v.x + wide/2, v.y})
		}
	}
	n := len(pts)
	if r.turned {
		head = arrow(pts[0], math.Pi, length, half)
		pts[0].x += length * 0.8
	} else {
		head = arrow(pts[n-1], 0, length, half)
		pts[n-1].x -= length * 0.8
	}
	sh.move(pts[0])
	for k := 1; k < n; k++ {
		if a, b := pts[k-1], pts[k]; k%2 == 0 {
			sh.line(b)
		} else {
			mid := (a.x + b.x) / 2
			sh.curve(point{mid, a.y}, point{mid, b.y}, b)
		}
	}
	return sh, head
}

// sideLine joins two nodes on one rank, or a node with itself, around their right
// sides.
func (g *grid) sideLine(r *route, length, half float64) (sh, head shape) {
	e := &g.m.Edges[r.edge]
	a, b := g.vertexOf(e.From), g.vertexOf(e.To)
	from, to := point{a.x + a.w/2, a.y + a.down*0.3}, point{b.x + b.w/2, b.y - b.up*0.3}
	if a.y > b.y {
		from.y, to.y = a.y-a.up*0.3, b.y+b.down*0.3
	}
	out := 24 + math.Abs(from.y-to.y)*0.15
	head = arrow(to, math.Pi, length, half)
	to.x += length * 0.8
	sh.move(from)
	sh.curve(point{from.x + out, from.y}, point{to.x + out, to.y}, to)
	return sh, head
}

// vertexOf is where node n stands.
func (g *grid) vertexOf(n int) *vertex { return &g.v[g.at[n]] }
