package report

import (
	"cmp"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/sluice-mesh/sluice/graph"
)

// View is which part of a mesh a picture shows; the zero View is all of it.
type View struct {
	// Focus is a service to look at with what calls it and what it calls, as many
	// calls away as Depth says; "" for the whole mesh.
	Focus string
	Depth int
	// MinShare leaves out services with a smaller part of the latency, but for
	// those on the busiest way to one that is left.
	MinShare float64
	// Critical leaves out what is on no critical path.
	Critical bool
	// Group draws several services as one.
	Group Grouping
}

// Grouping tells which services are drawn as one.
type Grouping string

// GroupNamespace groups by namespace, GroupAlike what has the same callers and the
// same callees, as leaves of one service have.
const (
	GroupNone      Grouping = ""
	GroupNamespace Grouping = "namespace"
	GroupAlike     Grouping = "alike"
)

// ViewError says that a View asks for what the mesh does not have.
type ViewError struct{ Problem string }

func (e *ViewError) Error() string { return e.Problem }

// apply takes the part of s that v shows, and says which that is.
func (v *View) apply(s *sketch) (title string, err error) {
	all := s.count()
	var said []string
	if v.Focus != "" {
		if err := s.focus(v.Focus, v.Depth); err != nil {
			return "", err
		}
		said = append(said, fmt.Sprintf("around %s, up to %s away", Printable(v.Focus, maxLabel), count(v.Depth, "call")))
	}
	if v.Critical {
		s.keep(func(i int) bool { return s.spots[i].path || s.spots[i].kind == graph.Root })
		said = append(said, "on critical paths")
	}
	if v.MinShare > 0 {
		s.heaviest(v.MinShare)
		said = append(said, fmt.Sprintf("with %s of the latency or more", part(v.MinShare)))
	}
	shown := s.count()
	if v.Group != GroupNone {
		if err := s.group(v.Group); err != nil {
			return "", err
		}
		said = append(said, "grouped by "+map[Grouping]string{GroupNamespace: "namespace", GroupAlike: "callers and callees"}[v.Group])
	}
	if said == nil {
		return "", nil
	}
	return fmt.Sprintf("%d of %s and upstreams, %s", shown, count(all, "service"), strings.Join(said, ", ")), nil
}

// keep leaves out spots and what leads to them.
func (s *sketch) keep(wanted func(i int) bool) {
	at := make([]int, len(s.spots))
	var spots []spot
	for i := range s.spots {
		at[i] = -1
		if wanted(i) {
			at[i] = len(spots)
			spots = append(spots, s.spots[i])
		}
	}
	var hops []hop
	for _, h := range s.hops {
		if h.from, h.to = at[h.from], at[h.to]; h.from >= 0 && h.to >= 0 {
			hops = append(hops, h)
		}
	}
	s.spots, s.hops = spots, hops
}

// focus keeps one service, and what is at most depth calls up or down from it.
func (s *sketch) focus(name string, depth int) error {
	centre := slices.IndexFunc(s.spots, func(p spot) bool { return p.Name == name && p.kind == graph.Service })
	if centre < 0 {
		centre = slices.IndexFunc(s.spots, func(p spot) bool { return p.Name == name })
	}
	if centre < 0 {
		return &ViewError{fmt.Sprintf("there is no service %s%s", Printable(fmt.Sprintf("%q", name), maxLabel), s.nearest(name))}
	}
	near := make([]bool, len(s.spots))
	down, up := make([][]int, len(s.spots)), make([][]int, len(s.spots))
	for _, h := range s.hops {
		down[h.from] = append(down[h.from], h.to)
		up[h.to] = append(up[h.to], h.from)
	}
	for _, next := range [][][]int{down, up} {
		reach(centre, depth, next, near)
	}
	s.keep(func(i int) bool { return near[i] })
	return nil
}

// reach marks what is at most depth steps from a spot.
func reach(from, depth int, next [][]int, near []bool) {
	seen := map[int]bool{from: true}
	front := []int{from}
	for d := 0; len(front) > 0; d++ {
		var beyond []int
		for _, i := range front {
			near[i] = true
			if d == depth {
				continue
			}
			for _, to := range next[i] {
				if !seen[to] {
					seen[to] = true
					beyond = append(beyond, to)
				}
			}
		}
		front = beyond
	}
}

