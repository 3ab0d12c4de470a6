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
	// Knee is where a plan stops to spend, however much there is; Limit is the
	// present one.
	Knee, Limit budget.MilliCPU
	// Played says that the points come from rehearsals.
	Played bool
}

// CurvePoint is the plan for one limit and what it promises.
type CurvePoint struct {
	Limit budget.MilliCPU
	budget.Outcome
}

// NewCurve asks for about n points from the floors to a fifth beyond the knee and the
// limits of the study, closer together where limits are small. The floors, the knee
// and the limit are among them. Errors are *budget.InfeasibleError, where not even
// the memory's floors fit, and ctx's own.
func NewCurve(ctx context.Context, s *budget.Study, n int) (*Curve, error) {
	c := &Curve{Knee: s.Knee(), Limit: s.Limits().CPU, Played: s.Played()}
	for _, l := range c.limits(s.Floors().CPU, n) {
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
	// A limit far beyond the knee would leave the curve no room.
	top := max(floor+1, min(max(c.Knee, c.Limit), 4*max(c.Knee, floor))*6/5)
	out := []budget.MilliCPU{floor}
	for i := 1; i <= n; i++ {
		part := float64(i) / float64(n)
		out = append(out, floor+budget.MilliCPU(part*part*float64(top-floor)))
	}
	for _, mark := range []budget.MilliCPU{c.Knee, c.Limit} {
		if mark > floor && mark < top {
			out = append(out, mark)
		}
	}
	slices.SortFunc(out, func(a, b budget.MilliCPU) int { return cmp.Compare(a, b) })
	return slices.Compact(out)
}

// passing is how many points a curve has that nobody asked for.
const passing = 12

// curveOf is the curve of a mesh that is small enough to be played.
func curveOf(ctx context.Context, s *budget.Study) (*Curve, error) {
	if !s.Played() {
		return nil, nil
	}
	return NewCurve(ctx, s, passing)
}
