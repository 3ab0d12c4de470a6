package api

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// yard is a log root with what can be in and around it.
func yard(t *testing.T) (root, outside string) {
	t.Helper()
	top := t.TempDir()
	root, outside = filepath.Join(top, "logs"), filepath.Join(top, "outside")
	for _, dir := range []string{filepath.Join(root, "a", "b"), outside, root + "-too"} {
		if err := os.MkdirAll(dir, 0o700); err != nil {
			t.Fatal(err)
		}
	}
	mesh(t, filepath.Join(root, "a"), 20)
	mesh(t, outside, 20)
	mesh(t, root+"-too", 20)
	for name, target := range map[string]string{
		"in": "a/accesslog", "in-abs": filepath.Join(root, "a", "accesslog"), "in-dir": "a", "a/b/up": "../accesslog", "a/b/round": "../../in-dir/b/up",
		"dangling-in": "a/nothing", "loop": "loop",
		"out": "../outside/accesslog", "out-abs": filepath.Join(outside, "accesslog"), "out-dir": outside, "out-root": "/", "proc": "/proc/self",
		"dangling-out": filepath.Join(outside, "nothing"), "chain": "out", "a/b/far": "../../../outside/accesslog", "sibling": "../logs-too/accesslog",
	} {
		if err := os.Symlink(target, filepath.Join(root, name)); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Symlink(root, filepath.Join(top, "alias")); err != nil {
		t.Fatal(err)
	}
	return root, outside
}

func TestLogRoot(t *testing.T) {
	root, outside := yard(t)
	alias := filepath.Join(filepath.Dir(root), "alias")
	for _, given := range []string{root, alias, root + "/", filepath.Join(root, "a", "..")} {
		r := start(t, Options{LogRoot: given})
		// Each is read, or is missing where nothing is.
		for _, path := range []string{"a/accesslog", "in", "in-abs", "in-dir/accesslog", "a/b/up", "a/b/round", "./a//accesslog", "a/../in", "a/b/../../in"} {
			if a := r.post(with("/nowhere", given+"/"+path)); a.status != 200 || !strings.Contains(string(r.get("/rounds/latest/graph").body), `"total":60`) {
				t.Errorf("%s/%s: %d, and it was not read", given, path, a.status)
			}
		}
		for _, path := range []string{"nothing", "nothing/more", "a", "a/accesslog/below", "dangling-in", "loop", "loop/x", "", ".", "a\\u0000b"} {
			if a := r.post(with("/nowhere", given+"/"+path)); a.status != 200 || !strings.Contains(string(r.get("/rounds/latest/graph").body), `"total":0`) {
				t.Errorf("%s/%s: %d, want 200 and nothing read", given, path, a.status)
			}
		}
		for _, path := range []string{
			root + "/out", root + "/out-abs", root + "/out-dir/accesslog", root + "/out-dir/nothing", root + "/out-dir", root + "/out-root/etc/passwd", root + "/proc/environ", root + "/dangling-out",
			root + "/chain", root + "/a/b/far", root + "/sibling", root + "/in-dir/b/far",
			root + "/../outside/accesslog", root + "/../outside/nothing", root + "/a/../../outside/accesslog", root + "/..", root + "-too/accesslog", outside + "/accesslog", outside + "/nothing", filepath.Dir(root),
			"/", "/etc/passwd", "/nowhere/at/all", "/proc/self/environ", "/proc/self/cwd", "/proc/self/root" + root + "/a/accesslog", "/dev/stdin", "//etc/passwd", "/dev/fd/0",
			"a/accesslog", "./a/accesslog", "../logs/a/accesslog", "accesslog", ".", "..", "~/x", "file://" + root + "/a/accesslog", "http://localhost/x", "FILE:///etc/passwd", "\\\\host\\share", "C:\\\\log",
		} {
			r.problem(path, r.post(with("/nowhere", strings.ReplaceAll(path, `\`, `\\`))), 403, "accesslog_path")
		}
	}
}

// The words for what is outside do not tell whether it is there.
func TestLogRootTellsNothing(t *testing.T) {
	root, outside := yard(t)
	r := start(t, Options{LogRoot: root})
	there, not := r.post(with("/nowhere", outside+"/accesslog")), r.post(with("/nowhere", outside+"/acce55log"))
	if strings.ReplaceAll(string(not.body), "acce55log", "accesslog") != string(there.body) {
		t.Errorf("%s\n%s", there.body, not.body)
	}
}

func TestLogRootMustBeThere(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	if err := os.WriteFile(file, nil, 0o600); err != nil {
		t.Fatal(err)
	}
	for _, dir := range []string{file, file + "/x", "/nowhere/at/all"} {
		if s, err := New(Options{LogRoot: dir}); err == nil {
			s.Close()
			t.Errorf("%s: no error", dir)
		} else if !strings.Contains(err.Error(), "log root") {
			t.Errorf("%s: %v", dir, err)
		}
	}
}

// A link that is turned to the outside after it was looked at is not followed.
func TestLogRootIsOpenedThroughTheRoot(t *testing.T) {
	root, outside := yard(t)
	l, err := openLogRoot(root)
	if err != nil {
		t.Fatal(err)
	}
	defer l.close()
	name, err := l.within(filepath.Join(root, "in-dir", "accesslog"))
	if err != nil || name != filepath.Join("a", "accesslog") {
		t.Fatalf("%q, %v", name, err)
	}
	if err := os.RemoveAll(filepath.Join(root, "a")); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(outside, filepath.Join(root, "a")); err != nil {
		t.Fatal(err)
	}
	if f, err := l.root.Open(name); err == nil {
		f.Close()
		t.Error("the outside was opened")
	}
}
