package main

import (
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"

	"golang.org/x/sync/errgroup"
)

const (
	thriftBudget = 20.0
	thriftConns  = 128
	// thriftMean is how near the full budget's latency counts as reaching it.
	thriftMean  = 1.02
	thriftTurns = 9
)

// thrifty is what one mesh under an open load came to.
type thrifty struct {
	mesh string
	rate float64
	// full is the mean latency that all of the budget gives, least the cores with
	// which shares by usage come as near as thriftMean.
	full, least float64
	rounds      []figures
}

// thrift offers each mesh, at a large budget, half the rate that it could carry, and
// compares what a server gives it with the least that would do.
func (g *grid) thrift() error {
	cells, err := g.draw()
	if err != nil {
		return err
	}
	var meshes []string
	for _, c := range cells {
		if !slices.Contains(meshes, c.mesh) {
			meshes = append(meshes, c.mesh)
		}
	}
	out := make([]thrifty, len(meshes))
	var all errgroup.Group
	all.SetLimit(g.jobs)
	for i, mesh := range meshes {
		all.Go(func() (err error) {
			if out[i], err = g.thriftOf(mesh); err != nil {
				return fmt.Errorf("%s: %w", mesh, err)
			}
			fmt.Fprintln(os.Stderr, out[i].brief())
			return nil
		})
	}
	if err := all.Wait(); err != nil {
		return err
	}
	for n := range g.rounds {
		var slower, dearer []float64
		for _, t := range out {
			slower = append(slower, t.rounds[n].Mean/t.full)
			dearer = append(dearer, t.rounds[n].CPU/t.least)
		}
		fmt.Printf("round %d: mean over the full budget's %s; cores over the least %s\n", n+1, spread(slower, thriftMean), spread(dearer, 1.3))
	}
	return nil
}

func (t thrifty) brief() string {
	s := fmt.Sprintf("%-40s %6.0f/s full %.2f ms, least %.2f cores:", t.mesh, t.rate, t.full, t.least)
	for _, r := range t.rounds {
		s += fmt.Sprintf("  %.3f at %.2f", r.Mean/t.full, r.CPU/t.least)
	}
	return s
}

func spread(ratios []float64, most float64) string {
	sum, over := 0.0, 0
	for _, r := range ratios {
		sum += math.Log(r)
		if r > most {
			over++
		}
	}
	return fmt.Sprintf("%.3f (most %.3f, %d of %d over %.2f)", math.Exp(sum/float64(len(ratios))), slices.Max(ratios), over, len(ratios), most)
}

func (g *grid) thriftOf(mesh string) (t thrifty, err error) {
	usage := func(args ...string) (figures, error) {
		r, err := g.cached(append([]string{"-topology", mesh, "-d", "6", "-json", "-policies", "usage"}, args...))
		return r.at("usage"), err
	}
	busy, err := usage("-budget", fmt.Sprint(thriftBudget), "-c", fmt.Sprint(thriftConns))
	if err != nil {
		return t, err
	}
	t = thrifty{mesh: mesh, rate: math.Round(busy.QPS / 2)}
	rate := fmt.Sprint(t.rate)
	full, err := usage("-budget", fmt.Sprint(thriftBudget), "-qps", rate)
	if err != nil {
		return t, err
	}
	t.full, t.least = full.Mean, full.CPU
	lo, hi := 1.0, thriftBudget
	for range thriftTurns {
		mid := math.Round(1000*math.Sqrt(lo*hi)) / 1000
		f, err := usage("-budget", fmt.Sprint(mid), "-qps", rate)
		if err != nil {
			return t, err
		}
		if f.Mean <= thriftMean*t.full {
			hi, t.least = mid, f.CPU
		} else {
			lo = mid
		}
	}
	url, stop, err := g.server()
	if err != nil {
		return t, err
	}
	defer stop()
	text, err := output(g.sim, "-topology", mesh, "-d", "6", "-json", "-policies", "", "-budget", fmt.Sprint(thriftBudget), "-qps", rate, "-optimizer", url, "-rounds", fmt.Sprint(g.rounds))
	if err != nil {
		return t, err
	}
	var r row
	if err := json.Unmarshal([]byte(text), &r); err != nil {
		return t, err
	}
	for n := range g.rounds {
		t.rounds = append(t.rounds, r.at(fmt.Sprintf("round%d", n+1)))
	}
	return t, nil
}
