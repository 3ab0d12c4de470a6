package critical

import (
	"slices"
	"time"
)

// paths are the counted ones, or the graph's own where no request could be
// followed to its end. A path that ends where the traces do, at a service that
// does not pass request_id on, goes on along the graph.
func (c *combiner) paths() []Path {
	list := c.ev.paths.list()
	if len(list) == 0 {
		return c.m.rank(c.guessed())
	}
	list = c.m.rank(list)
	for i := range list {
		list[i].Nodes = c.extend(list[i].Nodes)
	}
	return c.m.rank(merge(list))
}

// merge makes one of paths that have become the same.
func merge(list []Path) []Path {
	kept := list[:0]
	for _, p := range list {
		i := slices.IndexFunc(kept, func(k Path) bool { return slices.Equal(k.Nodes, p.Nodes) })
		if i < 0 {
			kept = append(kept, p)
			continue
		}
		k := &kept[i]
		k.Mean = (scale(k.Mean, k.Share) + scale(p.Mean, p.Share))
		k.Share += p.Share
		k.Mean = scale(k.Mean, 1/k.Share)
	}
	return kept
}

// guessed follows the entries along the edges with the largest part in latency: those
// with the most requests, as paths of different entries are ranked by these, and a mesh
// may have as many entries as services, with long ways behind each.
func (c *combiner) guessed() []Path {
	var r []Path
	sum := 0.0
	add := func(n int, w float64, mean time.Duration) {
		if w > 0 {
			sum += w
			r = append(r, Path{Nodes: []int{n}, Share: w, Mean: mean})
		}
	}
	for _, e := range c.m.out[0] {
		ed := &c.m.g.Edges[e]
		add(ed.To, sound(ed.PerRequest), ed.Mean)
	}
	for n := range c.m.g.Nodes {
		if c.m.head(n) {
			add(n, sound(c.m.g.Nodes[n].Visits), 0)
		}
	}
	for i := range r {
		r[i].Share /= sum
	}
	r = c.m.rank(r)
	for i := range r {
		r[i].Nodes = c.descend(r[i].Nodes)
	}
	return r
}

// descend goes on from the last of nodes to the callee waited for longest.
func (c *combiner) descend(nodes []int) []int {
	seen := map[int]bool{}
	for _, n := range nodes {
		seen[n] = true
	}
	for {
		next, most := -1, 0.0
		for _, e := range c.m.out[nodes[len(nodes)-1]] {
			if to := c.m.g.Edges[e].To; !seen[to] && c.waited(e) > most {
				next, most = to, c.waited(e)
			}
		}
		if next < 0 {
			return nodes
		}
		seen[next] = true
		nodes = append(nodes, next)
	}
}

func (c *combiner) extend(nodes []int) []int {
	if len(nodes) == 0 || !c.deaf[nodes[len(nodes)-1]] {
		return nodes
	}
	return c.descend(nodes)
}
