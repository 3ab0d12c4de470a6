// Command grid plays the lab's simulator against a server built from this tree, over
// cells of mesh, budget and load that are drawn by a seed before anything is measured,
// and prints scores as ratios. A cell gets a fresh server. What the simulator finds
// without the server (its slow search, its policies) does not change with our code and
// is kept in -cache, so that a second run takes seconds a cell.
//
//	go run ./internal/lab/grid -search                       33 cells of issue 4's grid
//	go run ./internal/lab/grid -search -placings 10          and on seeds nobody searched on
//	go run ./internal/lab/grid -held -search                 other sizes, seeds and proxy costs
//	go run ./internal/lab/grid -budgets 2.5 -conns 32        over the policies alone
//	go run ./internal/lab/grid -budgets 2.5 -conns 32 -- -head 200 -repeat
//	go run ./internal/lab/grid -budgets 2.5 -conns 32 -rounds 6 -rival usage -- -shift 0.3
//	go run ./internal/lab/grid -cells 0 -thrift              an open load at a large budget
//	go run ./internal/lab/grid -trees -cells 40              trees of calls over the best policy
//
// What follows -- goes to the simulator. Without a lab (named by LAB, or beside the
// tree) it says so and ends with status 0.
package main

import (
	"bytes"
	"context"
	"crypto/sha256"
	"encoding/json"
	"flag"
	"fmt"
	"maps"
	"math"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"
)

// usualPolicies are those of -policies where nobody says.
const usualPolicies = "requests,usage"

func main() {
	var g grid
	flag.Uint64Var(&g.seed, "seed", 20261126, "draws the cells")
	flag.IntVar(&g.cells, "cells", 33, "how many are drawn; 0 for all there are")
	flag.BoolVar(&g.held, "held", false, "meshes of other seeds and sizes, and other proxy costs")
	flag.BoolVar(&g.trees, "trees", false, "trees of calls, each cell on a seed of its own; compared with the best of the policies too")
	flag.BoolVar(&g.search, "search", false, "compare with the slow search (a minute or so a cell, once)")
	budgets := flag.String("budgets", "1.5,2.5,5", "limits over the floors")
	conns := flag.String("conns", "8,32,128", "requests in flight")
	flag.IntVar(&g.rounds, "rounds", 3, "rounds")
	flag.BoolVar(&g.thrifty, "thrift", false, "how much of a large budget an open load is given")
	flag.IntVar(&g.placings, "placings", 0, "with -search, play both allotments on so many other seeds too (the search once more)")
	flag.StringVar(&g.rival, "rival", "", "a policy that plays the same rounds")
	flag.StringVar(&g.policies, "policies", usualPolicies, "policies to compare with")
	flag.IntVar(&g.jobs, "jobs", runtime.NumCPU(), "cells at a time")
	flag.StringVar(&g.cache, "cache", filepath.Join(os.TempDir(), "sluice-grid"), "where searches are kept")
	flag.StringVar(&g.binary, "sluice", "", "a server that is built already")
	flag.StringVar(&g.serve, "serve", "", "further flags of sluice serve, in one word")
	flag.StringVar(&g.out, "out", "", "a file for all rows, one JSON a line")
	flag.StringVar(&g.plotted, "plots", "", "a folder to draw what was foreseen and what came into")
	flag.StringVar(&g.only, "only", "", "only cells whose name holds this")
	flag.Parse()
	g.extra = flag.Args()
	g.budgets, g.conns = floats(*budgets), floats(*conns)
	if g.trees && g.policies == usualPolicies {
		g.policies = "equal,requests,requests100,usage"
	}
	if err := g.run(); err != nil {
		fail(err)
	}
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "grid:", err)
	os.Exit(1)
}

func floats(list string) (out []float64) {
	for _, f := range strings.Split(list, ",") {
		v, err := strconv.ParseFloat(f, 64)
		if err != nil {
			fail(fmt.Errorf("%q is no number", f))
		}
		out = append(out, v)
	}
	return out
}

type grid struct {
	seed                                             uint64
	cells, rounds, jobs, placings                    int
	held, search, thrifty, trees                     bool
	budgets, conns                                   []float64
	rival, policies, cache, binary, serve, out, only string
	plotted                                          string
	extra                                            []string
	lab, sim                                         string
}

