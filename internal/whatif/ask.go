package whatif

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"github.com/sluice-mesh/sluice/budget"
)

// Cheapest is the mesh with the least budget whose plan keeps a target, nil where
// not even one without bounds does. Latency falls with the budget but for the
// rehearsals' noise: the answer keeps the target, and 10 millicores less does not
// or is within that noise.
func (m *Mesh) Cheapest(ctx context.Context, keeps func(*Answer) bool) (*Mesh, error) {
	at := func(cpu budget.MilliCPU) (*Mesh, bool, error) {
		c := *m
		c.fixed = nil
		c.limits.CPU, c.limits.Memory = cpu, max(c.limits.Memory, c.study.Floors().Memory)
		if err := ctx.Err(); err != nil {
			return nil, false, err
		}
		a, err := c.Predict()
		if err != nil {
			return nil, false, err
		}
		return &c, keeps(a), nil
	}
	lo := m.study.Floors().CPU
	best, ok, err := at(lo)
	if err != nil || ok {
		return best, err
	}
	hi := max(lo+1, m.study.Knee())
	if best, ok, err = at(hi); err != nil || !ok {
		return nil, err
	}
	for hi-lo > 10 {
		mid := lo + (hi-lo)/2
		c, ok, err := at(mid)
		if err != nil {
			return nil, err
		}
		if ok {
			best, hi = c, mid
		} else {
			lo = mid
		}
	}
	return best, nil
}

// Change is one thing that could be done to a mesh, and what comes of it.
type Change struct {
	// Name says what; Service is whose, "" for the budget.
	Name, Service string
	Answer        *Answer
	// Saves is how much it lowers the mean latency.
	Saves time.Duration
}

// How large each change is that Helps tries, and on how many services: those whose
// sidecars work hardest, and those whose applications take longest.
const (
	helpBudget  = 1.2
	helpWork    = 0.8
	helpCost    = 0.8
	mostHelped  = 16
	helpReplica = 1
)

// Helps tries single changes and returns the n that lower the mean most: a fifth
// more budget, one pod more, a fifth less work, a fifth cheaper calls.
func (m *Mesh) Helps(ctx context.Context, n int) ([]Change, error) {
	now, err := m.Predict()
	if err != nil {
		return nil, err
	}
	tries := m.tries(now)
	var out []Change
	for _, t := range tries {
		if err := ctx.Err(); err != nil {
			return nil, err
		}
		c, err := t.make()
		if err != nil {
			continue // it cannot be done
		}
		a, err := c.Predict()
		if err != nil {
			continue // the budget does not hold it
		}
		if saves := now.Mean - a.Mean; saves > 0 {
			out = append(out, Change{t.name, t.service, a, saves})
		}
	}
	slices.SortStableFunc(out, func(a, b Change) int { return cmp.Compare(b.Saves, a.Saves) })
	return out[:max(0, min(n, len(out)))], nil
}

// try is a change to be tried.
type try struct {
	name, service string
	make          func() (*Mesh, error)
}

// tries lists what is worth trying.
func (m *Mesh) tries(now *Answer) []try {
	s := m.study
	out := []try{{"a fifth more budget", "", func() (*Mesh, error) {
		return m.WithBudget(helpBudget*float64(m.limits.CPU)/1000, 0)
	}}}
	hard := m.top(func(i int) float64 { return now.Sidecars[i].Utilization })
	for _, i := range hard {
		name := s.Service(i)
		out = append(out,
			try{fmt.Sprintf("%s: one pod more", name), name, func() (*Mesh, error) { return m.WithReplicas(name, s.Pods(i)+helpReplica) }},
			try{fmt.Sprintf("%s: calls a fifth cheaper for its sidecars", name), name, func() (*Mesh, error) { return m.with(s.Costlier(i, helpCost)) }})
		if m.fixed != nil {
			out = append(out, try{fmt.Sprintf("%s: a fifth more CPU for each sidecar", name), name, func() (*Mesh, error) {
				return m.Allocated(map[string]float64{name: helpBudget * float64(m.fixed[i]) / 1000})
			}})
		}
	}
	for _, i := range m.top(func(i int) float64 { return float64(s.Work(i)) }) {
		name := s.Service(i)
		out = append(out, try{fmt.Sprintf("%s: its application a fifth faster", name), name, func() (*Mesh, error) {
			return m.with(s.WithWork(i, time.Duration(helpWork*float64(s.Work(i)))))
		}})
	}
	return out
}

// top are the services with the most of something, the first of equals first.
func (m *Mesh) top(of func(i int) float64) []int {
	order := make([]int, m.study.Len())
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(of(b), of(a)) })
	return order[:min(len(order), mostHelped)]
}
