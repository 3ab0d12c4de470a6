package rounds

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// smallDisk is a folder on a disk of so many bytes, all its own.
func smallDisk(t *testing.T, options string) string {
	t.Helper()
	dir := t.TempDir()
	if err := syscall.Mount("sluice-test", dir, "tmpfs", 0, options); err != nil {
		t.Skipf("a small disk needs leave to mount one: %v", err)
	}
	t.Cleanup(func() {
		if err := syscall.Unmount(dir, 0); err != nil {
			t.Errorf("the small disk stays: %v", err)
		}
	})
	return dir
}

// crash ends a store as kill -9 does: nothing is written any more.
func (s *Store) crash() {
	s.folder.given.Close()
	s.folder.lock.Close()
}

// On a full disk rounds are answered, and no number is given twice, crash or not; when
// there is room again they are written.
func TestFullDisk(t *testing.T) {
	dir := smallDisk(t, "size=32k") // eight pages
	s := open(t, Options{Dir: dir})
	saved, n := 0, 0
	for s.Pending() < 3 {
		n++
		if r := add(t, s, observed(uint64(n), "a")); r.Unsaved == nil {
			saved = n
		}
	}
	if saved == 0 || saved != n-3 {
		t.Fatalf("%d rounds of %d were written: this test needs another disk", saved, n)
	}
	s.crash()

	s = open(t, Options{Dir: dir})
	if got := s.Numbers(); len(got) != saved {
		t.Errorf("after a crash there are rounds %v, want %d of them", got, saved)
	}
	next := add(t, s, observed(99, "a"))
	if next.Number != n+1 || next.Unsaved == nil {
		t.Errorf("the next round is %d (%v), want %d: %d to %d were given", next.Number, next.Unsaved, n+1, saved+1, n)
	}
	if err := os.Remove(s.folder.path(1)); err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil || s.Pending() != 0 {
		t.Errorf("with room there are %d rounds unwritten: %v", s.Pending(), err)
	}
	s = open(t, Options{Dir: dir})
	if r := add(t, s, observed(100, "a")); r.Number != n+2 {
		t.Errorf("after all that the next is %d, want %d", r.Number, n+2)
	}
}

// A disk that was full from the start has no room for the mark. Once it has, numbers
// are safe.
func TestFullFromTheStart(t *testing.T) {
	dir := smallDisk(t, "size=8k")
	ballast := filepath.Join(dir, "ballast")
	write(t, ballast, make([]byte, 8<<10))
	s := open(t, Options{Dir: dir})
	r := add(t, s, observed(1, "a"))
	if r.Unsaved == nil || !strings.Contains(r.Unsaved.Error(), "number of round 1 cannot be kept") {
		t.Errorf("unsaved: %v", r.Unsaved)
	}
	if err := os.Truncate(ballast, 4<<10); err != nil {
		t.Fatal(err)
	}
	// One page is enough for the mark, not for a round and what writing it takes.
	write(t, filepath.Join(dir, "more"), nil)
	if err := s.folder.mark(1); err != nil {
		t.Errorf("with a page: %v", err)
	}
	s.crash()
	s = open(t, Options{Dir: dir})
	if r := add(t, s, observed(2, "a")); r.Number != 2 {
		t.Errorf("after a crash the next is %d, want 2", r.Number)
	}
}

// A mark that is none of ours is put aside, with its bytes, and told.
func TestForeignMark(t *testing.T) {
	for _, text := range []string{"", "x", "sluice-numbers 2\nlast 000000000000007\n", "sluice-numbers 1\nlast 000000000000007\nmore", strings.Repeat("y", 1<<20)} {
		dir, _ := fill(t, 2)
		write(t, filepath.Join(dir, markName), []byte(text))
		s, warnings, err := Open(Options{Dir: dir, Now: fixed})
		if err != nil {
			t.Fatal(err)
		}
		if len(warnings) != 1 || !strings.Contains(warnings[0], markName+".kept-1") {
			t.Errorf("%.30q: warnings %q", text, warnings)
		}
		if kept, err := os.ReadFile(filepath.Join(dir, markName+".kept-1")); err != nil || string(kept) != text {
			t.Errorf("%.30q is kept as %.30q, %v", text, kept, err)
		}
		if r := add(t, s, observed(9, "a")); r.Number != 3 {
			t.Errorf("%.30q: the next round is %d, want 3", text, r.Number)
		}
		s.Close()
	}
}
