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
	held := a.LatencyShare * min(load.Mean, 1e6) * 1000 // ms
	switch {
	case o.done > 0 && o.mean > 0 && !b.quiet[i]:
		a.Demand = o.cores[i]
	case load.Rate == 0 && b.known[i]:
		a.Demand, _ = b.sidecars[i].coresPerPod() // no load is foreseen where none was seen: it needs what it used
	case !b.quiet[i]:
		a.Demand = load.Rate*b.even[i] + b.beside(i, load.Rate)
	}
	if o.done > 0 && o.mean > 0 {
		spent := o.halves[i] * 1000 * (b.base[i] + b.wake*o.woken[i])
		a.LatencyShare = min(1, max(0, o.wait[i]+spent)/o.mean)
		held = b.shortage(i, float64(a.CPU)/1000, o)
	}
	a.Last, a.Next = worth(held, a.CPU)
	a.Utilization = 1000 * a.Demand / float64(a.CPU)
	a.Reason = b.reason(a, i)
}

// worth is what the last explainStep of a sidecar's CPU saved and what another would
// save, where requests wait for so many ms for want of it: a hundredth more CPU is a
// hundredth less waiting. (In a closed network of exponential servers the elasticity of
// the throughput to a server's speed is about its part of the requests in flight, by
// Schweitzer's approximation of mean value analysis.) The slope falls with the square.
func worth(held float64, cpu MilliCPU) (last, next time.Duration) {
	next = time.Duration(held * float64(explainStep) / float64(cpu) * 1e6)
	if cpu > FloorCPU {
		more := float64(cpu) / float64(max(FloorCPU, cpu-explainStep))
		last = time.Duration(float64(next) * more * more)
	}
	return last, next
}

// reason is a sentence on one allotment.
func (b *believed) reason(a *Allotment, i int) string {
	needs := fmt.Sprintf("needs %.0f of %d millicores at the load foreseen", 1000*a.Demand, a.CPU)
	switch {
	case b.gateway.Rate == 0 && b.known[i] && !b.quiet[i]:
		return fmt.Sprintf("used %.0f millicores and gets %d: no request was seen at the gateway, so CPU is shared out by use", 1000*a.Demand, a.CPU)
	case b.quiet[i] && !b.known[i]:
		return "keeps the floor of CPU: no line of the log names it and its use of CPU is not known"
	case b.quiet[i]:
		return "keeps the floor of CPU: no line of the log names it and it used next to nothing"
	case b.sidecars[i].Seen == 0:
		return needs + " for what it did beside the log, which has no line of it"
	case a.CPU == FloorCPU:
		return "the floor is enough: it " + needs
	case a.Next >= time.Microsecond:
		return fmt.Sprintf("%s and causes %.0f %% of the latency; %d millicores more would save about %s", needs, 100*a.LatencyShare, explainStep, short(a.Next))
	}
	return fmt.Sprintf("%s and causes %.0f %% of the latency", needs, 100*a.LatencyShare)
}

// short is a duration as people write it.
func short(d time.Duration) string {
	if d < time.Millisecond {
		return d.Round(time.Microsecond).String()
	}
	return d.Round(100 * time.Microsecond).String()
}

// remarks are the sentences on the plan as a whole, which plays so at its level.
func (b *believed) remarks(in Input, p *Plan, level float64, plays outcome, played bool) []string {
	var out []string
	if s := b.scale; s >= otherScale || s <= 1/otherScale {
		out = append(out, fmt.Sprintf("the CPU figures are not of the time of the log, by what requests waited for in it or by earlier rounds: they are reckoned %.2g times", s))
	}
	for _, d := range b.denied {
		out = append(out, fmt.Sprintf("%s's CPU was measured far below what its calls took by the log, and below the other services': %.0f millicores are reckoned for each of its sidecars, unless the next round measures the same", b.sidecars[d.service].Service, 1000*b.cores[d.service]))
	}
	for _, i := range b.doubted {
		out = append(out, fmt.Sprintf("%s's CPU a call was measured far from what rounds before told: it counts little until the next round confirms it", b.sidecars[i].Service))
	}
	if n := b.atATime(); n > 1 && played {
		out = append(out, fmt.Sprintf("about %d requests come at a time: CPU is left only as far as these need not wait for one another", n))
	}
	switch n := b.gateway.Requests; {
	case n > 0 && n < fewSeen && b.rounds == 0:
		out = append(out, fmt.Sprintf("only %d requests were seen at the gateway: what is foreseen may be far off", n))
	case n == 0 && in.Gateway.Rate > 0:
		out = append(out, "no request was seen to end: CPU is shared out for the calls that did, and what requests would have called after them is not planned for")
	}
	o := in.Options
	limited := kneeOf(o) < 0 || o.Spend > 0 && o.Spend < 1
	if why := b.censored(); why != "" && !limited && b.gateway.Rate > 0 && in.Limits.CPU-p.CPU <= in.Limits.CPU/50 {
		out = append(out, "all CPU is given out: "+why)
	}
	if w := b.unspent(in, p, level, plays, played); w != "" {
		out = append(out, w)
	}
	return out
}

// unspent is the sentence on what the plan leaves, empty when it leaves nothing to
// speak of: how much, why, and what it would buy beside the plan at that level.
func (b *believed) unspent(in Input, p *Plan, level float64, plays outcome, played bool) string {
	left := in.Limits.CPU - p.CPU
	if left <= in.Limits.CPU/50 || p.Predicted.Mean <= 0 {
		return ""
	}
	o := in.Options
	why := fmt.Sprintf("more than --knee %g has it would gain little", 100*kneeOf(o))
	switch {
	case o.Spend > 0 && o.Spend < 1 && p.CPU >= b.spendable(in.Limits, o).CPU*49/50:
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
	load, all := c.foresee(c.at(more), more, played)
	saved := max(0, 1-load.Mean/p.Predicted.Mean.Seconds())
	if all.done > 0 && plays.done > 0 { // two means differ by more, by chance
		saved = max(0, b.atSidecars(plays)-b.atSidecars(all)) / plays.mean
	}
	return fmt.Sprintf("%d of %d millicores are left, as %s; all of them would lower the mean latency by about %.1f %%", left, in.Limits.CPU, why, 100*saved)
}

// kneeOf is the gain below which CPU is left.
func kneeOf(o Options) float64 {
	if o.Knee == 0 {
		return DefaultKnee
	}
	return o.Knee
}
