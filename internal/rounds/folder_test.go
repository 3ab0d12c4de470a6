package rounds

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// fill makes a folder with n rounds and closes it.
func fill(t *testing.T, n int) (dir string, rounds []*Round) {
	t.Helper()
	dir = filepath.Join(t.TempDir(), "deep", "state")
	s := open(t, Options{Dir: dir})
	for i := range n {
		rounds = append(rounds, add(t, s, observed(uint64(i), "a", "b")))
	}
	s.Close()
	return dir, rounds
}

// bytesOf reads all files of a folder.
func bytesOf(t *testing.T, dir string) map[string][]byte {
	t.Helper()
	all := make(map[string][]byte)
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range entries {
		if all[e.Name()], err = os.ReadFile(filepath.Join(dir, e.Name())); err != nil {
			t.Fatal(err)
		}
	}
	return all
}

// A store that is opened again goes on as if it had never been closed.
func TestOpenAgain(t *testing.T) {
	for stop := range 9 {
		dir, _ := fill(t, 0)
		a, b := open(t, Options{}), open(t, Options{Dir: dir})
		for i, evidence := range []uint64{1, 2, 1, 1, 3, 3, 2, 1, 2} {
			if i == stop {
				b.Close()
				b = open(t, Options{Dir: dir})
			}
			for _, mesh := range []string{"x", "y"} {
				obs := observed(evidence, mesh)
				if d := cmp.Diff(add(t, a, obs), add(t, b, obs)); d != "" {
					t.Errorf("stopped before round %d: -never stopped +opened again\n%s", i+1, d)
				}
			}
		}
		for _, n := range a.Numbers() {
			ra, _ := a.Get(n)
			rb, err := b.Get(n)
			if d := cmp.Diff(ra, rb); d != "" || err != nil {
				t.Errorf("round %d: %v %s", n, err, d)
			}
		}
	}
}

// damages are what can become of a round's file, each with a word of the warning.
var damages = []struct {
	name, says string
	damage     func([]byte) []byte
}{
	{"empty", "its beginning is lost", func([]byte) []byte { return nil }},
	{"cut in the first line", "its beginning is lost|torn", func(b []byte) []byte { return b[:9] }},
	{"cut after the version", "torn", func(b []byte) []byte { return b[:20] }},
	{"cut in the middle", "torn", func(b []byte) []byte { return b[:len(b)/2] }},
	{"cut by a byte", "torn", func(b []byte) []byte { return b[:len(b)-1] }},
	{"a byte more", "torn", func(b []byte) []byte { return append(b, 0) }},
	{"a bit turned", "torn", func(b []byte) []byte { b[len(b)-10] ^= 4; return b }},
	{"zeros", "its beginning is lost", func(b []byte) []byte { return make([]byte, len(b)) }},
	{"of a later version", `version "2"`, func(b []byte) []byte { return bytes.Replace(b, []byte(" 1 "), []byte(" 2 "), 1) }},
	{"foreign", "no round of sluice", func([]byte) []byte { return []byte(`{"round": 3}`) }},
	{"foreign and long", "no round of sluice", func([]byte) []byte { return bytes.Repeat([]byte("x"), 1<<20) }},
	{"another round", "holds round 1", func([]byte) []byte {
		b, _ := (&record{Number: 1, memory: []byte("{}")}).encode()
		return b
	}},
	{"sections too long", "sections", func([]byte) []byte { return sealed(`{"number": 2, "sizes": [1, 2, 3, 4]}` + "\n") }},
	{"a section beyond reason", "larger", func([]byte) []byte { return sealed(`{"number": 2, "sizes": [1, 99999999999]}` + "\n1") }},
	{"a header without an end", "header", func([]byte) []byte { return sealed(strings.Repeat(" ", 1<<20)) }},
	{"a header that is none", "header", func([]byte) []byte { return sealed("7\n") }},
	{"a negative section", "sections", func([]byte) []byte { return sealed(`{"number": 2, "sizes": [-1]}` + "\n") }},
	{"a memory that is none", "taught", func([]byte) []byte { return sealed(`{"number": 2, "sizes": [0, 0, 0, 1]}` + "\n7") }},
	{"not packed", "unpack", func([]byte) []byte { return fmt.Appendf(nil, "%s %s %s\nplain", magic, version, sum([]byte("plain"))) }},
}

// sealed is a file with a checksum that is right.
func sealed(plain string) []byte {
	packed := pack([]byte(plain))
	return append(fmt.Appendf(nil, "%s %s %s\n", magic, version, sum(packed)), packed...)
}

