package budget

import (
	"testing"
	"time"
)

// disappointed is a mesh of two services whose second round, at another allotment
// of the same CPU, lost half of the rate that the first had.
func disappointed(rate float64) Input {
	in := Input{Limits: Limits{CPU: 700, Memory: 1e9}, Gateway: Gateway{Requests: 600, Rate: rate, Mean: time.Duration(32 / rate * 1e9)},
		Knowledge: &Knowledge{Rounds: 1, Best: &Trial{Load: Load{Rate: 200, Mean: 0.16}, Spent: 700}}}
	for i, name := range []string{"a", "b"} {
		s := Sidecar{Service: name, Given: []MilliCPU{450, 250}[i], Visits: 1, CriticalVisits: 1, Seen: 600, Work: time.Millisecond,
			Uses: []Use{{Cores: []float64{0.2, 0.25}[i], Known: true, Received: rate}}}
		in.Sidecars = append(in.Sidecars, s)
		in.Calls = append(in.Calls, Call{From: i - 1, To: i, PerRequest: 1, Critical: 1})
		in.Knowledge.Services = append(in.Knowledge.Services, Learned{Service: name, Best: 350, Entry: 1 - float64(i)})
	}
	return in
}

func TestBestTrialIsKept(t *testing.T) {
	for _, c := range []struct {
		name string
		rate float64
		best MilliCPU
	}{
		{"a round that lost", 100, 350},
		{"a round that won", 220, 450},
		{"as good but for luck", 197, 450},
		{"another load", 0, 450},
	} {
		in := disappointed(max(c.rate, 100))
		if c.rate == 0 {
			in.Gateway.Mean *= 3
		}
		p, err := Pour(in)
		if err != nil {
			t.Fatal(err)
		}
		if got := p.Learned.Services[0].Best; got != c.best {
			t.Errorf("%s: the best trial gave %d millicores, want %d", c.name, got, c.best)
		}
	}
}

func TestDisappointedPlanGoesBack(t *testing.T) {
	in := disappointed(100)
	b := believe(newMesh(in), in.Knowledge)
	b.stay(700)
	for i, c := range b.at(b.afford(700)) {
		if c < 0.345 || c > 0.355 {
			t.Errorf("service %d gets %.3f cores, want the 0.350 of the best round", i, c)
		}
	}
}
