package graph

import (
	"fmt"
	"math/rand/v2"
	"testing"
)

// The addresses of the two sides of a call from 10.0.0.1 to 10.0.1.1, as Envoys of
// Istio write them, and what is left of them where fields are null.
func TestGuess(t *testing.T) {
	for _, c := range []struct {
		name string
		line line
		want Direction
		sure bool
	}{
		{"outbound, to a service's address", line{down: "10.0.0.1:1", downLocal: "192.168.0.9:80", upLocal: "10.0.0.1:2", up: "10.0.1.1:80"}, Outbound, true},
		{"outbound, to a pod's address", line{down: "10.0.0.1:1", downLocal: "10.0.1.1:80", upLocal: "10.0.0.1:2", up: "10.0.1.1:80"}, Outbound, false},
		{"outbound, own end null", line{down: "10.0.0.1:1", downLocal: "192.168.0.9:80", up: "10.0.1.1:80"}, Outbound, true},
		{"a gateway's", line{down: "203.0.113.5:1", downLocal: "10.9.9.9:8080", upLocal: "10.9.9.9:2", up: "10.0.0.1:80"}, Outbound, true},
		{"inbound", line{down: "10.0.0.1:2", downLocal: "10.0.1.1:80", upLocal: "127.0.0.6:3", up: "10.0.1.1:80"}, Inbound, true},
		{"inbound, own end null, mutual TLS", line{down: "10.0.0.1:2", downLocal: "10.0.1.1:80", up: "10.0.1.1:80", sni: "outbound_.80_._.b.default.svc.cluster.local"}, Inbound, true},
		{"inbound, own end null", line{down: "10.0.0.1:2", downLocal: "10.0.1.1:80", up: "10.0.1.1:80"}, Outbound, false},
		{"inbound, to loopback", line{down: "10.0.0.1:2", up: "127.0.0.1:80"}, Inbound, true},
		{"inbound over IPv6", line{down: "[fd00::1]:2", downLocal: "[fd00::2]:80", upLocal: "[::6]:3", up: "[fd00::2]:80"}, Inbound, true},
		{"the contest's fields alone", line{down: "10.0.0.1:1", up: "10.0.1.1:80"}, Outbound, false},
		{"outbound, only its own end left of three", line{upLocal: "10.0.0.1:2", up: "10.0.1.1:80"}, Outbound, false},
		{"inbound, only its own end left of three", line{upLocal: "127.0.0.6:3", up: "10.0.1.1:80"}, Inbound, true},
		{"only the callee left", line{up: "10.0.1.1:80"}, Unknown, false},
		{"only the callee left, of the contest's fields", line{up: "10.0.1.1:80", host: fqdn("b")}, Unknown, false},
		{"no upstream", line{down: "10.0.0.1:1"}, Unknown, false},
		{"no upstream, and where it was to go", line{down: "10.0.0.1:1", downLocal: "192.168.0.9:80"}, Outbound, false},
		{"no upstream, over IPv6", line{down: "[fd00::1]:1", downLocal: "[fd00::2]:80"}, Outbound, false},
		{"no upstream, an address for the host", line{down: "10.0.0.1:1", authority: "10.0.1.1:80"}, Outbound, false},
		{"no upstream, a host", line{down: "10.0.0.1:1", authority: "b:80"}, Outbound, true},
		{"no upstream, a name in TLS", line{down: "10.0.0.1:1", sni: "api.example.com"}, Outbound, true},
		{"no upstream, mutual TLS", line{down: "10.0.0.1:2", downLocal: "10.0.1.1:80", sni: "outbound_.80_._.b.default.svc.cluster.local"}, Inbound, true},
		{"no upstream and no downstream", line{downLocal: "10.0.1.1:80", authority: "b:80"}, Unknown, false},
	} {
		r := c.line.record()
		if got, sure := r.guess(); got != c.want || sure != c.sure {
			t.Errorf("%s: %d, sure %v, want %d, %v", c.name, got, sure, c.want, c.sure)
		}
	}
}

// Lines whose cluster is null count as the others, be their addresses those of real
// sidecars or alike on both sides, of which then the request's other lines tell.
func TestCallsPerRequestWithoutClusters(t *testing.T) {
	for _, alike := range []bool{false, true} {
		for _, sides := range []string{"both", "outbound"} {
			for _, every := range []int{1, 2, 10} {
				if every == 1 && alike && sides == "both" {
					continue // nothing is left to tell the sides apart by
				}
				t.Run(fmt.Sprint(alike, sides, every), func(t *testing.T) {
					g := withoutClusters(alike, sides == "both", every)
					if want := "a>b 2000, ingress-gateway>a 2000"; drawn(g) != want {
						t.Errorf("edges %s, want %s", drawn(g), want)
					}
					near(t, "b per request", edge(t, g, "a", "b").PerRequest, 1, 0.001)
					near(t, "b's latency", edge(t, g, "a", "b").Mean.Seconds(), 0.012, 0.001)
					check(t, g)
				})
			}
		}
	}
}

// withoutClusters is the graph of 2,000 requests to a, which calls b, where one line
// in every has no cluster.
func withoutClusters(alike, both bool, every int) *Graph {
	b := NewBuilder(Options{})
	chance := rand.New(rand.NewPCG(3, 4))
	for i := range 2000 {
		at, id := int64(i*20), fmt.Sprint("r", i)
		lines := []line{
			{down: "203.0.113.5:1", downLocal: "10.9.9.9:8080", upLocal: "10.9.9.9:7", up: "10.0.0.1:80", host: fqdn("a"), start: at, dur: 19},
			{in: true, down: "10.9.9.9:7", downLocal: "10.0.0.1:80", upLocal: "127.0.0.6:3", up: "10.0.0.1:80", start: at, dur: 18},
			{down: "10.0.0.1:5", downLocal: "192.168.0.9:80", upLocal: "10.0.0.1:6", up: "10.0.1.1:80", host: fqdn("b"), start: at + 2, dur: 12},
			{in: true, down: "10.0.0.1:6", downLocal: "10.0.1.1:80", upLocal: "127.0.0.6:4", up: "10.0.1.1:80", start: at + 4, dur: 8},
		}
		for _, l := range lines {
			if l.in && !both {
				continue
			}
			if l.id = id; alike && l.up == "10.0.1.1:80" {
				l.downLocal, l.upLocal = l.up, "10.0.0.1:6"
			}
			r := l.record()
			if chance.IntN(every) == 0 {
				r.Direction, r.Cluster = Unknown, nil
				r.Authority = []byte("b:80")
			}
			b.Add(&r)
		}
	}
	return b.Build(listPods("a:10.0.0.1 b:10.0.1.1"), 0)
}
