package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/sluice-mesh/sluice/internal/draw"
)

// plots draws what plans foresaw against what came, into docs/model.md's pictures: how
// many predictions were off by how much, and of the mesh and load with the most budgets
// the mean latency over the budget.
func (g *grid) plots(cells []cell, rows []row) error {
	if g.plotted == "" {
		return nil
	}
	errors := &draw.Chart{Title: fmt.Sprintf("Predictions of the next round: %d cells", len(cells)), X: "off by at most, %", Y: "% of the cells", Zero: true, Width: 760}
	for n := 1; n <= g.rounds; n++ {
		for _, of := range []struct {
			name string
			get  func(figures) float64
		}{
			{"mean", func(f figures) float64 { return f.Mean }},
			{"requests/s", func(f figures) float64 { return f.QPS }},
		} {
			if n == 2 && g.rounds > 2 {
				continue // the first and the last are enough to look at
			}
			var off []float64
			for _, r := range rows {
				p, o := of.get(r.at(fmt.Sprintf("predicted%d", n))), of.get(r.at(fmt.Sprintf("round%d", n)))
				off = append(off, 100*math.Abs(p/max(o, 1e-9)-1))
			}
			errors.Series = append(errors.Series, draw.Series{Name: fmt.Sprintf("%s, plan %d", of.name, n), Points: portions(off)})
		}
	}
	if err := g.drawTo("predictions.svg", errors); err != nil {
		return err
	}
	return g.drawTo("budgets.svg", g.overBudgets(cells, rows))
}

// mostOff is where the picture of errors ends, in percent.
const mostOff = 25.0

// portions are the values as the part that is at most so large.
func portions(off []float64) []draw.Point {
	slices.Sort(off)
	points := []draw.Point{{X: 0, Y: 0}}
	for i, v := range off {
		if v <= mostOff {
			points = append(points, draw.Point{X: v, Y: 100 * float64(i+1) / float64(len(off))})
		}
	}
	return append(points, draw.Point{X: mostOff, Y: points[len(points)-1].Y})
}

// overBudgets is the chart of the mesh, load and physics that were played under the most
// budgets, the first such.
func (g *grid) overBudgets(cells []cell, rows []row) *draw.Chart {
	type point struct{ limit, foreseen, came, usage float64 }
	var names []string
	by := map[string][]point{}
	for i, c := range cells {
		k := fmt.Sprintf("%s, %d in flight", strings.TrimSuffix(filepath.Base(c.mesh), ".json"), c.conns)
		if len(c.physics) > 0 {
			k += " " + strings.Join(c.physics, " ")
		}
		if by[k] == nil {
			names = append(names, k)
		}
		r := rows[i]
		var limit float64
		_ = json.Unmarshal(r["cpu_limit"], &limit)
		by[k] = append(by[k], point{limit, r.at(fmt.Sprintf("predicted%d", g.rounds)).Mean, r.at(fmt.Sprintf("round%d", g.rounds)).Mean, r.at("usage").Mean})
	}
	slices.Sort(names)
	most := slices.MaxFunc(names, func(a, b string) int { return len(by[a]) - len(by[b]) })
	points := by[most]
	slices.SortFunc(points, func(a, b point) int { return cmp.Compare(a.limit, b.limit) })
	series := []draw.Series{{Name: fmt.Sprintf("foreseen by plan %d", g.rounds)}, {Name: "came"}, {Name: "came, shares by usage"}}
	for _, p := range points {
		for i, y := range []float64{p.foreseen, p.came, p.usage} {
			if y > 0 {
				series[i].Points = append(series[i].Points, draw.Point{X: p.limit, Y: y})
			}
		}
	}
	return &draw.Chart{Title: most + ": mean latency over the budget", X: "cores for all sidecars", Y: "ms", Zero: true, Width: 760, Series: series}
}

func (g *grid) drawTo(name string, c *draw.Chart) error {
	f, err := os.Create(filepath.Join(g.plotted, name))
	if err != nil {
		return err
	}
	defer f.Close()
	if err := draw.ChartSVG(f, c); err != nil {
		return err
	}
	return f.Close()
}
