package budget

const (
	// memoryMargin is how much more than the working set planned for a sidecar gets
	// where the limit allows: usage is an average, and a configuration push holds the
	// old and the new configuration at once.
	memoryMargin = 1.3
	// memoryFade is how the set planned for in earlier rounds counts in the next.
	memoryFade = 0.8
	// mostGrowth bounds how far a growing working set is carried on, as a part of it.
	mostGrowth = 0.5
	// streamBytes is what a request under way holds in a sidecar: the buffers of two
	// connections, as internal/envoylab measures it.
	streamBytes = 64_000
	// mostMemory is more than any machine has.
	mostMemory = 1e14
	// A sidecar that used killedFrom of its limit or more and then killedTo of that or
	// less has been killed for it and started anew. After that it gets killedGrowth of
	// the limit at which it was, for killedFade a round.
	killedFrom, killedTo = 0.85, 0.6
	killedGrowth         = 1.5
	killedFade           = 0.97
)

// memory is what is to be planned for one service's sidecars, each, in bytes.
type memory struct {
	// working is the largest working set measured, 0 without any.
	working float64
	// growth is how much more is expected by the next round.
	growth float64
	// killed is the limit at which sidecars were killed lately, 0 for none.
	killed float64
	// set is the working set to plan for.
	set float64
}

// memoryOf is what service i's sidecars need. A working set that grew since the last
// round is taken to grow once more by as much, for configuration that is pushed service
// by service; and by what requests hold that were under way in other rounds and are
// not now. What it was before is forgotten slowly, for it may come back.
func (b *believed) memoryOf(i int) memory {
	s, past := &b.sidecars[i], &b.past[i]
	m := memory{working: s.workingSet()}
	if past.Working > 0 && m.working > past.Working {
		m.growth = min(m.working-past.Working, mostGrowth*m.working)
	}
	if m.working > 0 {
		m.growth += min(b.moreStreams(i)*streamBytes, mostGrowth*m.working)
	}
	m.killed = killedFade * past.Killed
	if limit := float64(s.GivenMemory); limit > 0 && s.killedAt(limit, 0) {
		m.killed = max(m.killed, limit)
	}
	if past.Limit > 0 && s.killedAt(past.Limit, past.Working) {
		m.killed = max(m.killed, past.Limit)
	}
	m.set = max(m.working+m.growth, memoryFade*past.Memory, killedGrowth/memoryMargin*m.killed)
	return m
}

// moreStreams is how many more requests may be under way at one of a service's pods
// than are now, as the loads of earlier rounds have it.
func (b *believed) moreStreams(i int) float64 {
	most := b.inFlight
	for _, m := range b.mixes {
		most = max(most, m.inFlight)
	}
	return (most - b.inFlight) * bounded(b.sidecars[i].Visits) / float64(b.pods[i])
}

// killedAt reports a drop that has the shape of an OOM kill: from close to the limit to
// what a proxy uses that has just started, since the last round or beside its like.
func (s *Sidecar) killedAt(limit, before float64) bool {
	least, most := 0.0, 0.0
	for _, u := range s.Uses {
		if finite(u.Memory) && u.Memory > 0 && u.Memory <= 1.1*limit {
			most = max(most, u.Memory)
			if least == 0 || u.Memory < least {
				least = u.Memory
			}
		}
	}
	if least == 0 {
		return false
	}
	high := max(most, before)
	return high >= killedFrom*limit && least <= killedTo*high
}

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
// was reported. No cgroup uses more than its limit: what says so is wrong.
func (s *Sidecar) workingSet() float64 {
	most, bound := 0.0, mostMemory
	if s.GivenMemory > 0 {
		bound = 1.1 * float64(s.GivenMemory)
	}
	for _, u := range s.Uses {
		if finite(u.Memory) && u.Memory <= bound && u.Memory > most {
			most = u.Memory
		}
	}
	return most
}
