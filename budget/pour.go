package budget

import (
	"fmt"
	"sort"
)

// Pour makes the plan. It returns *InfeasibleError where the floors do not fit.
// It is a pure function of in, and the order of in.Sidecars does not matter.
func Pour(in Input) (Plan, error) {
	if err := checkFloors(in.Sidecars, in.Limits); err != nil {
		return Plan{}, err
	}
	order := byService(in.Sidecars)
	sidecars := make([]Sidecar, len(order))
	for to, from := range order {
		sidecars[to] = in.Sidecars[from]
	}
	plan := Plan{Allotments: make([]Allotment, len(order))}
	demands := demandsOf(sidecars)
	claims := make([]claim, len(order))
	sets := make([]float64, len(order))
	pods := make([]int64, len(order))
	for i := range sidecars {
		pods[i] = int64(sidecars[i].pods())
		sets[i] = sidecars[i].workingSet()
		claims[i] = claim{pods[i], func(level float64) int64 {
			return max(int64(FloorCPU), whole(1000*demands[i]*level))
		}}
	}
	level := waterfill(claims, int64(in.Limits.CPU), 0, mostLevel)
	memory := pourMemory(sets, pods, in.Limits.Memory)
	for i, to := range order {
		a := Allotment{Service: sidecars[i].Service, Pods: int(pods[i]), CPU: MilliCPU(claims[i].need(level)), Memory: memory[i], Demand: demands[i]}
		a.Utilization = 1000 * a.Demand / float64(a.CPU)
		a.Reason = fmt.Sprintf("uses %.0f of %d millicores at the load seen", 1000*a.Demand, a.CPU)
		plan.Allotments[to] = a
		plan.CPU += a.CPU * MilliCPU(pods[i])
		plan.Memory += a.Memory * Bytes(pods[i])
	}
	plan.Predicted = in.Gateway.sane()
	return plan, nil
}

// mostLevel bounds how many times its demand a sidecar can get.
const mostLevel = 1e9

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

// demandsOf is the cores that one sidecar of each service needs at the load
// seen. Where usage is missing or zero against the log, it is what the others
// pay for that much traffic.
func demandsOf(sidecars []Sidecar) []float64 {
	out := make([]float64, len(sidecars))
	cores, calls := 0.0, 0.0
	for i := range sidecars {
		c, known := sidecars[i].coresPerPod()
		if t := sidecars[i].trafficPerPod(); known && c > 0 && t > 0 {
			cores, calls = cores+c, calls+t
		}
	}
	perCall := 0.0005
	if calls > 0 {
		perCall = cores / calls
	}
	for i := range sidecars {
		s := &sidecars[i]
		if s.quiet() {
			continue
		}
		c, known := s.coresPerPod()
		if !known || c == 0 {
			c = perCall * s.trafficPerPod()
		}
		out[i] = c
	}
	return out
}
