package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"github.com/sluice-mesh/sluice/internal/mishap"
	"github.com/sluice-mesh/sluice/internal/whatif"
)

// Env is the world that a command sees. The zero Env has no input, throws its
// output away and has an empty environment.
type Env struct {
	Stdin          io.Reader
	Stdout, Stderr io.Writer
	// Getenv looks a variable up, as os.Getenv does.
	Getenv func(string) string
}

// System is the Env of the process itself.
func System() Env {
	return Env{Stdin: os.Stdin, Stdout: os.Stdout, Stderr: os.Stderr, Getenv: os.Getenv}
}

// fill replaces what was left out.
func (e *Env) fill() {
	if e.Stdin == nil {
		e.Stdin = strings.NewReader("")
	}
	if e.Stdout == nil {
		e.Stdout = io.Discard
	}
	if e.Stderr == nil {
		e.Stderr = io.Discard
	}
	if e.Getenv == nil {
		e.Getenv = func(string) string { return "" }
	}
}

// terminal tells whether w is one.
func (e *Env) terminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// colour tells whether w is a terminal whose user has not asked for plain text
// (no-color.org).
func (e *Env) colour(w io.Writer) bool {
	return e.Getenv("NO_COLOR") == "" && e.Getenv("TERM") != "dumb" && e.terminal(w)
}

// debugVariable, set to anything, has a mistake of ours told with its stack.
const debugVariable = "SLUICE_DEBUG"

// Main runs the command that args name, without the program's own name, and
// returns the exit status.
func Main(ctx context.Context, env Env, args []string) int {
	env.fill()
	if len(args) == 1 && args[0] == whatif.Worker {
		return work(ctx, &env)
	}
	root := newRoot(&env)
	root.SetArgs(args)
	err := mishap.Guard(func() error { return root.ExecuteContext(ctx) })
	if line := message(err); line != "" {
		fmt.Fprintln(env.Stderr, "sluice: "+line)
	}
	var ours *mishap.Error
	if errors.As(err, &ours) && env.Getenv(debugVariable) != "" {
		fmt.Fprintln(env.Stderr, ours.Stack)
	}
	return status(err)
}

// work runs another process's what-if script: what `sluice whatif` and the server
// start, and nobody types.
func work(ctx context.Context, env *Env) int {
	if err := mishap.Guard(func() error { return whatif.Work(ctx, env.Stdin, env.Stdout, env.Stderr) }); err != nil {
		fmt.Fprintln(env.Stderr, "sluice: "+message(err))
		return failed
	}
	return done
}

const rootLong = `sluice reads what a service mesh did (each container's CPU and memory, and the
sidecars' access log) and divides a budget of CPU and memory among the sidecars
so that requests at the ingress gateway are held up least.

Each round takes a request, REQUEST.json: the body of POST /optimize, that is
containers, accesslog_path, cpu_limit (cores) and memory_limit (bytes).

Results go to standard output, all else to standard error. Exit status: 0 done,
1 failed, 2 wrong usage or malformed input, 3 no feasible plan.`

const rootExample = `  sluice plan --demo                    a plan for an embedded capture, and why
  sluice plan REQUEST.json -o json      the same for your mesh, for programs
  sluice graph REQUEST.json -o dot      the mesh as it was observed
  sluice whatif --demo --load 1:4:1     what other loads would bring
  sluice crs REQUEST.json | kubectl apply -f -
  sluice serve --demo                   the HTTP service, on :3001`

// newRoot assembles the commands.
func newRoot(env *Env) *cobra.Command {
	root := &cobra.Command{
		Use:           "sluice",
		Short:         "Divide CPU and memory among the sidecars of a service mesh",
		Long:          rootLong,
		Example:       rootExample,
		SilenceErrors: true,
		SilenceUsage:  true,
		Args:          knownCommand,
		RunE: func(cmd *cobra.Command, _ []string) error {
			cmd.SetOut(env.Stderr)
			_ = cmd.Help()
			return quiet(usagef("no command"))
		},
		Version:                    thisBuild().String(),
		SuggestionsMinimumDistance: 2,
		// Of a mistyped command and its flags, the command is what to talk about.
		FParseErrWhitelist: cobra.FParseErrWhitelist{UnknownFlags: true},
	}
	root.SetVersionTemplate("{{.Version}}\n")
	root.SetIn(env.Stdin)
	root.SetOut(env.Stdout)
	root.SetErr(env.Stderr)
	root.SetFlagErrorFunc(func(cmd *cobra.Command, err error) error {
		return usagef("%v; '%s --help' lists the flags", err, cmd.CommandPath())
	})
	root.AddCommand(newServe(env), newPlan(env), newGraph(env), newCRs(env), newAggregate(env), newCollect(env), newDiff(env), newRounds(env), newWhatIf(env), newVersion(env), newReady(env))
	root.SetHelpCommand(newHelp(root))
	root.InitDefaultCompletionCmd()
	strict(root)
	return root
}

// knownCommand refuses what is no command, with the nearest that is.
func knownCommand(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	near := ""
	if s := cmd.SuggestionsFor(args[0]); len(s) > 0 {
		near = fmt.Sprintf(", did you mean %q?", s[0])
	}
	return usagef("%q is no command of '%s'%s; '%s --help' lists them", args[0], cmd.CommandPath(), near, cmd.CommandPath())
}

// noArguments is for commands that take none; cobra's own check calls what is too
// many an unknown command.
func noArguments(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return usagef("'%s' takes no arguments, but there is %q; '%s --help' lists its flags", cmd.CommandPath(), args[0], cmd.CommandPath())
}

// strict makes every complaint about arguments a usage error, and commands that
// only hold others refuse what they do not hold (cobra shows their help instead).
func strict(cmd *cobra.Command) {
	for _, c := range cmd.Commands() {
		strict(c)
	}
	if cmd.HasSubCommands() && !cmd.Runnable() {
		cmd.Args = knownCommand
		cmd.RunE = func(c *cobra.Command, _ []string) error { return c.Help() }
	}
	if check := cmd.Args; check != nil {
		cmd.Args = func(c *cobra.Command, args []string) error { return asUsage(check(c, args)) }
	}
}

// newHelp replaces cobra's help command, which succeeds on topics it lacks.
func newHelp(root *cobra.Command) *cobra.Command {
	return &cobra.Command{
		Use:   "help [COMMAND]",
		Short: "Help about any command",
		Long:  "Help about any command; 'sluice COMMAND --help' shows the same.",
		ValidArgsFunction: func(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
			var names []string
			for _, c := range root.Commands() {
				names = append(names, c.Name()+"\t"+c.Short)
			}
			return names, cobra.ShellCompDirectiveNoFileComp
		},
		RunE: func(_ *cobra.Command, args []string) error {
			cmd, rest, err := root.Find(args)
			if err != nil || len(rest) > 0 {
				return knownCommand(cmd, rest)
			}
			cmd.InitDefaultHelpFlag()
			return cmd.Help()
		},
	}
}
