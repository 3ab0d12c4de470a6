package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"

	"github.com/sluice-mesh/sluice/internal/optimize"
	"github.com/sluice-mesh/sluice/internal/request"
)

// maxRequest is the largest REQUEST.json that is read: the server's cap on a body.
const maxRequest = 64 << 20

// input is the flags and the argument that say which request a command is about.
type input struct {
	demo bool
}

// flags adds them to cmd.
func (in *input) flags(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&in.demo, "demo", false, "use the embedded capture instead of a REQUEST.json")
}

// options of a run.
func (in *input) options() optimize.Options { return optimize.Options{} }

// args accepts one REQUEST.json, or none with --demo.
func (in *input) args(cmd *cobra.Command, args []string) error {
	switch {
	case in.demo && len(args) > 0:
		return usagef("--demo takes no REQUEST.json, but there is %q: leave one of them out", args[0])
	case in.demo:
		return nil
	case len(args) == 0:
		return usagef("no REQUEST.json: name one, '-' for standard input, or try '%s --demo'", cmd.CommandPath())
	case len(args) > 1:
		return usagef("one REQUEST.json is wanted, but there are %d: %q comes after the first", len(args), args[1])
	}
	return nil
}

// request reads what args or --demo name.
func (in *input) request(ctx context.Context, env *Env, args []string) (*request.Request, error) {
	if in.demo {
		return nil, errors.New("the demo has not landed yet")
	}
	return load(ctx, env, args[0])
}

// load reads a REQUEST.json, "-" being standard input, and takes a relative
// accesslog_path in it from the file's folder.
func load(ctx context.Context, env *Env, name string) (*request.Request, error) {
	body, err := slurp(ctx, env, name)
	if err != nil {
		return nil, err
	}
	req, err := request.Decode(body)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	if name != "-" && req.AccessLog != "" && !filepath.IsAbs(req.AccessLog) {
		req.AccessLog = filepath.Join(filepath.Dir(name), req.AccessLog)
	}
	return req, nil
}

// slurp reads all of the input, which may be a pipe that never ends or never
// begins: it stops at maxRequest, and when ctx does.
func slurp(ctx context.Context, env *Env, name string) ([]byte, error) {
	type result struct {
		body []byte
		err  error
	}
	got := make(chan result, 1)
	go func() {
		body, err := readInput(env, name)
		got <- result{body, err}
	}()
	select {
	case <-ctx.Done():
		return nil, ctx.Err()
	case r := <-got:
		return r.body, r.err
	}
}

func readInput(env *Env, name string) ([]byte, error) {
	in := env.Stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, unreadable(err)
		}
		defer f.Close()
		in = f
	}
	body, err := io.ReadAll(io.LimitReader(in, maxRequest+1))
	if err != nil {
		return nil, unreadable(err)
	}
	if len(body) > maxRequest {
		return nil, &request.Error{Problem: fmt.Sprintf(
			"%s is longer than %d MB, which is more than any request: name the file with containers and limits, not the access log", name, maxRequest>>20)}
	}
	return body, nil
}

// unreadable says what to do about a file that cannot be read.
func unreadable(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%w: name a REQUEST.json (the body of POST /optimize), '-' for standard input, or use --demo", err)
	}
	return err
}
