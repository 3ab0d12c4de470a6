package cli

import (
	"os"
	"runtime"
	"runtime/debug"

	"github.com/sluice-mesh/sluice/internal/accesslog"
)

// largeLog is the size from which on a log's events are most of what is in memory.
const largeLog = 16 << 20

// patience is for how many percent of its least heap, 4 MB, the collector waits with
// its first round where the log is small.
const patience = 800

// saveMemory has the collector come sooner while large logs are read: next to all
// that is kept then stays, so letting the heap double first would buy nothing. For
// small ones, which are done before there is much to collect, it waits until the heap
// holds 32 MB once, and then goes on as ever: it took a tenth of a plan's time. It is
// left alone where the environment says what it should do.
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
		return
	}
	usual := debug.SetGCPercent(patience)
	runtime.AddCleanup(new([64]byte), func(usual int) { debug.SetGCPercent(usual) }, usual)
}