func (g *grid) run() error {
	root, err := output("go", "list", "-m", "-f", "{{.Dir}}")
	if err != nil {
		return err
	}
	if g.lab = os.Getenv("LAB"); g.lab == "" {
		g.lab = filepath.Join(root, "..", "shared", "lab")
	}
	if _, err := os.Stat(filepath.Join(g.lab, "sim")); err != nil {
		fmt.Fprintf(os.Stderr, "skipped: no lab at %s; name its folder in LAB\n", g.lab)
		return nil
	}
	work, err := os.MkdirTemp("", "grid")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	if err := os.MkdirAll(g.cache, 0o755); err != nil {
		return err
	}
	g.sim = filepath.Join(work, "meshsim")
	if err := build(filepath.Join(g.lab, "sim"), ".", g.sim); err != nil {
		return err
	}
	if g.binary == "" {
		g.binary = filepath.Join(work, "sluice")
		if err := build(root, "./cmd/sluice", g.binary); err != nil {
			return err
		}
	}
	if g.thrifty {
		return g.thrift()
	}
	cells, err := g.draw()
	if err != nil {
		return err
	}
	rows := make([]row, len(cells))
	var all errgroup.Group
	all.SetLimit(g.jobs)
	for i, c := range cells {
		all.Go(func() (err error) {
			if rows[i], err = g.play(c); err != nil {
				return fmt.Errorf("%v: %w", c, err)
			}
			fmt.Fprintf(os.Stderr, "%-40v %s\n", c, rows[i].brief(g))
			return nil
		})
	}
	if err := all.Wait(); err != nil {
		return err
	}
	g.report(cells, rows)
	if err := g.plots(cells, rows); err != nil {
		return err
	}
	return g.write(cells, rows)
}

func build(dir, what, to string) error {
	cmd := exec.Command("go", "build", "-o", to, what)
	cmd.Dir, cmd.Stderr = dir, os.Stderr
	return cmd.Run()
}

func output(name string, args ...string) (string, error) {
	var out, said bytes.Buffer
	cmd := exec.Command(name, args...)
	cmd.Stdout, cmd.Stderr = &out, &said
	if err := cmd.Run(); err != nil {
		return "", fmt.Errorf("%s: %w: %.300s", name, err, said.String())
	}
	return strings.TrimSpace(out.String()), nil
}

// row is what the simulator prints of a cell.
type row map[string]json.RawMessage

type figures struct {
	Score float64 `json:"score"`
	Mean  float64 `json:"mean_ms"`
	QPS   float64 `json:"qps"`
	CPU   float64 `json:"cpu"`
}

func (r row) at(name string) (f figures) {
	_ = json.Unmarshal(r[name], &f)
	return f
}

func (g *grid) args(c cell) []string { return g.argsOf(c, "-json") }

// argsOf is a cell as flags, with others.
func (g *grid) argsOf(c cell, others ...string) []string {
	args := []string{"-topology", c.mesh, "-budget", fmt.Sprint(c.budget), "-c", fmt.Sprint(c.conns), "-d", "6"}
	return slices.Concat(args, others, c.physics, g.extra)
}

// play is the row of one cell: what stays from the cache, and a server's rounds.
func (g *grid) play(c cell) (row, error) {
	fixed := append(g.args(c), "-policies", g.policies)
	if g.search {
		fixed = append(fixed, "-search", "-policies", "floor,equal,requests,requests100,usage,usage70,deflated,sqrt")
	}
	r, err := g.cached(fixed)
	if err != nil {
		return nil, err
	}
	if g.trees {
		r["simple"], _ = json.Marshal(r.simple(g.policies))
	}
	url, stop, err := g.server()
	if err != nil {
		return nil, err
	}
	defer stop()
	args := append(g.args(c), "-policies", "", "-optimizer", url, "-rounds", fmt.Sprint(g.rounds))
	if g.rival != "" {
		args = append(args, "-rival", g.rival)
	}
	text, err := output(g.sim, args...)
	if err != nil {
		return nil, err
	}
	var played row
	if err := json.Unmarshal([]byte(text), &played); err != nil {
		return nil, err
	}
	for k, v := range played {
		r[k] = v
	}
	predicted, err := g.predictions(url)
	if err != nil {
		return nil, err
	}
	for k, v := range predicted {
		r[k], _ = json.Marshal(v)
	}
	if g.search && g.placings > 0 {
		fair, err := g.fair(c, url)
		if err != nil {
			return nil, err
		}
		maps.Copy(r, fair)
	}
	return r, nil
}

// cached is a row of the simulator that no server has a part in.
func (g *grid) cached(args []string) (r row, err error) {
	text, err := g.cachedText(args)
	if err != nil {
		return nil, err
	}
	return r, json.Unmarshal(text, &r)
}

// cachedText is what the simulator prints.
func (g *grid) cachedText(args []string) ([]byte, error) {
	key := sha256.Sum256([]byte(strings.Join(args, "\x00")))
	file := filepath.Join(g.cache, fmt.Sprintf("%x.json", key[:12]))
	text, err := os.ReadFile(file)
	if err != nil {
		out, err := output(g.sim, args...)
		if err != nil {
			return nil, err
		}
		text = []byte(out)
		if err := os.WriteFile(file, text, 0o644); err != nil {
			return nil, err
		}
	}
	return text, nil
}

