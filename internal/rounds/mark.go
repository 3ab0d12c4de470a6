package rounds

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"syscall"

	"github.com/google/renameio/v2"
)

// markName is the file that remembers the last number given to a round that could
// not be written. It is made while there is room and then overwritten in its place:
// that needs none, so that on a full disk, too, no number is given twice.
const markName = "numbers.sluice"

// markText is all of the file; its length is always the same.
const markText = "sluice-numbers 1\nlast %015d\n"

var markForm = lazily(`^sluice-numbers 1\nlast (\d{15})\n$`)

// readMark is the number that the mark holds, 0 where there is none yet; a file of its
// name that is something else is put aside, as the warning says.
func (f *folder) readMark() (last int, warning string) {
	text, err := f.markFile()
	if errors.Is(err, fs.ErrNotExist) {
		return 0, ""
	}
	if m := markForm().FindSubmatch(text); err == nil && m != nil {
		last, _ = strconv.Atoi(string(m[1]))
		return last, ""
	}
	if err == nil {
		err = errors.New("it is not what sluice writes, or of a later version")
	}
	return 0, f.putAside(markName, err)
}

// markFile reads a little more than the mark's length.
func (f *folder) markFile() ([]byte, error) {
	file, err := os.OpenFile(filepath.Join(f.dir, markName), os.O_RDONLY|syscall.O_NOFOLLOW|syscall.O_NONBLOCK, 0)
	if err != nil {
		return nil, err
	}
	defer file.Close()
	if info, err := file.Stat(); err != nil || !info.Mode().IsRegular() {
		return nil, errors.Join(err, errors.New("it is not a regular file"))
	}
	return io.ReadAll(io.LimitReader(file, 1<<10))
}

// openMark makes the mark where there is none, and keeps it open. A disk that is full
// already has no room for it; mark tries again.
func (f *folder) openMark(last int) error {
	path := filepath.Join(f.dir, markName)
	if _, err := os.Lstat(path); errors.Is(err, fs.ErrNotExist) {
		if err := renameio.WriteFile(path, fmt.Appendf(nil, markText, last), 0o640, renameio.WithTempDir(f.dir)); err != nil {
			return err
		}
	}
	file, err := os.OpenFile(path, os.O_WRONLY|syscall.O_NOFOLLOW, 0)
	if err == nil {
		f.given = file
	}
	return err
}

// mark has n remembered as given, whatever becomes of its round.
func (f *folder) mark(n int) error {
	if f.given == nil {
		if err := f.openMark(n); err != nil {
			return fmt.Errorf("the number of round %d cannot be kept: %w", n, err)
		}
	}
	if _, err := f.given.WriteAt(fmt.Appendf(nil, markText, n), 0); err != nil {
		return fmt.Errorf("the number of round %d cannot be kept: %w", n, err)
	}
	return f.given.Sync()
}
