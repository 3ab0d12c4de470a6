package critical

import (
	"time"

	"github.com/sluice-mesh/sluice/graph"
)

// MostHeld is up to how long a call counts as held by a sidecar. Stalls take tens of
// milliseconds and would drown what the mean is to tell: how many calls found it idle.
const MostHeld = 3 * time.Millisecond

// Held is how long calls were in a node's sidecars by those sidecars' own lines: duration
// less upstream_service_time. Both come in whole milliseconds, so that only means tell.
type Held struct {
	// Calls is how many calls were timed, Mean how long they were held, each up to
	// MostHeld.
	Calls int
	Mean  time.Duration
	// Quick is how many of them were held for less than MostHeld, QuickMean how long.
	Quick     int
	QuickMean time.Duration
}

// heldSum sums what a node's calls were held, of those received and those sent.
type heldSum struct{ received, sent held }

type held struct {
	calls, quick   int
	all, quickOnes micros
}

// add takes in one line. A call that failed may never have gone on.
func (h *held) add(s graph.Side, failed bool) {
	if failed || !s.Logged || s.ServiceTime < 0 || s.Duration < s.ServiceTime {
		return
	}
	most := micros(MostHeld / time.Microsecond)
	t := micros(s.Duration - s.ServiceTime)
	h.calls++
	h.all += min(t, most)
	if t < most {
		h.quick++
		h.quickOnes += t
	}
}

func (h *held) mean() Held {
	return Held{
		Calls: h.calls, Mean: duration(float64(h.all) / float64(max(1, h.calls))),
		Quick: h.quick, QuickMean: duration(float64(h.quickOnes) / float64(max(1, h.quick))),
	}
}
