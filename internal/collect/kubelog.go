package collect

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strconv"
	"time"
)

const (
	// DefaultLogBytes is some 5,000 lines of Istio's.
	DefaultLogBytes = 4 << 20
	// maxLogs is the most that the logs of all sidecars may take.
	maxLogs = 8 << 30
)

// logs writes what each sidecar of r logged in the window, at most so many bytes of
// each, from the earliest on, in the order of the rows: several are fetched ahead, as
// far as they find room in memory. Warnings tell of those that cannot be read (their
// pods may be gone by now) or for which time was short; the error is that of writing,
// ErrLogs, or that of a ctx that was cancelled.
func (k *cluster) logs(ctx context.Context, r *Request, to io.Writer, most int64, window time.Duration) (warnings []string, err error) {
	var rows []Row
	for _, row := range r.Containers {
		if row.Container == sidecar {
			rows = append(rows, row)
		}
	}
	ctx, stop := context.WithCancel(ctx)
	defer stop() // what was fetched ahead in vain
	next := k.ahead(ctx, rows, most, window)
	total, lost := int64(0), 0
	var first error
	for i := range rows {
		out := &lineWriter{w: to}
		err := next(i, out)
		if out.err != nil || errors.Is(ctx.Err(), context.Canceled) {
			return nil, cmp.Or(out.err, ctx.Err())
		}
		if err != nil {
			lost++
			first = cmp.Or(first, err)
		}
		if total += out.written; total > maxLogs-most && i+1 < len(rows) {
			warnings = append(warnings, fmt.Sprintf("the logs of %d sidecars and those after them were not read: they would take more than %d bytes", i+1, int64(maxLogs)))
			break
		}
	}
	if lost > 0 {
		warnings = append(warnings, fmt.Sprintf("the logs of %d of %d sidecars cannot be read, the first for: %v", lost, len(rows), first))
	}
	if lost == len(rows) && lost > 0 && total == 0 {
		return warnings, ErrLogs
	}
	return warnings, nil
}

// maxAhead is how many logs are fetched at a time, maxHeld the bytes that they may take
// until they are written.
const (
	maxAhead = 8
	maxHeld  = 64 << 20
)

// ahead fetches logs before they are asked for; the function writes that of a row. They
// have to be asked for one after the other. Logs too long to be held are fetched when
// they are asked for, straight through.
func (k *cluster) ahead(ctx context.Context, rows []Row, most int64, window time.Duration) func(i int, to io.Writer) error {
	if most > maxHeld/2 {
		return func(i int, to io.Writer) error { return k.podLog(ctx, rows[i], to, most, window) }
	}
	type fetched struct {
		text bytes.Buffer
		err  error
	}
	results := make([]chan *fetched, len(rows))
	begin := func(i int) {
		if i >= len(rows) {
			return
		}
		results[i] = make(chan *fetched, 1)
		go func() {
			f := new(fetched)
			f.err = k.podLog(ctx, rows[i], &f.text, most, window)
			results[i] <- f
		}()
	}
	wide := int(min(maxAhead, maxHeld/max(most, 1)))
	for i := range min(wide, len(rows)) {
		begin(i)
	}
	return func(i int, to io.Writer) error {
		f := <-results[i]
		begin(i + wide)
		if _, err := f.text.WriteTo(to); err != nil {
			return err
		}
		return f.err
	}
}

func (k *cluster) podLog(ctx context.Context, row Row, to io.Writer, most int64, window time.Duration) error {
	query := url.Values{
		"container":    {sidecar},
		"limitBytes":   {strconv.FormatInt(most, 10)},
		"sinceSeconds": {strconv.FormatInt(int64(max(window, time.Second)/time.Second), 10)},
	}
	body, err := k.get(ctx, path("api/v1", row.Namespace, "pods/"+url.PathEscape(row.Pod)+"/log"), query)
	if err != nil {
		return err
	}
	defer body.Close()
	if _, err = io.Copy(to, io.LimitReader(body, most)); err != nil {
		return fmt.Errorf("collect: the log of %s/%s: %w", row.Namespace, row.Pod, err)
	}
	return nil
}

// lineWriter writes whole lines alone; the beginning of one waits for its end, and is
// lost where the log was cut before it.
type lineWriter struct {
	w       io.Writer
	rest    []byte
	written int64
	err     error // of w
}

// Write is io.Writer's.
func (l *lineWriter) Write(p []byte) (int, error) {
	end := bytes.LastIndexByte(p, '\n') + 1
	if end > 0 {
		whole := p[:end]
		if len(l.rest) > 0 {
			whole = append(l.rest, p[:end]...)
			l.rest = nil
		}
		n, err := l.w.Write(whole)
		l.written += int64(n)
		if err != nil {
			l.err = fmt.Errorf("collect: writing the logs: %w", err)
			return 0, l.err
		}
	}
	l.rest = append(l.rest, p[end:]...)
	return len(p), nil
}
