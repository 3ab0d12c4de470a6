package main

import (
	"fmt"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
)

// cell is one mesh under one budget and load; physics are flags for the simulator.
type cell struct {
	mesh    string
	budget  float64
	conns   int
	physics []string
}

func (c cell) String() string {
	name := strings.TrimSuffix(filepath.Base(c.mesh), ".json")
	return strings.TrimSpace(fmt.Sprintf("%s %g %d %s", name, c.budget, c.conns, strings.Join(c.physics, " ")))
}

// draw is the cells in the order drawn.
func (g *grid) draw() ([]cell, error) {
	chance := rand.New(rand.NewPCG(g.seed, 0))
	var all []cell
	meshes, err := g.meshes(chance)
	if err != nil {
		return nil, err
	}
	for _, mesh := range meshes {
		for _, b := range g.budgets {
			for _, c := range g.conns {
				all = append(all, cell{mesh: mesh, budget: b, conns: int(c)})
			}
		}
	}
	chance.Shuffle(len(all), func(i, k int) { all[i], all[k] = all[k], all[i] })
	if g.cells > 0 {
		all = all[:min(g.cells, len(all))]
	}
	for i := range all {
		switch {
		case g.held:
			all[i].physics = physics(chance)
		case g.trees:
			all[i].physics = []string{"-seed", fmt.Sprint(1 + chance.IntN(1000))}
		}
	}
	return slices.DeleteFunc(all, func(c cell) bool { return !strings.Contains(c.String(), g.only) }), nil
}

func (g *grid) meshes(chance *rand.Rand) ([]string, error) {
	if g.trees {
		return g.treesOf(chance)
	}
	if g.held {
		var out []string
		for range 20 {
			out = append(out, fmt.Sprintf("random:%d:%d", 100+chance.IntN(900), 3+chance.IntN(14)))
		}
		return out, nil
	}
	visible, _ := filepath.Glob(filepath.Join(g.lab, "topologies", "visible", "*.json"))
	for i := range 20 {
		visible = append(visible, fmt.Sprintf("random:%d:8", i+1))
	}
	return visible, nil
}

// physics are proxies that cost other amounts than the simulator's own.
func physics(chance *rand.Rand) []string {
	about := func(mean, spread float64) string {
		return strconv.FormatFloat(math.Round(10*mean*math.Exp(spread*chance.NormFloat64()))/10, 'f', -1, 64)
	}
	return []string{"-traversal-us", about(260, 0.35), "-wake-us", about(150, 0.5), "-kb-us", about(3, 0.5)}
}
