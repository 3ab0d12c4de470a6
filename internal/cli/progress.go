package cli

import (
	"fmt"
	"io"
	"time"

	"github.com/sluice-mesh/sluice/internal/accesslog"
	"github.com/sluice-mesh/sluice/internal/optimize"
)

// worthTelling is the size of a log that takes long enough to read for anybody to
// wonder what is going on.
const worthTelling = 100e6

// progress tells a terminal how far the reading of a large log has come. Other
// outputs would keep every state of that line.
type progress struct {
	w     io.Writer
	now   func() time.Time
	begun time.Time
	shown bool
}

// watch has the terminal told about a run with these options, if standard error
// is one. What it returns clears the line.
func (e *Env) watch(o *optimize.Options) (clear func()) {
	if !e.terminal(e.Stderr) || e.Getenv("TERM") == "dumb" {
		return func() {}
	}
	p := newProgress(e.Stderr, time.Now)
	o.Log.OnProgress = p.show
	return p.clear
}

func newProgress(w io.Writer, now func() time.Time) *progress {
	return &progress{w: w, now: now, begun: now()}
}

// show tells of bytes, lines, the rate and, where the size is known, the time left.
func (p *progress) show(at accesslog.Progress) {
	if max(at.Size, at.Bytes) < worthTelling {
		return
	}
	p.shown = true
	rate := float64(at.Bytes) / max(p.now().Sub(p.begun).Seconds(), 1e-3)
	of, left := "", ""
	if at.Size > 0 {
		const cells = 20
		full := min(cells*at.Bytes/at.Size, cells)
		of = fmt.Sprintf(" of %d MB [%-*s]", at.Size/1e6, cells, "####################"[:full])
		left = fmt.Sprintf(", %.0f s left", max(float64(at.Size-at.Bytes), 0)/max(rate, 1))
	}
	fmt.Fprintf(p.w, "\rreading the log: %d%s, %d lines, %.0f MB/s%s\x1b[K", at.Bytes/1e6, unit(of), at.Lines, rate/1e6, left)
}

// unit of the bytes read, where no size with its own follows.
func unit(of string) string {
	if of == "" {
		return " MB"
	}
	return of
}

func (p *progress) clear() {
	if p.shown {
		fmt.Fprint(p.w, "\r\x1b[K")
	}
}
