package budget

import (
	"math"
	"sort"
)

// A half-traversal (a request or a response through one sidecar) costs
//
//	base + wake · (share of halves that find the worker asleep)
//
// seconds of CPU. One round shows the sum for each service; the parts come from
// the spread of that share over services and rounds, and from this prior.
const (
	// priorWake is wake over the typical base: 1.15 to 1.6 in what was measured
	// (700 µs a traversal when idle against 265 µs when busy), and its log-spread.
	priorWake, priorWakeSpread = 1.3, 0.6
	// baseSpread is how far services' bases lie apart, as a log-spread: their
	// filters and message sizes differ.
	baseSpread = 0.45
	// usualBase is a half's CPU in seconds where nobody measured any: half of the 265 µs
	// of a busy traversal.
	usualBase = 130e-6
	// mostCheap is how many times less than the typical a base may be at first sight. It is
	// rare that one is less, and that its use was measured wrong will starve it.
	mostCheap = 2
	// costNoise is the relative error of one round's cost at best.
	costNoise = 0.06
)

// Cost is what one round showed of a service's sidecars: CPU seconds a half and
// the share of halves that woke a worker.
type Cost struct {
	Seconds float64 `json:"seconds"`
	Woken   float64 `json:"woken"`
	// Unsure is the spread of Woken: where several sidecars are throttled at once
	// chance says which of them is never idle.
	Unsure float64 `json:"unsure,omitempty"`
	// Waking is, of a sidecar that used up its quota, the CPU seconds a half that went into
	// wakes by what one was believed to cost; 0 where Woken alone tells.
	Waking float64 `json:"waking,omitempty"`
	// Measured is what was measured where the log's time stamps tell Seconds, else 0.
	Measured float64 `json:"measured,omitempty"`
	// Noise is the relative error of Seconds, 0 for costNoise.
	Noise float64 `json:"noise,omitempty"`
}

// waking is the CPU seconds a half of wakes, given what one costs. Of a sidecar that used
// up its quota it is half known, as a logarithm: as far as its queue, which was matched with
// the log, says how often it woke, wakes took the more the dearer they are; as far as it was
// full whatever they cost, what halves left of the quota went into them, and the dearer they
// are, the fewer fitted in. (All of the one and all of the other were tried: by the first
// wakes of 420 µs stay believed to be 116, by the second trees of like sidecars, which are
// full all at once, lose what holds their wakes down.)
func (c Cost) waking(wake float64) float64 {
	if c.Waking > 0 {
		return min(math.Sqrt(c.Waking*wake*c.Woken), wake)
	}
	return wake * c.Woken
}

func (c Cost) noise() float64 { return max(c.Noise, costNoise) }

// costs holds what is believed of the halves' CPU, in seconds: base of each
// service, wake of all.
type costs struct {
	base []float64
	wake float64
}

// trust is how much an observation counts, given what a wake costs.
func (c Cost) trust(wake float64) float64 {
	d, noise := wake*c.Unsure/(costNoise*c.Seconds), c.noise()/costNoise
	return 1 / (noise*noise + d*d)
}

// age is how much an observation counts against the one after it.
const age = 0.7

// estimate finds the base of each service and the wake of all that explain the
// observations best: the maximum a posteriori over a grid of wake. seen[i] are
// service i's, newest first; a service without any gets the typical base.
func estimate(seen [][]Cost) costs {
	best, least := costs{}, math.Inf(1)
	typical := typicalCost(seen)
	if typical == 0 {
		c := costs{base: make([]float64, len(seen)), wake: priorWake * usualBase}
		for i := range c.base {
			c.base[i] = usualBase
		}
		return c
	}
	for k := -24; k <= 16; k++ {
		c := costs{wake: typical * math.Exp(float64(k)*0.1), base: make([]float64, len(seen))}
		if l := c.explain(seen); l < least {
			best, least = c, l
		}
	}
	return best
}

// explain sets the bases that go best with c.wake and returns how badly the
// whole fits, as minus twice a log-likelihood.
func (c *costs) explain(seen [][]Cost) float64 {
	loss, logs, n := 0.0, 0.0, 0.0
	for i, rounds := range seen {
		if len(rounds) == 0 {
			continue
		}
		sum, weights, w := 0.0, 0.0, 1.0
		for _, r := range rounds {
			t := w * r.trust(c.wake)
			sum += t * max(r.Seconds-r.waking(c.wake), 0.1*r.Seconds)
			weights += t
			w *= age
		}
		c.base[i] = sum / weights
		w = 1
		for _, r := range rounds {
			d := (r.Seconds - c.base[i] - r.waking(c.wake)) / (costNoise * r.Seconds)
			loss += w * r.trust(c.wake) * min(d*d, 9)
			w *= age
		}
		logs += math.Log(c.base[i])
		n++
	}
	typical := math.Exp(logs / n)
	for i, rounds := range seen {
		if len(rounds) == 0 {
			c.base[i] = typical
			continue
		}
		d := math.Log(c.base[i]/typical) / baseSpread
		loss += min(d*d, 9)
		if len(rounds) == 1 {
			c.base[i] = max(c.base[i], typical/mostCheap)
		}
	}
	d := math.Log(c.wake/typical/priorWake) / priorWakeSpread
	return loss + d*d
}

// typicalCost is the median of the newest observations, 0 without any.
func typicalCost(seen [][]Cost) float64 {
	var all []float64
	for _, rounds := range seen {
		if len(rounds) > 0 {
			all = append(all, rounds[0].Seconds)
		}
	}
	return median(all)
}

// median is that of all, which it sorts; 0 without any.
func median(all []float64) float64 {
	if len(all) == 0 {
		return 0
	}
	sort.Float64s(all)
	return all[len(all)/2]
}
