package cli

import (
	"bytes"
	"context"

	"github.com/spf13/cobra"

	"github.com/sluice-mesh/sluice/internal/optimize"
	"github.com/sluice-mesh/sluice/internal/report"
)

const planLong = `One round without a server: reads REQUEST.json (the body of POST /optimize) and the
access log that it names, and prints what each sidecar should get, and why.

REQUEST.json may be '-' for standard input. A relative accesslog_path in it counts
from the file's folder (from the working folder for standard input).

  -o table    for people
  -o json     the whole round: the plan, its reasons, what was observed and predicted
  -o contest  the answer of POST /optimize
  -o patch    strategic-merge patches with the sidecar.istio.io/proxy* annotations, one
              for each Deployment, which is named by its pods' names less their
              generated parts; applying one restarts its pods

Exit status 3 means that the limits cannot hold every sidecar's floor (0.1 core and
128000000 bytes); the message says how much is needed.`

const planExample = `  sluice plan --demo
  sluice plan REQUEST.json
  jq '.cpu_limit = 6' REQUEST.json | sluice plan - -o json
  sluice plan REQUEST.json -o patch | kubectl apply --server-side --field-manager=sluice -f -`

func newPlan(env *Env) *cobra.Command {
	var in input
	form := choice{"table", []string{"table", "json", "contest", "patch"}}
	cmd := &cobra.Command{
		Use:     "plan (REQUEST.json | - | --demo)",
		Short:   "Plan one round: what each sidecar gets, and why",
		Long:    planLong,
		Example: planExample,
		Args:    in.args,
		RunE: func(cmd *cobra.Command, args []string) error {
			return runPlan(cmd.Context(), env, &in, form.value, args)
		},
	}
	in.flags(cmd)
	form.flag(cmd)
	return cmd
}

func runPlan(ctx context.Context, env *Env, in *input, form string, args []string) error {
	req, err := in.request(ctx, env, args)
	if err != nil {
		return err
	}
	rep, err := optimize.Run(ctx, req, nil, in.options())
	if err != nil {
		return err
	}
	env.warn(rep.Warnings)
	switch form {
	case "json":
		return env.printDocument(report.PlanWithin(rep, 1, 0))
	case "contest":
		return env.printDocument(report.Answer(rep))
	case "patch":
		patches, warnings := report.Patches(rep)
		env.warn(warnings)
		return env.print(patches)
	}
	var out bytes.Buffer
	if err := report.PlanTable(&out, rep, env.colour(env.Stdout)); err != nil {
		return err
	}
	return env.print(out.Bytes())
}
