package budget

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
)

// world is a mesh whose truth is known: a chain, played as rehearsals are, whose
// figures a log and a cluster's metrics would show.
type world struct {
	*rehearsal
	knowledge *Knowledge
	given     []float64 // cores of each sidecar
	options   Options
	// stamped says that lines tell how long sidecars held calls.
	stamped bool
}

// newWorld is a chain of services with these costs of a half and application times, in
// ms, at the floors, under a closed loop.
func newWorld(inFlight int, wake float64, base, work []float64) *world {
	w := &world{rehearsal: &rehearsal{entries: []route{{to: 0, count: 1}}, net: netMs, inFlight: inFlight}}
	for i := range base {
		s := station{pods: 1, base: base[i], wake: wake, work: work[i]}
		if i+1 < len(base) {
			s.calls = []route{{to: i + 1, count: 1}}
		}
		w.stations = append(w.stations, s)
		w.given = append(w.given, 0.1)
	}
	return w
}

// play runs the world for 12 s under what was given; seed places the quotas' periods.
func (w *world) play(seed int) outcome {
	return w.run(w.given, uint64(1000+seed), 2000, 12_000, 4_000_000)
}

// input is what a round shows of o.
func (w *world) input(o outcome, limit MilliCPU) Input {
	ms := func(f float64) time.Duration { return time.Duration(f * 1e6) }
	in := Input{Limits: Limits{CPU: limit, Memory: 1e10}, Knowledge: w.knowledge, Options: w.options,
		Gateway: Gateway{Requests: o.done, Rate: 1000 * o.rate, Mean: ms(o.mean)}}
	for i, s := range w.stations {
		sends := float64(min(1, len(s.calls)))
		in.Sidecars = append(in.Sidecars, Sidecar{
			Service: string(rune('a' + i)), Given: MilliCPU(1000*w.given[i] + 0.5), Seen: o.done, Visits: 1, Sends: sends,
			CriticalVisits: 1, CriticalSends: sends, Work: ms(s.work), Own: ms(s.work + o.inbound[i]),
			Uses: []Use{{Cores: o.cores[i], Known: true, Received: 1000 * o.rate, Sent: 1000 * o.rate * sends}},
		})
		in.Calls = append(in.Calls, Call{From: i - 1, To: i, PerRequest: 1, Critical: 1})
		if w.stamped {
			s := &in.Sidecars[i]
			s.HeldReceived, s.HeldSent = heldOf(o.received[i]), heldOf(o.sent[i])
		}
	}
	return in
}

// heldOf is what lines tell of calls.
func heldOf(p passings) Held {
	mean := func(sum, n float64) time.Duration { return time.Duration(sum / max(1, n) * 1e6) }
	return Held{Calls: int(p.calls), Mean: mean(p.all, p.calls), Quick: int(p.quick), QuickMean: mean(p.quickOnes, p.quick)}
}

// round plays one round and has it planned for; it returns what came, and the plan.
func (w *world) round(t *testing.T, seed int, limit MilliCPU) (outcome, Plan) {
	t.Helper()
	o := w.play(seed)
	return o, w.follow(t, w.input(o, limit))
}

// follow has a round planned for, gives what the plan says and returns it.
func (w *world) follow(t *testing.T, in Input) Plan {
	t.Helper()
	p, err := Pour(in)
	if err != nil {
		t.Fatal(err)
	}
	w.knowledge = p.Learned
	for i, a := range p.Allotments {
		w.given[i] = float64(a.CPU) / 1000
	}
	return p
}

func score(o outcome) float64 { return o.rate / o.mean }

