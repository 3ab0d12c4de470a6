package budget

import "fmt"

// Error says what the floors need and what there is.
func (e *InfeasibleError) Error() string {
	return fmt.Sprintf("%d sidecars need at least %.1f cores and %d bytes (%.1f cores and %d bytes each), the limits are %.3f cores and %d bytes: raise the limits or run fewer pods",
		e.Pods, float64(e.Needed.CPU)/1000, e.Needed.Memory, float64(FloorCPU)/1000, FloorMemory, float64(e.Limits.CPU)/1000, e.Limits.Memory)
}

// checkFloors is CheckFloors for the pods of sidecars.
func checkFloors(sidecars []Sidecar, l Limits) error {
	pods := 0
	for i := range sidecars {
		pods += sidecars[i].pods()
	}
	return CheckFloors(pods, l)
}

// CheckFloors returns *InfeasibleError when the limits do not hold the floor of
// every sidecar, of which each pod has one.
func CheckFloors(pods int, l Limits) error {
	needed := Limits{CPU: FloorCPU * MilliCPU(pods), Memory: FloorMemory * Bytes(pods)}
	if l.CPU < needed.CPU || l.Memory < needed.Memory {
		return &InfeasibleError{Limits: l, Needed: needed, Pods: pods}
	}
	return nil
}

// pods is the number of sidecars, at least one: every service has a pod whether
// or not its usage came.
func (s *Sidecar) pods() int { return max(1, len(s.Uses)) }
