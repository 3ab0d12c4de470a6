package crgen

import (
	"cmp"
	"slices"
)

// minAway is how many workloads that a round lacks are remembered at least; beyond, as
// many as it has.
const minAway = 1000

// heirs tells which workloads of a round are which of earlier ones.
type heirs struct {
	// of are, by workload seen, those known that it is; claims how many are one known.
	of     [][]int
	claims []int
}

// inherit finds for each workload seen the one known by the same name and namespace.
// Where a namespace was named in one of two rounds only, a service by itself tells
// which one is meant, or all of those that may be: to keep a host for nothing costs
// little, to lose one costs its calls.
func inherit(known, seen []Workload, o Options) heirs {
	h := heirs{of: make([][]int, len(seen)), claims: make([]int, len(known))}
	exact := map[workloadKey]int{}
	for i, w := range known {
		exact[keyOf(w, o)] = i
	}
	taken, lacking := make([]bool, len(known)), false
	for i, w := range seen {
		if k, ok := exact[keyOf(w, o)]; ok {
			h.of[i], taken[k] = []int{k}, true
		} else {
			lacking = true
		}
	}
	byService := map[string][]int{}
	for i := 0; lacking && i < len(known); i++ {
		byService[known[i].Service] = append(byService[known[i].Service], i)
	}
	for i, w := range seen {
		if len(h.of[i]) > 0 {
			continue
		}
		for _, k := range byService[w.Service] {
			nameless := keyOf(w, o).namespace == "" || keyOf(known[k], o).namespace == ""
			if nameless && !taken[k] {
				h.of[i] = append(h.of[i], k)
			}
		}
	}
	for _, ks := range h.of {
		for _, k := range ks {
			h.claims[k]++
		}
	}
	return h
}

// legacy is what was known of workload i of those seen. Requests of a workload that
// several may be prove nothing of any one.
func (h heirs) legacy(i int, known []Workload, size int) Workload {
	var all Workload
	for n, k := range h.of[i] {
		w := known[k]
		if h.claims[k] > 1 {
			w.Requests = 0
		}
		if n == 0 {
			all = w
			continue
		}
		all.add(w)
	}
	if len(h.of[i]) > 1 {
		all.Counted.Latest = all.Counted.Latest.With(Sample{}, size)
		all.Counted.Earlier = all.Counted.Earlier.With(Sample{}, size)
	}
	return all
}

// away are workloads known that a round of so many lacks, as long as they are kept.
func (h heirs) away(known []Workload, seen int, o Options) []Workload {
	var out []Workload
	for k, w := range known {
		if h.claims[k] == 0 && o.Round-w.LastRound <= o.KeepRounds {
			out = append(out, w)
		}
	}
	if most := max(minAway, seen); len(out) > most {
		slices.SortStableFunc(out, func(a, b Workload) int { return cmp.Compare(b.LastRound, a.LastRound) })
		out = out[:most]
	}
	return out
}

// gone is whether this round's request lacks the workload.
func (w *Workload) gone(o Options) bool {
	return o.Round > 0 && w.LastRound > 0 && w.LastRound < o.Round
}
