package cli

import (
	"github.com/spf13/cobra"

	"github.com/sluice-mesh/sluice/budget"
)

// spending is the flags that say how much of a budget a plan may use.
type spending struct {
	knee, spend, thrift float64
	cmd                 *cobra.Command
}

// flags adds them to cmd.
func (s *spending) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.Float64Var(&s.knee, "knee", 100*budget.DefaultKnee, "leave CPU unspent that would lower the mean latency by less than so many percent in all; 0 spends the whole limit")
	f.Float64Var(&s.spend, "spend", 100, "most that may be spent, in percent of what the limits have above the floors")
	f.Float64Var(&s.thrift, "thrift", 0, "percent of latency that a percent of CPU is worth: 0 looks at latency up to the knee, 1 spends twice the CPU only for half the latency")
	s.cmd = cmd
}

// apply sets in o what was given.
func (s *spending) apply(o *budget.Options) error {
	if s.cmd == nil {
		return nil
	}
	for _, f := range []struct {
		name     string
		is, most float64
	}{{"knee", s.knee, 100}, {"spend", s.spend, 100}, {"thrift", s.thrift, 1000}} {
		if !(f.is >= 0 && f.is <= f.most) { // NaN too
			return usagef("--%s %v: want a number from 0 to %v", f.name, f.is, f.most)
		}
	}
	if s.spend == 0 {
		return usagef("--spend 0: want more than 0, or every sidecar stays on its floor")
	}
	o.Knee, o.Thrift, o.Spend = s.knee/100, s.thrift, s.spend/100
	if s.knee == 0 {
		o.Knee = -1 // 0 stands for the default there
	}
	return nil
}
