package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"

	"github.com/spf13/cobra"

	"github.com/sluice-mesh/sluice/internal/demo"
	"github.com/sluice-mesh/sluice/internal/mishap"
	"github.com/sluice-mesh/sluice/internal/optimize"
	"github.com/sluice-mesh/sluice/internal/request"
)

// maxRequest is the largest REQUEST.json that is read: the server's cap on a body.
const maxRequest = 64 << 20

// input is the flags and the argument that say which request a command is about.
type input struct {
	demo bool
	logs logs
}

// flags adds them to cmd.
func (in *input) flags(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&in.demo, "demo", false, "use the embedded capture instead of a REQUEST.json")
	in.logs.flags(cmd)
}

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
		req := demo.Request()
		req.OpenLog = demo.Open
		return req, nil
	}
	return load(ctx, env, args[0])
}

// round reads the request, and has o read the logs that flags or a glob name.
func (in *input) round(ctx context.Context, env *Env, args []string, o *optimize.Options) (*request.Request, error) {
	if len(args) > 0 && args[0] == "-" && slices.Contains(in.logs.names, "-") {
		return nil, usagef("standard input can be REQUEST.json or the log, not both")
	}
	req, err := in.request(ctx, env, args)
	if err != nil {
		return nil, err
	}
	return req, in.logs.apply(ctx, env, req, o)
}

// load reads a REQUEST.json, "-" being standard input, and takes a relative
// accesslog_path in it from the file's folder.
func load(ctx context.Context, env *Env, name string) (*request.Request, error) {
	req, err := within(ctx, func() (*request.Request, error) { return decode(env, name) })
	if err != nil {
		return nil, err
	}
	if name != "-" && req.AccessLog != "" && !filepath.IsAbs(req.AccessLog) {
		req.AccessLog = filepath.Join(filepath.Dir(name), req.AccessLog)
	}
	return req, nil
}

// within returns what f does, or ctx's error where that comes first: f may wait
// for a pipe that nobody writes to, and is then left behind.
func within[T any](ctx context.Context, f func() (T, error)) (T, error) {
	type result struct {
		value T
		err   error
	}
	got := make(chan result, 1)
	go func() {
		var r result
		r.err = mishap.Guard(func() (err error) {
			r.value, err = f()
			return err
		})
		got <- r
	}()
	select {
	case <-ctx.Done():
		var none T
		return none, ctx.Err()
	case r := <-got:
		return r.value, r.err
	}
}

// decode reads the request in the file of that name.
func decode(env *Env, name string) (*request.Request, error) {
	in := env.Stdin
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return nil, unreadable(err)
		}
		defer f.Close()
		in = f
	}
	body := &io.LimitedReader{R: in, N: maxRequest + 1}
	req, err := request.Read(body)
	var wrong *request.Error
	switch {
	case err == nil:
		return req, nil
	case body.N <= 0:
		return nil, &request.Error{TooLarge: true, Problem: fmt.Sprintf(
			"%s is longer than the %d MB that a request may have: name the file with containers and limits, not the access log", name, maxRequest>>20)}
	case errors.As(err, &wrong):
		return nil, fmt.Errorf("%s: %w", name, err)
	}
	return nil, unreadable(err)
}

// unreadable says what to do about a file that cannot be read.
func unreadable(err error) error {
	if errors.Is(err, os.ErrNotExist) {
		return fmt.Errorf("%w: name a REQUEST.json (the body of POST /optimize), '-' for standard input, or use --demo", err)
	}
	return err
}
