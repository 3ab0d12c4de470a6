// Package cli is the command line of sluice: it turns arguments into one call of
// internal/optimize or internal/api and the result into bytes on standard output.
//
// A command is a function of a context, an Env (its standard streams and
// environment) and its arguments, and returns an error; so every command runs
// inside a test as it does in a shell:
//
//	var out, errs bytes.Buffer
//	status := cli.Main(ctx, cli.Env{Stdout: &out, Stderr: &errs}, []string{"plan", "--demo"})
//
// Terms: a result is what was asked for and goes to standard output, whole or
// not at all; everything else (warnings, errors, the server's log) goes to
// standard error. The exit status is 0 done, 1 failed, 2 wrong usage or malformed
// input, 3 no feasible plan; which one is read from the error's type in one place.
//
// Each subcommand is one file with its flags and its help. The package computes
// nothing: what a number is, internal/optimize decides; how it is written,
// internal/report.
package cli
