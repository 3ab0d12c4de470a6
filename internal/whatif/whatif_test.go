package whatif

import (
	"context"
	"errors"
	"fmt"
	"os"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice-mesh/sluice/internal/demo"
	"github.com/sluice-mesh/sluice/internal/optimize"
)

// TestMain lets this binary be a worker of its own tests.
func TestMain(m *testing.M) {
	if len(os.Args) > 1 && os.Args[1] == Worker {
		if err := Work(context.Background(), os.Stdin, os.Stdout, os.Stderr); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// demoStudy is the embedded capture's.
var demoStudy = sync.OnceValue(func() *optimize.Study {
	req := demo.Request()
	obs, err := optimize.Observe(context.Background(), req, optimize.Options{})
	if err != nil {
		panic(err)
	}
	return optimize.NewStudy(obs, nil, optimize.Options{})
})

var demoMesh = sync.OnceValue(func() *Mesh { return (&Job{Study: demoStudy()}).mesh() })

func mustRun(t *testing.T, script string) *Result {
	t.Helper()
	res, err := Run(context.Background(), demoMesh(), "t.star", script, Bounds{})
	if err != nil {
		t.Fatalf("%v", err)
	}
	return res
}

// TestAgreesWithPlan: a row and the plan for the same limits tell the same.
func TestAgreesWithPlan(t *testing.T) {
	req := demo.Request()
	rep, err := optimize.Run(context.Background(), req, nil, optimize.Options{})
	if err != nil {
		t.Fatal(err)
	}
	for _, row := range mustRun(t, "row(mesh)\nrow(mesh.plan())\nrow(mesh.apply().scale(1))").Rows {
		if got, want := row.Get("mean_ms"), told(rep.Plan.Predicted.Mean); got != want {
			t.Errorf("mean %v, the plan says %v", got, want)
		}
		if got, want := row.Get("requests_per_second"), figure(rep.Plan.Predicted.Rate); got != want {
			t.Errorf("rate %v, the plan says %v", got, want)
		}
		if got, want := row.Get("cpu"), float64(rep.Plan.CPU)/1000; got != want {
			t.Errorf("cpu %v, the plan says %v", got, want)
		}
	}
}

// TestErrors: each names its place and what to do.
func TestErrors(t *testing.T) {
	for script, want := range map[string]string{
		"row(mesh.scal(2))":                       `t.star:1:9: mesh has no .scal field or method (did you mean .scale?)`,
		"\n\nrow(mehs)":                           "t.star:3:5: undefined: mehs",
		"row(mesh.replicas('review', 5))":         `t.star:1:18: service "review" is not in this mesh, did you mean "reviews"?; usage: mesh.replicas(service, pods)`,
		"row(mesh.scale(-1))":                     "t.star:1:15: load: found -1",
		"x = [":                                   "t.star:1:6: got end of file",
		"load('a.star', 'b')":                     "t.star:1:1: cannot load a.star: load: a script stands alone",
		"for x in span(1, 2, 0): row(mesh)":       "t.star:1:14: span: found 1 to 2 by 0",
		"row(mesh.budget(0.1))":                   "t.star:1:4: 6 sidecars need at least 0.6 cores",
		"row(1)":                                  "t.star:1:4: row: found int, expected a mesh",
		"row(mesh, cpu=3)":                        `column "cpu" is every row's own`,
		"def f():\n  while True: pass\nf()":       "took more than 2000000 steps",
		strings.Repeat("(", 100_000):              "t.star:1:1: the script has 100000 bytes, more than",
		strings.Repeat("(", 60_000):               "t.star:1:101: brackets nest deeper than 100",
		"x = " + strings.Repeat("not ", 9_000):    "one expression has more than 1000 parts",
		"x = " + strings.Repeat("-", 9_000) + "1": "one expression has more than 1000 parts",
		"mesh.calls('ratings', 'productpage')":    "in a circle",
		"mesh.remove('ratings', 'reviews')":       `"ratings" does not call "reviews"`,
		"mesh.fail('details', pods=9)":            "none is left",
		"mesh.services[0] = 1":                    "t.star:1:14: tuple value does not support item assignment",
		"mesh.x = 1":                              "t.star:1:5: can't assign to .x field of mesh",
		"mesh.plan().given['reviews'] = 3":        "frozen",
		"mesh.replicas('reviews', 10*1000*1000)":  "expected a number from 1 to 10000",
		"[row(mesh) for i in range(6000)]":        "no room for more",
		"mesh.work('reviews')":                    "give ms= or x=",
		"mesh.allocate({'reviews': 'a lot'})":     "expected a number",
		"mesh.budget(cores=float('nan'))":         "expected a number",
		"open('/etc/passwd')":                     "undefined: open",
		"fail('no more of this')":                 "t.star:1:5: fail: no more of this",
		"1//0":                                    "t.star:1:2: floored division by zero",
		"mesh.entry('reviews', share=2)":          "expected a number from 0 to 1",
		"mesh.cheapest()":                         "give mean_ms=",
		"mesh.reroute('productpage', 'reviews')":  "missing argument for to",
		"mesh.allocate({1: 2})":                   "expected the name of a service",
		"mesh.apply(7)":                           "expected what plan() or predict() returned",
		"row(mesh, name='a', **{'name': 'b'})":    `t.star`,
		"print(mesh.helps(n=1)[0].sves_ms)":       "did you mean .saves_ms?",
		"mesh.closed(0)":                          "expected a number from 1 to",
		"mesh.limit('reviews', 0)":                "expected cores from 0.001",
	} {
		_, err := Run(context.Background(), demoMesh(), "t.star", script, Bounds{})
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60q:\n got %v\nwant %s", script, err, want)
		}
	}
}

// TestHostile: what takes memory or time in a single step ends its own process and no
// other, and the error says where.
func TestHostile(t *testing.T) {
	for script, line := range map[string]int{
		"x = 1\ny = 'a' + ''\nz = y * 900000000":                 2,
		"x = 'a' * 1000\nfor i in range(40):\n  x += x":          3,
		"x = [1]\nfor i in range(40):\n  x = x + x":              3,
		"y = 1\nx = max(range(1000000000000))":                   2,
		"x = list(range(1000000000))":                            1,
		"x = []\nfor i in range(60):\n  x = [x, x]\nprint(x)":    4,
		"x = 3\nfor i in range(60):\n  x = x * x":                3,
		"x = {}\nfor i in range(10000000):\n  x[i] = str(i) * 9": 2,
		"x = 'ab'*9999\ny = x.replace('', x).replace('', x)":     2,
		"while True:\n  mesh.plan()":                             2,
	} {
		began := time.Now()
		_, err := Isolated(context.Background(), Job{Study: demoStudy(), Name: "t.star", Script: script, Bounds: Bounds{Time: time.Second, Memory: 96 << 20}})
		where, ok := err.(*ScriptError)
		if !ok {
			t.Errorf("%.60q: %v", script, err)
			continue
		}
		t.Logf("%.40q in %v: %v", script, time.Since(began).Round(time.Millisecond), err)
		if where.Line != line && where.Line != line+1 {
			t.Errorf("%.60q: %v, want line %d", script, err, line)
		}
	}
}

// TestIsolatedIsRun: a process of its own changes no result.
func TestIsolatedIsRun(t *testing.T) {
	const script = "print('hello')\nfor b in span(1, 5, 1):\n  row(mesh.budget(b), b=b)"
	want := mustRun(t, script)
	got, err := Isolated(context.Background(), Job{Study: demoStudy(), Name: "t.star", Script: script})
	if err != nil {
		t.Fatal(err)
	}
	if a, b := fmt.Sprint(want), fmt.Sprint(got); a != b {
		t.Errorf("in a process of its own:\n%s\nwant\n%s", b, a)
	}
}

// A worker that fails for a reason of its own is not told as a script that took too
// much memory.
func TestWorkerFails(t *testing.T) {
	_, err := Isolated(t.Context(), Job{Name: "script", Script: "row(mesh)"}) // without a study
	var script *ScriptError
	if err == nil || errors.As(err, &script) || !strings.Contains(err.Error(), "a mistake in sluice") {
		t.Errorf("%v, want a mistake of ours", err)
	}
}
