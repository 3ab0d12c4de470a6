package budget

import (
	"encoding/json"
	"errors"
	"math"
	"math/rand"
	"reflect"
	"testing"
	"time"
)

// anyInput makes a mesh out of a seed: traffic, usage and limits, some of them
// missing or absurd when wild is set.
func anyInput(seed int64, wild bool) Input {
	r := rand.New(rand.NewSource(seed))
	in := Input{}
	pods := 0
	rate := 10 * math.Exp(3*r.Float64())
	for i := range 1 + r.Intn(12) {
		s := Sidecar{Service: string(rune('a'+i)) + "-svc", Given: MilliCPU(r.Intn(2) * (100 + r.Intn(900))), Visits: 3 * r.Float64(), Sends: 2 * r.Float64(), Seen: 5 + r.Intn(500)}
		s.CriticalVisits, s.CriticalSends = s.Visits*r.Float64(), s.Sends*r.Float64()
		s.Work = time.Duration(r.Intn(10)) * time.Millisecond
		s.SentBytes = 1000 * r.Float64()
		n := 1 + r.Intn(4)
		for range n {
			u := Use{Cores: 0.3 * r.Float64(), Known: true, Memory: 2e8 * r.Float64(), Received: rate * s.Visits / float64(n), Sent: rate * s.Sends / float64(n)}
			if s.Given > 0 {
				u.Cores = min(u.Cores, float64(s.Given)/1000)
			}
			if wild {
				spoil(r, &u)
			}
			s.Uses = append(s.Uses, u)
		}
		if r.Intn(6) == 0 {
			s.Visits, s.Sends, s.Seen = 0, 0, 0
			for k := range s.Uses {
				s.Uses[k] = Use{Cores: 0.0015, Known: true, Memory: 5e7}
			}
		}
		pods += n
		in.Sidecars = append(in.Sidecars, s)
		in.Calls = append(in.Calls, Call{From: i - 1, To: i, PerRequest: s.Visits, Critical: s.CriticalVisits})
	}
	in.Gateway = Gateway{Requests: 500, Rate: rate, Mean: time.Duration(1+r.Intn(900)) * time.Millisecond}
	in.Limits = Limits{CPU: MilliCPU(float64(100*pods) * (1 + 4*r.Float64())), Memory: Bytes(float64(128e6*pods) * (1 + r.Float64()))}
	if wild && r.Intn(3) == 0 {
		in.Gateway.Rate = []float64{0, -1, math.NaN(), 1e300, math.Inf(1)}[r.Intn(5)]
	}
	return in
}

// spoil makes one measurement wrong, as captures have them.
func spoil(r *rand.Rand, u *Use) {
	bad := []float64{0, -1, 1e300, 1e-300, math.NaN(), math.Inf(1), math.Inf(-1)}
	switch r.Intn(8) {
	case 0:
		u.Known = false
	case 1:
		u.Cores = bad[r.Intn(len(bad))]
	case 2:
		u.Memory = bad[r.Intn(len(bad))]
	case 3:
		u.Received = bad[r.Intn(len(bad))]
	case 4:
		u.Sent = bad[r.Intn(len(bad))]
	}
}

// checkSound fails where a plan breaks a rule of the contest or of the contract.
func checkSound(t *testing.T, in Input, p Plan) {
	t.Helper()
	if len(p.Allotments) != len(in.Sidecars) {
		t.Fatalf("%d allotments for %d services", len(p.Allotments), len(in.Sidecars))
	}
	var cpu MilliCPU
	var memory Bytes
	for i, a := range p.Allotments {
		s := &in.Sidecars[i]
		if a.Service != s.Service || a.Pods != s.pods() {
			t.Errorf("allotment %d is %s x%d, want %s x%d", i, a.Service, a.Pods, s.Service, s.pods())
		}
		if a.CPU < FloorCPU || a.Memory < FloorMemory {
			t.Errorf("%s gets %d millicores and %d bytes, under the floor", a.Service, a.CPU, a.Memory)
		}
		if s.quiet() && a.CPU != FloorCPU {
			t.Errorf("%s is quiet and gets %d millicores", a.Service, a.CPU)
		}
		if a.Reason == "" {
			t.Errorf("%s has no reason", a.Service)
		}
		for _, x := range []float64{a.Demand, a.Utilization, a.LatencyShare} {
			if !finite(x) || x < 0 {
				t.Errorf("%s has a figure of %v: %+v", a.Service, x, a)
			}
		}
		cpu += a.CPU * MilliCPU(a.Pods)
		memory += a.Memory * Bytes(a.Pods)
	}
	if cpu > in.Limits.CPU || memory > in.Limits.Memory {
		t.Errorf("spends %d of %d millicores, %d of %d bytes", cpu, in.Limits.CPU, memory, in.Limits.Memory)
	}
	if cpu != p.CPU || memory != p.Memory {
		t.Errorf("totals say %d and %d, the sum is %d and %d", p.CPU, p.Memory, cpu, memory)
	}
	if !finite(p.Predicted.Rate) || p.Predicted.Rate < 0 || p.Predicted.Mean < 0 {
		t.Errorf("predicts %+v", p.Predicted)
	}
}

