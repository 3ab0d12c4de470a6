package budget

import (
	"math"
	"slices"
)

// Figures that may be wild: a scrape that was missed, or one of another window. A single
// one must not move the plan far, and a change that stays has to get through.

// surprise is how far one round's cost may move from what was expected: a wild
// measurement moves the plan a little, a change that stays gets through.
const surprise = 1.5

// fewRounds is how many rounds it takes to be as sure.
const fewRounds = 3.0

// doubt weighs this round's cost of service i against those known of it, which have before
// for an estimate: what moved far is brought nearer and counts with an error, unless it
// cannot be wild or the rounds before it are.
func (b *believed) doubt(i int, before *costs) {
	c, past := &b.seen[i], b.past[i].Costs
	expected, noise := before.base[i]+c.waking(before.wake), leastNoise(past)
	if b.atQuota(i) || noise > 2*c.noise() && math.Abs(math.Log(c.Seconds/expected)) < knownWithin*noise {
		return // this round knows better
	}
	first := len(past) == 1
	most := surprise * math.Exp(2*noise)
	if !first {
		most = math.Pow(surprise, fewRounds/min(fewRounds, float64(len(past)))) * math.Exp(2*noise)
	}
	within := min(max(c.Seconds, expected/most), expected*most)
	last := past[0]
	switch {
	case within == c.Seconds:
		return
	case first && before.liker(c.Seconds-c.waking(before.wake), before.base[i]):
		// Of two that differ that is wild which is less like the other services'.
		last.Noise = max(last.Noise, unlikeNoise)
		b.past[i].Costs = []Cost{last}
		return
	case !again(last.Seconds/(before.base[i]+last.waking(before.wake)), within/expected):
		c.Noise = max(c.Noise, unlikeNoise)
		b.doubted = append(b.doubted, i)
	}
	c.Seconds = within
}

// liker reports that a base is nearer than another to those of all services.
func (c *costs) liker(base, other float64) bool {
	typical := median(slices.Clone(c.base))
	return typical > 0 && math.Abs(math.Log(max(base, typical/1e3)/typical)) < math.Abs(math.Log(max(other, typical/1e3)/typical))
}

// forgetDisproved forgets the earlier costs of sidecars that have used up their quota now at
// far more CPU a half than those and all doubt about wakes explain, and reports whether
// there are any: a figure that is just the quota is right, so that those before were wild.
func (b *believed) forgetDisproved() bool {
	seen := make([][]Cost, len(b.seen))
	for i := range seen {
		seen[i] = b.past[i].Costs
	}
	before, any := estimate(seen), false
	for i, c := range b.seen {
		if len(seen[i]) == 0 || c.Seconds == 0 || !b.atQuota(i) {
			continue
		}
		if c.Seconds > surprise*(before.base[i]+before.wake*min(1, c.Woken+matchedUnsure)) {
			b.past[i].Costs, any = nil, true
		}
	}
	if any {
		b.observe(b.guessWoken())
		b.fit()
	}
	return any
}

// again reports that a cost which moved far did so in the round before, too: a change that
// stays is none of measurement. Both are over what was expected.
func again(before, now float64) bool {
	return now > 1 && before > staysOver || now < 1 && before < 1/staysOver
}

// staysOver is how many times what was expected the cost before has to be to confirm one.
const staysOver = 1.25

// knownWithin is how many times its error a cost may have been off where a better one stands
// in for it.
const knownWithin = 4

// atQuota reports that service i used just what its limit allows, as a wild figure would
// hardly have it.
func (b *believed) atQuota(i int) bool {
	g := float64(b.sidecars[i].Given) / 1000
	return g > 0 && math.Abs(b.mesh.cores[i]/g-1) < quotaSlack
}

// quotaSlack is how far from its limit the use of a sidecar that used it up is measured.
const quotaSlack = 0.03

// deny puts what the log's time stamps tell in the place of uses that are a fraction of it,
// where those stamps hold: a call that waits for little is held for what it costs, and a
// sidecar that holds nearly all calls for long has used up its quota. Of what quick calls
// are held their waiting is taken off as a rehearsal at what is believed so far has it. A
// sidecar cannot have used more than its quota, and one that used just that is right. One
// whose use is as in earlier rounds, unless that is next to nothing, or more like the other
// services' than what its stamps tell, holds calls for something else than CPU.
func (b *believed) deny(given []float64, o outcome) {
	typical := b.typicalUse()
	for i, used := range b.cores {
		s, ok := b.stampsOf(i, o)
		if !ok || b.atQuota(i) {
			continue
		}
		told := 0.0
		if s.slow > mostSlow {
			told = given[i]
		} else if s.quicks > 0 {
			waits := max(0, s.quickPlayed-b.playedCost(i, o))
			told = b.passed[i] * max(0, s.quickSeen-waits-heldError/math.Sqrt(s.quicks)) / 2000
		}
		told = min(told, given[i])
		if told >= anyCores || told <= mostHeldOver*used {
			continue
		}
		usual := typical * b.passed[i]
		if told*used < usual*usual && (mostUnlike*used < usual || !b.measuredBefore(i, o.woken[i])) {
			b.cores[i] = told
			b.denied = append(b.denied, denial{i, used / b.passed[i]})
		}
	}
}

// denial is a service whose use stamps denied, and the CPU seconds a half that it was.
type denial struct {
	service  int
	measured float64
}

// typicalUse is the median CPU seconds a half of this round.
func (b *believed) typicalUse() float64 {
	var all []float64
	for i, used := range b.cores {
		if b.known[i] && b.passed[i] > 0 {
			all = append(all, used/b.passed[i])
		}
	}
	return median(all)
}

// measuredBefore reports that an earlier round measured what this one does for service i, so
// many of whose halves woke a worker. Was it denied then, what stood in for it is forgotten,
// and this round's is the first.
func (b *believed) measuredBefore(i int, woken float64) bool {
	for k, c := range b.past[i].Costs {
		was := c.Seconds
		if c.Measured > 0 {
			was = c.Measured
		}
		expected := max(0.1*was, was-b.wake*c.Woken) + b.wake*woken
		if math.Abs(math.Log(max(b.cores[i], 1e-9)/b.passed[i]/expected)) > math.Log(surprise) {
			continue
		}
		if c.Measured > 0 {
			b.past[i].Costs = slices.Delete(slices.Clone(b.past[i].Costs), k, k+1)
		}
		return true
	}
	return false
}

// refineDenied moves the uses that stand in for denied ones half of the way to where quick
// calls are held in a rehearsal as long as by the log.
func (b *believed) refineDenied(given []float64, o outcome) {
	for _, d := range b.denied {
		i := d.service
		if s, _ := b.stampsOf(i, o); s.slow <= mostSlow && s.quickSeen > 0 && s.quickPlayed > 0 {
			b.cores[i] = min(given[i], b.cores[i]*math.Sqrt(s.quickSeen/s.quickPlayed))
		}
	}
}

const (
	// mostHeldOver is how many times its use the log may say before it denies it.
	mostHeldOver = 2
	// mostSlow is the part of its calls that only a full sidecar holds for MostHeld or more.
	mostSlow = 0.97
	// deniedNoise is the relative error of a cost that the log told.
	deniedNoise = 0.2
)
