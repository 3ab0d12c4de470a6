package whatif

import (
	"fmt"
	"syscall"
)

// baseMemory is what the process itself has mapped before a script begins.
const baseMemory = 48 << 20

// limitMemory has the kernel give this process no more than so many bytes of data.
func limitMemory(most int64) error {
	l := syscall.Rlimit{Cur: uint64(most + baseMemory), Max: uint64(most + baseMemory)}
	if err := syscall.Setrlimit(syscall.RLIMIT_DATA, &l); err != nil {
		return fmt.Errorf("what-if: bounding the memory: %w", err)
	}
	return nil
}