func TestOpenPutsAside(t *testing.T) {
	for _, c := range damages {
		dir, rounds := fill(t, 3)
		path := filepath.Join(dir, "round-00000002.sluice")
		good, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		broken := c.damage(good)
		write(t, path, broken)
		write(t, path+".kept-1", []byte("somebody was here before"))
		write(t, filepath.Join(dir, "notes.txt"), []byte("mine"))

		s, warnings, err := Open(Options{Dir: dir})
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		said := false
		for w := range strings.SplitSeq(c.says, "|") {
			said = said || len(warnings) == 1 && strings.Contains(warnings[0], w) && strings.Contains(warnings[0], path)
		}
		if !said {
			t.Errorf("%s: warnings %q", c.name, warnings)
		}
		all := bytesOf(t, dir)
		if !bytes.Equal(all["round-00000002.sluice.kept-2"], broken) || string(all["round-00000002.sluice.kept-1"]) != "somebody was here before" || string(all["notes.txt"]) != "mine" || len(all) != 6 { // the sixth is the mark
			t.Errorf("%s: the folder has %d files: bytes are lost or moved", c.name, len(all))
		}
		for _, n := range []int{1, 3} {
			if r, err := s.Get(n); err != nil || !bytes.Equal(r.Plan, rounds[n-1].Plan) {
				t.Errorf("%s: round %d: %v", c.name, n, err)
			}
		}
		if _, err := s.Get(2); err == nil {
			t.Errorf("%s: round 2 is there", c.name)
		}
		if r := add(t, s, observed(9, "a", "b")); r.Number != 4 {
			t.Errorf("%s: the next round is %d, want 4", c.name, r.Number)
		}
		s.Close()
	}
}

func write(t *testing.T, path string, b []byte) {
	t.Helper()
	if err := os.WriteFile(path, b, 0o600); err != nil {
		t.Fatal(err)
	}
}

// The number of a round that is lost is not given again, however it was lost.
func TestOpenGivesNoNumberTwice(t *testing.T) {
	dir, _ := fill(t, 3)
	for _, n := range []int{2, 3} {
		write(t, filepath.Join(dir, fmt.Sprintf("round-%08d.sluice", n)), nil)
	}
	for range 2 { // the second start finds them put aside already
		s, _, err := Open(Options{Dir: dir})
		if err != nil {
			t.Fatal(err)
		}
		if s.next != 4 {
			t.Errorf("the next round is %d, want 4", s.next)
		}
		s.Close()
	}
	// A name that is only a name does not move the numbers beyond reason.
	write(t, filepath.Join(dir, "round-999999999999999.sluice"), nil)
	s, warnings, err := Open(Options{Dir: dir})
	if err != nil || len(warnings) != 1 || s.next != 4 {
		t.Errorf("next %d, warnings %q, %v", s.next, warnings, err)
	}
	s.Close()
}

// What is no regular file has a round's name in vain.
func TestOpenPutsAsideWhatIsNoFile(t *testing.T) {
	dir, _ := fill(t, 1)
	other := filepath.Join(t.TempDir(), "other")
	write(t, other, []byte("mine"))
	if err := os.Mkdir(filepath.Join(dir, "round-00000002.sluice"), 0o700); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(other, filepath.Join(dir, "round-00000003.sluice")); err != nil {
		t.Fatal(err)
	}
	s, warnings, err := Open(Options{Dir: dir})
	if err != nil || len(warnings) != 2 || s.next != 4 {
		t.Fatalf("next %d, warnings %q, %v", s.next, warnings, err)
	}
	defer s.Close()
	if b, err := os.ReadFile(other); err != nil || string(b) != "mine" {
		t.Errorf("the file behind the link: %q, %v", b, err)
	}
}

func TestOpenRefuses(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	write(t, file, nil)
	for _, dir := range []string{file, filepath.Join(file, "below"), "/proc/sluice", "/dev/null"} {
		if s, _, err := Open(Options{Dir: dir}); err == nil {
			s.Close()
			t.Errorf("%s: no error", dir)
		} else if !strings.Contains(err.Error(), "state folder") {
			t.Errorf("%s: %v", dir, err)
		}
	}
	dir, _ := fill(t, 1)
	s := open(t, Options{Dir: dir})
	if _, _, err := Open(Options{Dir: dir}); err == nil || !strings.Contains(err.Error(), "in use by another server") {
		t.Errorf("a second server: %v", err)
	}
	s.Close()
	open(t, Options{Dir: dir})
}

