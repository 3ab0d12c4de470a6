package whatif

import (
	"cmp"
	"context"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/sluice-mesh/sluice/budget"
)

// prove is what many rehearsals say of an answer, or the answer where there are none.
func (a *Answer) prove() budget.Proof {
	if a.Played && !a.Flooded {
		if p, ok := a.mesh.study.Prove(a.Given); ok {
			return p
		}
	}
	return budget.Proof{Mean: a.Mean, P99: a.P99}
}

// Cheapest is the mesh with the least budget whose plan keeps a target, and what was
// rehearsed of it; nil where not even one without bounds does. Latency falls with the
// budget but for the rehearsals' chance, which the target is to allow for: 10
// millicores less do not keep it.
func (m *Mesh) Cheapest(ctx context.Context, keeps func(budget.Proof) bool) (*Mesh, budget.Proof, error) {
	var shown budget.Proof
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
		p := a.prove()
		ok := keeps(p)
		if ok {
			shown = p
		}
		return &c, ok, nil
	}
	lo := m.study.Floors().CPU
	best, ok, err := at(lo)
	if err != nil || ok {
		return best, shown, err
	}
	hi := max(lo+1, m.study.Knee())
	if best, ok, err = at(hi); err != nil || !ok {
		return nil, shown, err
	}
	for hi-lo > 10 {
		mid := lo + (hi-lo)/2
		c, ok, err := at(mid)
		if err != nil {
			return nil, shown, err
		}
		if ok {
			best, hi = c, mid
		} else {
			lo = mid
		}
	}
	return best, shown, nil
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

// sureFactor is how many times what chance may do to the difference of two means (19 of
// 20 times) a change has to save: some sixty are tried, and one of them would be lucky.
const sureFactor = 1.5

// Helps tries single changes and returns the n that lower the mean most: a fifth more
// budget, one pod more, a fifth less work, a fifth cheaper calls. Those alone count
// that lower it by more than chance, which is returned too, under many rehearsals as
// under the two of a prediction.
func (m *Mesh) Helps(ctx context.Context, n int) (found []Change, chance time.Duration, err error) {
	now, err := m.Predict()
	if err != nil {
		return nil, 0, err
	}
	before := now.prove()
	for _, t := range m.tries(now) {
		if err := ctx.Err(); err != nil {
			return nil, 0, err
		}
		c, err := t.make()
		if err != nil {
			continue // it cannot be done
		}
		a, err := c.Predict()
		if err != nil {
			continue // the budget does not hold it
		}
		saves := now.Mean - a.Mean
		if saves <= 0 {
			continue
		}
		after := a.prove()
		doubt := sureFactor * math.Hypot(float64(before.MeanChance), float64(after.MeanChance))
		if chance = max(chance, time.Duration(doubt)); before.Mean-after.Mean > time.Duration(doubt) {
			found = append(found, Change{t.name, t.service, a, saves})
		}
	}
	slices.SortStableFunc(found, func(a, b Change) int { return cmp.Compare(b.Saves, a.Saves) })
	return found[:max(0, min(n, len(found)))], chance, nil
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
