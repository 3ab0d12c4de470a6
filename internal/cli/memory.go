package cli

import (
	"os"
	"runtime/debug"

	"github.com/sluice-mesh/sluice/internal/accesslog"
)

// largeLog is the size from which on a log's events are most of what is in memory.
const largeLog = 16 << 20

// saveMemory has the collector come sooner while large logs are read: next to all
// that is kept then stays, so letting the heap double first would buy nothing. It
// is left alone for small ones, where it would come all the time, and where the
// environment says what it should do.
func saveMemory(logs []accesslog.Source, path string) {
	if os.Getenv("GOGC") != "" {
		return
	}
	large := false
	for _, l := range logs {
		large = large || l.Size < 0 || l.Size > largeLog
	}
	if info, err := os.Stat(path); len(logs) == 0 && err == nil {
		large = info.Size() > largeLog
	}
	if large {
		debug.SetGCPercent(25)
	}
}
