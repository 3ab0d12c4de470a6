package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/spf13/cobra"

	"github.com/sluice-mesh/sluice/budget"
	"github.com/sluice-mesh/sluice/crgen"
	"github.com/sluice-mesh/sluice/internal/accesslog"
	"github.com/sluice-mesh/sluice/internal/optimize"
	"github.com/sluice-mesh/sluice/internal/request"
)

// run is one command in this process.
func run(ctx context.Context, stdin io.Reader, args ...string) (status int, stdout, stderr string) {
	var out, errs bytes.Buffer
	status = Main(ctx, Env{Stdin: stdin, Stdout: &out, Stderr: &errs}, args)
	return status, out.String(), errs.String()
}

func TestStatus(t *testing.T) {
	f := func(err error, wantStatus int, wantMessage string) {
		t.Helper()
		if got := status(err); got != wantStatus {
			t.Errorf("status(%v) = %d, want %d", err, got, wantStatus)
		}
		if got := message(err); got != wantMessage {
			t.Errorf("message(%v) = %q, want %q", err, got, wantMessage)
		}
	}
	f(nil, 0, "")
	f(errors.New("a disk is full"), 1, "a disk is full")
	f(usagef("no %s", "way"), 2, "no way")
	f(quiet(usagef("no way")), 2, "") // its message has been told already
	f(fmt.Errorf("file.json: %w", &request.Error{Field: "cpu_limit", Problem: "is -1"}), 2, "file.json: cpu_limit: is -1")
	short := &budget.InfeasibleError{Pods: 3}
	f(fmt.Errorf("plan: %w", short), 3, "plan: "+short.Error())
	f(fmt.Errorf("writing: %w", syscall.EPIPE), 0, "")
	f(fmt.Errorf("reading: %w", context.Canceled), 1, "interrupted")
	f(errors.New("two\nlines \x1b[31m"), 1, `two lines \u001b[31m`)
}

// TestHostileArguments: what an argument says cannot reach the terminal as an escape.
func TestHostileArguments(t *testing.T) {
	for _, args := range [][]string{
		{"\x1b[31mred"}, {"plan", "\x1b]0;title\a"}, {"plan", "--\x1b[31m"}, {"plan", "--demo", "-o", "\x1b[31m"},
		{"plan", "a", "\u009b31m"}, {"help", "\x1b[31m"}, {"ready", "\x1b[31m"}, {"crs", "--demo", "--namespace", "\x1b[31m"},
	} {
		status, _, stderr := run(t.Context(), nil, args...)
		if status == 0 || strings.ContainsAny(stderr, "\x1b\a\u009b") || strings.Count(stderr, "\n") != 1 {
			t.Errorf("%q: status %d, stderr %q; want a failure told in one harmless line", args, status, stderr)
		}
	}
}

// endless is a pipe that nobody writes to.
type endless struct{ done chan struct{} }

func (e endless) Read([]byte) (int, error) {
	<-e.done
	return 0, io.EOF
}

// TestInterrupted: a command that waits for its input ends when it is told to.
func TestInterrupted(t *testing.T) {
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	in := endless{make(chan struct{})}
	defer close(in.done)
	status, stdout, stderr := run(ctx, in, "plan", "-")
	if status != 1 || stdout != "" || stderr != "sluice: interrupted\n" {
		t.Errorf("status %d, stdout %q, stderr %q", status, stdout, stderr)
	}
}

// mined is an input or output that is a mistake of ours.
type mined struct{}

func (mined) Read([]byte) (int, error)  { panic("a\x1b[31m\nmistake") }
func (mined) Write([]byte) (int, error) { panic("a\x1b[31m\nmistake") }

// TestMishap: a panic, in a goroutine too, is one line that asks for a report, and no
// wrong usage. Its stack is for those who ask for it.
func TestMishap(t *testing.T) {
	for _, debug := range []string{"", "1"} {
		for _, args := range [][]string{{"plan", "-"}, {"plan", "--demo"}, {"version"}} {
			var stderr bytes.Buffer
			env := Env{Stdin: mined{}, Stdout: mined{}, Stderr: &stderr, Getenv: func(name string) string {
				return map[string]string{debugVariable: debug}[name]
			}}
			if got := Main(t.Context(), env, args); got != failed {
				t.Errorf("%q: status %d, want %d", args, got, failed)
			}
			line, stack, _ := strings.Cut(stderr.String(), "\n")
			if i := strings.LastIndex(stderr.String(), "sluice: this is"); i >= 0 { // behind the demo's warnings
				line, stack, _ = strings.Cut(stderr.String()[i:], "\n")
			}
			const want = `sluice: this is a mistake in sluice (a\u001b[31m mistake): please report it at https://`
			if !strings.HasPrefix(line, want) {
				t.Errorf("%q: %q, want %q …", args, line, want)
			}
			if asked := debug != ""; asked != strings.Contains(stack, "cli.mined.") || !asked && stack != "" {
				t.Errorf("%q, %s=%q: %q behind the line", args, debugVariable, debug, stack)
			}
		}
	}
}

