package graph

import (
	"fmt"
	"math"
	"math/rand/v2"
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
