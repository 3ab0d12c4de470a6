package report

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sluice-mesh/sluice/graph"
)

// group draws services that belong together as one spot.
func (s *sketch) group(by Grouping) error {
	key := s.byNamespace
	if by == GroupAlike {
		key = s.alike()
	} else if !slices.ContainsFunc(s.spots, func(p spot) bool { return len(p.Namespaces) > 0 }) {
		return &ViewError{"no container of the request names a namespace, so nothing can be grouped by it"}
	}
	groups := make(map[string][]int)
	keys := make([]string, len(s.spots))
	for i := range s.spots {
		if s.spots[i].kind == graph.Service {
			keys[i] = key(i)
			groups[keys[i]] = append(groups[keys[i]], i)
		}
	}
	at := make([]int, len(s.spots))
	var spots []spot
	for i := range s.spots {
		list := groups[keys[i]]
		switch {
		case keys[i] == "" || len(list) == 1:
			at[i] = len(spots)
			spots = append(spots, s.spots[i])
		case list[0] == i:
			at[i] = len(spots)
			spots = append(spots, s.merge(by, list))
		default:
			at[i] = at[list[0]]
		}
	}
	s.hops = s.mergeHops(at, spots)
	s.spots = spots
	return nil
}

// byNamespace is the namespaces of a service's pods.
func (s *sketch) byNamespace(i int) string {
	return strings.Join(s.spots[i].Namespaces, ", ")
}

// alike tells services apart by their callers and callees.
func (s *sketch) alike() func(i int) string {
	keys := make([]strings.Builder, len(s.spots))
	for _, h := range s.hops { // in the order of names, the same for all
		fmt.Fprintf(&keys[h.from], ">%d", h.to)
		fmt.Fprintf(&keys[h.to], "<%d", h.from)
	}
	return func(i int) string { return keys[i].String() + "." }
}

// merge is one spot for several: rates and shares add up, times are means over the
// calls.
func (s *sketch) merge(by Grouping, list []int) spot {
	first := &s.spots[list[0]]
	g := spot{kind: graph.Service, serviceRow: serviceRow{Namespaces: first.Namespaces}}
	var self, work, timed float64 // timed is the calls received where they were measured
	for _, i := range list {
		p := &s.spots[i]
		g.members = append(g.members, p.Name)
		g.Pods += p.Pods
		g.Rate += p.Rate
		g.Visits += p.Visits
		g.Latency += p.Latency
		g.SidecarMS += p.SidecarMS
		if p.SelfMS != nil && p.WorkMS != nil {
			timed += float64(p.Rate)
			self += float64(*p.SelfMS) * float64(p.Rate)
			work += float64(*p.WorkMS) * float64(p.Rate)
		}
		g.main, g.path = g.main || p.main, g.path || p.path
	}
	if timed > 0 {
		g.SelfMS, g.WorkMS = known(true, millis(self/timed)), known(true, millis(work/timed))
	}
	g.Name = fmt.Sprintf("%s and %d more", first.Name, len(list)-1)
	if by == GroupNamespace {
		g.Name = fmt.Sprintf("%s (%d services)", s.byNamespace(list[0]), len(list))
	}
	return g
}

// mergeHops adds up the hops between the spots that at leads to; those within one
// are left out. They stay in the order of their first.
func (s *sketch) mergeHops(at []int, spots []spot) []hop {
	var hops []hop
	index := make(map[[2]int]int)
	for _, h := range s.hops {
		inside := h.from != h.to && at[h.from] == at[h.to]
		h.from, h.to = at[h.from], at[h.to]
		if inside || h.from == h.to && spots[h.from].members != nil {
			continue
		}
		h.From, h.To = spots[h.from].Name, spots[h.to].Name
		i, ok := index[[2]int{h.from, h.to}]
		if !ok {
			index[[2]int{h.from, h.to}] = len(hops)
			hops = append(hops, h)
			continue
		}
		hops[i].add(&h)
	}
	return hops
}

// add takes up another hop between the same spots.
func (h *hop) add(o *hop) {
	all := float64(h.Rate + o.Rate)
	mean := func(a, b float64) float64 {
		if all == 0 {
			return max(a, b)
		}
		return (a*float64(h.Rate) + b*float64(o.Rate)) / all
	}
	if h.MeanMS == nil || h.P99MS == nil {
		h.MeanMS, h.P99MS = o.MeanMS, o.P99MS
	} else if o.MeanMS != nil && o.P99MS != nil {
		h.MeanMS = known(true, millis(mean(float64(*h.MeanMS), float64(*o.MeanMS))))
		h.P99MS = known(true, max(*h.P99MS, *o.P99MS)) // no percentile of both can be above it
	}
	for _, part := range [...]struct{ of, other *figure }{{&h.Errors, &o.Errors}, {&h.Unreached, &o.Unreached}, {&h.Again, &o.Again}} {
		*part.of = figure(mean(float64(*part.of), float64(*part.other)))
	}
	h.Rate += o.Rate
	h.PerRequest += o.PerRequest
	h.Calls += o.Calls
	h.main, h.Back = h.main || o.main, h.Back && o.Back
}