// What a closed loop shows over rounds is learned: from the second plan on, what is
// foreseen comes, and no division by hand is much better.
func TestRoundsOfAClosedLoop(t *testing.T) {
	var offs []float64
	for _, c := range []struct {
		name  string
		limit MilliCPU
		world *world
	}{
		{"alike", 900, newWorld(32, 0.15, []float64{.13, .13, .13}, []float64{2, 2, 2})},
		{"one dear", 900, newWorld(32, 0.15, []float64{.1, .3, .1}, []float64{2, 2, 2})},
		{"the last dear, sleepy", 1500, newWorld(64, 0.3, []float64{.1, .1, .1, .25}, []float64{1, 5, 1, 1})},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := c.world
			floors := w.play(0)
			var plan Plan
			for round := range 8 {
				o, p := w.round(t, round, c.limit)
				if round >= 2 { // what the second plan foresaw, and later ones; the placing of periods is another each time
					off := math.Abs(math.Log(1000 * o.rate / plan.Predicted.Rate))
					if offs = append(offs, off); off > 0.2 {
						t.Errorf("round %d: %.0f requests/s came, %.0f were foreseen", round, 1000*o.rate, plan.Predicted.Rate)
					}
				}
				plan = p
			}
			got := w.play(9)
			best, by := 0.0, ""
			try := func(name string, share func(i int) float64) {
				sum := 0.0
				for i := range w.given {
					sum += share(i)
				}
				left := float64(c.limit)/1000 - 0.1*float64(len(w.given))
				other := *w
				other.given = make([]float64, len(w.given))
				for i := range other.given {
					other.given[i] = 0.1 + left*share(i)/sum
				}
				if s := score(other.play(9)); s > best {
					best, by = s, name
				}
			}
			halves := func(i int) float64 { return 2 + 2*float64(len(w.stations[i].calls)) }
			try("equal shares", func(int) float64 { return 1 })
			try("shares by requests", halves)
			try("shares by true cost", func(i int) float64 { return halves(i) * (w.stations[i].base + w.stations[i].wake/2) })
			if s := score(got); s < 0.93*best {
				t.Errorf("scores %.2f of %s", s/best, by)
			}
			if s := score(got); s < 2*score(floors) {
				t.Errorf("scores only %.2f times the floors", s/score(floors))
			}
		})
	}
	if slices.Sort(offs); offs[len(offs)/2] > 0.1 {
		t.Errorf("in the median what came is %.0f %% off what was foreseen", 100*offs[len(offs)/2])
	}
}

// On a constant load the plan settles: from the third on none moves anybody by more
// than a tenth.
func TestPlansSettle(t *testing.T) {
	w := newWorld(32, 0.15, []float64{.1, .25, .15}, []float64{2, 2, 2})
	var before []float64
	for round := range 7 {
		_, p := w.round(t, round, 900)
		for i, a := range p.Allotments {
			if round > 3 && math.Abs(math.Log(float64(a.CPU)/before[i])) > 0.1 {
				t.Errorf("plan %d gives %s %d millicores after %.0f", round+1, a.Service, a.CPU, before[i])
			}
		}
		before = before[:0]
		for _, a := range p.Allotments {
			before = append(before, float64(a.CPU))
		}
	}
}

// An open load of a third of what the limit could carry: the plan leaves CPU, no
// sidecar is used over the headroom and the mean is within 2 % of what all CPU brings. The part
// above that is what differs by chance: its two runs serve the same arrivals.
func TestKneeLeavesWhatBuysNothing(t *testing.T) {
	w := newWorld(0, 0.15, []float64{.13, .2, .13}, []float64{4, 4, 4})
	w.rate = 0.3 // a ms: a core and a half at work in all
	const limit = 20_000
	var plan Plan
	for round := range 8 {
		_, plan = w.round(t, round, limit)
	}
	got := w.play(9)
	if plan.CPU > limit/4 {
		t.Errorf("spends %d of %d millicores", plan.CPU, limit)
	}
	for i, cores := range got.cores {
		if cores > headroom*w.given[i]*1.1 {
			t.Errorf("sidecar %d is used %.2f of its limit", i, cores/w.given[i])
		}
	}
	for i := range w.given {
		w.given[i] = limit / 3000
	}
	if all := w.play(9); got.mean > 1.03*all.mean {
		t.Errorf("mean %.2f ms, with all CPU %.2f", got.mean, all.mean)
	}
}

