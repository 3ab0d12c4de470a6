package budget

import (
	"fmt"
	"sort"
	"time"
)

// Pour makes the plan. It returns *InfeasibleError where the floors do not fit.
// It is a pure function of in, and the order of in.Sidecars does not matter.
func Pour(in Input) (Plan, error) {
	if err := checkFloors(in.Sidecars, in.Limits); err != nil {
		return Plan{}, err
	}
	m := newMesh(in)
	b := believe(m, in.Knowledge)
	played := b.rehearsable()
	if played {
		b.clumps()
		b.calibrate()
		b.tune()
	}
	level := min(b.afford(in.Limits.CPU), b.knee(in.Options, played))
	plan := Plan{Allotments: make([]Allotment, len(m.order)), Learned: b.knowledge(in.Knowledge)}
	sets := make([]float64, len(m.order))
	for i := range sets {
		sets[i] = plan.Learned.Services[i].Memory
	}
	memory := pourMemory(sets, m.pods, in.Limits.Memory)
	cores := b.at(level)
	load := b.foresee(cores, level, played)
	for i, to := range m.order {
		a := Allotment{Service: m.sidecars[i].Service, Pods: int(m.pods[i]), CPU: MilliCPU(1000*cores[i] + 0.5), Memory: memory[i]}
		a.Demand = b.demand(i, load.Rate)
		a.Utilization = 1000 * a.Demand / float64(a.CPU)
		a.Reason = fmt.Sprintf("uses %.0f of %d millicores at the load seen", 1000*a.Demand, a.CPU)
		plan.Allotments[to] = a
		plan.CPU += a.CPU * MilliCPU(m.pods[i])
		plan.Memory += a.Memory * Bytes(m.pods[i])
	}
	plan.Predicted = Gateway{Requests: m.gateway.Requests, Rate: load.Rate, Mean: time.Duration(load.Mean * 1e9)}
	return plan, nil
}

// byService is the order in which sidecars are summed, so that the result does
// not depend on the caller's.
func byService(sidecars []Sidecar) []int {
	order := make([]int, len(sidecars))
	for i := range order {
		order[i] = i
	}
	sort.SliceStable(order, func(a, b int) bool { return sidecars[order[a]].Service < sidecars[order[b]].Service })
	return order
}
