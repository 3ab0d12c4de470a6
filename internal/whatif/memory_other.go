//go:build !linux

package whatif

import (
	"os"
	"runtime"
	"time"
)

// limitMemory ends this process when it has taken more than so many bytes. Where the
// kernel cannot bound it, a single step may still take much for a moment.
func limitMemory(most int64) error {
	go func() {
		for range time.Tick(10 * time.Millisecond) {
			var m runtime.MemStats
			if runtime.ReadMemStats(&m); int64(m.HeapSys-m.HeapReleased) > most {
				os.Exit(2)
			}
		}
	}()
	return nil
}
