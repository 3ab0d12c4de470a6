package cli

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/google/renameio/v2"
	"github.com/spf13/cobra"

	"github.com/sluice-mesh/sluice/internal/accesslog"
	"github.com/sluice-mesh/sluice/internal/optimize"
)

const aggregateLong = `Reads access logs where they lie and writes what a graph needs of them: a partial
reading, some 30 bytes for a line of 800. plan, graph, crs and POST /optimize take it
where they take a log, and several merge: as long as no bound was hit, the graph is
that of all lines read at once, bit for bit.

LOG is a file, a glob, a pipe, '-' or another partial reading; plain, gzip or zstd.
It need not be sorted, lines that are in two logs count once. A partial reading holds
addresses, host names and hashes of request ids, and no line of the log.`

const aggregateExample = `  sluice aggregate /var/log/mesh/*.log.gz -o node7.partial
  kubectl logs -l app=cart -c istio-proxy --tail=-1 | sluice aggregate - -o cart.partial
  sluice graph REQUEST.json --log 'node*.partial'`

// aggregateCommand is `sluice aggregate`.
type aggregateCommand struct {
	env    *Env
	fields fields
	output string
}

func newAggregate(env *Env) *cobra.Command {
	c := &aggregateCommand{env: env}
	cmd := &cobra.Command{
		Use:     "aggregate LOG... -o FILE",
		Short:   "Read logs into a partial reading that merges",
		Long:    aggregateLong,
		Example: aggregateExample,
		Args: func(_ *cobra.Command, args []string) error {
			if len(args) == 0 {
				return usagef("no LOG: name files, globs, or '-' for standard input")
			}
			return nil
		},
		RunE: func(cmd *cobra.Command, args []string) error { return c.run(cmd.Context(), args) },
	}
	cmd.Flags().StringVarP(&c.output, "output", "o", "", "file to write, '-' for standard output")
	c.fields.flags(cmd)
	return cmd
}

func (c *aggregateCommand) run(ctx context.Context, args []string) error {
	var o optimize.Options
	if err := c.fields.apply(&o.Log); err != nil {
		return err
	}
	switch {
	case c.output == "":
		return usagef("no file to write: name one with -o, '-' for standard output")
	case c.output == "-" && c.env.terminal(c.env.Stdout):
		return usagef("a partial reading is no text for a terminal: send it to a file, as in '-o node.partial'")
	}
	logs, err := sources(ctx, c.env, args)
	if err != nil {
		return err
	}
	saveMemory(logs, "")
	clear := c.env.watch(&o)
	read, err := accesslog.ReadAll(ctx, logs, o.Log)
	clear()
	if err != nil {
		return err
	}
	return c.write(read)
}

// write tells what became of the lines and writes what was read, if anything was.
func (c *aggregateCommand) write(read *accesslog.Reading) error {
	for _, s := range read.Skips {
		read.Warnings = append(read.Warnings, s.String())
	}
	c.env.warn(read.Warnings)
	if read.Builder.Len() == 0 {
		return errors.New("no line of use was found: nothing is written")
	}
	size := &counted{}
	if err := c.save(read, size); err != nil {
		return fmt.Errorf("writing the partial reading: %w", err)
	}
	l := read.Builder.Lines(read.Skipped())
	fmt.Fprintf(c.env.Stderr, "%d lines: %d used, %d repeated, %d skipped; %d events in %d bytes\n",
		read.Total, l.Used, l.Repeated, l.Skipped, read.Builder.Len(), size.n)
	return nil
}

// save writes to a file that is there whole or not at all.
func (c *aggregateCommand) save(read *accesslog.Reading, size *counted) error {
	if c.output == "-" {
		size.w = c.env.Stdout
		return read.Save(size)
	}
	f, err := renameio.NewPendingFile(c.output, renameio.WithPermissions(0o644))
	if err != nil {
		return err
	}
	defer func() { _ = f.Cleanup() }() // nothing is left to clean up after success
	size.w = f
	if err := read.Save(size); err != nil {
		return err
	}
	return f.CloseAtomicallyReplace()
}

// counted counts what is written.
type counted struct {
	w io.Writer
	n int64
}

func (c *counted) Write(p []byte) (int, error) {
	n, err := c.w.Write(p)
	c.n += int64(n)
	return n, err
}
