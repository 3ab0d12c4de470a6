package budget

import (
	"math"
	"testing"
)

func TestBeliefs(t *testing.T) {
	// Three measurements of 2 and one of 6, all as sure: (3·2 + 6)/4 = 3.
	g := gauss{2, 3}.and(gauss{6, 1})
	near(t, "mean", g.mean, 3, 1e-12)
	near(t, "sure", g.sure, 4, 1e-12)
	if g := (gauss{}).and(gauss{}); g != (gauss{}) {
		t.Errorf("nothing and nothing make %v", g)
	}
}

// believedCosts is a belief of services whose halves cost so much, no wake among it.
func believedCosts(seconds ...float64) *believed {
	b := &believed{model: &model{costs: costs{wake: 1e-4}}, past: make([]Learned, len(seconds))}
	for _, s := range seconds {
		b.seen = append(b.seen, Cost{Seconds: s})
	}
	return b
}

func TestLikeBases(t *testing.T) {
	var alike []float64
	for range 12 {
		alike = append(alike, 1e-4)
	}
	// A cost is known within costNoise, 0.06: of what they lie apart they have no part
	// that shows. The usual variance, 0.45² = 0.2025, counts as four services: it comes
	// to about 4 · 0.2025 / (4 + 12) = 0.051, or 0.23 as a spread, and not to less.
	like := believedCosts(alike...).likeBases()
	near(t, "base", math.Exp(like.mean), 1e-4, 1e-9)
	near(t, "spread", 1/math.Sqrt(like.sure), 0.23, 0.05)
	// Half of them e times as dear: each is 0.5 from the mean, and the variance
	// (4 · 0.2025 + 12 · 0.25) / 16 = 0.238.
	for i := range 6 {
		alike[i] *= math.E
	}
	like = believedCosts(alike...).likeBases()
	near(t, "base of two kinds", math.Exp(like.mean), 1e-4*math.Exp(0.5), 1e-6)
	near(t, "spread of two kinds", 1/math.Sqrt(like.sure), math.Sqrt(0.238), 0.03)
	if like := believedCosts(0, 0).likeBases(); math.Abs(1/like.sure-sq(baseSpread)) > 1e-9 || like.mean != 0 {
		t.Errorf("of nothing comes %v", like)
	}
}

// Two sidecars of which three wait on average by the rehearsal, and by the log twice as
// many at the first as at the second. The first has to be log((1+1/3)/(1+1/4)) = 0.0645
// dearer, the second log((1+1/3)/(1+1/2)) = -0.118; the means of both are held, so it is
// the difference, 0.182, that is told. Errors are those of shares over 1 + queue: what is
// surer of the two is the longer queue's.
func TestTold(t *testing.T) {
	b := believedCosts(1e-4, 1e-4)
	b.mesh = &mesh{pods: []int64{1, 1}, sidecars: make([]Sidecar, 2)}
	b.base = []float64{1e-4, 1e-4}
	at := math.Log(1e-4)
	m := &matching{full: []bool{true, true}, at: []float64{at, at}, scatter: make([]float64, 2), turns: 1}
	o := newOutcome(2)
	o.rate = 0.1
	o.wait[0], o.wait[1] = 30, 30
	o.scatter[0], o.scatter[1] = 0.2, 0.2
	// Shares after matchLeast: 4 and 2 of 6, where 3 and 3 were played.
	share := func(n float64) float64 { return n/6*(1+2*matchLeast) - matchLeast }
	told := m.told(b, o, []float64{share(4), share(2)}, []float64{share(3), share(3)})
	near(t, "difference", told[0].mean-told[1].mean, math.Log((1+1./2)/(1+1./4)), 1e-9)
	near(t, "error of the first", 1/told[0].sure, 0.2*(0.5/16+1./25), 1e-9)
	near(t, "error of the second", 1/told[1].sure, 0.2*(0.5/16+1./9), 1e-9)
}

// 200 lines of a service that receives 2,000 calls a second show 100 ms: a placing of 300
// requests that end 0.1 a ms, two of them 600, lasts 3,000.
func TestPlacingsPerLog(t *testing.T) {
	b := &believed{model: &model{mesh: &mesh{sidecars: []Sidecar{
		{Seen: 200, Uses: []Use{{Received: 1500}, {Received: 500}}}, {Seen: 200_000, Uses: []Use{{Received: 2000}}}, {Seen: 3}}}}}
	o := outcome{rate: 0.1, done: 600}
	for i, want := range []float64{30, 1, 1} {
		near(t, "placings", b.placingsPerLog(i, o), want, 1e-9)
	}
}

// tree is a binary tree of calls side by side, 15 services whose sidecars cost the same.
func tree(inFlight int) *world {
	w := &world{rehearsal: &rehearsal{entries: []route{{to: 0, count: 1}}, net: netMs, inFlight: inFlight}}
	for i := range 15 {
		s := station{pods: 1, base: 0.13, wake: 0.15, work: 2}
		if 2*i+2 < 15 {
			s.calls = []route{{2*i + 1, 1, true}, {2*i + 2, 1, true}}
		}
		w.stations, w.given = append(w.stations, s), append(w.given, 0.1)
	}
	return w
}

// treeInput is what a first round of it shows: each of a pair of calls is the later one
// in half of the requests.
func (w *world) treeInput(o outcome) Input {
	in := w.input(o, 5000)
	in.Calls = in.Calls[:1]
	for i := range in.Sidecars {
		s := &in.Sidecars[i]
		sends := float64(len(w.stations[i].calls))
		s.Sends, s.CriticalVisits, s.Uses[0].Sent = sends, 1/math.Exp2(math.Floor(math.Log2(float64(i+1)))), sends*s.Uses[0].Received
		s.CriticalSends = s.CriticalVisits * min(1, sends)
		for _, c := range w.stations[i].calls {
			in.Calls = append(in.Calls, Call{From: i, To: c.to, PerRequest: 1, Critical: s.CriticalVisits / 2})
		}
	}
	return in
}

// Seven of fifteen sidecars, much alike, are full at once: which of them requests pile up
// before is chance and not taken for costs, but one that is dearer is told.
func TestManyLikeFull(t *testing.T) {
	const inner = 7
	logs := func(in Input) (out []float64) {
		b, _ := learn(in)
		for i := range in.Sidecars[:inner] {
			out = append(out, math.Log(1000*b.base[i]))
		}
		return out
	}
	sum, found := 0.0, 0.0
	const plays = 6
	for seed := range plays {
		w := tree(32)
		for _, l := range logs(w.treeInput(w.play(seed))) {
			sum += sq(l-math.Log(0.13)) / inner / plays
		}
		w.stations[1].base *= 1.5
		found += logs(w.treeInput(w.play(seed)))[1] / plays
	}
	if off := math.Sqrt(sum); off > 0.12 {
		t.Errorf("bases of sidecars that are alike are off by %.3f, root mean square", off)
	}
	if base := math.Exp(found); base < 0.13*1.3 {
		t.Errorf("one whose base is %.3f ms is taken for one of %.3f", 0.13*1.5, base)
	}
}
