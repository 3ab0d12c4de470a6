package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/google/renameio/v2"
	"github.com/spf13/cobra"

	"github.com/sluice-mesh/sluice/budget"
	"github.com/sluice-mesh/sluice/internal/draw"
	"github.com/sluice-mesh/sluice/internal/optimize"
	"github.com/sluice-mesh/sluice/internal/report"
	"github.com/sluice-mesh/sluice/internal/whatif"
)

const whatIfLong = `Predicts what would be: starts from the round that REQUEST.json shows and answers in
rows, each a mesh with some changes and what is foreseen for requests at the gateway.
The predictions are the model that plans are made with.

The common questions are flags: lists (--budget, --load, --rate, --clients) are asked
in all combinations, the others change the mesh for all of them. Other questions are
a SCRIPT ('-' for standard input); docs/whatif.md has recipes.

An allocation is planned anew for each question, unless it is fixed (--keep, --limit).

`

const whatIfExample = `  sluice whatif --demo --budget 1:8:0.5
  sluice whatif REQUEST.json --load x2 --replicas cart=5
  sluice whatif REQUEST.json --load 1:4:0.5 --keep --plot load.svg
  sluice whatif REQUEST.json --mean 20
  sluice whatif REQUEST.json --helps 5
  sluice whatif SCRIPT.star REQUEST.json -o csv`

// whatIfCommand is `sluice whatif`.
type whatIfCommand struct {
	env    *Env
	in     input
	form   choice
	flags  whatif.Flags
	plot   string
	script bool // show it
}

func newWhatIf(env *Env) *cobra.Command {
	c := &whatIfCommand{env: env, form: choice{"table", []string{"table", "json", "csv"}}}
	cmd := &cobra.Command{
		Use:     "whatif [SCRIPT.star] (REQUEST.json | - | --demo)",
		Short:   "Predict what other budgets, loads, replicas or calls would bring",
		Long:    whatIfLong + whatif.Help(),
		Example: whatIfExample,
		Args:    c.args,
		RunE:    func(cmd *cobra.Command, args []string) error { return c.run(cmd.Context(), args) },
	}
	c.in.flags(cmd)
	c.form.flag(cmd)
	f, q := cmd.Flags(), &c.flags
	f.StringVar(&q.Budgets, "budget", "", "CPU limits in cores, FROM:TO:STEP or with commas between")
	f.StringVar(&q.Loads, "load", "", "times the load, such as x2 or 1:4:0.5")
	f.StringVar(&q.Rates, "rate", "", "requests per second that come whatever becomes of them")
	f.StringVar(&q.Clients, "clients", "", "requests in flight at all times")
	f.StringArrayVar(&q.Replicas, "replicas", nil, "SERVICE=N pods; may be repeated")
	f.StringArrayVar(&q.Works, "work", nil, "SERVICE=MS or SERVICE=xFACTOR, the application's time a call; may be repeated")
	f.StringArrayVar(&q.Costs, "cost", nil, "SERVICE=xFACTOR, CPU of a call at its sidecars; may be repeated")
	f.StringArrayVar(&q.Entries, "entry", nil, "SERVICE=SHARE or SERVICE=xFACTOR of the requests that enter there; may be repeated")
	f.StringArrayVar(&q.Limits, "limit", nil, "SERVICE=CORES for each of its sidecars, all others as planned; may be repeated")
	f.StringArrayVar(&q.Fails, "fail", nil, "a pod, or one pod of a service, is gone; may be repeated")
	f.BoolVar(&q.Keep, "keep", false, "keep the plan for the mesh as it is instead of planning anew")
	f.Float64Var(&q.MeanMS, "mean", 0, "the cheapest budget with this mean latency in ms")
	f.Float64Var(&q.P99MS, "p99", 0, "the cheapest budget with this 99th percentile in ms")
	f.IntVar(&q.Helps, "helps", 0, "so many single changes that help most")
	f.StringVar(&c.plot, "plot", "", "draw the rows into FILE.svg or FILE.png")
	f.BoolVar(&c.script, "show-script", false, "print the script that the flags come to, and do nothing else")
	return cmd
}

// args are a script and a request, the request alone with flags or without, or with
// --demo the script alone.
func (c *whatIfCommand) args(cmd *cobra.Command, args []string) error {
	want := len(args) - 1 // scripts
	if c.in.demo {
		want = len(args)
	}
	switch {
	case want > 1:
		return usagef("at most one SCRIPT and one REQUEST.json are wanted, but there are %d arguments", len(args))
	case want == 1 && !c.flags.Empty():
		return usagef("a script and flags that ask: leave one of them out ('%s --show-script' turns flags into a script)", cmd.CommandPath())
	case want == 1 && !c.in.demo && args[0] == "-" && args[1] == "-":
		return usagef("standard input can be the script or the request, not both")
	case want == 1 && args[0] == "-" && slices.Contains(c.in.logs.names, "-"):
		return usagef("standard input can be the script or the log, not both")
	case want == 0 && !c.in.demo && strings.HasSuffix(args[0], ".star"):
		return usagef("no REQUEST.json after the script %q: name one, '-' for standard input, or --demo", args[0])
	case want < 0 && !c.script:
		return usagef("no REQUEST.json: name one, '-' for standard input, or try '%s --demo'", cmd.CommandPath())
	case c.plot != "" && plotter(c.plot) == nil:
		return usagef("--plot %q: want a file whose name ends in .svg or .png", c.plot)
	}
	return nil
}

