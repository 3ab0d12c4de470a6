package budget

import (
	"math"
	"testing"
	"time"
)

// alone is one service of one pod that serves every request: two halves of base
// and wake CPU each, in ms.
func alone(base, wake float64) *rehearsal {
	return &rehearsal{entries: []route{{to: 0, count: 1}}, net: 0.15, inFlight: 64,
		stations: []station{{pods: 1, base: base, wake: wake, work: 1}}}
}

// 0.2 cores at 2 halves of 0.25 ms carry 0.2/0.0005 = 400 requests a second, and
// 64 in flight then take 64/400 s = 160 ms; always backlogged, it never wakes.
func TestRehearsalOfOneThrottledSidecar(t *testing.T) {
	o := alone(0.25, 0.15).run([]float64{0.2}, 1, 1000, 5000, 1e6)
	if got := 1000 * o.rate; math.Abs(got-400) > 12 {
		t.Errorf("%.1f requests a second, want 400", got)
	}
	if math.Abs(o.mean-160) > 8 {
		t.Errorf("mean %.1f ms, want 160", o.mean)
	}
	if o.woken[0] > 0.02 || math.Abs(o.cores[0]-0.2) > 0.005 {
		t.Errorf("woken %.3f, want 0; %.3f cores, want 0.2", o.woken[0], o.cores[0])
	}
	if o.throttled[0] < 0.5*o.wait[0] || o.throttled[0] > o.wait[0]+1e-9 {
		t.Errorf("throttled %.1f of %.1f ms waited, want most of it", o.throttled[0], o.wait[0])
	}
}

func TestEstimateSplitsBaseAndWake(t *testing.T) {
	// Bases of 100 and 140 µs, wake 150 µs, seen at three shares of wakes.
	var seen [][]Cost
	for _, base := range []float64{100e-6, 140e-6} {
		var rounds []Cost
		for _, woken := range []float64{0.2, 0.5, 0.9} {
			rounds = append(rounds, Cost{Seconds: base + 150e-6*woken, Woken: woken})
		}
		seen = append(seen, rounds)
	}
	c := estimate(seen)
	if math.Abs(c.wake-150e-6) > 20e-6 || math.Abs(c.base[0]-100e-6) > 12e-6 || math.Abs(c.base[1]-140e-6) > 12e-6 {
		t.Errorf("wake %.0f µs, bases %.0f and %.0f; want 150, 100, 140", c.wake*1e6, c.base[0]*1e6, c.base[1]*1e6)
	}
}

// Sidecars that used up their quotas were played with what wakes were first thought to cost,
// and seemed to wake as often as that lets them. Taken for how often they did, it would hold
// back what the others tell.
func TestFullSidecarsLeaveWakesToOthers(t *testing.T) {
	const base, wake, thought = 90e-6, 300e-6, 75e-6
	var seen [][]Cost
	for _, woken := range []float64{0.15, 0.3, 0.5, 0.7, 0.9} {
		seen = append(seen, []Cost{{Seconds: base + wake*woken, Woken: woken}})
	}
	for range 3 {
		c := Cost{Seconds: base + 0.1*wake, Woken: 0.1 * wake / thought, Unsure: matchedUnsure}
		seen = append(seen, []Cost{c})
	}
	held := estimate(seen)
	for i := range seen[5:] {
		seen[5+i][0].Waking = 0.1 * wake
	}
	c := estimate(seen)
	if c.wake < 0.8*wake || held.wake > 0.8*wake {
		t.Errorf("wake %.0f µs of %.0f, %.0f before", 1e6*c.wake, 1e6*wake, 1e6*held.wake)
	}
	for i, b := range c.base {
		if b < 0.6*base || b > 1.35*base {
			t.Errorf("base %d is %.0f µs of %.0f", i, 1e6*b, 1e6*base)
		}
	}
}

func TestNeedsNeverFallWithTheLevel(t *testing.T) {
	m := &model{mesh: &mesh{sidecars: make([]Sidecar, 1), pods: []int64{1}, halves: []float64{6}, inFlight: 32},
		costs: costs{base: []float64{130e-6}, wake: 150e-6}, lean: []float64{1}, apart: []float64{0}, even: []float64{6 * 175e-6}, quiet: []bool{false}, free: 0.03}
	last := 0.0
	for level := 1.0; level < 2e5; level *= 1.01 {
		c := m.demand(0, level)
		if c < last-1e-9 {
			t.Fatalf("%.0f requests a second need %.4f cores, fewer than %.4f below", level, c, last)
		}
		last = c
	}
}

// steady is two services at 0.1 core of which the first is full.
func steady() Input {
	in := Input{Limits: Limits{CPU: 600, Memory: 1e9}, Gateway: Gateway{Requests: 2000, Rate: 150, Mean: 200 * time.Millisecond}}
	in.Sidecars = []Sidecar{
		{Service: "a", Given: 100, Visits: 1, Sends: 1, CriticalVisits: 1, CriticalSends: 1, Seen: 900, Work: 3 * time.Millisecond, Uses: []Use{{Cores: 0.1, Known: true, Received: 150, Sent: 150}}},
		{Service: "b", Given: 100, Visits: 1, CriticalVisits: 1, Seen: 900, Work: 3 * time.Millisecond, Uses: []Use{{Cores: 0.07, Known: true, Received: 150}}},
	}
	in.Calls = []Call{{From: -1, To: 0, PerRequest: 1, Critical: 1}, {From: 0, To: 1, PerRequest: 1, Critical: 1}}
	return in
}

func TestOneWildMeasurementMovesLittle(t *testing.T) {
	in, calm := play(t, steady(), 2)
	for _, times := range []float64{0, 1e-6, 1e6} {
		wild := in
		wild.Sidecars = append([]Sidecar(nil), in.Sidecars...)
		u := wild.Sidecars[1].Uses[0]
		u.Cores *= times
		wild.Sidecars[1].Uses = []Use{u}
		p, err := Pour(wild)
		if err != nil {
			t.Fatal(err)
		}
		for i, a := range p.Allotments {
			if was := float64(calm.Allotments[i].CPU); float64(a.CPU) < was/1.6 || float64(a.CPU) > was*1.6 {
				t.Errorf("usage of b times %g moves %s from %.0f to %d millicores", times, a.Service, was, a.CPU)
			}
		}
	}
}

func TestSpendIsKept(t *testing.T) {
	in := steady()
	in.Options = Options{Spend: 0.5, Knee: -1}
	p, err := Pour(in)
	if err != nil {
		t.Fatal(err)
	}
	if p.CPU > 400 || p.CPU < 390 {
		t.Errorf("spends %d millicores, want just under 200 and half of the 400 above", p.CPU)
	}
}

// What the log does not show is carried on by half where its sidecar had room, by four
// times where the limit held it down, and between the two without a jump.
func TestBesideRisesWithoutAJump(t *testing.T) {
	m := &model{mesh: &mesh{gateway: Gateway{Rate: 10}, sidecars: []Sidecar{{Given: 1000}}, cores: []float64{0}}, apart: []float64{0}}
	at := func(used float64) float64 {
		m.cores[0], m.apart[0] = used, used
		return m.beside(0, 100) / used
	}
	before := at(0.5)
	if before != 1.5 || at(0.99) != 4 {
		t.Errorf("with room %v times, held down %v", before, at(0.99))
	}
	for used := 0.5; used < 1; used += 0.01 {
		if now := at(used); now < before-1e-9 || now > before+0.11 {
			t.Errorf("at %.2f of the limit %v times after %v", used, now, before)
		} else {
			before = now
		}
	}
}
