package cli

import (
	"bytes"
	"context"
	"errors"
	"math"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice-mesh/sluice/internal/optimize"
	"github.com/sluice-mesh/sluice/internal/report"
)

const graphLong = `The mesh as the access log shows it: services, the calls between them, and where the
time of a request at the gateway goes. Nothing is planned; the limits in the request
are not looked at.

  -o table    for people
  -o json     for programs: services, edges, critical paths
  -o svg      a picture: width is rate, colour the share of latency, black the critical
              path; what there is no room for shows when pointed at
  -o png      the same in pixels
  -o dot      for Graphviz
  -o mermaid  for pages that draw Mermaid's flowcharts
  -o jaeger   dependencies as Jaeger's API has them

A large mesh is not read in one picture. --focus, --min-share and --critical take a
part of it, --group draws several services as one; they can be combined. Of what is
left svg and png show the busiest 400, mermaid as much as Mermaid draws: 500 calls.`

const graphExample = `  sluice graph --demo
  sluice graph --demo -o svg > mesh.svg
  sluice graph REQUEST.json -o json | jq '.edges[] | {from, to, requests_per_second}'
  sluice graph REQUEST.json -o dot | dot -Tpdf > mesh.pdf
  sluice graph REQUEST.json -o png --focus cart --depth 2 > cart.png`

// graphCommand is `sluice graph`.
type graphCommand struct {
	env   *Env
	in    input
	form  choice
	view  report.View
	group choice
	share share
}

// pictures are the forms that a view applies to.
var pictures = map[string]report.Form{"svg": report.SVG, "png": report.PNG, "dot": report.DOTForm, "mermaid": report.Mermaid}

func newGraph(env *Env) *cobra.Command {
	c := &graphCommand{env: env,
		form:  choice{"table", []string{"table", "json", "dot", "svg", "png", "mermaid", "jaeger"}},
		group: choice{"none", []string{"none", "namespace", "alike"}},
	}
	cmd := &cobra.Command{
		Use:     "graph (REQUEST.json | - | --demo)",
		Short:   "The mesh as it was observed",
		Long:    graphLong,
		Example: graphExample,
		Args:    c.in.args,
		RunE: func(cmd *cobra.Command, args []string) error {
			if err := c.check(cmd); err != nil {
				return err
			}
			return c.run(cmd.Context(), args)
		},
	}
	c.in.flags(cmd)
	c.form.flag(cmd)
	f := cmd.Flags()
	f.StringVar(&c.view.Focus, "focus", "", "draw this service, what calls it and what it calls")
	f.IntVar(&c.view.Depth, "depth", 2, "with --focus, how many calls away from it")
	f.Var(&c.share, "min-share", "draw services with this part of the latency or more, such as 0.05 or 5%, and the way to them")
	f.BoolVar(&c.view.Critical, "critical", false, "draw what is on a critical path")
	f.Var(&c.group, "group", "draw services of one namespace, or with the same callers and callees, as one")
	_ = cmd.RegisterFlagCompletionFunc("group", cobra.FixedCompletions(c.group.of, cobra.ShellCompDirectiveNoFileComp))
	return cmd
}

// viewFlags have no meaning where nothing is drawn.
var viewFlags = []string{"focus", "depth", "min-share", "critical", "group"}

func (c *graphCommand) check(cmd *cobra.Command) error {
	_, drawn := pictures[c.form.value]
	for _, name := range viewFlags {
		if cmd.Flags().Changed(name) && !drawn {
			return usagef("--%s is for pictures, and -o %s is none: want -o svg, png, dot or mermaid", name, c.form.value)
		}
	}
	switch {
	case c.view.Depth < 0:
		return usagef("--depth %d: want 0 or more calls", c.view.Depth)
	case cmd.Flags().Changed("depth") && c.view.Focus == "":
		return usagef("--depth counts from a service: name it with --focus")
	case c.form.is("png") && c.env.terminal(c.env.Stdout):
		return usagef("-o png is no text for a terminal: send it to a file, as in '> mesh.png'")
	}
	c.view.MinShare = float64(c.share)
	if !c.group.is("none") {
		c.view.Group = report.Grouping(c.group.value)
	}
	return nil
}

func (c *graphCommand) run(ctx context.Context, args []string) error {
	var o optimize.Options
	req, err := c.in.round(ctx, c.env, args, &o)
	if err != nil {
		return err
	}
	clear := c.env.watch(&o)
	obs, err := optimize.Observe(ctx, req, o)
	clear()
	if err != nil {
		return err
	}
	c.env.warn(obs.Warnings)
	return c.print(obs)
}

// print writes the mesh in the form that was asked for.
func (c *graphCommand) print(obs *optimize.Observation) error {
	switch c.form.value {
	case "json":
		return c.env.printDocument(report.GraphWithin(obs, 0))
	case "jaeger":
		c.env.tellLines(obs)
		return c.env.printDocument(report.Jaeger(obs))
	case "table":
		var out bytes.Buffer
		if err := report.GraphTable(&out, obs, c.env.colour(c.env.Stdout)); err != nil {
			return err
		}
		return c.env.print(out.Bytes())
	}
	picture, left, err := report.Picture(obs, c.view, pictures[c.form.value])
	var wrong *report.ViewError
	if errors.As(err, &wrong) {
		return usagef("%s", wrong.Problem)
	}
	c.env.warn(left)
	c.env.tellLines(obs)
	return c.env.printDocument(picture, err)
}

// share is a flag that takes a part of a whole, as 0.05 or as 5%.
type share float64

// String is the part as a number.
func (s *share) String() string { return strconv.FormatFloat(float64(*s), 'g', -1, 64) }

// Type is the flag's placeholder in help.
func (s *share) Type() string { return "PART" }

// Set refuses what is not between nothing and all.
func (s *share) Set(text string) error {
	number, whole := strings.CutSuffix(text, "%")
	v, err := strconv.ParseFloat(number, 64)
	if whole {
		v /= 100
	}
	if err != nil || math.IsNaN(v) || v < 0 || v > 1 {
		return errors.New("want a part such as 0.05 or 5%")
	}
	*s = share(v)
	return nil
}
