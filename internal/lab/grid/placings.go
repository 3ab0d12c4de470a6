package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"net"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"sync"
)

// The search is judged on the very placing of the quotas' periods that it searched on,
// and picks what happened to do well there. So -placings plays its allotment and ours on
// other seeds, all on the same ones: what is left is what the allotments are worth.

// allotment is the cores of each sidecar, by service.
type allotment map[string]float64

// fair is the row's scores over the search's on other placings: of the first round's
// allotment and the last one's.
func (g *grid) fair(c cell, url string) (row, error) {
	best, err := g.searched(c)
	if err != nil {
		return nil, err
	}
	bests, err := g.scores(c, best)
	if err != nil {
		return nil, err
	}
	out := row{}
	for _, n := range []int{1, g.rounds} {
		a, err := given(url, n)
		if err != nil {
			return nil, err
		}
		ours, err := g.scores(c, a)
		if err != nil {
			return nil, err
		}
		over := 0.0
		for k := range ours {
			over += math.Log(ours[k]/bests[k]) / float64(len(ours))
		}
		out[fmt.Sprintf("fair%d", n)], _ = json.Marshal(figures{Score: math.Exp(over)})
	}
	return out, nil
}

// given is what a server gave in a round.
func given(url string, round int) (allotment, error) {
	resp, err := http.Get(fmt.Sprintf("%s/rounds/%d", url, round))
	if err != nil {
		return nil, err
	}
	defer resp.Body.Close()
	var doc struct {
		Resource []struct {
			Service string  `json:"service"`
			CPU     float64 `json:"cpu"`
		} `json:"resource"`
	}
	if err := json.NewDecoder(resp.Body).Decode(&doc); err != nil {
		return nil, err
	}
	a := allotment{}
	for _, r := range doc.Resource {
		a[r.Service] = r.CPU
	}
	return a, nil
}

var printed = regexp.MustCompile(`(\S+) x\d+ ([\d.]+)`)

// searched is the search's allotment, which the simulator prints for people only, in
// the line after that of its figures.
func (g *grid) searched(c cell) (allotment, error) {
	text, err := g.cachedText(g.argsOf(c, "-search", "-v"))
	if err != nil {
		return nil, err
	}
	lines := strings.Split(string(text), "\n")
	for i, line := range lines[:len(lines)-1] {
		if f := strings.Fields(line); len(f) < 2 || f[1] != "best" {
			continue
		}
		a := allotment{}
		for _, m := range printed.FindAllStringSubmatch(lines[i+1], -1) {
			cpu, err := strconv.ParseFloat(m[2], 64)
			if err != nil {
				return nil, err
			}
			// It may have been rounded up, and all of them over the limit.
			a[m[1]] = max(0.1, cpu-0.0005)
		}
		return a, nil
	}
	return nil, errors.New("the simulator printed no best allotment")
}

// scores plays an allotment under g.placings seeds: the simulator takes a server's word
// for it.
func (g *grid) scores(c cell, a allotment) ([]float64, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, err
	}
	s := &http.Server{Handler: a}
	var served sync.WaitGroup
	served.Go(func() { _ = s.Serve(l) })
	defer func() { _ = s.Shutdown(context.Background()); served.Wait() }()
	var out []float64
	for k := range g.placings {
		args := append(g.args(c), "-policies", "", "-optimizer", "http://"+l.Addr().String(), "-rounds", "1", "-seed", fmt.Sprint(1001+k))
		text, err := output(g.sim, args...)
		if err != nil {
			return nil, err
		}
		var r row
		if err := json.Unmarshal([]byte(text), &r); err != nil {
			return nil, err
		}
		if refused := r["error"]; refused != nil {
			return nil, fmt.Errorf("seed %d: the simulator refused %v: %s", 1001+k, a, refused)
		}
		// Nothing came of a round without a request: next to nothing.
		out = append(out, max(r.at("round1").Score, 1e-3))
	}
	return out, nil
}

// ServeHTTP answers every round with the allotment, at the memory's floor.
func (a allotment) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	type resource struct {
		Service string  `json:"service"`
		CPU     float64 `json:"cpu"`
		Memory  float64 `json:"memory"`
	}
	var doc struct {
		Resource []resource `json:"resource"`
	}
	for service, cpu := range a { // the simulator does not mind the order
		doc.Resource = append(doc.Resource, resource{service, cpu, 128e6})
	}
	_ = json.NewEncoder(w).Encode(doc)
}
