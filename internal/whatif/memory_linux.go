package whatif

import (
	"fmt"
	"runtime"
	"syscall"
)

// limitMemory has the kernel give this process no more than so many bytes of data
// besides what it has.
func limitMemory(most int64) error {
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	all := uint64(most) + max(baseMemory, m.Sys)
	l := syscall.Rlimit{Cur: all, Max: all}
	if err := syscall.Setrlimit(syscall.RLIMIT_DATA, &l); err != nil {
		return fmt.Errorf("what-if: bounding the memory: %w", err)
	}
	return nil
}
