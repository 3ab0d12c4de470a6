package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/sluice-mesh/sluice/internal/report"
)

const crsLong = `The Istio resources of one round as a multi-document YAML stream (or a Kubernetes
List with -o json): a Sidecar for each workload that was seen often enough, which
confines its proxy's configuration to the hosts that it was seen to call.

Why a workload has none, or a wider one, is said on standard error.`

const crsExample = `  sluice crs --demo
  sluice crs REQUEST.json | kubectl apply -f -
  sluice crs REQUEST.json -o json | jq -r '.items[].metadata.name'`

// crsCommand is `sluice crs`.
type crsCommand struct {
	env  *Env
	in   input
	tune tuning
	form choice
}

func newCRs(env *Env) *cobra.Command {
	c := &crsCommand{env: env, form: choice{"yaml", []string{"yaml", "json"}}}
	cmd := &cobra.Command{
		Use:     "crs (REQUEST.json | - | --demo)",
		Short:   "The Istio resources, for kubectl apply",
		Long:    crsLong,
		Example: crsExample,
		Args:    c.in.args,
		RunE:    func(cmd *cobra.Command, args []string) error { return c.run(cmd.Context(), args) },
	}
	c.in.flags(cmd)
	c.tune.flags(cmd)
	c.form.flag(cmd)
	return cmd
}

func (c *crsCommand) run(ctx context.Context, args []string) error {
	rep, err := plan(ctx, c.env, &c.in, &c.tune, args)
	if err != nil {
		return err
	}
	if c.form.is("json") {
		return c.env.printDocument(report.ResourceList(rep))
	}
	return c.env.print(report.ResourceStream(rep))
}