// Twice the load of rounds before is planned for, and not taken for wrong costs.
func TestChangedLoad(t *testing.T) {
	w := newWorld(16, 0.15, []float64{.1, .25, .15}, []float64{2, 2, 2})
	for round := range 3 {
		w.round(t, round, 900)
	}
	known := w.knowledge.Services[1].Costs[0].Seconds
	w.inFlight = 48
	for round := range 2 {
		w.round(t, 3+round, 900)
	}
	o, got := w.play(9), w.knowledge.Services[1].Costs[0].Seconds
	if known/got > 1.5 || got/known > 1.5 {
		t.Errorf("a half cost %.0f µs, and %.0f under another load", 1e6*known, 1e6*got)
	}
	equal := *w
	equal.given = []float64{0.3, 0.3, 0.3}
	if s := score(o) / score(equal.play(9)); s < 1.05 {
		t.Errorf("scores %.2f of equal shares, where one of three costs most", s)
	}
}

// What the plan says of the next millicores comes true in sum, as far as plays tell.
func TestNextMillicores(t *testing.T) {
	w := newWorld(32, 0.15, []float64{.1, .25, .15}, []float64{2, 2, 2})
	w.round(t, 0, 700)
	_, p := w.round(t, 1, 700)
	const more = 0.01
	foreseen, base, came := 0.0, w.mean(t), 0.0
	for i, a := range p.Allotments {
		if a.Last < a.Next {
			t.Errorf("%s: the last millicores saved %v, the next would save %v: less is left to save", a.Service, a.Last, a.Next)
		}
		foreseen += float64(a.Next) / 1e6 * more * 1000 / float64(explainStep)
		w.given[i] += more
		came += base - w.mean(t)
		w.given[i] -= more
	}
	if foreseen < 0.4*came || foreseen > 2.5*came {
		t.Errorf("%.2f ms foreseen, %.2f came", foreseen, came)
	}
}

// mean is over many placings, for differences are small.
func (w *world) mean(t *testing.T) float64 {
	t.Helper()
	sum := 0.0
	for k := range 40 {
		sum += w.play(k).mean / 40
	}
	return sum
}

func TestReasons(t *testing.T) {
	in := steady()
	in.Limits.CPU = 2000
	use := func(cores float64, known bool) Sidecar {
		return Sidecar{Service: fmt.Sprint("x", cores, known), Given: 100, Uses: []Use{{Cores: cores, Known: known}}}
	}
	in.Sidecars = append(in.Sidecars, use(0, false), use(0.001, true), use(0.08, true))
	p, err := Pour(in)
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []string{
		// Of CPU, for memory may be known and over its floor.
		2: "keeps the floor of CPU: no line of the log names it and its use of CPU is not known",
		3: "keeps the floor of CPU: no line of the log names it and it used next to nothing",
	} {
		if want != "" && p.Allotments[i].Reason != want {
			t.Errorf("%q, want %q", p.Allotments[i].Reason, want)
		}
	}
	busy := p.Allotments[4]
	if want := fmt.Sprintf("needs %.0f of %d millicores at the load foreseen for what it did beside the log, which has no line of it", 1000*busy.Demand, busy.CPU); busy.Reason != want || busy.Demand < 0.05 || busy.CPU <= 100 {
		t.Errorf("%q of %+v, want %q", busy.Reason, busy, want)
	}
}

// However little CPU buys, no sidecar is planned over the headroom where there is more.
func TestKneeLeavesHeadroom(t *testing.T) {
	w := newWorld(0, 0.15, []float64{.13, .2, .13}, []float64{90, 90, 90})
	w.rate = 0.3 // and 2 % of 270 ms is more than a half of all waiting
	for round := range 4 {
		w.round(t, round, 20_000)
	}
	for i, cores := range w.play(9).cores {
		if used := cores / w.given[i]; used > headroom*1.1 || used < headroom/2 {
			t.Errorf("sidecar %d is used %.2f of its limit", i, used)
		}
	}
}

