package cli

import (
	"bytes"
	"context"

	"github.com/spf13/cobra"

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

// graphCommand is `sluice graph`.
type graphCommand struct {
	env  *Env
	in   input
	form choice
}

func newGraph(env *Env) *cobra.Command {
	c := &graphCommand{env: env, form: choice{"table", []string{"table", "json", "dot"}}}
	cmd := &cobra.Command{
		Use:     "graph (REQUEST.json | - | --demo)",
		Short:   "The mesh as it was observed",
		Long:    graphLong,
		Example: graphExample,
		Args:    c.in.args,
		RunE:    func(cmd *cobra.Command, args []string) error { return c.run(cmd.Context(), args) },
	}
	c.in.flags(cmd)
	c.form.flag(cmd)
	return cmd
}

func (c *graphCommand) run(ctx context.Context, args []string) error {
	req, err := c.in.request(ctx, c.env, args)
	if err != nil {
		return err
	}
	var o optimize.Options
	clear := c.env.watch(&o)
	obs, err := optimize.Observe(ctx, req, o)
	clear()
	if err != nil {
		return err
	}
	c.env.warn(obs.Warnings)
	switch c.form.value {
	case "json":
		return c.env.printDocument(report.GraphWithin(obs, 0))
	case "dot":
		return c.env.printDocument(report.DOTWithin(obs, 0))
	}
	var out bytes.Buffer
	if err := report.GraphTable(&out, obs, c.env.colour(c.env.Stdout)); err != nil {
		return err
	}
	return c.env.print(out.Bytes())
}
