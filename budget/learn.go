package budget

import (
	"math"
	"sort"
)

// mostRounds is how many rounds' observations are kept.
const mostRounds = 5

// find is what is known of a service, the zero value when nothing is.
func (k *Knowledge) find(service string) Learned {
	if k == nil {
		return Learned{}
	}
	i := sort.Search(len(k.Services), func(i int) bool { return k.Services[i].Service >= service })
	if i < len(k.Services) && k.Services[i].Service == service {
		return k.Services[i].sane()
	}
	return Learned{}
}

// sane is l without what no round can have left in it: knowledge comes from a file.
func (l Learned) sane() Learned {
	var costs []Cost
	for _, c := range l.Costs {
		if finite(c.Seconds) && c.Seconds > 0 && c.Seconds < 1e3 && c.Woken >= 0 && c.Woken <= 1 && c.Unsure >= 0 && c.Unsure <= 1 && c.Noise >= 0 && c.Noise <= 10 && c.Waking >= 0 && c.Waking < 1e3 && c.Measured >= 0 && c.Measured < 1e3 {
			costs = append(costs, c)
		}
	}
	l.Costs = costs[:min(len(costs), mostRounds)]
	if !(l.Lean >= 1/mostLean && l.Lean <= mostLean) {
		l.Lean = 1
	}
	for _, bytes := range []*float64{&l.Memory, &l.Working, &l.Limit, &l.Killed} {
		if !finite(*bytes) || *bytes < 0 {
			*bytes = 0
		}
	}
	if !finite(l.Work) || l.Work < 0 {
		l.Work = 0
	}
	return l
}

// believe makes the model that goes best with this round and those before it.
func believe(m *mesh, k *Knowledge) *believed {
	n := len(m.sidecars)
	b := &believed{model: &model{mesh: m, lean: make([]float64, n), apart: make([]float64, n), quiet: make([]bool, n)}, past: make([]Learned, n), seen: make([]Cost, n), shift: make([]float64, n), scale: 1}
	for i := range m.sidecars {
		s := &m.sidecars[i]
		b.past[i] = k.find(s.Service)
		b.lean[i] = 1
		if l := b.past[i].Lean; l > 0 {
			b.lean[i] = l
		}
		b.quiet[i] = s.quiet()
	}
	if k != nil {
		b.recall(k)
	}
	b.mixes, b.likeWork = b.mixesOf(k), b.usualWork()
	if m.gateway.Rate > 0 {
		b.loads = append([]Load{{m.gateway.Rate, m.gateway.Mean.Seconds(), b.full(), m.gateway.Requests, m.gateway.Bursts}}, b.loads...)
		b.loads = b.loads[:min(len(b.loads), mostRounds)]
		b.followKnees()
	}
	b.observe(b.guessWoken())
	b.alignWindow()
	b.observe(b.guessWoken())
	b.fit()
	return b
}

// recall takes in what is known of the mesh as a whole.
func (b *believed) recall(k *Knowledge) {
	b.loads = k.saneLoads()
	b.rounds = len(b.loads)
	if finite(k.Pause) && math.Abs(k.Pause) < 1e5 {
		b.pause = k.Pause
	}
	if k.Margin > 0 && k.Margin <= mostMargin {
		b.margin = k.Margin
	}
	if k.Knee > 0 && k.Knee < mostLevel && k.Knees > 0 {
		b.knees = knees{level: k.Knee, rounds: k.Knees, tolerance: k.Tolerance}
	}
	b.learnMargin(k.Foreseen)
}

// believed is a model with where it comes from.
type believed struct {
	*model
	past  []Learned
	seen  []Cost // this round's; Seconds 0 when it showed none
	pause float64
	loads []Load
	// mixes are the loads that plans are made for, this round's first.
	mixes []mix
	// shift is how far, as a logarithm, rehearsals take each base for less than costs
	// alone say, while where requests wait is matched with the log.
	shift []float64
	// margin is how far beyond the knee plans go.
	margin float64
	// knees are those of the rounds before.
	knees knees
	// rounds before this one that showed a load, of those remembered.
	rounds int
	// scale is how many times its use was reckoned, as that is of another window.
	scale float64
	// likeWork is the usual work of services, in ms, for those whose own holds waiting.
	likeWork float64
	// doubted are those whose cost of this round moved far and counts with an error, as it
	// came once.
	doubted []int
	// denied are those whose use of this round is a fraction of what the log's time stamps
	// tell, which stands in for it.
	denied []denial
	// arrives says how the load comes where that was laid down rather than learned.
	arrives arrival
}