// nearest suggests the service whose name is most like name, in the words of an
// error.
func (s *sketch) nearest(name string) string {
	best, least := "", 1+len(name)/2
	for i := range s.spots {
		p := &s.spots[i]
		if len(p.Name) > 3*maxLabel || len(name) > 3*maxLabel {
			continue
		}
		d := distance(name, p.Name)
		if strings.Contains(p.Name, name) {
			d = min(d, 1)
		}
		if d < least {
			best, least = p.Name, d
		}
	}
	if best == "" {
		return "; 'sluice graph' lists them"
	}
	return fmt.Sprintf(", did you mean %s?", Printable(fmt.Sprintf("%q", best), maxLabel))
}

// distance is how many characters must be changed to make b of a (Levenshtein).
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		last := row[0]
		row[0] = i + 1
		for j := range len(b) {
			change := last
			if a[i] != b[j] {
				change++
			}
			last = row[j+1]
			row[j+1] = min(change, last+1, row[j]+1)
		}
	}
	return row[len(b)]
}

// heaviest keeps the services with at least that share, and the busiest way from
// the root to each.
func (s *sketch) heaviest(share float64) {
	caller := make([]int, len(s.spots))
	rate := make([]float64, len(s.spots))
	for i := range caller {
		caller[i] = -1
	}
	for _, h := range s.hops {
		if r := float64(h.Rate); !h.Back && h.from != h.to && (caller[h.to] < 0 || r > rate[h.to]) {
			caller[h.to], rate[h.to] = h.from, r
		}
	}
	wanted := make([]bool, len(s.spots))
	for i := range s.spots {
		wanted[i] = wanted[i] || s.spots[i].kind == graph.Root
		if float64(s.spots[i].Latency) < share {
			continue
		}
		for at := i; at >= 0 && !wanted[at]; at = caller[at] {
			wanted[at] = true
		}
	}
	s.keep(func(i int) bool { return wanted[i] })
}

// busiest keeps the spots with the highest rates and between them the hops with the
// highest rates. It tells whether anything had to go.
func (s *sketch) busiest(spots, hops int) (cut bool) {
	if len(s.spots) > spots {
		cut = true
		order := s.byRate()[:max(spots, 1)]
		wanted := make([]bool, len(s.spots))
		for _, i := range order {
			wanted[i] = true
		}
		s.keep(func(i int) bool { return wanted[i] })
	}
	if len(s.hops) > hops {
		cut = true
		rates := make([]float64, len(s.hops))
		for i := range s.hops {
			rates[i] = weight(s.hops[i].main, s.hops[i].Rate)
		}
		slices.SortFunc(rates, func(a, b float64) int { return cmp.Compare(b, a) })
		least := rates[max(hops-1, 0)]
		ties := hops // of what is as heavy as the least, what there is room for
		for _, r := range rates[:hops] {
			if r > least {
				ties--
			}
		}
		kept := s.hops[:0:0]
		for _, h := range s.hops {
			w := weight(h.main, h.Rate)
			if w == least {
				ties--
			}
			if w > least || w == least && ties >= 0 {
				kept = append(kept, h)
			}
		}
		s.hops = kept
	}
	return cut
}

// count is how many services and upstreams there are: all but the root.
func (s *sketch) count() int {
	n := len(s.spots)
	for i := range s.spots {
		if s.spots[i].kind == graph.Root {
			n--
		}
	}
	return n
}

// byRate is the indexes of the spots, the root first, then by falling rate.
func (s *sketch) byRate() []int {
	order := make([]int, len(s.spots))
	for i := range order {
		order[i] = i
	}
	of := func(i int) float64 { return weight(s.spots[i].kind == graph.Root, s.spots[i].Rate) }
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(of(b), of(a)) })
	return order
}

// weight is what something is kept for: its rate, or that it must be.
func weight(must bool, rate figure) float64 {
	if must {
		return math.Inf(1)
	}
	return float64(rate)
}
