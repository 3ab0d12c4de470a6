package budget

import (
	"math"
	"sort"
	"time"
)

// Pour makes the plan. It returns *InfeasibleError where the floors do not fit.
// It is a pure function of in, and the order of in.Sidecars does not matter.
//
// What is learned and how far the plan goes does not depend on in.Limits: they
// only choose the level. So a larger budget gives no service less.
func Pour(in Input) (Plan, error) {
	if err := checkFloors(in.Sidecars, in.Limits); err != nil {
		return Plan{}, err
	}
	b, played := learn(in)
	limits := b.mesh.spendable(in.Limits, in.Options)
	knee := b.knee(in.Options, played)
	return b.plan(in, b.affordTo(knee, limits.CPU), knee, limits, played), nil
}

// learn is the model that this round and those before it teach, and whether it is
// small enough to be played.
func learn(in Input) (b *believed, played bool) {
	b = believe(newMesh(in), in.Knowledge)
	if played = b.rehearsable(); played {
		b.calibrate()
		b.tune()
	} else {
		b.settle()
		b.rehearseUnended(in)
	}
	return b, played
}

// spendable is the limits with Options.Spend taken into account.
func (m *mesh) spendable(l Limits, o Options) Limits {
	if !(o.Spend > 0 && o.Spend < 1) {
		return l
	}
	pods := int64(0)
	for _, n := range m.pods {
		pods += n
	}
	floor := Limits{CPU: FloorCPU * MilliCPU(pods), Memory: FloorMemory * Bytes(pods)}
	return Limits{
		CPU:    floor.CPU + MilliCPU(math.Floor(o.Spend*float64(l.CPU-floor.CPU))),
		Memory: floor.Memory + Bytes(math.Floor(o.Spend*float64(l.Memory-floor.Memory))),
	}
}

// plan is the plan at the level that the limits pay for, or at the knee if that comes
// first.
func (b *believed) plan(in Input, level, knee float64, limits Limits, played bool) Plan {
	p := Plan{Allotments: make([]Allotment, len(b.order)), Learned: b.knowledge(in.Knowledge)}
	sets := make([]float64, len(b.order))
	for i := range sets {
		sets[i] = p.Learned.Services[i].Memory
	}
	memory := pourMemory(sets, b.pods, limits.Memory)
	cores := b.at(level)
	load, o := b.foresee(cores, level, played)
	for i, to := range b.order {
		a := Allotment{Service: b.sidecars[i].Service, Pods: int(b.pods[i]), CPU: MilliCPU(1000*cores[i] + 0.5), Memory: memory[i]}
		b.explain(&a, i, load, o)
		m := b.memoryOf(i)
		a.Working, a.Growth, a.Killed = Bytes(whole(m.working)), Bytes(whole(m.growth)), Bytes(whole(m.killed))
		p.Allotments[to] = a
		p.CPU += a.CPU * MilliCPU(a.Pods)
		p.Memory += a.Memory * Bytes(a.Pods)
	}
	if level == knee && load.Rate > 0 && load.Mean > 0 {
		p.Learned.Foreseen = &load
	}
	b.keepKnee(p.Learned, knee, in.Options)
	p.Predicted = Gateway{Requests: b.gateway.Requests, Rate: load.Rate, Mean: time.Duration(min(load.Mean, 1e6) * 1e9)}
	p.Remarks = b.remarks(in, &p, level, o, played)
	return p
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
