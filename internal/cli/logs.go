package cli

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice-mesh/sluice/internal/accesslog"
	"github.com/sluice-mesh/sluice/internal/optimize"
	"github.com/sluice-mesh/sluice/internal/request"
)

// logs is the flags that say which logs to read, and how.
type logs struct {
	names []string
	fields
}

func (l *logs) flags(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&l.names, "log", nil, "read this `LOG`, partial reading, glob or '-' instead of the request's accesslog_path; may be repeated")
	l.fields.flags(cmd)
}

// apply has o read the logs of the flags or, where accesslog_path is a glob, what
// that names.
func (l *logs) apply(ctx context.Context, env *Env, req *request.Request, o *optimize.Options) error {
	if err := l.fields.apply(&o.Log); err != nil {
		return err
	}
	names := l.names
	if len(names) == 0 && req.OpenLog == nil && isGlob(req.AccessLog) {
		if found, err := filepath.Glob(req.AccessLog); err == nil && len(found) > 0 {
			names = []string{req.AccessLog}
		}
	}
	var err error
	if o.Logs, err = sources(ctx, env, names); err != nil {
		return err
	}
	saveMemory(o.Logs, req.AccessLog)
	return nil
}

// sources are the logs that names mean: files, pipes, globs, or "-".
func sources(ctx context.Context, env *Env, names []string) ([]accesslog.Source, error) {
	var all []accesslog.Source
	stdin := false
	for _, name := range names {
		if name == "-" {
			if stdin {
				return nil, usagef("standard input is named twice")
			}
			stdin = true
			all = append(all, pipe(ctx, "standard input", func() (io.ReadCloser, error) { return io.NopCloser(env.Stdin), nil }))
			continue
		}
		paths, err := expand(name)
		if err != nil {
			return nil, err
		}
		for _, path := range paths {
			s, err := logFile(ctx, path)
			if err != nil {
				return nil, err
			}
			all = append(all, s)
		}
	}
	return all, nil
}

// isGlob tells whether name stands for others: no file has that name itself.
func isGlob(name string) bool {
	_, err := os.Lstat(name)
	return err != nil && strings.ContainsAny(name, "*?[")
}

func expand(name string) ([]string, error) {
	if !isGlob(name) {
		return []string{name}, nil
	}
	paths, err := filepath.Glob(name)
	if err != nil {
		return nil, usagef("%s: %v", name, err)
	}
	if len(paths) == 0 {
		return nil, fmt.Errorf("%s: no file has such a name", name)
	}
	return paths, nil
}

// logFile is the log at path, up to its size at opening, or the pipe that is there.
func logFile(ctx context.Context, path string) (accesslog.Source, error) {
	info, err := os.Stat(path)
	switch {
	case err != nil:
		return accesslog.Source{}, err
	case info.IsDir():
		return accesslog.Source{}, fmt.Errorf("%s is a folder: name the logs in it, such as %s", path, filepath.Join(path, "*.log"))
	case !info.Mode().IsRegular():
		return pipe(ctx, path, func() (io.ReadCloser, error) { return os.Open(path) }), nil
	}
	return accesslog.Source{Name: path, Size: info.Size(), Open: func() (io.ReadCloser, error) {
		f, err := os.Open(path)
		if err != nil {
			return nil, err
		}
		return limited{io.LimitReader(f, info.Size()), f}, nil
	}}, nil
}

type limited struct {
	io.Reader
	io.Closer
}

// pipe is a log of unknown length whose writer may keep us waiting: a goroutine
// waits in our place, and is left behind when ctx ends.
func pipe(ctx context.Context, name string, open func() (io.ReadCloser, error)) accesslog.Source {
	return accesslog.Source{Name: name, Size: -1, Open: func() (io.ReadCloser, error) {
		r, w := io.Pipe()
		stop := context.AfterFunc(ctx, func() { w.CloseWithError(ctx.Err()) })
		go func() {
			defer stop()
			in, err := open()
			if err == nil {
				_, err = io.CopyBuffer(struct{ io.Writer }{w}, struct{ io.Reader }{in}, make([]byte, 256<<10))
				err = errors.Join(err, in.Close())
			}
			w.CloseWithError(err) // nil is the end of the log
		}()
		return r, nil
	}}
}

// fields is the flag for logs whose fields have names of their own.
type fields struct{ given []string }

func (f *fields) flags(cmd *cobra.Command) {
	cmd.Flags().StringArrayVar(&f.given, "field", nil, "the log's own name for a field as `NAME=FIELD`, such as dst=upstream_host; may be repeated")
}

func (f *fields) apply(o *accesslog.Options) error {
	if len(f.given) == 0 {
		return nil
	}
	o.Fields = make(map[string]string, len(f.given))
	for _, given := range f.given {
		at := strings.LastIndexByte(given, '=')
		if at < 0 {
			at = len(given)
		}
		name, field := given[:at], strings.TrimPrefix(given[at:], "=")
		if err := accesslog.CheckField(name, field); err != nil {
			return usagef("--field %s: %v", given, err)
		}
		o.Fields[name] = field
	}
	return nil
}
