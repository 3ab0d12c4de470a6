package api

import (
	"fmt"
	"io/fs"
	"net/http"
	"os"
	"path/filepath"
	"strings"

	"github.com/sluice-mesh/sluice/internal/request"
)

// logRoot is the folder that logs must lie in.
type logRoot struct {
	root *os.Root
	// given is the folder as it was named, made absolute; real is where it is.
	given, real string
}

func openLogRoot(dir string) (*logRoot, error) {
	given, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("the log root: %w", err)
	}
	real, err := filepath.EvalSymlinks(given)
	if err != nil {
		return nil, fmt.Errorf("the log root cannot be used: %w", err)
	}
	root, err := os.OpenRoot(real)
	if err != nil {
		return nil, fmt.Errorf("the log root cannot be opened: %w", err)
	}
	return &logRoot{root, given, real}, nil
}

func (l *logRoot) close() error { return l.root.Close() }

// maxLinks is how many links are followed, as many as the kernel does.
const maxLinks = 40

// within finds where path leads, as a name below the root that has no link in it;
// opening it through root makes sure that this is still so then. What leads out of
// the root is refused, in the same words whether it exists or not. What is missing
// inside is no error here.
func (l *logRoot) within(path string) (string, error) {
	rest, ok := l.below(path)
	if !ok {
		return "", outside(path)
	}
	done := "."
	for links := 0; rest != "."; {
		first, others, _ := strings.Cut(rest, string(filepath.Separator))
		if others == "" {
			others = "."
		}
		next := filepath.Join(done, first)
		info, err := l.root.Lstat(next)
		if err != nil { // missing, or no folder: who reads it will say so
			return filepath.Join(next, others), nil
		}
		if info.Mode()&fs.ModeSymlink == 0 {
			done, rest = next, others
			continue
		}
		if links++; links > maxLinks {
			return filepath.Join(next, others), nil
		}
		target, ok := l.follow(done, next)
		if !ok {
			return "", outside(path)
		}
		done, rest = ".", filepath.Join(target, others)
	}
	return done, nil
}

// below is path as a name below the root, by its letters alone.
func (l *logRoot) below(path string) (name string, ok bool) {
	if !filepath.IsAbs(path) {
		return "", false
	}
	for _, base := range []string{l.given, l.real} {
		if name, err := filepath.Rel(base, path); err == nil && filepath.IsLocal(name) {
			return name, true
		}
	}
	return "", false
}

// follow is where the link at name, which is in dir, leads; false where that is
// outside.
func (l *logRoot) follow(dir, name string) (string, bool) {
	target, err := l.root.Readlink(name)
	if err != nil {
		return "", false // it was a link a moment ago: somebody is playing
	}
	if !filepath.IsAbs(target) {
		target = filepath.Join(l.real, dir, target)
	}
	return l.below(target)
}

func outside(path string) error {
	return refuse(http.StatusForbidden, "accesslog_path: %s leads outside the folder that logs may be read from, expected an absolute path inside it (the server's --log-root)", request.Quote(path))
}
