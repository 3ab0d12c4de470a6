package main

import (
	"encoding/json"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
)

// Trees of calls are where a first round tells least: with all on their floors every
// inner service is full at once and they are much alike, so that where requests wait
// among them is chance. Random meshes hardly ever are like that.

// treeShapes are calls a service and levels below the first: 7 to 40 services.
var treeShapes = [][2]int{{2, 2}, {2, 3}, {2, 4}, {3, 2}, {3, 3}}

type treeCall struct {
	To       string `json:"to"`
	Count    int    `json:"count"`
	Parallel int    `json:"parallel_group"`
}

type treeService struct {
	Name     string     `json:"name"`
	Replicas int        `json:"replicas"`
	Work     float64    `json:"work_ms"`
	Bytes    int        `json:"response_bytes"`
	Cost     float64    `json:"proxy_cost"`
	Calls    []treeCall `json:"calls"`
}

type treeEntry struct {
	Path    string  `json:"path"`
	Service string  `json:"service"`
	Weight  float64 `json:"weight"`
}

// treesOf are files of trees: of each shape one whose calls are parallel and whose
// sidecars cost alike, and others that are drawn.
func (g *grid) treesOf(chance *rand.Rand) (files []string, err error) {
	dir := filepath.Join(g.cache, "trees")
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return nil, err
	}
	for _, shape := range treeShapes {
		for _, alike := range []bool{true, false} {
			name := fmt.Sprintf("tree-%d-%d-%d-%t", g.seed, shape[0], shape[1], alike)
			text, err := json.Marshal(map[string]any{"name": name, "services": tree(chance, shape[0], shape[1], alike),
				"entries": []treeEntry{{Path: "/0", Service: "s0", Weight: 1}}})
			if err != nil {
				return nil, err
			}
			file := filepath.Join(dir, name+".json")
			if err := os.WriteFile(file, text, 0o644); err != nil {
				return nil, err
			}
			files = append(files, file)
		}
	}
	return files, nil
}

// tree is a tree of services, each of which but the leaves calls fan others.
func tree(chance *rand.Rand, fan, depth int, alike bool) (out []treeService) {
	inner, all := 0, 1
	for level, wide := 0, 1; level < depth; level++ {
		inner += wide
		wide *= fan
		all += wide
	}
	group, pods, costs := 1, 1+chance.IntN(3), 0.0
	if !alike {
		group, costs = chance.IntN(2), 0.15+0.3*chance.Float64()
	}
	for i := range all {
		s := treeService{Name: fmt.Sprintf("s%d", i), Replicas: pods, Work: 1 + 3*chance.Float64(), Bytes: 500, Cost: math.Exp(costs * chance.NormFloat64())}
		if !alike {
			s.Replicas = 1 + chance.IntN(3)
		}
		for k := range fan {
			if i < inner {
				s.Calls = append(s.Calls, treeCall{To: fmt.Sprintf("s%d", fan*i+k+1), Count: 1, Parallel: group})
			}
		}
		out = append(out, s)
	}
	return out
}

// simple is the best of the policies, cell by cell: it is not known beforehand which.
func (r row) simple(policies string) (best figures) {
	for _, name := range strings.Split(policies, ",") {
		if f := r.at(name); f.Score > best.Score {
			best = f
		}
	}
	return best
}
