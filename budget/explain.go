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
	a.LatencyShare = min(1, max(0, b.sidecars[i].LatencyShare))
	if !finite(a.LatencyShare) {
		a.LatencyShare = 0
	}
	switch {
	case o.done > 0 && o.mean > 0: // demand would ask for rungs of the ladder that no plan needs
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
	case load.Rate == 0 && b.known[i]:
		a.Demand = b.cores[i] // no load is foreseen where none was seen: it needs what it used
	default:
		a.Demand = b.demand(i, load.Rate)
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

// unspent is the sentence on what the plan leaves, empty when it leaves nothing to
// speak of: how much, why, and what it would buy beside the plan at that level.
func (b *believed) unspent(in Input, p *Plan, level float64, played bool) string {
	left := in.Limits.CPU - p.CPU
	if left <= in.Limits.CPU/50 || p.Predicted.Mean <= 0 {
		return ""
	}
	o := in.Options
	why := fmt.Sprintf("more than --knee %g has it would gain little", 100*kneeOf(o))
	switch {
	case o.Spend > 0 && o.Spend < 1:
		why = fmt.Sprintf("--spend %g caps what is spent above the floors", 100*o.Spend)
	case o.Thrift > 0:
		why = fmt.Sprintf("--thrift %g weighs them against latency", o.Thrift)
	}
	// At the plan's own lean: to tune the ladder anew for one figure of a sentence would
	// take as long as the plan.
	c, m := *b, *b.model
	c.model, m.ladder, m.lean = &m, nil, make([]float64, len(b.lean))
	for i := range m.lean {
		m.lean[i] = b.leanAt(i, level)
	}
	more := c.affordTo(b.ceiling(Options{}), in.Limits.CPU)
	all, _ := c.foresee(c.at(more), more, played)
	saved := max(0, 1-all.Mean/p.Predicted.Mean.Seconds())
	return fmt.Sprintf("%d of %d millicores are left, as %s; all of them would lower the mean latency by about %.1f %%", left, in.Limits.CPU, why, 100*saved)
}

// kneeOf is the gain below which CPU is left.
func kneeOf(o Options) float64 {
	if o.Knee == 0 {
		return DefaultKnee
	}
	return o.Knee
}
