package collect

import (
	"bytes"
	"cmp"
	"context"
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
// each, from the earliest on. Warnings tell of those that cannot be read (their pods
// may be gone by now); the error is that of writing, or ctx's.
func (k *cluster) logs(ctx context.Context, r *Request, to io.Writer, most int64, window time.Duration) (warnings []string, err error) {
	total, sidecars, lost := int64(0), 0, 0
	var first error
	for _, row := range r.Containers {
		if row.Container != sidecar {
			continue
		}
		sidecars++
		out := &lineWriter{w: to}
		err := k.podLog(ctx, row, out, most, window)
		if out.err != nil || ctx.Err() != nil {
			return nil, cmp.Or(out.err, ctx.Err())
		}
		if err != nil {
			lost++
			first = cmp.Or(first, err)
		}
		if total += out.written; total > maxLogs-most {
			warnings = append(warnings, fmt.Sprintf("the logs of %d sidecars and those after them were not read: they would take more than %d bytes", sidecars, int64(maxLogs)))
			break
		}
	}
	if lost > 0 {
		warnings = append(warnings, fmt.Sprintf("the logs of %d of %d sidecars cannot be read, the first for: %v", lost, sidecars, first))
	}
	return warnings, nil
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
