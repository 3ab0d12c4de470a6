package api

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"time"
)

// Bounds on bodies. The contract's own is 64 MB; 100,000 pods with two rows each
// take 40.
const (
	maxBody = 48 << 20
	// smallBody is how much of a body may wait in memory. 200 clients of the
	// slowest kind thus hold 50 MB.
	smallBody = 256 << 10
	// longBodies is how many that are longer are received at once.
	longBodies = 32
	chunk      = 16 << 10
)

// intake receives bodies.
type intake struct {
	max int64
	// stall is how long a body may not move at all, whole how long it may take
	// altogether. A long body has to keep a pace of longPace bytes per second
	// after longGrace, because others wait for its place.
	stall, whole, longGrace time.Duration
	longPace                int64
	// long holds a place for each long body.
	long chan struct{}
	dir  string
	// broken says why there can be no temporary file; long bodies then wait in
	// memory, and fewer of them.
	broken   error
	stopping context.Context
}

func newIntake(dir string, stopping context.Context) *intake {
	in := &intake{
		max: maxBody, stall: 60 * time.Second, whole: 10 * time.Minute,
		longGrace: 20 * time.Second, longPace: 64 << 10,
		dir: dir, stopping: stopping,
	}
	places := longBodies
	f, err := in.temporary()
	if err != nil {
		in.broken, places = err, 2
	} else {
		f.Close()
	}
	in.long = make(chan struct{}, places)
	return in
}

// temporary is a file without a name, which is gone when it is closed, however
// the process ends.
func (in *intake) temporary() (*os.File, error) {
	f, err := os.CreateTemp(in.dir, "sluice-body-*")
	if err != nil {
		return nil, err
	}
	if err := os.Remove(f.Name()); err != nil {
		f.Close()
		return nil, err
	}
	return f, nil
}

// body is a body that has been received, or a part of it.
type body struct {
	in    *intake
	small bytes.Buffer
	file  *os.File // what came after, or nil
	long  bool     // it holds a place
	size  int64
	begun time.Time
}

// receive reads the body of r. Errors are refusals, or ctx's when the client has
// gone. The body must be closed.
func (in *intake) receive(w http.ResponseWriter, r *http.Request) (*body, error) {
	if enc := r.Header.Get("Content-Encoding"); enc != "" && enc != "identity" {
		return nil, refuse(http.StatusUnsupportedMediaType, "Content-Encoding: found %.40q, expected none: send the JSON as it is", enc)
	}
	if r.ContentLength > in.max {
		return nil, in.tooLarge(r.ContentLength)
	}
	b := &body{in: in, begun: time.Now()}
	if err := b.fill(w, r); err != nil {
		b.Close()
		return nil, err
	}
	return b, nil
}

func (in *intake) tooLarge(n int64) error {
	return refuse(http.StatusRequestEntityTooLarge, "the body: found %d bytes or more, expected at most %d: name the access log by its path, and post a part of the fleet if it is that large", n, in.max)
}

// fill reads all of r's body.
func (b *body) fill(w http.ResponseWriter, r *http.Request) error {
	conn := http.NewResponseController(w)
	// A stop must reach a body that does not move.
	defer context.AfterFunc(b.in.stopping, func() { _ = conn.SetReadDeadline(time.Now().Add(graceTime)) })()
	buf := make([]byte, chunk)
	for {
		_ = conn.SetReadDeadline(b.deadline(time.Now()))
		n, err := r.Body.Read(buf)
		if b.size += int64(n); b.size > b.in.max {
			return b.in.tooLarge(b.size)
		}
		if err := b.keep(r.Context(), buf[:n]); err != nil {
			return err
		}
		if errors.Is(err, io.EOF) {
			// What waits for the client to go must not run into the deadline.
			_ = conn.SetReadDeadline(time.Time{})
			return nil
		}
		if err != nil {
			return b.cut(r, err)
		}
	}
}

// deadline is when the next bytes must have come.
func (b *body) deadline(now time.Time) time.Time {
	stall, whole := now.Add(b.in.stall), b.begun.Add(b.in.whole)
	if b.long {
		whole = b.begun.Add(b.in.longGrace + time.Duration(b.size/b.in.longPace)*time.Second)
	}
	if b.in.stopping.Err() != nil {
		stall = now.Add(graceTime)
	}
	if stall.Before(whole) {
		return stall
	}
	return whole
}

// cut says why a body ended before its end.
func (b *body) cut(r *http.Request, err error) error {
	switch {
	case errors.Is(err, os.ErrDeadlineExceeded) && b.in.stopping.Err() != nil:
		return refuse(http.StatusRequestTimeout, "the body: found %d bytes when the server stopped, expected the rest: send it again", b.size)
	case errors.Is(err, os.ErrDeadlineExceeded):
		return refuse(http.StatusRequestTimeout, "the body: found %d bytes after %.0f s, expected the rest sooner", b.size, time.Since(b.begun).Seconds())
	case errors.Is(err, io.ErrUnexpectedEOF) && r.ContentLength > 0:
		return refuse(http.StatusBadRequest, "the body: found %d bytes, expected %d as its Content-Length says", b.size, r.ContentLength)
	case r.Context().Err() != nil:
		return r.Context().Err()
	}
	return refuse(http.StatusBadRequest, "the body cannot be read after %d bytes: %.60q", b.size, err.Error())
}

// keep takes the next bytes.
func (b *body) keep(ctx context.Context, p []byte) error {
	if !b.long && b.size > smallBody {
		if err := b.lengthen(ctx); err != nil {
			return err
		}
	}
	if b.file == nil {
		b.small.Write(p)
		return nil
	}
	if _, err := b.file.Write(p); err != nil {
		return b.noRoom(err)
	}
	return nil
}

// lengthen waits for a place for a long body and goes on in a file.
func (b *body) lengthen(ctx context.Context) (err error) {
	select {
	case b.in.long <- struct{}{}:
		b.long = true
	case <-ctx.Done():
		return ctx.Err()
	}
	b.begun = time.Now() // the wait was not the client's
	if b.in.broken != nil {
		return nil
	}
	if b.file, err = b.in.temporary(); err != nil {
		return b.noRoom(err)
	}
	return nil
}

func (b *body) noRoom(err error) error {
	return refuse(http.StatusInsufficientStorage, "the body is too long for the room that is left for temporary files (%v): make room, or send it shorter", errors.Unwrap(err))
}

// reader reads the body from its beginning.
func (b *body) reader() (io.Reader, error) {
	if b.file == nil {
		return bytes.NewReader(b.small.Bytes()), nil
	}
	if _, err := b.file.Seek(0, io.SeekStart); err != nil {
		return nil, fmt.Errorf("api: %w", err)
	}
	return io.MultiReader(bytes.NewReader(b.small.Bytes()), b.file), nil
}

// Close gives its memory, its file and its place back.
func (b *body) Close() {
	if b.file != nil {
		b.file.Close()
		b.file = nil
	}
	if b.long {
		<-b.in.long
		b.long = false
	}
	b.small = bytes.Buffer{}
}
