package cli

import (
	"cmp"
	"context"
	"fmt"
	"io"

	"github.com/spf13/cobra"

	"github.com/sluice-mesh/sluice/internal/optimize"
	"github.com/sluice-mesh/sluice/internal/report"
)

const crsLong = `The Istio resources of one round as a multi-document YAML stream (or a Kubernetes
List with -o json): a Sidecar for each workload that was seen often enough, which
confines its proxy's configuration to the hosts that it was seen to call.

Why a workload has none, or a wider one, is said on standard error.

  --explain      instead of the resources the evidence behind them: for each workload
                 its requests, for each host how often and when it was called
  --holdout 0.5  makes the scopes of the first half of each proxy's requests and tells
                 which share of the later ones they would have cut

Both print a table, or JSON with -o json.`

const crsExample = `  sluice crs --demo
  sluice crs REQUEST.json | kubectl apply -f -
  sluice crs REQUEST.json --labels labels.yaml     # cart: {app.kubernetes.io/name: cart}
  sluice crs REQUEST.json --explain
  sluice crs REQUEST.json --holdout 0.5 -o json | jq .cut_share`

// crsCommand is `sluice crs`.
type crsCommand struct {
	env     *Env
	in      input
	tune    tuning
	form    choice
	explain bool
	holdout float64
	// formGiven and holdoutGiven are whether the flags are there.
	formGiven, holdoutGiven bool
}

func newCRs(env *Env) *cobra.Command {
	c := &crsCommand{env: env, form: choice{"yaml", []string{"yaml", "json", "table"}}}
	cmd := &cobra.Command{
		Use:     "crs (REQUEST.json | - | --demo)",
		Short:   "The Istio resources, for kubectl apply",
		Long:    crsLong,
		Example: crsExample,
		Args:    c.in.args,
		RunE: func(cmd *cobra.Command, args []string) error {
			c.formGiven, c.holdoutGiven = cmd.Flags().Changed("output"), cmd.Flags().Changed("holdout")
			return c.run(cmd.Context(), args)
		},
	}
	f := cmd.Flags()
	f.BoolVar(&c.explain, "explain", false, "print the evidence behind the resources instead of them")
	f.Float64Var(&c.holdout, "holdout", 0, "try scopes made of this `fraction` of each proxy's requests on the later ones")
	c.in.flags(cmd)
	c.tune.flags(cmd)
	c.form.flag(cmd)
	return cmd
}

// check refuses flags that do not go together.
func (c *crsCommand) check() error {
	told := c.explain || c.holdoutGiven
	switch {
	case c.explain && c.holdoutGiven:
		return usagef("--explain and --holdout are two questions: ask one at a time")
	case c.holdoutGiven && !(c.holdout > 0 && c.holdout < 1):
		return usagef("--holdout %v: want a fraction between 0 and 1, such as 0.5", c.holdout)
	case told && c.formGiven && c.form.is("yaml"):
		return usagef("-o yaml is a form of the resources: --explain and --holdout print table or json")
	case !told && c.form.is("table"):
		return usagef("-o table is a form of --explain and --holdout: resources are printed as yaml or json")
	}
	return nil
}

func (c *crsCommand) run(ctx context.Context, args []string) error {
	if err := c.check(); err != nil {
		return err
	}
	if c.holdoutGiven {
		return c.tryOut(ctx, args)
	}
	rep, err := plan(ctx, c.env, &c.in, &c.tune, args)
	if err != nil {
		return err
	}
	c.env.warn(assumptions(rep))
	c.env.tellLines(rep.Observation)
	switch {
	case c.explain && c.form.is("json"):
		return c.env.printDocument(report.Scopes(rep))
	case c.explain:
		return c.env.printTable(func(w io.Writer, colour bool) error { return report.ScopesTable(w, rep, colour) })
	case c.form.is("json"):
		return c.env.printDocument(report.ResourceList(rep))
	}
	return c.env.print(report.ResourceStream(rep))
}

// assumptions warns of selectors that nobody said are right.
func assumptions(rep *optimize.Report) []string {
	n, one := 0, ""
	for _, r := range rep.Resources {
		if r.Assumed {
			n++
			one = cmp.Or(one, r.Service)
		}
	}
	if n == 0 {
		return nil
	}
	return []string{fmt.Sprintf("the selectors of %d of %d Sidecars are assumed, such as that of %q: the request does not say which labels pods carry, and one that matches no pod has no effect (istioctl analyze: IST0101); bring labels in the rows, or say them with --labels or --label-key",
		n, len(rep.Resources), one)}
}

// tryOut is --holdout: it needs what was observed and no plan.
func (c *crsCommand) tryOut(ctx context.Context, args []string) error {
	obs, err := observe(ctx, c.env, &c.in, &c.tune, args)
	if err != nil {
		return err
	}
	held := optimize.Holdout(obs, c.holdout, c.tune.Options)
	if c.form.is("json") {
		return c.env.printDocument(report.Holdout(held, c.holdout))
	}
	return c.env.printTable(func(w io.Writer, colour bool) error { return report.HoldoutTable(w, held, c.holdout, colour) })
}

// observe reads and joins what args or --demo name, and tells the warnings.
func observe(ctx context.Context, env *Env, in *input, tune *tuning, args []string) (*optimize.Observation, error) {
	obs, err := worked(ctx, env, in, tune, args, optimize.Observe)
	if err != nil {
		return nil, err
	}
	env.warn(obs.Warnings)
	env.warn(tune.unused(obs))
	env.tellLines(obs)
	return obs, nil
}
