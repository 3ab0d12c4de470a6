package api

import (
	"os"
	"runtime/debug"
)

// A server's heap is mostly what one round at a time leaves behind, so collecting
// sooner than Go does by itself costs little and halves what stands around. The
// limit is soft: a log of two million distinct lines may need more and gets it.
const (
	gcPercent = 50
	softLimit = 344 << 20
)

// saveMemory tunes the collector, unless the environment already does.
func saveMemory() {
	if os.Getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if os.Getenv("GOMEMLIMIT") == "" {
		debug.SetMemoryLimit(softLimit)
	}
}
