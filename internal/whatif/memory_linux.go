package whatif

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"
)

// limitMemory has the kernel give this process no more address space than it has,
// and so many bytes. (Not RLIMIT_DATA: the runtime maps its heap over what it has
// reserved before, which that limit does not count.) Where no /proc tells what it has,
// as in a bare chroot, the watch alone bounds it.
func limitMemory(most int64) error {
	var pages uint64
	text, err := os.ReadFile("/proc/self/statm")
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		_, err = fmt.Sscan(string(text), &pages)
	}
	if err != nil {
		return fmt.Errorf("what-if: bounding the memory: %w", err)
	}
	all := pages*uint64(os.Getpagesize()) + uint64(most)
	if err := syscall.Setrlimit(syscall.RLIMIT_AS, &syscall.Rlimit{Cur: all, Max: all}); err != nil {
		return fmt.Errorf("what-if: bounding the memory: %w", err)
	}
	return nil
}
