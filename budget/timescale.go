package budget

import "sort"

// Usage may come from another window than the log: an average over minutes beside
// a log of the peak's seconds. It then says right how sidecars compare, and its
// scale is wrong. Two things tell the scale: earlier rounds, and the delay that
// the log shows at sidecars which the usage calls idle.
const (
	// otherScale is from which factor on all of a round's costs together are taken
	// for another window rather than for a change.
	otherScale = 1.5
	// leastDelay is the delay in ms that is worth explaining, and delayGap how many
	// times the rehearsed delay it has to be.
	leastDelay = 5.0
	delayGap   = 3.0
	scaleTurns = 6
	// knownWell is the error of a cost up to which it can be a measure for others.
	knownWell = 0.2
)

// rescale multiplies this round's usage.
func (b *believed) rescale(by float64) {
	b.scale *= by
	for i := range b.mesh.cores {
		b.mesh.cores[i] *= by
	}
}

// alignWindow finds a round in which all sidecars together moved away from what was
// known: then one of the two usages is of another window. A round in which a sidecar
// used just what its limit allows is at its own scale, for another window would hardly
// hit a limit: what was known before is forgotten then. Else this round is brought to
// the scale of those before it.
func (b *believed) alignWindow() {
	if b.knowsBetter() {
		b.forgetCosts()
		return
	}
	seen := make([][]Cost, len(b.seen))
	for i := range seen {
		seen[i] = b.past[i].Costs
	}
	before := estimate(seen)
	var ratios []float64
	for i, c := range b.seen {
		if c.Seconds > 0 && len(seen[i]) > 0 && leastNoise(seen[i]) < knownWell {
			ratios = append(ratios, b.moved(i, before))
		}
	}
	if len(ratios) < 2 {
		return
	}
	sort.Float64s(ratios)
	// Both quartiles must agree: a few sidecars that changed are not a window.
	low, high := ratios[len(ratios)/4], ratios[len(ratios)-1-len(ratios)/4]
	switch {
	case low <= otherScale && high >= 1/otherScale:
	case b.atLimit():
		b.forgetCosts()
	default:
		b.rescale(ratios[len(ratios)/2])
	}
}

// moved is how many times what was known of service i's cost is what this round shows. A
// busy sidecar's share of wakes is only guessed by then, and guessed low where requests come
// in trains: what any share in doubt explains has not moved.
func (b *believed) moved(i int, before costs) float64 {
	c := b.seen[i]
	least := (before.base[i] + before.wake*c.Woken) / c.Seconds
	if g := float64(b.sidecars[i].Given) / 1000; !(g > 0 && b.mesh.cores[i] > busyWoken*g) {
		return least
	}
	most := (before.base[i] + before.wake*min(1, c.Woken+doubtWoken)) / c.Seconds
	return max(least, min(1, most))
}

const (
	// busyWoken is the utilization from which on the share of wakes is in doubt, doubtWoken
	// by how much: sidecars at their limit showed 0.02 to 0.5 where 0 is guessed.
	busyWoken  = 0.7
	doubtWoken = 0.5
)

// knowsBetter reports that earlier rounds had logs of next to nothing beside this one's:
// what they made of it is no measure.
func (b *believed) knowsBetter() bool {
	most := 0
	for _, l := range b.loads[min(1, len(b.loads)):] {
		most = max(most, l.Requests)
	}
	return b.gateway.Requests > muchMore*most
}

// muchMore is how many times the requests make a log that earlier ones are no measure for.
const muchMore = 10

func (b *believed) forgetCosts() {
	for i := range b.past {
		b.past[i].Costs = nil
	}
}

// atLimit reports that some sidecar used its limit, and no more.
func (b *believed) atLimit() bool {
	most := 0.0
	for i := range b.sidecars {
		if g := float64(b.sidecars[i].Given) / 1000; g > 0 {
			most = max(most, b.mesh.cores[i]/g)
		}
	}
	return most > 0.9 && most < 1.1
}

// explainDelay raises the usage of a first round until a rehearsal shows the
// delay at the sidecars that the log does, or one has no more to give.
func (b *believed) explainDelay(given []float64) {
	observed := 0.0
	for i := range b.sidecars {
		observed += max(0, float64(b.sidecars[i].Delay)/1e6)
	}
	room := 0.0
	for i, g := range given {
		if b.passed[i] > 0 {
			room = max(room, b.mesh.cores[i]/g)
		}
	}
	mean := float64(b.gateway.Mean) / 1e6
	if observed < leastDelay || observed < 0.05*mean || room <= 0 || room > 0.5 {
		return
	}
	if b.delayAt(given) > observed/delayGap {
		return
	}
	lo, hi, now := 1.0, 1/room, 1.0
	for range scaleTurns {
		try := (lo + hi) / 2
		b.rescale(try / now)
		now = try
		b.observe(b.guessWoken())
		b.fit()
		if b.delayAt(given) < observed {
			lo = try
		} else {
			hi = try
		}
	}
}

// delayAt is what a rehearsal shows of ms at the sidecars per external request.
func (b *believed) delayAt(given []float64) float64 {
	o := b.rehearse(given, 1)
	sum := 0.0
	for i := range o.wait {
		sum += o.wait[i] + o.halves[i]*1000*(b.base[i]+b.wake*o.woken[i])
	}
	return sum
}