// broken is standard output whose reader has gone, or whose disk is full.
type broken struct{ err error }

func (b broken) Write([]byte) (int, error) { return 0, b.err }

func TestBrokenOutput(t *testing.T) {
	for _, args := range [][]string{
		{"plan", "--demo"}, {"plan", "--demo", "-o", "json"}, {"plan", "--demo", "-o", "contest"}, {"plan", "--demo", "-o", "patch"},
		{"graph", "--demo"}, {"graph", "--demo", "-o", "dot"}, {"crs", "--demo"}, {"crs", "--demo", "-o", "json"}, {"version"},
	} {
		for err, want := range map[error]int{syscall.EPIPE: 0, syscall.ENOSPC: 1} {
			var stderr bytes.Buffer
			if got := Main(t.Context(), Env{Stdout: broken{err}, Stderr: &stderr}, args); got != want {
				t.Errorf("%q: status %d when writing fails with %v, want %d", args, got, err, want)
			}
			if told := strings.Contains(stderr.String(), "sluice: "); told != (want != 0) {
				t.Errorf("%q: %v is told as %q", args, err, stderr.String())
			}
		}
	}
}

// TestZeroEnv: an Env with nothing in it is enough for every command to run.
func TestZeroEnv(t *testing.T) {
	if got := Main(t.Context(), Env{}, []string{"plan", "--demo"}); got != 0 {
		t.Errorf("status %d", got)
	}
	if got := Main(t.Context(), Env{}, []string{"plan", "-"}); got != 2 {
		t.Errorf("status %d for an empty input, want 2", got)
	}
}

// TestColourOnlyOnTerminals: a file is none, whatever the environment says.
func TestColourOnlyOnTerminals(t *testing.T) {
	f, err := os.Create(filepath.Join(t.TempDir(), "out"))
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	e := Env{Stdout: f, Getenv: func(string) string { return "xterm" }}
	if e.colour(f) || e.colour(&bytes.Buffer{}) {
		t.Error("colours for a file or a buffer")
	}
}

// TestProgress: a large log is told about on one line, which is gone at the end; a
// small one, or one of unknown size, is not.
func TestProgress(t *testing.T) {
	var b bytes.Buffer
	now := time.Unix(0, 0)
	p := newProgress(&b, func() time.Time { return now })
	p.show(accesslog.Progress{Bytes: 10, Size: 1000})
	p.show(accesslog.Progress{Bytes: 90e6, Size: -1})
	p.clear()
	if b.Len() > 0 {
		t.Errorf("small logs are told about: %q", b.String())
	}
	now = time.Unix(2, 0)
	for at, want := range map[accesslog.Progress]string{
		{Bytes: 50e6, Size: 200e6, Lines: 7}: "\rreading the log: 50 of 200 MB [#####               ], 7 lines, 25 MB/s, 6 s left\x1b[K",
		{Bytes: 150e6, Size: -1, Lines: 9}:   "\rreading the log: 150 MB, 9 lines, 75 MB/s\x1b[K",
	} {
		b.Reset()
		if p.show(at); b.String() != want {
			t.Errorf("got %q, want %q", b.String(), want)
		}
	}
	b.Reset()
	p.clear()
	if b.String() != "\r\x1b[K" {
		t.Errorf("the line is cleared by %q", b.String())
	}
	var o optimize.Options
	(&Env{Stderr: &b}).watch(&o)
	if o.Log.OnProgress != nil {
		t.Error("what is no terminal is told about progress")
	}
}

// TestTuningDefaults: the help repeats the defaults that crgen has.
func TestTuningDefaults(t *testing.T) {
	cmd := &cobra.Command{}
	new(tuning).flags(cmd)
	for flag, want := range map[string]any{
		"istio-api": crgen.DefaultAPIVersion, "label-key": crgen.DefaultLabelKey, "cluster-domain": crgen.DefaultClusterDomain,
		"namespace": crgen.DefaultNamespace, "root-namespace": crgen.DefaultRootNamespace, "min-requests": crgen.DefaultMinRequests,
		"keep-rounds": crgen.DefaultKeepRounds,
	} {
		if usage := cmd.Flags().Lookup(flag).Usage; !strings.HasSuffix(usage, fmt.Sprintf("(default %v)", want)) {
			t.Errorf("--%s: %q does not end with the default %v", flag, usage, want)
		}
	}
}

// TestHelpEverywhere: each command says in a sentence or more what it does, and
// shows how.
func TestHelpEverywhere(t *testing.T) {
	env := Env{}
	env.fill()
	for _, c := range newRoot(&env).Commands() {
		if c.Name() == "completion" || c.Name() == "help" {
			continue // cobra's own texts
		}
		if c.Short == "" || len(c.Long) < 60 || !strings.Contains(c.Example, "sluice "+c.Name()) {
			t.Errorf("%s: short %q, long of %d bytes, example %q", c.Name(), c.Short, len(c.Long), c.Example)
		}
	}
}
