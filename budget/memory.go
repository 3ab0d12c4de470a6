package budget

// memoryMargin is how much more than its largest measured working set a sidecar
// gets where the limit allows: usage is an average, and a configuration push
// holds the old and the new configuration at once.
const memoryMargin = 1.3

// pourMemory gives each sidecar its floor or its working set with the margin,
// whichever is more. Where the limit does not reach, all sidecars above the floor
// get the same multiple of their working set: that raises those nearest to their
// limit first. Traffic plays no part; memory does not follow it.
func pourMemory(sets []float64, pods []int64, limit Bytes) []Bytes {
	claims := make([]claim, len(sets))
	for i, set := range sets {
		claims[i] = claim{pods[i], func(times float64) int64 {
			return max(int64(FloorMemory), whole(set*times))
		}}
	}
	times := waterfill(claims, int64(limit), 0, memoryMargin)
	out := make([]Bytes, len(sets))
	for i := range claims {
		out[i] = Bytes(claims[i].need(times))
	}
	return out
}

// workingSet is the largest memory use among a service's sidecars, 0 when none
// was reported.
func (s *Sidecar) workingSet() float64 {
	most := 0.0
	for _, u := range s.Uses {
		if finite(u.Memory) && u.Memory > most {
			most = u.Memory
		}
	}
	return most
}
