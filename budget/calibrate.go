package budget

import "math"

// calibrateTurns is how often the mesh is played to learn, calibratePlacings under how
// many placings of the quotas' periods each time.
const (
	calibrateTurns    = 5
	calibratePlacings = 2
)

// anyCores is more than any sidecar uses.
const anyCores = 1e3

// calibrate plays the mesh at the allotment in force and learns from where the play
// and the round differ: which halves found their worker asleep, where requests waited,
// and how long a request takes besides waiting.
func (b *believed) calibrate() {
	given := make([]float64, len(b.sidecars))
	for i := range given {
		given[i] = float64(b.sidecars[i].Given) / 1000
		switch {
		case given[i] > 0:
		case b.passed[i] == 0:
			given[i] = anyCores // no call waits for it, whatever was in force
		default:
			return // what was in force is not known: the guess stands
		}
	}
	if b.rounds == 0 {
		b.explainDelay(given)
	}
	o := b.fitWaking(given)
	if o.done > 0 && b.forgetDisproved() { // else wakes are a guess
		o = b.fitWaking(given)
	}
	b.learnPause(o)
}

// fitWaking learns the costs in turns of rehearsal and estimate, and returns
// the last rehearsal.
func (b *believed) fitWaking(given []float64) (o outcome) {
	hold := false
	b.shift = make([]float64, len(b.sidecars))
	defer func() { b.shift = make([]float64, len(b.sidecars)) }()
	for turn := range calibrateTurns {
		if o = b.rehearseFrom(turn*calibratePlacings, given, calibratePlacings); o.done == 0 {
			return o
		}
		b.match(o, given)
		woken := b.guessWoken()
		for i := range woken {
			if o.halves[i] > 0 {
				woken[i] = o.woken[i]
			}
		}
		if turn == 0 {
			if hold = b.stampsHold(o); hold {
				b.deny(given, o)
			}
		} else {
			b.refineDenied(given, o)
		}
		told := make([]bool, len(woken))
		if hold {
			told = b.wokenByStamps(woken, o)
		}
		b.observe(woken)
		b.weigh(told, given, o)
		b.fit()
	}
	return o
}

// weigh says how unsure this round's costs are: told are the services whose share of wakes
// the log's time stamps set right.
func (b *believed) weigh(told []bool, given []float64, o outcome) {
	for _, d := range b.denied {
		c := &b.seen[d.service]
		c.Noise, c.Measured = max(c.Noise, deniedNoise), d.measured
	}
	for i := range b.seen {
		if told[i] {
			b.seen[i].Unsure = heldUnsure
			continue
		}
		doubt := b.ambiguous(i, given)
		b.seen[i].Unsure = max(o.unsure[i], doubt)
		if doubt > 0 {
			b.seen[i].Waking = min(b.wake*b.seen[i].Woken, b.seen[i].Seconds)
		}
	}
}

// ambiguous is how unsure the share of wakes is at a sidecar that used all of its
// quota: whatever its base is, it is then as often idle as the quota leaves it, so
// what it used does not tell base from wake. Where requests waited tells (see match);
// failing that only one that alone held all others up does: it was never idle.
func (b *believed) ambiguous(i int, given []float64) float64 {
	if b.mesh.cores[i] <= fullUse*given[i] {
		return 0
	}
	if b.matchable(i, given) {
		return matchedUnsure
	}
	for k, g := range given {
		if k != i && b.mesh.cores[k] > 0.9*g {
			return 0.5
		}
	}
	return 0
}

// learnPause corrects the time that requests take besides what the sidecars and the
// applications explain. A round tells it as far as waiting was not what it consisted
// of, and as far as its requests were seen whole.
func (b *believed) learnPause(o outcome) {
	wait := 0.0
	for i := range o.wait {
		wait += o.wait[i]
	}
	told := 1 - wait/max(o.mean, 1e-9)
	if told <= 0 || o.mean <= 0 {
		return
	}
	part := told * told * (1 - b.underWay())
	off := float64(b.gateway.Mean)/1e6 - o.mean
	b.pause += part * off
	if most := mostHaste * b.workMs(); b.pause < -most {
		b.pause = -most
	}
}

// mostHaste is the part of the applications' time that may turn out to be none, as
// where calls that seem to follow one another run side by side.
const mostHaste = 0.5

// foresee is a plan's outcome: requests per second and mean seconds, with the
// rehearsal behind it where one tells: where requests ended in it, and those in flight
// had their turns.
func (b *believed) foresee(cores []float64, level float64, played bool) (Load, outcome) {
	if played {
		if o := b.rehearse(cores, 2); o.done > 0 && b.settled(o) {
			return b.loadOf(cores, o), o
		}
	}
	return b.reckon(level), outcome{}
}

// flowing is the utilization up to which all of an open load comes through.
const flowing = 0.9

// loadOf is what a rehearsal says of the load. How many requests of an open one come in
// the seconds that are played is chance; that they come through is not.
func (b *believed) loadOf(cores []float64, o outcome) Load {
	l := Load{Rate: 1000 * o.rate, Mean: o.mean / 1000}
	most := 0.0
	for i, c := range o.cores {
		most = max(most, c/cores[i])
	}
	if b.open() && most < flowing {
		l.Rate = b.gateway.Rate
	}
	return l
}

// settled reports whether a rehearsal of a closed loop keeps Little's law: one that
// ended before its requests had their turns saw those alone that were quick.
func (b *believed) settled(o outcome) bool {
	return b.open() || b.inFlight < fewClients || o.rate*o.mean > 0.7*b.inFlight
}

// reckon is foresee without playing: what the worst sidecar lets through, or what
// the requests in flight make without waiting.
func (b *believed) reckon(level float64) Load {
	if b.gateway.Rate == 0 {
		return Load{}
	}
	free := b.freeTime()
	if b.open() {
		rate := min(b.gateway.Rate, level)
		return Load{Rate: rate, Mean: free}
	}
	rate := min(level, b.inFlight/free)
	if !(rate > 0) || math.IsInf(rate, 0) {
		return Load{}
	}
	return Load{Rate: rate, Mean: b.inFlight / rate}
}

// freeTime is the seconds that an external request takes where nothing waits.
func (b *believed) freeTime() float64 {
	free := (b.workMs() + b.pause) / 1000
	for i := range b.sidecars {
		s := &b.sidecars[i]
		free += 2 * (bounded(s.CriticalVisits) + bounded(s.CriticalSends)) * (b.base[i] + b.wake)
	}
	return max(free, 1e-4)
}
