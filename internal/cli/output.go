package cli

import (
	"bytes"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice-mesh/sluice/internal/optimize"
	"github.com/sluice-mesh/sluice/internal/report"
)

// choice is a flag that takes one of a few words; it is a pflag.Value.
type choice struct {
	value string
	of    []string
}

// String is the word chosen.
func (c *choice) String() string { return c.value }

// Type is the flag's placeholder in help.
func (c *choice) Type() string { return strings.Join(c.of, "|") }

// Set refuses a word that is not among the choices, naming those that are.
func (c *choice) Set(s string) error {
	if !slices.Contains(c.of, s) {
		return fmt.Errorf("want one of %s", strings.Join(c.of, ", "))
	}
	c.value = s
	return nil
}

func (c *choice) is(s string) bool { return c.value == s }

// flag makes c the -o flag of cmd.
func (c *choice) flag(cmd *cobra.Command) {
	cmd.Flags().VarP(c, "output", "o", "form of the result")
	// The error is that of a flag that does not exist.
	_ = cmd.RegisterFlagCompletionFunc("output", cobra.FixedCompletions(
		slices.Clone(c.of), cobra.ShellCompDirectiveNoFileComp))
}

// print writes a whole result to standard output. A short write (a full disk, a
// closed pipe) is an error: half a document must not pass for one.
func (e *Env) print(result []byte) error {
	if _, err := e.Stdout.Write(result); err != nil {
		return fmt.Errorf("writing the result: %w", err)
	}
	return nil
}

// warn tells standard error, a line each.
func (e *Env) warn(warnings []string) {
	head := "warning: "
	if e.colour(e.Stderr) {
		head = "\x1b[33mwarning:\x1b[0m "
	}
	for _, w := range warnings {
		fmt.Fprintln(e.Stderr, head+report.Printable(w, 2000))
	}
}

// tellLines tells what became of the log's lines, where there was a log: of commands
// whose results have no place for it.
func (e *Env) tellLines(o *optimize.Observation) {
	if o.Graph.Lines.Total > 0 {
		fmt.Fprintln(e.Stderr, "the access log: "+report.Lines(o))
	}
}

// printDocument is print for what may have failed.
func (e *Env) printDocument(doc []byte, err error) error {
	if err != nil {
		return err
	}
	return e.print(doc)
}

// printTable is print for what is written for people.
func (e *Env) printTable(write func(w io.Writer, colour bool) error) error {
	var out bytes.Buffer
	if err := write(&out, e.colour(e.Stdout)); err != nil {
		return err
	}
	return e.print(out.Bytes())
}
