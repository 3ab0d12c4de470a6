package rounds

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"sync"
	"syscall"

	"github.com/google/renameio/v2"
)

// Names in the folder. Files of any other name belong to somebody else and are
// not looked into.
var (
	roundName = lazily(`^round-(\d{8,15})\.sluice$`)
	// keptName is a file put aside; its number is not given again.
	keptName = lazily(`^round-(\d{8,15})\.sluice\.kept-\d+$`)
	// pendingName is what renameio leaves when the process is killed while a
	// round is being written, which has then not been answered.
	pendingName = lazily(`^\.round-\d{8,15}\.sluice\d+$`)
)

// lazily compiles an expression when it is first used: most commands open no folder.
func lazily(expression string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(expression) })
}

// maxFile is the largest file that can be a round.
const maxFile = 64 << 20

// maxGap is how far beyond the last readable round the number of an unreadable
// one is believed: it is only a name.
const maxGap = 1_000_000

// folder is a shelf of files, one a round. It holds a lock on the folder itself,
// so that a second server does not number rounds in it too.
type folder struct {
	dir  string
	lock *os.File
	// given is the mark, open to be written; nil where there was no room for it.
	given *os.File
}

func openFolder(dir string) (*folder, error) {
	if err := os.MkdirAll(dir, 0o750); err != nil {
		return nil, fmt.Errorf("the state folder cannot be made: %w", err)
	}
	lock, err := os.Open(dir)
	if err != nil {
		return nil, fmt.Errorf("the state folder cannot be opened: %w", err)
	}
	f := &folder{dir: dir, lock: lock}
	if err := f.claim(); err != nil {
		lock.Close()
		return nil, err
	}
	return f, nil
}

// claim locks the folder and makes sure that it can be written.
func (f *folder) claim() error {
	err := syscall.Flock(int(f.lock.Fd()), syscall.LOCK_EX|syscall.LOCK_NB)
	if errors.Is(err, syscall.EWOULDBLOCK) {
		return fmt.Errorf("the state folder %s is in use by another server: stop that one, or name another folder", f.dir)
	}
	if err != nil {
		return fmt.Errorf("the state folder %s cannot be locked: %w", f.dir, err)
	}
	probe, err := os.CreateTemp(f.dir, ".sluice-probe-*")
	if err != nil {
		return fmt.Errorf("the state folder cannot be written: %w", err)
	}
	probe.Close()
	return os.Remove(probe.Name())
}

// close gives the lock back.
func (f *folder) close() error {
	if f.given != nil {
		f.given.Close() // what was written is synced
	}
	return f.lock.Close()
}

func (f *folder) path(n int) string { return filepath.Join(f.dir, fmt.Sprintf("round-%08d.sluice", n)) }

// put writes a round. When it returns without an error the round is on the disk
// under its name, whole.
func (f *folder) put(n int, packed []byte) error {
	if err := renameio.WriteFile(f.path(n), packed, 0o640, renameio.WithTempDir(f.dir)); err != nil {
		return fmt.Errorf("round %d cannot be written: %w", n, err)
	}
	if err := f.lock.Sync(); err != nil { // the name, too, must survive
		return fmt.Errorf("round %d cannot be made safe: %w", n, err)
	}
	return nil
}

func (f *folder) get(n int) ([]byte, error) { return readRegular(f.path(n)) }

// drop forgets a round; a file that cannot be removed is forgotten at the next start.
func (f *folder) drop(n int) { _ = os.Remove(f.path(n)) }

// readRegular reads a file of ours; anything else of that name is an error.
func readRegular(path string) ([]byte, error) {
	f, err := os.OpenFile(path, os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	info, err := f.Stat()
	switch {
	case err != nil:
		return nil, err
	case !info.Mode().IsRegular():
		return nil, errors.New("it is not a regular file")
	case info.Size() > maxFile:
		return nil, fmt.Errorf("it is larger than any round, %d bytes", info.Size())
	}
	return io.ReadAll(io.LimitReader(f, maxFile))
}

// read hands over all rounds in the folder, rising, and puts aside what is named
// like one and is none. last is the highest number that was ever given.
func (f *folder) read(take func(r *record, size int) error) (last int, warnings []string, err error) {
	entries, err := os.ReadDir(f.dir)
	if err != nil {
		return 0, nil, fmt.Errorf("the state folder cannot be read: %w", err)
	}
	var spent []int // numbers of rounds that are lost
	for _, e := range f.inOrder(entries) {
		if e.whole {
			if err = f.readOne(&e, take); err == nil {
				last = max(last, e.number)
				continue
			}
			warnings = append(warnings, f.putAside(e.name, err))
		} else if pendingName().MatchString(e.name) {
			warnings = append(warnings, f.putAside(e.name, errors.New("it was being written when the server was killed")))
		}
		spent = append(spent, e.number)
	}
	for _, n := range spent {
		if n > last && n <= last+maxGap {
			last = n
		}
	}
	marked, warning := f.readMark()
	if warning != "" {
		warnings = append(warnings, warning)
	}
	last = max(last, marked)
	_ = f.openMark(last) // on a full disk there is no room: mark tries again
	return last, warnings, nil
}

// file is a name in the folder that is one of ours.
type file struct {
	name   string
	number int
	whole  bool // a round, not something put aside or pending
}

// inOrder is the files of ours, by number.
func (f *folder) inOrder(entries []fs.DirEntry) []file {
	var files []file
	for _, e := range entries {
		name := e.Name()
		if m := roundName().FindStringSubmatch(name); m != nil {
			n, _ := strconv.Atoi(m[1])
			files = append(files, file{name, n, true})
		} else if m := keptName().FindStringSubmatch(name); m != nil {
			n, _ := strconv.Atoi(m[1])
			files = append(files, file{name, n, false})
		} else if pendingName().MatchString(name) {
			files = append(files, file{name: name})
		}
	}
	slices.SortStableFunc(files, func(a, b file) int { return a.number - b.number })
	return files
}

func (f *folder) readOne(e *file, take func(r *record, size int) error) error {
	packed, err := readRegular(filepath.Join(f.dir, e.name))
	if err != nil {
		return err
	}
	r, err := decode(packed, true)
	if err != nil {
		return err
	}
	if r.Number != e.number || f.path(e.number) != filepath.Join(f.dir, e.name) {
		return fmt.Errorf("it holds round %d", r.Number)
	}
	return take(r, len(packed))
}

// putAside renames a file so that it is in nobody's way, and never over another.
func (f *folder) putAside(name string, why error) string {
	from := filepath.Join(f.dir, name)
	for i := 1; ; i++ {
		aside := fmt.Sprintf("%s.kept-%d", name, i)
		to := filepath.Join(f.dir, aside)
		if _, err := os.Lstat(to); err == nil {
			continue
		}
		if err := os.Rename(from, to); err != nil {
			return fmt.Sprintf("the state file %q cannot be used (%v) nor put aside (%v)", from, why, err)
		}
		return fmt.Sprintf("the state file %q cannot be used: %v; it is kept as %q", from, why, aside)
	}
}
