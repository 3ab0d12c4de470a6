package accesslog

import (
	"context"
	"errors"
	"io/fs"
	"net"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// readPath reads a file within a few seconds, or the test fails.
func readPath(t *testing.T, path string, o Options) *Reading {
	t.Helper()
	type result struct {
		r   *Reading
		err error
	}
	done := make(chan result, 1)
	go func() {
		r, err := ReadFile(context.Background(), path, o)
		done <- result{r, err}
	}()
	select {
	case got := <-done:
		if got.err != nil {
			t.Fatalf("%s: %v", path, got.err)
		}
		if got.r.Builder == nil {
			t.Fatalf("%s: a Reading without a Builder", path)
		}
		return got.r
	case <-time.After(10 * time.Second):
		t.Fatalf("%s: no answer within 10 s", path)
	}
	return nil
}

func write(t *testing.T, path, text string) string {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}

func TestFilesThatAreNoLogs(t *testing.T) {
	dir := t.TempDir()
	in := func(name string) string { return filepath.Join(dir, name) }
	if err := syscall.Mkfifo(in("pipe"), 0o600); err != nil {
		t.Fatal(err)
	}
	l, err := net.Listen("unix", in("socket"))
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	for name, target := range map[string]string{"to-folder": dir, "to-pipe": in("pipe"), "dangling": in("nowhere"), "loop": in("loop"), "to-zero": "/dev/zero"} {
		if err := os.Symlink(target, in(name)); err != nil {
			t.Fatal(err)
		}
	}
	write(t, in("locked"), good("a"))
	if err := os.Chmod(in("locked"), 0); err != nil {
		t.Fatal(err)
	}
	write(t, in("empty"), "")
	f := func(path, want string) {
		t.Helper()
		r := readPath(t, path, Options{})
		if len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], want) || r.Total != 0 {
			t.Errorf("%.100q: %+v, want one warning with %q", path, r, want)
		}
	}
	f(in("nowhere"), "does not exist")
	f(in("now*here.log"), "globs are taken on the command line alone")
	f("", "does not exist")
	f(dir, "is a folder, not a regular file")
	f(in("to-folder"), "is a folder")
	f(in("pipe"), "is a pipe")
	f(in("to-pipe"), "is a pipe")
	f(in("socket"), "is a socket")
	f("/dev/zero", "is a device")
	f("/dev/null", "is a device")
	f(in("to-zero"), "is a device")
	f(in("dangling"), "does not exist")
	f(in("loop"), "too many levels")
	f(in("empty"), "is empty")
	f(in("empty")+"/x", "cannot be opened: not a directory")
	f("a\x00b", "cannot be opened: invalid argument")
	f("/"+strings.Repeat("x/", 100_000), "cannot be opened: file name too long")
	f("/proc/self/environ", "is empty") // has no size, so nothing of it is read
	if os.Geteuid() != 0 {
		f(in("locked"), "may not be read")
	}
	for _, w := range readPath(t, "/"+strings.Repeat("x/", 100_000), Options{}).Warnings {
		if len(w) > 1000 {
			t.Errorf("a long path makes a warning of %d bytes", len(w))
		}
	}
}

func TestRootConfines(t *testing.T) {
	outside, inside := t.TempDir(), t.TempDir()
	write(t, filepath.Join(outside, "secret"), good("secret")+"\n")
	write(t, filepath.Join(inside, "log"), good("a")+"\n")
	if err := os.Symlink(filepath.Join(outside, "secret"), filepath.Join(inside, "link")); err != nil {
		t.Fatal(err)
	}
	root, err := os.OpenRoot(inside)
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	if r := readPath(t, "log", Options{Files: root}); r.Bytes == 0 || len(r.Warnings) != 0 {
		t.Errorf("a log inside the root: %+v", r)
	}
	for _, path := range []string{"link", "../" + filepath.Base(outside) + "/secret", filepath.Join(outside, "secret"), filepath.Join(inside, "log")} {
		if r := readPath(t, path, Options{Files: root}); r.Total != 0 || len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "escapes") {
			t.Errorf("%s is outside the root and came out as %+v", path, r)
		}
	}
}

// meddler is a file system where something happens between the two looks at a file.
type meddler struct {
	system
	before func()
}

func (m meddler) OpenFile(name string, flag int, perm fs.FileMode) (*os.File, error) {
	m.before()
	return m.system.OpenFile(name, flag, perm)
}

func TestFileReplacedBeforeOpening(t *testing.T) {
	path := write(t, filepath.Join(t.TempDir(), "log"), good("a")+"\n")
	r := readPath(t, path, Options{Files: meddler{before: func() {
		if err := errors.Join(os.Remove(path), syscall.Mkfifo(path, 0o600)); err != nil {
			t.Error(err)
		}
	}}})
	if len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "is a pipe") {
		t.Errorf("a pipe in the place of a file: %q", r.Warnings)
	}
}

// onFirstBlock reads a large file and does something once part of it is read.
func onFirstBlock(t *testing.T, path string, do func()) *Reading {
	t.Helper()
	did := false
	return readPath(t, path, Options{Workers: 1, block: 4096, OnProgress: func(Progress) {
		if !did {
			do()
		}
		did = true
	}})
}

func TestFileChangesWhileRead(t *testing.T) {
	const lines = 5000
	log := strings.Repeat(good("a")+"\n", lines)
	fresh := func() string { return write(t, filepath.Join(t.TempDir(), "log"), log) }
	path := fresh()
	r := onFirstBlock(t, path, func() {
		f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
		if err != nil {
			t.Fatal(err)
		}
		defer f.Close()
		if _, err := f.WriteString(log); err != nil {
			t.Error(err)
		}
	})
	if r.Total != lines || len(r.Warnings) != 0 {
		t.Errorf("a file that grows: %d lines %q, want the %d it had at opening", r.Total, r.Warnings, lines)
	}
	path = fresh()
	r = onFirstBlock(t, path, func() {
		if err := os.Truncate(path, 300_000); err != nil {
			t.Error(err)
		}
	})
	if r.Total == 0 || r.Total >= lines || len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "shrank") {
		t.Errorf("a file that shrinks: %d lines %q", r.Total, r.Warnings)
	}
	path = fresh()
	r = onFirstBlock(t, path, func() {
		if err := errors.Join(os.Remove(path), os.WriteFile(path, []byte("another"), 0o600)); err != nil {
			t.Error(err)
		}
	})
	if r.Total != lines || len(r.Warnings) != 0 {
		t.Errorf("a file that is replaced: %d lines %q, want the %d of the one opened", r.Total, r.Warnings, lines)
	}
}