// play pours several rounds, handing on what was learned, and returns the last.
func play(t *testing.T, in Input, rounds int) (Input, Plan) {
	t.Helper()
	var p Plan
	for range rounds {
		var err error
		if p, err = Pour(in); err != nil {
			t.Fatal(err)
		}
		checkSound(t, in, p)
		next := in
		next.Knowledge = throughJSON(t, p.Learned)
		next.Sidecars = append([]Sidecar(nil), in.Sidecars...)
		for i := range next.Sidecars {
			next.Sidecars[i].Given, next.Sidecars[i].GivenMemory = p.Allotments[i].CPU, p.Allotments[i].Memory
		}
		in = next
	}
	return in, p
}

// throughJSON is what a restart does to knowledge.
func throughJSON(t *testing.T, k *Knowledge) *Knowledge {
	t.Helper()
	b, err := json.Marshal(k)
	if err != nil {
		t.Fatalf("knowledge does not survive JSON: %v", err)
	}
	var out *Knowledge
	if err := json.Unmarshal(b, &out); err != nil {
		t.Fatal(err)
	}
	if !reflect.DeepEqual(k, out) {
		t.Fatalf("knowledge changed in JSON:\n%+v\n%+v", k, out)
	}
	return out
}

func TestPourIsSound(t *testing.T) {
	for seed := range int64(24) {
		play(t, anyInput(seed, seed%2 == 0), 3)
	}
}

func TestMoreBudgetLowersNothing(t *testing.T) {
	for seed := range int64(6) {
		in := anyInput(seed, seed%3 == 0)
		in, last := play(t, in, int(seed%3)+1)
		in.Limits = Limits{CPU: FloorCPU * 100, Memory: FloorMemory * 100}
		last = Plan{}
		for range 15 {
			p, err := Pour(in)
			if err != nil {
				t.Fatal(err)
			}
			for i := range last.Allotments {
				if p.Allotments[i].CPU < last.Allotments[i].CPU-1 || p.Allotments[i].Memory < last.Allotments[i].Memory-1 {
					t.Fatalf("seed %d, limit %v: %s falls from %d to %d millicores, %d to %d bytes", seed, in.Limits, p.Allotments[i].Service,
						last.Allotments[i].CPU, p.Allotments[i].CPU, last.Allotments[i].Memory, p.Allotments[i].Memory)
				}
			}
			last = p
			in.Limits.CPU += in.Limits.CPU/7 + 1
			in.Limits.Memory += in.Limits.Memory/9 + 1
		}
	}
}

func TestOrderDoesNotMatter(t *testing.T) {
	for seed := range int64(8) {
		in := anyInput(seed, seed%2 == 0)
		want, err := Pour(in)
		if err != nil {
			t.Fatal(err)
		}
		turned := in
		n := len(in.Sidecars)
		turned.Sidecars = make([]Sidecar, n)
		for i, s := range in.Sidecars {
			s.Uses = append([]Use(nil), s.Uses...)
			for a, b := 0, len(s.Uses)-1; a < b; a, b = a+1, b-1 {
				s.Uses[a], s.Uses[b] = s.Uses[b], s.Uses[a]
			}
			turned.Sidecars[n-1-i] = s
		}
		turned.Calls = nil
		for i := len(in.Calls) - 1; i >= 0; i-- {
			c := in.Calls[i]
			c.To = n - 1 - c.To
			if c.From >= 0 {
				c.From = n - 1 - c.From
			}
			turned.Calls = append(turned.Calls, c)
		}
		got, err := Pour(turned)
		if err != nil {
			t.Fatal(err)
		}
		for i := range want.Allotments {
			if !reflect.DeepEqual(got.Allotments[n-1-i], want.Allotments[i]) {
				t.Fatalf("seed %d: %+v, turned round %+v", seed, want.Allotments[i], got.Allotments[n-1-i])
			}
		}
	}
}

func TestInputStaysAsItWas(t *testing.T) {
	in := anyInput(7, true)
	in, _ = play(t, in, 2)
	before, _ := json.Marshal(in.Knowledge)
	sidecars := append([]Sidecar(nil), in.Sidecars...)
	a, _ := Pour(in)
	b, _ := Pour(in)
	after, _ := json.Marshal(in.Knowledge)
	if string(before) != string(after) || len(sidecars) != len(in.Sidecars) {
		t.Error("Pour changed its input")
	}
	if x, y := mustJSON(t, a), mustJSON(t, b); x != y {
		t.Errorf("two answers to one input:\n%s\n%s", x, y)
	}
}