func (k *Knowledge) saneLoads() []Load {
	var out []Load
	for _, l := range k.Loads {
		if l.Rate > 0 && l.Rate < 1e9 && l.Mean > 0 && l.Mean < 1e6 {
			l.Bursts = bounded(l.Bursts)
			out = append(out, l)
		}
	}
	return out
}

// guessWoken is the share of halves that woke a worker by usage alone: a worker
// is awake while it works, and while it waits for its next period with work left.
func (b *believed) guessWoken() []float64 {
	out := make([]float64, len(b.sidecars))
	for i := range out {
		out[i] = 1
		if g := float64(b.sidecars[i].Given) / 1000; g > 0 && b.known[i] {
			u := min(1, b.cores[i]/g)
			out[i] = (1 - min(1, b.cores[i])) * (1 - math.Pow(u, 8))
		}
	}
	return out
}

// observe takes this round's cost of each service at these shares of wakes.
func (b *believed) observe(woken []float64) {
	var all []float64
	for i := range b.seen {
		b.seen[i] = Cost{}
		h := b.passed[i]
		b.apart[i] = 0
		if h == 0 && b.known[i] && !b.quiet[i] && b.unscaled(i) > idleCores {
			b.apart[i] = b.unscaled(i)
		}
		if h > 0 && b.known[i] && b.cores[i] > 0 {
			b.seen[i] = Cost{Seconds: b.cores[i] / h, Woken: min(1, max(0, woken[i])), Noise: b.noise(i)}
			all = append(all, b.seen[i].Seconds)
		}
	}
	typical := median(all)
	if typical == 0 {
		return
	}
	for i := range b.seen {
		c := &b.seen[i]
		if c.Seconds == 0 {
			continue
		}
		most := float64(mostUnlike)
		if len(b.past[i].Costs) > 0 {
			most = mostEver
		} else if c.Seconds < typical/mostUnlike {
			// Filters make a proxy dearer than its like, nothing makes it so much cheaper:
			// to starve it for a figure that is none would cost more than to wait for the next.
			*c = Cost{}
			continue
		}
		if within := min(max(c.Seconds, typical/most), typical*most, b.mostSeconds(i)); within != c.Seconds {
			b.apart[i] = max(0, b.cores[i]-within*b.passed[i])
			c.Seconds, c.Noise = within, max(c.Noise, unlikeNoise)
		}
	}
}

// mostSeconds is the most CPU that a half can take by the log: what a request was seen to
// wait at the service's sidecars, told in whole milliseconds.
func (b *believed) mostSeconds(i int) float64 {
	s := &b.sidecars[i]
	calls := bounded(s.Visits) + bounded(s.Sends)
	if s.Own == 0 || calls == 0 || s.Seen < fewSeen || b.rounds > 0 {
		return math.Inf(1)
	}
	return (delaySlack*max(0, s.Delay.Seconds()) + 0.001*calls) / (2 * calls)
}

// fewSeen is how few calls tell no delay.
const fewSeen = 50

// delaySlack is how many times the delay that was seen CPU may be.
const delaySlack = 2

// unscaled is what a pod of service i was measured to use: what the log does not show
// has no part in how its use compares with the log's.
func (b *believed) unscaled(i int) float64 { return b.cores[i] / b.scale }

// A cost that is far from its like may be a wild measurement or a filter. At first sight
// it counts up to mostUnlike times the typical, and with an error that lets the next
// round say otherwise at once; later up to mostEver.
const (
	mostUnlike  = 4
	mostEver    = 30
	unlikeNoise = 0.5
)

// noise is the relative error of this round's cost of service i: calls that were under
// way when the log began or ended cost CPU and are not in it, and few calls scatter.
func (b *believed) noise(i int) float64 {
	s := &b.sidecars[i]
	if bounded(s.Visits) == 0 {
		return 1 // of what it was called for nothing has ended yet
	}
	few, cut := 1/float64(max(1, s.Seen)), b.underWay()/2
	return math.Sqrt(costNoise*costNoise + cut*cut + few)
}

// underWay is the part of the log's time that a request takes: about the part of the
// work in it that belongs to requests which did not begin and end there.
func (b *believed) underWay() float64 {
	if g := b.gateway; g.Rate > 0 {
		return min(1, g.Mean.Seconds()*g.Rate/float64(g.Requests))
	}
	return 1
}

// leastNoise is that of the best of a service's rounds.
func leastNoise(rounds []Cost) float64 {
	least := 1.0
	for _, c := range rounds {
		least = min(least, c.noise())
	}
	return least
}

