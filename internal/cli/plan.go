package cli

import (
	"bytes"
	"context"
	"io"

	"github.com/spf13/cobra"

	"github.com/sluice-mesh/sluice/internal/optimize"
	"github.com/sluice-mesh/sluice/internal/report"
	"github.com/sluice-mesh/sluice/internal/request"
)

const planLong = `One round without a server: reads REQUEST.json (the body of POST /optimize) and the
access log that it names, and prints what each sidecar should get, and why.

REQUEST.json may be '-' for standard input. A relative accesslog_path in it counts
from the file's folder (from the working folder for standard input).

--curve prints predicted latency against the budget instead, with the knee and the
present limit marked (-o table or json), --plot draws it.

  -o table    for people
  -o json     the whole round: the plan, its reasons, what was observed and predicted
  -o contest  the answer of POST /optimize
  -o patch    strategic-merge patches, one for each Deployment, which is named by its
              pods' names less their generated parts: the four sidecar.istio.io/proxy*
              annotations, and the worker count that the limit can feed as
              proxy.istio.io/config (which replaces one that is there); applying one
              restarts its pods, comments say which could be resized in place
  -o resize   a script of kubectl commands that resizes in place what needs no restart,
              and says why the others do

Exit status 3 means that the limits cannot hold every sidecar's floor (0.1 core and
128000000 bytes); the message says how much is needed.`

const planExample = `  sluice plan --demo
  sluice plan REQUEST.json
  jq '.cpu_limit = 6' REQUEST.json | sluice plan - -o json
  sluice plan REQUEST.json -o patch | kubectl apply --server-side --field-manager=sluice -f -`

// planCommand is `sluice plan`.
type planCommand struct {
	env  *Env
	in   input
	tune tuning
	form choice
	// curve asks for latency against budget; plot is the file that it is drawn into.
	curve bool
	plot  string
}

func newPlan(env *Env) *cobra.Command {
	c := &planCommand{env: env, form: choice{"table", []string{"table", "json", "contest", "patch", "resize"}}}
	cmd := &cobra.Command{
		Use:     "plan (REQUEST.json | - | --demo)",
		Short:   "Plan one round: what each sidecar gets, and why",
		Long:    planLong,
		Example: planExample,
		Args:    c.in.args,
		RunE: func(cmd *cobra.Command, args []string) error {
			if c.curve || c.plot != "" {
				return c.curved(cmd.Context(), args)
			}
			return c.run(cmd.Context(), args)
		},
	}
	c.in.flags(cmd)
	c.tune.flags(cmd)
	c.tune.spending.flags(cmd)
	c.form.flag(cmd)
	cmd.Flags().BoolVar(&c.curve, "curve", false, "predicted latency against the budget instead of the plan")
	cmd.Flags().StringVar(&c.plot, "plot", "", "with --curve, draw it into FILE.svg or FILE.png")
	return cmd
}

// curved is run with --curve.
func (c *planCommand) curved(ctx context.Context, args []string) error {
	switch {
	case !c.curve:
		return usagef("--plot draws the curve: add --curve")
	case !c.form.is("table") && !c.form.is("json"):
		return usagef("-o %s: a curve is printed as a table or as json", c.form.value)
	case c.plot != "" && plotter(c.plot) == nil:
		return usagef("--plot %q: want a file whose name ends in .svg or .png", c.plot)
	}
	rep, err := plan(ctx, c.env, &c.in, &c.tune, args)
	if err != nil {
		return err
	}
	c.env.tellLines(rep.Observation)
	curve, err := optimize.NewCurve(ctx, rep.Study)
	if err != nil {
		return err
	}
	if c.plot != "" {
		if err := writePlot(c.plot, report.CurveChart(curve)); err != nil {
			return err
		}
	}
	if c.form.is("json") {
		return c.env.printDocument(report.Curve(curve))
	}
	return c.env.printTable(func(w io.Writer, _ bool) error { return report.CurveTable(w, curve) })
}

func (c *planCommand) run(ctx context.Context, args []string) error {
	rep, err := plan(ctx, c.env, &c.in, &c.tune, args)
	if err != nil {
		return err
	}
	if !c.form.is("table") && !c.form.is("json") {
		c.env.tellLines(rep.Observation)
	}
	switch c.form.value {
	case "json":
		return c.env.printDocument(report.PlanWithin(rep, 1, 0))
	case "contest":
		return c.env.printDocument(report.Answer(rep))
	case "patch":
		patches, warnings := report.Patches(rep)
		c.env.warn(warnings)
		return c.env.print(patches)
	case "resize":
		script, warnings := report.Resizes(rep)
		c.env.warn(warnings)
		return c.env.print(script)
	}
	var out bytes.Buffer
	if err := report.PlanTable(&out, rep, c.env.colour(c.env.Stdout)); err != nil {
		return err
	}
	return c.env.print(out.Bytes())
}

// plan makes the one round that args or --demo name, and tells its warnings.
func plan(ctx context.Context, env *Env, in *input, tune *tuning, args []string) (*optimize.Report, error) {
	rep, err := worked(ctx, env, in, tune, args, func(ctx context.Context, req *request.Request, o optimize.Options) (*optimize.Report, error) {
		return optimize.Run(ctx, req, nil, o)
	})
	if err != nil {
		return nil, err
	}
	env.warn(rep.Warnings)
	env.warn(tune.unused(rep.Observation))
	return rep, nil
}

// worked reads what args or --demo name and has it worked on, with progress on a terminal.
func worked[T any](ctx context.Context, env *Env, in *input, tune *tuning, args []string, work func(context.Context, *request.Request, optimize.Options) (*T, error)) (*T, error) {
	if err := tune.check(); err != nil {
		return nil, err
	}
	o := tune.Options
	req, err := in.round(ctx, env, args, &o)
	if err != nil {
		return nil, err
	}
	clear := env.watch(&o)
	defer clear()
	return work(ctx, req, o)
}
