package budget

import (
	"fmt"
	"testing"
	"time"
)

// largeInput is a mesh of n services in layers, pods sidecars each.
func largeInput(n, pods int) Input {
	in := Input{Gateway: Gateway{Requests: 5000, Rate: 800, Mean: 120 * time.Millisecond}}
	for i := range n {
		s := Sidecar{Service: fmt.Sprintf("svc-%05d", i), Given: 100 + MilliCPU(i%7)*20, Visits: 1 / float64(1+i%9), Seen: 500, Work: 2 * time.Millisecond}
		s.CriticalVisits = s.Visits / 2
		for k := range pods {
			rate := 800 * s.Visits / float64(pods)
			s.Uses = append(s.Uses, Use{Cores: 0.02 + 0.0003*rate + 0.0001*float64(k%3), Known: true, Memory: 6e7, Received: rate, Sent: rate})
		}
		s.Sends = s.Visits
		in.Sidecars = append(in.Sidecars, s)
		in.Calls = append(in.Calls, Call{From: (i+1)/2 - 1, To: i, PerRequest: s.Visits, Critical: s.CriticalVisits})
	}
	in.Limits = Limits{CPU: FloorCPU * MilliCPU(n*pods) * 5 / 2, Memory: FloorMemory * Bytes(n*pods) * 3 / 2}
	return in
}

func BenchmarkPour(b *testing.B) {
	for _, size := range [][2]int{{4, 2}, {8, 2}, {1000, 10}, {10000, 10}} {
		b.Run(fmt.Sprintf("services=%d/pods=%d", size[0], size[0]*size[1]), func(b *testing.B) {
			in := largeInput(size[0], size[1])
			first, err := Pour(in)
			if err != nil {
				b.Fatal(err)
			}
			in.Knowledge = first.Learned
			b.ReportAllocs()
			for b.Loop() {
				if _, err := Pour(in); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// The first plan of a small mesh is what the command line waits for.
func BenchmarkFirstPlan(b *testing.B) {
	in := otherWindow(4200)
	for b.Loop() {
		if _, err := Pour(in); err != nil {
			b.Fatal(err)
		}
	}
}
