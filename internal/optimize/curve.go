package optimize

import (
	"cmp"
	"context"
	"runtime"
	"slices"

	"golang.org/x/sync/errgroup"

	"github.com/sluice-mesh/sluice/budget"
	"github.com/sluice-mesh/sluice/internal/mishap"
)

// Curve is predicted latency against the budget: of each point the plan's.
type Curve struct {
	// Points rise in their limit; the last is beyond the knee and the present limit.
	Points []CurvePoint
	// Knee is the budget beyond which more gains little, Limit the present one.
	Knee, Limit budget.MilliCPU
	// Doubt says why the knee is not sure, and plans go beyond it; "" where it is.
	Doubt string
	// Played says that the points come from rehearsals.
	Played bool
}

// CurvePoint is the plan for one limit and what it promises.
type CurvePoint struct {
	Limit budget.MilliCPU
	budget.Outcome
}

// curvePoints is about how many budgets a curve is asked for.
const curvePoints = 32

// NewCurve asks a round's study for points from the floors to a fifth beyond the knee
// and the round's limit, closer together where limits are small. The floors, the knee
// and the limit are among them. It takes as long as many plans do, so it is for those
// who ask. Errors are *budget.InfeasibleError, where not even the memory's floors fit,
// and ctx's own.
func NewCurve(ctx context.Context, round *Study) (*Curve, error) {
	s := budget.NewStudy(round.Input)
	if err := ctx.Err(); err != nil {
		return nil, err // learning can take most of the time, and does not ask
	}
	c := &Curve{Knee: s.Knee(), Doubt: s.Doubt(), Limit: s.Limits().CPU, Played: s.Played()}
	for _, l := range c.limits(s.Floors().CPU, curvePoints) {
		c.Points = append(c.Points, CurvePoint{Limit: l})
	}
	g, ctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i := range c.Points {
		p := &c.Points[i]
		g.Go(func() error {
			return mishap.Guard(func() (err error) {
				if err = ctx.Err(); err == nil {
					p.Outcome, err = s.Foresee(budget.Limits{CPU: p.Limit, Memory: s.Limits().Memory})
				}
				return err
			})
		})
	}
	return c, g.Wait()
}

// limits to ask about: even steps of the square root, for latency falls ever slower.
func (c *Curve) limits(floor budget.MilliCPU, n int) []budget.MilliCPU {
	// A limit far beyond the knee would leave the curve few points: it is one by itself.
	top := max(floor+1, min(max(c.Knee, c.Limit), 4*max(c.Knee, floor))*6/5)
	out := []budget.MilliCPU{floor}
	for i := 1; i <= n; i++ {
		part := float64(i) / float64(n)
		out = append(out, floor+budget.MilliCPU(part*part*float64(top-floor)))
	}
	for _, mark := range []budget.MilliCPU{c.Knee, c.Limit} {
		if mark > floor {
			out = append(out, mark)
		}
	}
	slices.SortFunc(out, func(a, b budget.MilliCPU) int { return cmp.Compare(a, b) })
	return slices.Compact(out)
}
