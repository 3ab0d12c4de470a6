package cli

import (
	"context"

	"github.com/spf13/cobra"

	"github.com/sluice-mesh/sluice/internal/optimize"
	"github.com/sluice-mesh/sluice/internal/report"
)

const crsLong = `The Istio resources of one round as a multi-document YAML stream (or a Kubernetes
List with -o json): a Sidecar for each workload that was seen often enough, which
confines its proxy's configuration to the hosts that it was seen to call.

Why a workload has none, or a wider one, is said on standard error.`

const crsExample = `  sluice crs --demo
  sluice crs REQUEST.json | kubectl apply -f -
  sluice crs REQUEST.json -o json | jq -r '.items[].metadata.name'`

func newCRs(env *Env) *cobra.Command {
	var in input
	form := choice{"yaml", []string{"yaml", "json"}}
	cmd := &cobra.Command{
		Use:     "crs (REQUEST.json | - | --demo)",
		Short:   "The Istio resources, for kubectl apply",
		Long:    crsLong,
		Example: crsExample,
		Args:    in.args,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runCRs(cmd.Context(), env, &in, form.value, args)
		},
	}
	in.flags(cmd)
	form.flag(cmd)
	return cmd
}

func runCRs(ctx context.Context, env *Env, in *input, form string, args []string) error {
	req, err := in.request(ctx, env, args)
	if err != nil {
		return err
	}
	rep, err := optimize.Run(ctx, req, nil, in.options())
	if err != nil {
		return err
	}
	env.warn(rep.Warnings)
	if form == "json" {
		return env.printDocument(report.ResourceList(rep))
	}
	return env.print(report.ResourceStream(rep))
}