func mustJSON(t *testing.T, v any) string {
	t.Helper()
	b, err := json.Marshal(v)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

func TestEqualServicesGetEqualParts(t *testing.T) {
	in := Input{Limits: Limits{CPU: 1001, Memory: 1e9}, Gateway: Gateway{Requests: 100, Rate: 50, Mean: 100 * time.Millisecond}}
	for _, name := range []string{"a", "b", "c"} {
		in.Sidecars = append(in.Sidecars, Sidecar{Service: name, Visits: 1, CriticalVisits: 1, Seen: 100, Uses: []Use{{Cores: 0.07, Known: true, Received: 50}}})
	}
	p, err := Pour(in)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range p.Allotments[1:] {
		if a.CPU != p.Allotments[0].CPU || a.Memory != p.Allotments[0].Memory {
			t.Errorf("%s gets %d, a gets %d", a.Service, a.CPU, p.Allotments[0].CPU)
		}
	}
}

func TestInfeasible(t *testing.T) {
	in := Input{Sidecars: []Sidecar{{Service: "a", Uses: make([]Use, 2)}, {Service: "b"}}}
	in.Limits = Limits{CPU: 299, Memory: 3 * FloorMemory}
	var e *InfeasibleError
	if _, err := Pour(in); !errors.As(err, &e) || e.Needed != (Limits{300, 3 * FloorMemory}) || e.Pods != 3 {
		t.Errorf("got %v, want 300 millicores needed for 3 pods", err)
	}
	in.Limits = Limits{CPU: 300, Memory: 3*FloorMemory - 1}
	if _, err := Pour(in); !errors.As(err, &e) {
		t.Errorf("memory one byte short: %v", err)
	}
	in.Limits = Limits{CPU: 300, Memory: 3 * FloorMemory}
	p, err := Pour(in)
	if err != nil {
		t.Fatalf("limits equal to the floors: %v", err)
	}
	checkSound(t, in, p)
}

func TestHugeLimits(t *testing.T) {
	for _, l := range []Limits{{1e15, 1e15}, {math.MaxInt64, math.MaxInt64}} {
		in := anyInput(3, false)
		in.Limits = l
		for _, knee := range []float64{0, -1} {
			in.Options.Knee = knee
			p, err := Pour(in)
			if err != nil {
				t.Fatal(err)
			}
			checkSound(t, in, p)
		}
	}
}

func TestMemoryFollowsUseNotTraffic(t *testing.T) {
	in := Input{Limits: Limits{CPU: 300, Memory: 3*FloorMemory + 60_000_000}, Sidecars: []Sidecar{
		{Service: "busy", Visits: 9, Seen: 900, Uses: []Use{{Cores: .1, Known: true, Memory: 9e7, Received: 900}}},
		{Service: "large", Uses: []Use{{Memory: 150e6, Known: true, Cores: .001}}},
		{Service: "larger", Uses: []Use{{Memory: 160e6, Known: true, Cores: .001}}},
	}}
	p, err := Pour(in)
	if err != nil {
		t.Fatal(err)
	}
	// 60 MB above the floors for 150 and 160 MB in use: the same multiple of both,
	// (2*128+60)/(150+160) = 1.01935.
	want := []Bytes{FloorMemory, 152_903_225, 163_096_774}
	for i, a := range p.Allotments {
		if d := a.Memory - want[i]; d < -1 || d > 1 {
			t.Errorf("%s gets %d bytes, want %d", a.Service, a.Memory, want[i])
		}
	}
}

func TestWaterfillAgainstBruteForce(t *testing.T) {
	r := rand.New(rand.NewSource(5))
	for range 300 {
		n := 1 + r.Intn(4)
		claims := make([]claim, n)
		limit := int64(0)
		weights := make([]float64, n)
		for i := range claims {
			weights[i] = r.Float64() * 3
			pods := int64(1 + r.Intn(3))
			claims[i] = claim{pods, func(level float64) int64 { return max(10, whole(weights[i]*level)) }}
			limit += 10 * pods
		}
		limit += int64(r.Intn(200))
		best := 0.0
		for k := range 20000 { // every level in steps of a hundredth
			if l := float64(k) / 100; fits(claims, limit, l) {
				best = l
			}
		}
		if got := waterfill(claims, limit, 0, 199.99); got < best || got > best+0.0101 && best < 199.98 {
			t.Fatalf("weights %v limit %d: level %v, by trying all %v", weights, limit, got, best)
		}
	}
}

func FuzzPour(f *testing.F) {
	f.Add(int64(1), 1.5, true)
	f.Add(int64(2), 7.0, false)
	f.Fuzz(func(t *testing.T, seed int64, more float64, wild bool) {
		in := anyInput(seed, wild)
		in, _ = play(t, in, int(uint64(seed)%2)+1)
		small, err := Pour(in)
		if err != nil {
			t.Fatal(err)
		}
		if !(more >= 1 && more < 1e6) {
			return
		}
		in.Limits.CPU = MilliCPU(float64(in.Limits.CPU) * more)
		in.Limits.Memory = Bytes(float64(in.Limits.Memory) * more)
		large, err := Pour(in)
		if err != nil {
			t.Fatal(err)
		}
		for i := range small.Allotments {
			if large.Allotments[i].CPU < small.Allotments[i].CPU-1 || large.Allotments[i].Memory < small.Allotments[i].Memory-1 {
				t.Fatalf("%s falls from %+v to %+v", small.Allotments[i].Service, small.Allotments[i], large.Allotments[i])
			}
		}
	})
}
