package budget

// mix is a load as one round showed it: where requests enter, and how many there are.
// Plans are for the next round, whose load is as likely any of the last ones as the
// last: a mix of requests that was seen once is no reason to starve those of the hour
// before.
type mix struct {
	entries  []route
	inFlight float64
	// rate is requests per second, for loads that come at a rate.
	rate float64
	// weight is how much it counts, 1 for this round.
	weight float64
}

// staleMix is how much a round's load counts against the one after it.
const staleMix = 0.85

// mixesOf are the loads of this round and those before it, newest first.
func (b *believed) mixesOf(k *Knowledge) []mix {
	now := mix{entries: b.entries, inFlight: b.inFlight, rate: b.gateway.Rate, weight: 1}
	out := []mix{now}
	if k == nil || b.gateway.Rate == 0 {
		return out
	}
	weight := 1.0
	for at, l := range k.saneLoads() {
		if weight *= staleMix; len(out) == mostRounds {
			break
		}
		m := mix{inFlight: l.Rate * l.Mean, rate: l.Rate, weight: weight}
		sum := 0.0
		for i := range b.past {
			if e := b.past[i].Entered; at < len(e) && e[at] > 0 && e[at] <= 1 {
				m.entries = append(m.entries, route{to: i, count: e[at]})
				sum += e[at]
			}
		}
		if sum < 0.5 { // most of what entered then is no service of this mesh now
			continue
		}
		for i := range m.entries {
			m.entries[i].count /= sum
		}
		out = append(out, m)
	}
	return out
}

// planned is the halves per request and pod that plans are made for: those of the
// mixes seen, the later ones counting more.
func (b *believed) planned() []float64 {
	if len(b.mixes) < 2 {
		return b.halves
	}
	base, err := b.flow()
	if err != nil {
		return b.halves
	}
	sum, weights := make([]float64, len(b.halves)), 0.0
	for _, m := range b.mixes {
		f, err := b.flowOf(m.entries)
		if err != nil {
			return b.halves
		}
		for i := range sum {
			was := base.visits[i] + base.sends[i]
			if was > 0 {
				sum[i] += m.weight * b.halves[i] * (f.visits[i] + f.sends[i]) / was
			} else {
				sum[i] += m.weight * (b.halves[i] + 2*(f.visits[i]+f.sends[i])/float64(b.pods[i]))
			}
		}
		weights += m.weight
	}
	for i := range sum {
		sum[i] /= weights
	}
	return sum
}

// rehearsalOf is the mesh under one of the mixes.
func (b *believed) rehearsalOf(m mix) *rehearsal {
	c := *b
	mesh := *b.mesh
	model := *b.model
	mesh.entries, mesh.inFlight = m.entries, m.inFlight
	mesh.gateway.Rate = m.rate
	model.mesh, c.model = &mesh, &model
	return c.rehearsal()
}
