package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-mesh/sluice/internal/report"
)

const diffLong = `Two plans side by side: what changes for whom, which pods have to restart for it and
why, which Istio resources change, and what the new plan is predicted to bring.

OLD and NEW are documents that 'sluice plan -o json' printed, answers of /optimize, '-'
for standard input, or rounds of a server, by their URLs. Whether memory may shrink in
place depends on what sidecars use, which documents do not tell: a shrinking limit counts
as a restart.

Of what 'sluice crs' prints, or 'kubectl get sidecars -A -o yaml' (in v1 from Istio 1.22
on: --istio-api v1), the Istio resources are compared, with those of a plan too; of
'sluice plan -o patch' the patches.`

const diffExample = `  sluice diff old.json new.json
  sluice plan REQUEST.json -o json | sluice diff old.json -
  sluice crs REQUEST.json | sluice diff applied.yaml -
  sluice diff http://127.0.0.1:3001/rounds/1 http://127.0.0.1:3001/rounds/latest -o json`

// diffCommand is `sluice diff`.
type diffCommand struct {
	env  *Env
	form choice
}

func newDiff(env *Env) *cobra.Command {
	c := &diffCommand{env: env, form: choice{"table", []string{"table", "json"}}}
	cmd := &cobra.Command{
		Use:     "diff OLD NEW",
		Short:   "Two plans side by side: what changes, what restarts",
		Long:    diffLong,
		Example: diffExample,
		Args: func(_ *cobra.Command, args []string) error {
			switch {
			case len(args) != 2:
				return usagef("two plans are wanted, OLD and NEW, but there are %d", len(args))
			case args[0] == "-" && args[1] == "-":
				return usagef("standard input can be OLD or NEW, not both")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return c.run(cmd.Context(), args) },
	}
	c.form.flag(cmd)
	return cmd
}

func (c *diffCommand) run(ctx context.Context, args []string) error {
	var docs [2]*report.PlanDocument
	for i, name := range args {
		text, err := within(ctx, func() ([]byte, error) { return c.fetch(ctx, name) })
		if err != nil {
			return err
		}
		if docs[i], err = report.ReadPlan(text); err != nil {
			return usagef("%s: %v", name, err)
		}
	}
	d, err := report.Diff(docs[0], docs[1])
	if err != nil {
		return usagef("%s and %s: %v", args[0], args[1], err)
	}
	c.env.warn(d.Warnings)
	if c.form.is("json") {
		return c.env.printDocument(d.JSON())
	}
	return c.env.printTable(d.Table)
}

const (
	// maxPlan is the longest document that is read: that of 300,000 services.
	maxPlan = 256 << 20
	// fetchTime is how long a server may take to answer.
	fetchTime = 30 * time.Second
)

// fetch reads a file, standard input or the answer of a server.
func (c *diffCommand) fetch(ctx context.Context, name string) ([]byte, error) {
	in := io.NopCloser(c.env.Stdin)
	var err error
	switch {
	case strings.HasPrefix(name, "http://"), strings.HasPrefix(name, "https://"):
		ctx, cancel := context.WithTimeout(ctx, fetchTime)
		defer cancel()
		in, err = ask(ctx, name)
	case name != "-":
		in, err = os.Open(name)
	}
	if errors.Is(err, os.ErrNotExist) {
		return nil, fmt.Errorf("%w: name a document of 'sluice plan -o json', '-' or the URL of a round", err)
	}
	if err != nil {
		return nil, err
	}
	defer in.Close()
	text, err := io.ReadAll(io.LimitReader(in, maxPlan+1))
	if err == nil && len(text) > maxPlan {
		err = usagef("%s: longer than the %d MB that a plan may have", name, maxPlan>>20)
	}
	return text, err
}

// ask gets a document from a server.
func ask(ctx context.Context, url string) (io.ReadCloser, error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return nil, usagef("%q is no URL: want one such as http://127.0.0.1:3001/rounds/1", url)
	}
	// No proxy: the server is named on purpose.
	client := http.Client{Transport: &http.Transport{Proxy: nil}}
	resp, err := client.Do(req)
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		resp.Body.Close()
		return nil, fmt.Errorf("%s answers %s", url, resp.Status)
	}
	return resp.Body, nil
}
