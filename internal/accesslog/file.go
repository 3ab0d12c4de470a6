package accesslog

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
	"syscall"
)

// system is the whole file system.
type system struct{}

func (system) Stat(name string) (fs.FileInfo, error) { return os.Stat(name) }

func (system) OpenFile(name string, flag int, perm fs.FileMode) (*os.File, error) {
	return os.OpenFile(name, flag, perm)
}

// ReadFile reads the log at path, up to its size at opening. A log that is
// missing, unreadable or not a regular file is an empty Reading with a warning,
// and one that is broken has a warning beside what could be read; the only error
// is ctx's.
//
// The file may grow, shrink or be replaced meanwhile: it is read and not mapped
// into memory, where a page that is gone would kill the process.
func ReadFile(ctx context.Context, path string, o Options) (*Reading, error) {
	o = o.withDefaults()
	f, size, err := open(o.Files, path)
	if err != nil {
		return nothing(path, err, o), ctx.Err()
	}
	defer f.Close()
	return Read(ctx, io.LimitReader(f, size), size, o)
}

// nothing is the Reading of a log that cannot be read at all.
func nothing(path string, err error, o Options) *Reading {
	if errors.Is(err, errAbsent) && strings.ContainsAny(path, "*?[") {
		err = errGlob
	}
	if len(path) > 300 { // it comes from a request and goes into a page
		path = path[:300] + "…"
	}
	return &Reading{
		Builder:  o.builder(),
		Warnings: []string{fmt.Sprintf("the access log %q %v; nothing was read from it", path, err)},
	}
}

// open opens a regular file and tells its size. It looks before it opens, because
// opening a device or a pipe can itself do something, and looks again after,
// because another file may have come into its place; meanwhile O_NONBLOCK keeps
// the opening of a pipe from waiting for a writer.
func open(files Files, path string) (f *os.File, size int64, err error) {
	info, err := files.Stat(path)
	if err == nil {
		err = regular(info)
	}
	if err != nil {
		return nil, 0, plainly(err)
	}
	if f, err = files.OpenFile(path, os.O_RDONLY|syscall.O_NONBLOCK, 0); err != nil {
		return nil, 0, plainly(err)
	}
	if info, err = f.Stat(); err == nil {
		err = regular(info)
	}
	if err != nil {
		f.Close()
		return nil, 0, plainly(err)
	}
	return f, info.Size(), nil
}

var (
	errAbsent = errors.New("does not exist")
	// errGlob: a server that looked for files would tell which there are, and read as
	// many of them as somebody likes.
	errGlob = errors.New("is no file, and globs are taken on the command line alone, where files have such names; 'sluice aggregate' makes several logs one partial reading")
)

// plainly says what is wrong with a path without the path itself.
func plainly(err error) error {
	var at *fs.PathError
	switch {
	case errors.Is(err, fs.ErrNotExist):
		return errAbsent
	case errors.Is(err, fs.ErrPermission):
		return errors.New("may not be read by this process")
	case errors.As(err, &at):
		return fmt.Errorf("cannot be opened: %w", at.Err)
	}
	return err
}

// regular says what a file is that is not a regular one.
func regular(info fs.FileInfo) error {
	what := "something special"
	switch mode := info.Mode(); {
	case mode.IsRegular():
		return nil
	case mode.IsDir():
		what = "a folder"
	case mode&fs.ModeNamedPipe != 0:
		what = "a pipe"
	case mode&fs.ModeSocket != 0:
		what = "a socket"
	case mode&fs.ModeDevice != 0:
		what = "a device"
	}
	return fmt.Errorf("is %s, not a regular file", what)
}