// fit estimates the costs from all rounds.
func (b *believed) fit() {
	seen := make([][]Cost, len(b.seen))
	old := false
	b.doubted = nil
	for i := range seen {
		seen[i] = b.past[i].Costs
		old = old || len(seen[i]) > 0
	}
	if old {
		before := estimate(seen)
		for i := range b.seen {
			if b.seen[i].Seconds > 0 && len(seen[i]) > 0 {
				b.doubt(i, &before)
				seen[i] = b.past[i].Costs
			}
		}
	}
	for i := range seen {
		if b.seen[i].Seconds > 0 {
			seen[i] = append([]Cost{b.seen[i]}, seen[i]...)
			seen[i] = seen[i][:min(len(seen[i]), mostRounds)]
		}
	}
	b.costs = estimate(seen)
	b.free = b.freeTime()
}

// knowledge is what the next round should start from.
func (b *believed) knowledge(k *Knowledge) *Knowledge {
	out := &Knowledge{Rounds: 1, Pause: b.pause, Loads: b.loads, Margin: b.margin}
	if k != nil {
		out.Rounds = k.Rounds + 1
	}
	entered := b.entering()
	for i := range b.sidecars {
		l := Learned{Service: b.sidecars[i].Service, Costs: b.past[i].Costs, Lean: b.lean[i], Entered: b.past[i].Entered}
		if b.gateway.Rate > 0 {
			l.Entered = append([]float64{entered[i]}, l.Entered...)
			l.Entered = l.Entered[:min(len(l.Entered), len(b.loads))]
		}
		if b.seen[i].Seconds > 0 {
			l.Costs = append([]Cost{b.seen[i]}, l.Costs...)
			l.Costs = l.Costs[:min(len(l.Costs), mostRounds)]
		}
		if l.Work = b.past[i].Work; b.underWay() < mostUnderWay && !b.hidesWait(i) {
			l.Work = b.workOf(i)
		}
		m := b.memoryOf(i)
		l.Memory, l.Killed, l.Working, l.Limit = m.set, m.killed, m.working, float64(b.sidecars[i].GivenMemory)
		if m.working == 0 {
			l.Working, l.Limit = b.past[i].Working, b.past[i].Limit
		}
		out.Services = append(out.Services, l)
	}
	return out
}

// entering is each service's share of the requests that enter the mesh.
func (b *believed) entering() []float64 {
	out := make([]float64, len(b.sidecars))
	for _, e := range b.entries {
		out[e.to] += e.count
	}
	return out
}

// workOf is the application's own ms per call of service i. It does not depend on CPU
// limits, and a sidecar that is short of CPU makes it look longer: so the least of the
// rounds counts, the longer ago the less strictly.
func (b *believed) workOf(i int) float64 {
	work := max(0, float64(b.sidecars[i].Work)/1e6)
	if b.hidesWait(i) {
		work = b.likeWork
	}
	if was := b.past[i].Work * workFade; was > 0 && (work == 0 || was < work) {
		return was
	}
	return work
}

// hidesWait reports that service i's work, as it was seen, is for the most part waiting.
func (b *believed) hidesWait(i int) bool {
	s := &b.sidecars[i]
	return b.likeWork > 0 && b.past[i].Work == 0 && s.Deaf && float64(s.Work)/1e6 > hiddenWait*b.likeWork && b.atLimitOf(i)
}

// hiddenWait is how many times the work of its like a full sidecar's calls have to take for
// that to be waiting, where only its callers logged them: a queue that never empties is in
// the time of the quickest of them.
const hiddenWait = 2

// usualWork is the median ms of work among services whose sidecars were not full, 0 without.
func (b *believed) usualWork() float64 {
	var all []float64
	for i := range b.sidecars {
		if b.passed[i] > 0 && b.sidecars[i].Work > 0 && !b.atLimitOf(i) {
			all = append(all, float64(b.sidecars[i].Work)/1e6)
		}
	}
	return median(all)
}

// atLimitOf reports that service i used up its limit.
func (b *believed) atLimitOf(i int) bool {
	g := float64(b.sidecars[i].Given) / 1000
	return g > 0 && b.mesh.cores[i] > fullUse*g
}

// fullUse is the part of its limit from which on a sidecar used it up.
const fullUse = 0.96

// workFade is how the time of earlier rounds counts in the next.
const workFade = 1.1

// mostUnderWay is the part of requests under way from which on a round tells nothing of
// applications: what is seen then is the calls that happened to be quick.
const mostUnderWay = 0.6