// A sidecar that has become dearer, by a filter say, is believed after some rounds.
func TestCostThatStays(t *testing.T) {
	w := newWorld(32, 0.15, []float64{.1, .15, .15}, []float64{2, 2, 2})
	for round := range 3 {
		w.round(t, round, 1200)
	}
	w.stations[1].base *= 2.5
	for round := range 4 {
		w.round(t, 3+round, 1200)
	}
	equal := *w
	equal.given = []float64{0.4, 0.4, 0.4}
	if got, was := w.given[1], w.given[2]; got < 1.5*was {
		t.Errorf("it gets %.3f cores, a cheaper one %.3f", got, was)
	}
	if s := score(w.play(9)) / score(equal.play(9)); s < 1.1 {
		t.Errorf("scores %.2f of equal shares", s)
	}
}

func TestWholeWorkers(t *testing.T) {
	for need, want := range map[float64]float64{0.5: 0.5, 0.99: 0.99, 1: 1, 1.01: 1, 1.079: 1, 1.09: 1.09, 2.05: 2, 2.5: 2.5} {
		if got := wholeWorkers(need); got != want {
			t.Errorf("a need of %g is taken for %g, want %g", need, got, want)
		}
	}
}

// What the log does not show is CPU that a sidecar needs nonetheless, and no more than
// that: whether it is all that the sidecar does or beside calls that cost what calls do.
func TestCPUBesideTheLog(t *testing.T) {
	for _, used := range []float64{0.02, 0.12, 0.5, 1} {
		in := otherWindow(4200)
		in.Sidecars = append(in.Sidecars, Sidecar{Service: "tcp", Uses: []Use{{Cores: used, Known: true}}})
		p, err := Pour(in)
		if err != nil {
			t.Fatal(err)
		}
		front, tcp := float64(p.Allotments[0].CPU)/1000, float64(p.Allotments[4].CPU)/1000
		if tcp < max(0.1, used) || tcp > max(0.1, 2*used) || front < 0.2 {
			t.Errorf("one that used %g without a line gets %.3f, the front %.3f", used, tcp, front)
		}
	}
	// 0.6 cores would be 30 ms of CPU a request.
	in := besideTheLog(20_000, 0.6)
	p, err := Pour(in)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "mean", p.Predicted.Mean.Seconds(), 0.030, 0.2)
	if a := p.Allotments[0]; a.CPU < 600 || a.CPU > 1200 || a.Utilization > 0.75 {
		t.Errorf("one that used 600 millicores gets %d, used %.2f", a.CPU, a.Utilization)
	}
}

// Requests that go round are followed: b is called back by c in half of its calls, so
// that c, of the same cost, passes as much as b does and gets about as much.
func TestCircles(t *testing.T) {
	in := steady()
	in.Limits.CPU = 1500
	in.Sidecars[0].Sends, in.Sidecars[0].CriticalSends = 1, 1
	b := &in.Sidecars[1]
	b.Visits, b.CriticalVisits, b.Sends, b.CriticalSends = 2, 2, 2, 2
	c := *b
	c.Service, c.Visits, c.Sends, c.CriticalVisits, c.CriticalSends = "c", 2, 1, 2, 1
	in.Sidecars = append(in.Sidecars, c)
	for i, calls := range []float64{2, 4, 3} { // halves over two: visits and sends
		in.Sidecars[i].Uses = []Use{{Cores: 0.0001 * 2 * 150 * calls, Known: true, Received: 150}}
	}
	in.Calls = append(in.Calls, Call{From: 1, To: 2, PerRequest: 2, Critical: 2}, Call{From: 2, To: 1, PerRequest: 1, Critical: 1, Back: true})
	f, err := newMesh(in).flow()
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []float64{1, 2, 2} {
		near(t, "visits of "+in.Sidecars[i].Service, f.visits[i], want, 1e-3)
	}
	// Without an end: c calls b for each call.
	in.Calls[3].PerRequest = 2
	if f, err := newMesh(in).flow(); err != nil || f.visits[1] > 2.1 {
		t.Errorf("visits %v, error %v: want the circle left out", f.visits, err)
	}
}