// A folder that cannot be written for a while costs no round: they are answered
// from memory and written when it can be.
func TestAddWithoutRoom(t *testing.T) {
	dir, _ := fill(t, 0)
	s := open(t, Options{Dir: dir})
	add(t, s, observed(1, "a"))
	away := dir + ".away"
	if err := os.Rename(dir, away); err != nil {
		t.Fatal(err)
	}
	for i := 2; i <= 3; i++ {
		r := add(t, s, observed(uint64(i), "a"))
		if r.Number != i || r.Unsaved == nil {
			t.Errorf("round %d: unsaved: %v", r.Number, r.Unsaved)
		}
		if _, err := s.Get(i); err != nil {
			t.Errorf("round %d: %v", i, err)
		}
	}
	if _, err := s.Get(1); err == nil || !strings.Contains(err.Error(), "cannot be read") {
		t.Errorf("round 1: %v", err)
	}
	if err := os.Rename(away, dir); err != nil {
		t.Fatal(err)
	}
	if r := add(t, s, observed(4, "a")); r.Unsaved != nil {
		t.Errorf("round 4: unsaved: %v", r.Unsaved)
	}
	s.Close()
	if got := open(t, Options{Dir: dir}).Numbers(); len(got) != 4 {
		t.Errorf("after a restart there are rounds %v", got)
	}
}

// TestKill kills a process that adds rounds as fast as it can, and looks whether
// each of which it has told is there.
func TestKill(t *testing.T) {
	if dir := os.Getenv("SLUICE_TEST_KILL"); dir != "" {
		s, _, err := Open(Options{Dir: dir}) // warnings are due: a pending file
		if err != nil {
			t.Fatal(err)
		}
		for {
			r := add(t, s, observed(uint64(s.Latest()), "a"))
			fmt.Printf("round %d %q\n", r.Number, r.Plan)
		}
	}
	dir := t.TempDir()
	told := make(map[string]bool)
	for range 5 {
		cmd := exec.Command(os.Args[0], "-test.run", "^TestKill$")
		cmd.Env = append(os.Environ(), "SLUICE_TEST_KILL="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		var text []byte
		buf := make([]byte, 512)
		for bytes.Count(text, []byte("\n")) < 20 {
			n, err := out.Read(buf)
			if err != nil {
				t.Fatalf("%v after %q", err, text)
			}
			text = append(text, buf[:n]...)
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = cmd.Wait()
		for l := range strings.Lines(string(text[:bytes.LastIndexByte(text, '\n')+1])) {
			if told[l] {
				t.Errorf("told twice: %s", l)
			}
			told[l] = true
		}
	}
	s, _, err := Open(Options{Dir: dir})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	for l := range told {
		var n int
		var plan string
		if _, err := fmt.Sscanf(l, "round %d %q", &n, &plan); err != nil {
			continue // a line of the test's own framework
		}
		if r, err := s.Get(n); err != nil || string(r.Plan) != plan {
			t.Errorf("round %d was answered with %q: %v", n, plan, err)
		}
	}
	if len(told) < 90 {
		t.Errorf("only %d rounds", len(told))
	}
}

// A file of which a process was killed in the middle is kept, and told of.
func TestOpenFindsPending(t *testing.T) {
	dir, _ := fill(t, 1)
	write(t, filepath.Join(dir, ".round-00000002.sluice123456"), []byte("half a ro"))
	s, warnings, err := Open(Options{Dir: dir})
	if err != nil || len(warnings) != 1 || !strings.Contains(warnings[0], "killed") {
		t.Fatalf("%q, %v", warnings, err)
	}
	s.Close()
	if got := string(bytesOf(t, dir)[".round-00000002.sluice123456.kept-1"]); got != "half a ro" {
		t.Errorf("its bytes are %q", got)
	}
	open(t, Options{Dir: dir}) // with no warning
}

func TestGoneErrorUnwraps(t *testing.T) {
	cause := errors.New("why")
	if err := error(&GoneError{Number: 1, Last: 2, Cause: cause}); !errors.Is(err, cause) {
		t.Errorf("%v does not lead to its cause", err)
	}
}

func FuzzDecode(f *testing.F) {
	good, err := (&record{Number: 7, docs: documents(7, nil), memory: []byte("{}")}).encode()
	if err != nil {
		f.Fatal(err)
	}
	f.Add(good)
	f.Add(sealed(`{"number": 2, "sizes": [1, 2, 3, 4]}` + "\n1223334444"))
	for _, c := range damages {
		f.Add(c.damage(bytes.Clone(good)))
	}
	f.Fuzz(func(t *testing.T, b []byte) {
		r, err := decode(b, true)
		if err != nil {
			return
		}
		again, err := r.encode()
		if err != nil {
			t.Fatal(err)
		}
		r2, err := decode(again, true)
		if err != nil || !cmp.Equal(r.docs, r2.docs) || !bytes.Equal(r.memory, r2.memory) {
			t.Fatalf("%v: not the same after writing it again", err)
		}
		_, _ = readMemory(r.memory)
	})
}