func (c *whatIfCommand) run(ctx context.Context, args []string) error {
	name, script, err := c.question(ctx, args)
	if err != nil {
		return err
	}
	if c.script {
		return c.env.print([]byte(script))
	}
	study, err := c.study(ctx, args)
	if err != nil {
		return err
	}
	res, err := c.ask(ctx, study, name, script)
	if err != nil {
		return err
	}
	for _, p := range res.Printed {
		fmt.Fprintln(c.env.Stderr, report.Printable(p, 2000))
	}
	res.Lines = study.Lines
	c.env.warn(res.Warnings)
	if err := c.draw(res); err != nil {
		return err
	}
	switch c.form.value {
	case "json":
		return c.env.printDocument(res.JSON())
	case "csv":
		return c.env.printDocument(res.CSV())
	}
	return c.env.printTable(func(w io.Writer, _ bool) error {
		return res.Table(w, func(s string) string { return report.Printable(s, 60) })
	})
}

// question is the script, and its name, "" where flags are the question.
func (c *whatIfCommand) question(ctx context.Context, args []string) (name, script string, err error) {
	if len(args) == 2 || len(args) == 1 && c.in.demo {
		name = args[0]
		script, err = within(ctx, func() (string, error) { return c.read(name) })
		return name, script, err
	}
	if script, err = c.flags.Script(); err != nil {
		return "", "", usagef("%v", err)
	}
	return "", script, nil
}

// read reads the script.
func (c *whatIfCommand) read(name string) (string, error) {
	in := c.env.Stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return "", fmt.Errorf("the script: %w", err)
		}
		defer f.Close()
		in = f
	}
	text, err := io.ReadAll(io.LimitReader(in, whatif.MaxScript+1))
	if err != nil {
		return "", fmt.Errorf("the script: %w", err)
	}
	return string(text), nil
}

// study observes the round.
func (c *whatIfCommand) study(ctx context.Context, args []string) (*optimize.Study, error) {
	if !c.in.demo {
		args = args[len(args)-1:]
	}
	var o optimize.Options
	req, err := c.in.round(ctx, c.env, args, &o)
	if err != nil {
		return nil, err
	}
	clear := c.env.watch(&o)
	obs, err := optimize.Observe(ctx, req, o)
	clear()
	if err != nil {
		return nil, err
	}
	c.env.warn(obs.Warnings)
	c.env.tellLines(obs)
	return optimize.NewStudy(obs, nil, o), nil
}

// ask runs a script in a process of its own, and flags in this one.
func (c *whatIfCommand) ask(ctx context.Context, study *optimize.Study, name, script string) (*whatif.Result, error) {
	if name != "" {
		return whatif.Isolated(ctx, whatif.Job{Study: study, Name: name, Script: script})
	}
	mesh := whatif.NewMesh(budget.NewStudy(study.Input), study.Pods)
	if err := mesh.Feasible(c.flags.Budgets); err != nil {
		return nil, err
	}
	res, err := whatif.Run(ctx, mesh, "flags", script, whatif.Bounds{})
	var wrong *whatif.ScriptError
	switch {
	case errors.As(err, &wrong) && wrong.Infeasible:
		return nil, &unheldError{wrong.What}
	case errors.As(err, &wrong):
		return nil, usagef("%s", wrong.What)
	case err == nil && len(res.Rows) == 0 && c.flags.Budgets != "" && len(res.Printed) > 0:
		return nil, &unheldError{fmt.Sprintf("--budget %q: none holds the floors: %s", c.flags.Budgets, res.Printed[len(res.Printed)-1])}
	}
	return res, err
}

// plotter is how a file of that name is drawn, nil where it is not.
func plotter(name string) func(io.Writer, *draw.Chart) error {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".svg":
		return draw.ChartSVG
	case ".png":
		return draw.ChartPNG
	}
	return nil
}

// draw writes the file of --plot.
func (c *whatIfCommand) draw(res *whatif.Result) error {
	if c.plot == "" {
		return nil
	}
	return writePlot(c.plot, res.Chart())
}

func writePlot(name string, chart *draw.Chart) error {
	var b bytes.Buffer
	if err := plotter(name)(&b, chart); err != nil {
		return err
	}
	if err := renameio.WriteFile(name, b.Bytes(), 0o644); err != nil {
		return fmt.Errorf("--plot: %w", err)
	}
	return nil
}
