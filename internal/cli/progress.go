package cli

import (
	"fmt"
	"io"

	"github.com/sluice-mesh/sluice/internal/accesslog"
	"github.com/sluice-mesh/sluice/internal/optimize"
)

// worthTelling is the size of a log that takes long enough to read for anybody to
// wonder what is going on.
const worthTelling = 64 << 20

// progress tells a terminal how far the reading of a large log has come. Other
// outputs would keep every state of that line.
type progress struct {
	w     io.Writer
	shown bool
}

// watch has the terminal told about a run with these options, if standard error
// is one. What it returns clears the line.
func (e *Env) watch(o *optimize.Options) (clear func()) {
	if !e.terminal(e.Stderr) || e.Getenv("TERM") == "dumb" {
		return func() {}
	}
	p := &progress{w: e.Stderr}
	o.Log.OnProgress = p.show
	return p.clear
}

func (p *progress) show(at accesslog.Progress) {
	if at.Size < worthTelling {
		return
	}
	p.shown = true
	fmt.Fprintf(p.w, "\rreading the log: %d %% of %d MB, %d lines\x1b[K", 100*at.Bytes/at.Size, at.Size/1e6, at.Lines)
}

func (p *progress) clear() {
	if p.shown {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
