package critical_test

import (
	"fmt"

	"github.com/sluice-mesh/sluice/critical"
	"github.com/sluice-mesh/sluice/graph"
)

// line is a record of a call between two addresses, times in milliseconds.
func line(direction graph.Direction, id, from, to string, start, duration graph.Micros) *graph.Record {
	cluster := "outbound|80||b.default.svc.cluster.local"
	if direction == graph.Inbound {
		cluster = "inbound|80||"
	}
	return &graph.Record{
		Direction: direction, Cluster: []byte(cluster), RequestID: []byte(id),
		Downstream: []byte(from + ":40000"), Upstream: []byte(to + ":80"),
		Start: 1_700_000_000_000_000 + start*1000, Duration: duration * 1000,
		ServiceTime: graph.Missing, Code: 200, BytesSent: graph.Missing, BytesReceived: graph.Missing,
	}
}

// The gateway calls a, a calls b. Now and then b's sidecar takes the call 40 ms
// late; its clock, a minute ahead, does not matter.
func Example() {
	const gateway, a, b, minute = "10.0.0.9", "10.0.0.1", "10.0.0.2", 60_000
	log := graph.NewBuilder(graph.Options{})
	for i := range graph.Micros(101) {
		id, at, late := fmt.Sprint("request-", i), i*200, graph.Micros(0)
		if i%5 == 1 {
			late = 40
		}
		log.Add(line(graph.Inbound, id, gateway, a, at, 30+late))
		log.Add(line(graph.Outbound, id, a, b, at+10, 12+late))
		log.Add(line(graph.Inbound, id, a, b, minute+at+11+late, 10))
	}
	g := log.Build([]graph.Pod{{Service: "a", Name: "a-1", Address: a}, {Service: "b", Name: "b-1", Address: b}}, 0)

	r := critical.Analyze(g)
	for i, n := range g.Nodes[1:] {
		s := r.Services[i+1]
		fmt.Printf("%s: self %v, sidecar %.1f ms, %.0f %% of the latency\n", n.Name, s.Self, s.Sidecar.Seconds()*1000, 100*s.Latency)
	}
	for _, p := range r.Paths {
		fmt.Printf("%.0f %% of requests waited longest for %s → %s\n", 100*p.Share, g.Nodes[p.Nodes[0]].Name, g.Nodes[p.Nodes[1]].Name)
	}
	// Output:
	// a: self 18ms, sidecar 0.0 ms, 0 % of the latency
	// b: self 10ms, sidecar 7.9 ms, 21 % of the latency
	// 100 % of requests waited longest for a → b
}
