package accesslog

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

// format is what the first bytes of a stream say it is.
type format struct {
	name  string
	magic string
	// open reads the format; nil for one that is only known by name.
	open func(r io.Reader, o Options) (io.ReadCloser, error)
}

// formats that do not begin as any log does.
var formats = []format{
	{"gzip", "\x1f\x8b", openGzip},
	{"zstd", "\x28\xb5\x2f\xfd", openZstd},
	{"bzip2", "BZh91AY&SY", nil},
	{"xz", "\xfd7zXZ\x00", nil},
	{"lz4", "\x04\x22\x4d\x18", nil},
	{"zip", "PK\x03\x04", nil},
	{"UTF-16", "\xff\xfe", nil},
	{"UTF-16", "\xfe\xff", nil},
	{partialName, partialMagic, nil},
}

func openGzip(r io.Reader, _ Options) (io.ReadCloser, error) { return gzip.NewReader(r) }

// openZstd decodes on the calling goroutine and bounds the window, which the
// file chooses and the decoder has to hold.
func openZstd(r io.Reader, o Options) (io.ReadCloser, error) {
	d, err := zstd.NewReader(r, zstd.WithDecoderConcurrency(1), zstd.WithDecoderLowmem(true),
		zstd.WithDecoderMaxWindow(uint64(o.MaxWindow)))
	if err != nil {
		return nil, err
	}
	return d.IOReadCloser(), nil
}

// sniff tells the format of what r begins with; one without a name is plain.
func sniff(r *bufio.Reader) format {
	head, _ := r.Peek(10)
	for _, f := range formats {
		if bytes.HasPrefix(head, []byte(f.magic)) {
			return f
		}
	}
	if len(head) >= 4 && head[0]&0xf0 == 0x50 && string(head[1:4]) == "\x2a\x4d\x18" {
		return formats[1] // a skippable frame, with which pzstd's files begin
	}
	return format{}
}

// stream is the text of a log, decompressed and within its bounds.
type stream struct {
	*guard
	compressed bool
	close      func()
}

// newStream looks at the first bytes of r. Its errors are for people.
func newStream(ctx context.Context, r *counter, o Options) (*stream, error) {
	in := bufio.NewReaderSize(r, 64<<10)
	s := &stream{guard: newGuard(ctx, o), close: func() {}}
	f := sniff(in)
	if f.open != nil {
		d, err := f.open(in, o)
		if err != nil {
			return nil, fmt.Errorf("is not whole %s: %w", f.name, err)
		}
		in = bufio.NewReaderSize(sound{d}, 64<<10)
		s.compressed, s.close = true, func() { d.Close() }
		s.stored = r
		if isPartial(in) {
			s.guard.r = in
			return nil, &packed{s, r}
		}
		if f = sniff(in); f.open != nil {
			s.close()
			return nil, fmt.Errorf("is compressed twice (%s inside)", f.name)
		}
	}
	if f.name != "" {
		s.close()
		return nil, fmt.Errorf("is %s, and only plain, gzip and zstd logs in UTF-8 are read", f.name)
	}
	if head, _ := in.Peek(3); string(head) == "\xef\xbb\xbf" {
		in.Discard(3)
	}
	s.guard.r = in
	return s, nil
}

// guard ends a stream at the caller's bounds.
type guard struct {
	ctx      context.Context
	r        io.Reader
	left     int64
	text     int64
	stored   *counter  // what r is decompressed from; nil for plain text
	deadline time.Time // zero for none
	limits   Options
}

func newGuard(ctx context.Context, o Options) *guard {
	g := &guard{ctx: ctx, left: o.MaxBytes, limits: o}
	if o.MaxTime > 0 {
		g.deadline = time.Now().Add(o.MaxTime)
	}
	return g
}

// Read reads while the context, the time and the size allow.
func (g *guard) Read(p []byte) (int, error) {
	if err := g.ctx.Err(); err != nil {
		return 0, fmt.Errorf("%w: %w", errLimit, err)
	}
	select {
	case <-g.limits.Enough: // never, if nil
		return 0, errEnough
	default:
	}
	if !g.deadline.IsZero() && time.Now().After(g.deadline) {
		return 0, fmt.Errorf("%w: reading it took over %v", errLimit, g.limits.MaxTime)
	}
	if g.left > 0 {
		n, err := g.r.Read(p[:min(int64(len(p)), g.left)])
		g.left -= int64(n)
		g.text += int64(n)
		if g.stored != nil && g.text > g.limits.maxSkip && g.text > g.limits.maxRatio*g.stored.n {
			return n, fmt.Errorf("%w: it unpacks to over %d times its own size, and no log does", errLimit, g.limits.maxRatio)
		}
		return n, err
	}
	var one [1]byte
	if n, err := g.r.Read(one[:]); n == 0 {
		return 0, err
	}
	return 0, fmt.Errorf("%w: it has more than %d bytes of text", errLimit, g.limits.MaxBytes)
}

// sound turns a panic of a decompressor into an error: what it is given comes
// from outside.
type sound struct{ io.Reader }

func (s sound) Read(p []byte) (n int, err error) {
	defer func() {
		if v := recover(); v != nil {
			n, err = 0, fmt.Errorf("the decompressor gave up: %v", v)
		}
	}()
	return s.Reader.Read(p)
}

// counter counts the bytes that are taken from the log as it is stored.
type counter struct {
	r io.Reader
	n int64
}

func (c *counter) Read(p []byte) (int, error) {
	n, err := c.r.Read(p)
	c.n += int64(n)
	return n, err
}

// ending says in words why a stream ended, "" for its natural end.
func ending(err error, o Options) string {
	switch {
	case err == nil || err == io.EOF:
		return ""
	case errors.Is(err, errLimit):
		return "was " + err.Error()
	case err == errEndless:
		return fmt.Sprintf("was not read to its end: a line goes on for over %d bytes", o.maxSkip)
	case err == errUseless:
		return fmt.Sprintf("was not read to its end: not one line in its first %d bytes is of use; is it an access log?", o.maxUseless)
	case errors.Is(err, zstd.ErrWindowSizeExceeded) || errors.Is(err, zstd.ErrDecoderSizeExceeded):
		return fmt.Sprintf("was not read to its end: its zstd window is over %d bytes; compress it with a smaller --long", o.MaxWindow)
	case errors.Is(err, io.ErrUnexpectedEOF):
		return "is cut short; what comes before the cut counts"
	}
	return fmt.Sprintf("could not be read to its end (%v); what comes before counts", err)
}