// server starts one on a free loopback port.
func (g *grid) server() (url string, stop func(), err error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", nil, err
	}
	address := l.Addr().String()
	l.Close()
	ctx, cancel := context.WithCancel(context.Background())
	cmd := exec.CommandContext(ctx, g.binary, append([]string{"serve", "--listen", address}, strings.Fields(g.serve)...)...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	if err := cmd.Start(); err != nil {
		cancel()
		return "", nil, err
	}
	stop = func() { cancel(); _ = cmd.Wait() }
	url = "http://" + address
	for range 200 {
		if resp, err := http.Get(url + "/ready"); err == nil {
			resp.Body.Close()
			return url, stop, nil
		}
		time.Sleep(50 * time.Millisecond)
	}
	stop()
	return "", nil, fmt.Errorf("the server at %s did not get ready", address)
}

// predictions are what the rounds' documents foresaw of the rounds after them.
func (g *grid) predictions(url string) (map[string]figures, error) {
	out := map[string]figures{}
	for n := 1; n <= g.rounds; n++ {
		resp, err := http.Get(fmt.Sprintf("%s/rounds/%d", url, n))
		if err != nil {
			return nil, err
		}
		var doc struct {
			Predicted struct {
				Mean float64 `json:"mean_ms"`
				QPS  float64 `json:"requests_per_second"`
			} `json:"predicted"`
		}
		err = json.NewDecoder(resp.Body).Decode(&doc)
		resp.Body.Close()
		if err != nil {
			return nil, err
		}
		out[fmt.Sprintf("predicted%d", n)] = figures{Mean: doc.Predicted.Mean, QPS: doc.Predicted.QPS}
	}
	return out, nil
}

// rivals are the names of the rows that rounds are compared with.
func (g *grid) rivals(round int) []string {
	names := strings.Split(g.policies, ",")
	if g.trees {
		names = append([]string{"simple"}, names...)
	}
	if g.rival != "" {
		names = []string{fmt.Sprintf("%s-round%d", g.rival, round)}
	}
	if g.search {
		names = append([]string{"best"}, names...)
	}
	return names
}

func (r row) brief(g *grid) string {
	var out []string
	for n := 1; n <= g.rounds; n++ {
		ours := r.at(fmt.Sprintf("round%d", n))
		rival := g.rivals(n)[0]
		out = append(out, fmt.Sprintf("%.3f", ours.Score/r.at(rival).Score))
	}
	return strings.Join(out, " ")
}

// report prints the geometric means of the ratios, and how predictions did.
func (g *grid) report(cells []cell, rows []row) {
	fmt.Printf("%d cells, drawn with seed %d\n", len(cells), g.seed)
	overall := map[string][]float64{}
	for n := 1; n <= g.rounds; n++ {
		for _, rival := range g.rivals(n) {
			var ratios []float64
			for _, r := range rows {
				if a, b := r.at(fmt.Sprintf("round%d", n)).Score, r.at(rival).Score; a > 0 && b > 0 {
					ratios = append(ratios, a/b)
				}
			}
			name, _, _ := strings.Cut(rival, "-round")
			overall[name] = append(overall[name], ratios...)
			fmt.Printf("round %d over %-10s %s\n", n, name, summary(ratios))
		}
	}
	for _, n := range []int{1, g.rounds} {
		var ratios []float64
		for _, r := range rows {
			if s := r.at(fmt.Sprintf("fair%d", n)).Score; s > 0 {
				ratios = append(ratios, s)
			}
		}
		if len(ratios) > 0 {
			fmt.Printf("round %d over best, on %d other seeds %s\n", n, g.placings, summary(ratios))
		}
	}
	if g.rival != "" {
		fmt.Printf("all rounds over %s %s\n", g.rival, summary(overall[g.rival]))
	}
	for n := 1; n <= g.rounds; n++ {
		var mean, rate []float64
		for _, r := range rows {
			p, o := r.at(fmt.Sprintf("predicted%d", n)), r.at(fmt.Sprintf("round%d", n))
			mean, rate = append(mean, math.Abs(p.Mean/o.Mean-1)), append(rate, math.Abs(p.QPS/o.QPS-1))
		}
		fmt.Printf("round %d was foreseen within %.1f %% of its mean latency, %.1f %% of its rate (medians)\n", n, 100*median(mean), 100*median(rate))
	}
}

func summary(ratios []float64) string {
	if len(ratios) == 0 {
		return "nothing to compare"
	}
	sum, under := 0.0, 0
	for _, r := range ratios {
		sum += math.Log(r)
		if r < 0.92 {
			under++
		}
	}
	return fmt.Sprintf("%.3f, least %.3f, most %.3f, %d of %d under 0.92", math.Exp(sum/float64(len(ratios))), slices.Min(ratios), slices.Max(ratios), under, len(ratios))
}

func median(v []float64) float64 {
	slices.Sort(v)
	if len(v) == 0 {
		return math.NaN()
	}
	return v[len(v)/2]
}

func (g *grid) write(cells []cell, rows []row) error {
	if g.out == "" {
		return nil
	}
	var b bytes.Buffer
	for i, r := range rows {
		r["cell"], _ = json.Marshal(cells[i].String())
		text, err := json.Marshal(r)
		if err != nil {
			return err
		}
		b.Write(append(text, '\n'))
	}
	return os.WriteFile(g.out, b.Bytes(), 0o644)
}
