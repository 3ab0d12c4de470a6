package whatif

import (
	"os"
	"runtime"
	"time"
)

// baseMemory is the least that the process itself has mapped before a script begins.
const baseMemory = 48 << 20

// watchMemory ends this process when it has taken more than so many bytes: where the
// kernel does not bound it, a single step may still take much for a moment.
func watchMemory(most int64) {
	go func() {
		for range time.Tick(5 * time.Millisecond) {
			var m runtime.MemStats
			if runtime.ReadMemStats(&m); int64(m.HeapSys-m.HeapReleased) > most {
				os.Exit(2)
			}
		}
	}()
}