// besideTheLog is 20 requests a second at 30 ms, of which sidecars are seen to take 2 ms, and
// a first service whose sidecar uses so many cores.
func besideTheLog(limit MilliCPU, cores float64) Input {
	in := steady()
	in.Limits.CPU = limit
	in.Gateway = Gateway{Requests: 400, Rate: 20, Mean: 30 * time.Millisecond}
	for i := range in.Sidecars {
		s := &in.Sidecars[i]
		s.Given, s.Seen, s.Work, s.Own, s.Delay = 0, 400, 14*time.Millisecond, 15*time.Millisecond, time.Millisecond
		s.Uses = []Use{{Cores: 0.05, Known: true, Received: 20, Sent: 20 * s.Sends}}
	}
	in.Sidecars[0].Uses[0].Cores = cores
	return in
}

// Where what the log does not show takes the quota, requests wait: the prediction does not
// promise what the plan's own utilization rules out.
func TestRequestsWaitForCPUBesideTheLog(t *testing.T) {
	in := besideTheLog(600, 1.2) // of which it can get a half
	p, err := Pour(in)
	if err != nil {
		t.Fatal(err)
	}
	if p.Predicted.Mean < 45*time.Millisecond || p.Predicted.Rate > 15 {
		t.Errorf("predicted %.1f requests/s at %v, of %d millicores for what used 1200", p.Predicted.Rate, p.Predicted.Mean, p.Allotments[0].CPU)
	}
}

// However loads swing, plans are for the largest seen, and not far beyond; what piled up
// before a full sidecar is no load.
func TestSwing(t *testing.T) {
	load := func(rate, mean float64, full bool) Load { return Load{Rate: rate, Mean: mean, Full: full} }
	for _, c := range []struct {
		loads []Load
		want  float64
	}{
		{nil, 1},
		{[]Load{load(100, 0.05, false)}, 1},
		{[]Load{load(100, 0.05, false), load(400, 0.05, false)}, 4}, // 5 now, 20 before
		{[]Load{load(400, 0.05, false), load(100, 0.05, false)}, 2}, // the largest: twice, for it swung by 4
		{[]Load{load(100, 0.05, false), load(200, 4, true)}, 2},     // 200/s · 50 ms of it is load, not 800
		{[]Load{load(10, 0.05, false), load(1000, 0.05, false)}, 6}, // bounded
		{[]Load{load(200, 4, true), load(100, 0.05, false)}, 2},
	} {
		b := &believed{loads: c.loads}
		if got := b.swing(); got != c.want {
			t.Errorf("%v: %g, want %g", c.loads, got, c.want)
		}
	}
}

// What the rest would buy is told with the reason that holds, and --knee takes effect.
func TestRemarksOnWhatIsLeft(t *testing.T) {
	spent := map[float64]MilliCPU{}
	for _, o := range []Options{{}, {Knee: 0.2}, {Spend: 0.01}, {Spend: 0.9}} {
		w := newWorld(0, 0.15, []float64{.13, .2, .13}, []float64{4, 4, 4})
		w.rate, w.options = 0.3, o
		var p Plan
		for round := range 4 {
			_, p = w.round(t, round, 20_000)
		}
		spent[o.Knee] = p.CPU
		want := "--knee"
		if o.Spend == 0.01 {
			want = "--spend"
		}
		if len(p.Remarks) != 1 || !strings.Contains(p.Remarks[0], want) {
			t.Errorf("%+v spends %d and says %q, want %s", o, p.CPU, p.Remarks, want)
		}
	}
	if spent[0.2] > spent[0]*95/100 {
		t.Errorf("--knee 20 spends %d, the default %d", spent[0.2], spent[0])
	}
}
