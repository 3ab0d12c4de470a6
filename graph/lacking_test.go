package graph

import (
	"fmt"
	"math"
	"math/rand/v2"
	"strings"
	"testing"
)

func TestCallsPerRequestWhereFieldsAreNull(t *testing.T) {
	lacks := map[string]func(*Record){
		"duration":   func(r *Record) { r.Duration = Missing },
		"start":      func(r *Record) { r.Start = Missing },
		"request_id": func(r *Record) { r.RequestID = nil },
	}
	for name, lack := range lacks {
		for _, every := range []int{1, 3, 10} {
			if every == 1 && name != "duration" {
				continue // nothing is left to tell rates, or requests, apart
			}
			for _, e := range chainLacking(lack, every).Edges {
				if math.Abs(e.PerRequest-1) > 0.05 {
					t.Errorf("%s null on every %d: edge %d to %d has %.4f calls per request, want 1", name, every, e.From, e.To, e.PerRequest)
				}
			}
		}
	}
}

// The same where both sides of each call are logged, and lines lack their request_id by
// themselves: of a call that a pod received the caller's line may have it, and the pod's
// own not.
func TestCallsPerRequestWhereOneSideLacksItsID(t *testing.T) {
	m := shop()
	m.gateway, m.seconds = true, 20
	rs := m.run()
	chance := rand.New(rand.NewPCG(3, 4))
	for i := range rs {
		if chance.IntN(5) == 0 {
			rs[i].RequestID = nil
		}
	}
	g := collect(rs, Options{}).Build(m.pods(), 0)
	m.eachEdge(g, func(name string, e *Edge, made float64) {
		near(t, name+" per request", e.PerRequest, made/float64(m.made[" front"]), 0.03)
	})
}

// chainLacking is the graph of 2,000 requests to a, which calls b, where lack has
// been at one in every lines at random, always the same.
func chainLacking(lack func(*Record), every int) *Graph {
	b := NewBuilder(Options{})
	chance := rand.New(rand.NewPCG(1, 2))
	for i := range 2000 {
		at, id := Micros(1_700_000_000_000_000+i*20_000), fmt.Appendf(nil, "r%d", i)
		for _, r := range []Record{
			{Direction: Inbound, Start: at, Duration: 18_000, Downstream: []byte("9.9.9.9:1"), Upstream: []byte("10.0.0.1:80"), DownstreamLocal: []byte("10.0.0.1:80")},
			{Direction: Outbound, Start: at + 2000, Duration: 12_000, Downstream: []byte("10.0.0.1:5"), UpstreamLocal: []byte("10.0.0.1:6"), Upstream: []byte("10.0.0.2:80"), Cluster: []byte("outbound|80||b.x.svc.cluster.local")},
			{Direction: Inbound, Start: at + 4000, Duration: 8_000, Downstream: []byte("10.0.0.1:6"), Upstream: []byte("10.0.0.2:80"), DownstreamLocal: []byte("10.0.0.2:80")},
		} {
			r.RequestID, r.Code, r.BytesSent, r.ServiceTime = id, 200, Missing, Missing
			if chance.IntN(every) == 0 {
				lack(&r)
			}
			b.Add(&r)
		}
	}
	return b.Build([]Pod{{Service: "a", Name: "a-1", Address: "10.0.0.1"}, {Service: "b", Name: "b-1", Address: "10.0.0.2"}}, 0)
}

// Nobody knows how often anything happens in a log without a start; how many calls a
// request makes does not depend on it.
func TestRatesWithoutStarts(t *testing.T) {
	g := chainLacking(func(r *Record) { r.Start = Missing }, 1)
	check(t, g)
	if !g.Untimed || g.Gateway.Rate != 0 || len(g.Warnings) != 1 || !strings.Contains(g.Warnings[0], "start_time") {
		t.Errorf("untimed %v, %v requests/s, warnings %q", g.Untimed, g.Gateway.Rate, g.Warnings)
	}
	for _, e := range g.Edges {
		near(t, "calls per request", e.PerRequest, 1, 1e-9)
		near(t, "mean in ms", e.Mean.Seconds()*1000, 15, 3.001) // 18 and 12
		if e.Rate != 0 || e.RateLow != 0 || e.RateHigh != 0 || e.Timed == 0 {
			t.Errorf("edge %+v", e)
		}
	}
}

// One request_id on all lines: they are still as many a second as they are. By outbound
// lines alone a proxy's lines then seemed to be of one request, too few to time them.
func TestOneRequestIDForAll(t *testing.T) {
	m := shop()
	m.noIn, m.gateway, m.seconds, m.rate, m.sameID = true, true, 10, 40, true
	g := collect(m.run(), Options{}).Build(m.pods(), 0)
	check(t, g)
	m.eachEdge(g, func(name string, e *Edge, made float64) {
		near(t, name+" rate", e.Rate, made/m.seconds, 0.1)
		near(t, name+" per request", e.PerRequest, made/float64(m.made[" front"]), 0.1)
	})
	if w := strings.Join(g.Warnings, "; "); !strings.Contains(w, "request_id is unique") {
		t.Errorf("warnings %q", w)
	}
}
