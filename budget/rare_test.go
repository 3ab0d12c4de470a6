package budget

import (
	"math"
	"testing"
	"time"
)

// A chain of three at 30 ms whose clients send few requests: none of it waits for
// CPU at the floors, so a plan can promise no more than what came.
func TestRareRequestsStayRare(t *testing.T) {
	for _, rate := range []float64{0.2, 1, 10, 50} {
		var in Input
		in.Limits = Limits{CPU: 2000, Memory: 1e9}
		for i, name := range []string{"a", "b", "c"} {
			sends := 1.0
			if i == 2 {
				sends = 0
			}
			in.Sidecars = append(in.Sidecars, Sidecar{Service: name, Given: 100, Seen: 500, Visits: 1, Sends: sends, CriticalVisits: 1, CriticalSends: sends,
				Work: 9 * time.Millisecond, Uses: []Use{{Cores: 0.0015 + 0.0006*rate, Known: true, Received: rate, Sent: rate * sends}}})
			in.Calls = append(in.Calls, Call{From: i - 1, To: i, PerRequest: 1, Critical: 1})
		}
		in.Gateway = Gateway{Requests: 500, Rate: rate, Mean: 30 * time.Millisecond, P99: 40 * time.Millisecond}
		plan, err := Pour(in)
		if err != nil {
			t.Fatal(err)
		}
		if got := plan.Predicted.Rate / rate; math.Abs(got-1) > 0.2 {
			t.Errorf("%v requests/s at the floors: predicted %v", rate, plan.Predicted.Rate)
		}
	}
}
