package budget

import (
	"fmt"
	"time"
)

// explainStep is the CPU per sidecar of which Allotment.Last and Next speak.
const explainStep MilliCPU = 10

// explain fills in what one allotment rests on. o is the rehearsal of the plan,
// without stations where it was too large to be played.
func (b *believed) explain(a *Allotment, i int, load Load, o outcome) {
	a.Demand = b.demand(i, load.Rate)
	if load.Rate == 0 && b.known[i] {
		a.Demand = b.cores[i] // no load is foreseen where none was seen: it needs what it used
	}
	a.LatencyShare = min(1, max(0, b.sidecars[i].LatencyShare))
	if !finite(a.LatencyShare) {
		a.LatencyShare = 0
	}
	if o.done > 0 && o.mean > 0 {
		a.Demand = o.cores[i]
		spent := o.halves[i] * 1000 * (b.base[i] + b.wake*o.woken[i])
		a.LatencyShare = min(1, max(0, o.wait[i]+spent)/o.mean)
		// Throttled time falls about with the square of the quota.
		perCore := 2 * max(0, o.throttled[i]) / (float64(a.CPU) / 1000)
		a.Next = time.Duration(perCore * float64(explainStep) / 1000 * 1e6)
		if a.CPU > FloorCPU {
			more := float64(a.CPU) / float64(max(FloorCPU, a.CPU-explainStep))
			a.Last = time.Duration(float64(a.Next) * more * more * more)
		}
	}
	a.Utilization = 1000 * a.Demand / float64(a.CPU)
	a.Reason = b.reason(a, i)
}

// reason is a sentence on one allotment.
func (b *believed) reason(a *Allotment, i int) string {
	switch {
	case b.gateway.Rate == 0 && b.known[i] && !b.quiet[i]:
		return fmt.Sprintf("used %.0f millicores and gets %d: no request was seen at the gateway, so CPU is shared out by use", 1000*a.Demand, a.CPU)
	case b.quiet[i]:
		return "keeps the floor: no line of the log names it and it used next to nothing"
	case a.CPU == FloorCPU:
		return fmt.Sprintf("the floor is enough: it needs %.0f of %d millicores at the load foreseen", 1000*a.Demand, a.CPU)
	case a.Next > 0:
		return fmt.Sprintf("needs %.0f of %d millicores at the load foreseen and causes %.0f %% of the latency; %d millicores more would save about %s",
			1000*a.Demand, a.CPU, 100*a.LatencyShare, explainStep, short(a.Next))
	}
	return fmt.Sprintf("needs %.0f of %d millicores at the load foreseen and causes %.0f %% of the latency", 1000*a.Demand, a.CPU, 100*a.LatencyShare)
}

// short is a duration as people write it.
func short(d time.Duration) string {
	if d < time.Millisecond {
		return d.Round(time.Microsecond).String()
	}
	return d.Round(100 * time.Microsecond).String()
}

// unspent is the sentence on what the plan leaves, empty when it leaves nothing.
func unspent(left, limit MilliCPU, o Options) string {
	if left <= limit/50 {
		return ""
	}
	if o.Spend > 0 && o.Spend < 1 {
		return fmt.Sprintf("%d of %d millicores are left: the plan may spend %.0f %% of what there is above the floors", left, limit, 100*o.Spend)
	}
	knee := o.Knee
	if knee == 0 {
		knee = DefaultKnee
	}
	return fmt.Sprintf("%d of %d millicores are left: all of them together would lower the mean latency by less than %.1f %%", left, limit, 100*knee)
}
