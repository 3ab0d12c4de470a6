package accesslog

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/sluice-mesh/sluice/internal/mishap"
)

// reader is one reading under way: the calling goroutine cuts blocks, and once
// there are more than a few of them workers decode.
type reader struct {
	o      Options
	in     *counter
	size   int64
	cutter cutter
	text   int64 // bytes handed out to decode
	lines  atomic.Int64
	used   atomic.Int64
	// decoded is the bytes of text that lines and used were found in.
	decoded atomic.Int64
	// pending is the blocks that workers have not decoded yet.
	pending sync.WaitGroup
	told    time.Time
	// newSink makes the sink of one worker. It is called by one goroutine.
	newSink  func() Sink
	decoders []*decoder
}

// read reads a whole stream into sinks, the first of which is always made. Its error is
// ctx's, or *packed.
func read(ctx context.Context, r io.Reader, size int64, o Options, newSink func() Sink) (*Reading, error) {
	rd := &reader{o: o, in: &counter{r: r}, size: size, newSink: newSink}
	rd.decoder(0)
	s, err := newStream(ctx, rd.in, o)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	var p *packed
	switch {
	case errors.As(err, &p):
		return nil, p
	case err != nil:
		return &Reading{Warnings: []string{"the access log " + err.Error()}, Cut: errors.Is(err, errEnough)}, nil
	}
	defer s.close()
	rd.cutter = cutter{r: s, block: o.block, maxLine: o.MaxLine, line: 1}
	if s.compressed {
		rd.cutter.maxSkip = o.maxSkip
	}
	rd.run()
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	return rd.reading(s), nil
}

// alone is how many blocks are decoded where they are read, before workers start:
// for a small log goroutines cost more than they save.
const alone = 4

// run decodes all blocks.
func (rd *reader) run() {
	var b block
	for i := 0; i < alone || rd.o.Workers == 1; i++ {
		if !rd.next(&b) {
			return
		}
		rd.pending.Add(1)
		rd.decode(rd.decoder(0), &b)
		rd.progress()
	}
	rd.parallel()
}

// parallel hands blocks to workers. Two more than there are workers go round, so
// that the one that reads need not wait for the slowest.
func (rd *reader) parallel() {
	free := make(chan *block, rd.o.Workers+2)
	full := make(chan *block, rd.o.Workers+2)
	for range cap(free) {
		free <- new(block)
	}
	var workers sync.WaitGroup
	var broken atomic.Pointer[mishap.Error]
	for i := range rd.o.Workers {
		d := rd.decoder(i)
		workers.Go(func() {
			if err := rd.work(d, full, free); err != nil {
				broken.Store(err)
			}
		})
	}
	func() {
		defer workers.Wait()
		defer close(full)
		n := alone
		for b := <-free; rd.next(b); b = <-free {
			if n&(n-1) == 0 {
				rd.expect()
			}
			n++
			rd.pending.Add(1)
			full <- b
			rd.progress()
		}
	}()
	if err := broken.Load(); err != nil {
		panic(err)
	}
}

// expect tells how many lines of use are still to come, by those that came and the part of
// the log that they took: of a compressed one, of what is stored, some of which was read
// before it was wanted. So it tells again whenever twice as many blocks were read.
func (rd *reader) expect() {
	came, decoded := rd.in.n, rd.decoded.Load()
	if rd.o.expect == nil || came >= rd.size || decoded == 0 {
		return
	}
	text := float64(rd.text) / float64(came) * float64(rd.size-came)
	rd.o.expect(int64(float64(rd.used.Load()) / float64(decoded) * text))
}

// work decodes blocks until there are no more. It returns what it panicked with,
// for the calling goroutine to panic with: a server survives that in its
// handler, but not in a goroutine of ours. The other workers go on meanwhile, so
// nobody waits for a block that is not coming back.
func (rd *reader) work(d *decoder, full <-chan *block, free chan<- *block) (broken *mishap.Error) {
	defer func() {
		if p := recover(); p != nil {
			broken = mishap.Of(p)
			for b := range full {
				rd.pending.Done()
				free <- b
			}
		}
	}()
	for b := range full {
		rd.decode(d, b)
		free <- b
	}
	return nil
}

// decoder returns the i-th decoder, making it if there is none.
func (rd *reader) decoder(i int) *decoder {
	if i == len(rd.decoders) {
		rd.decoders = append(rd.decoders, &decoder{scan: scanner{names: newRenames(rd.o.Fields)}, sink: rd.newSink(), maxLine: rd.o.MaxLine})
	}
	return rd.decoders[i]
}

func (rd *reader) decode(d *decoder, b *block) {
	defer rd.pending.Done()
	lines, used := d.tally.total(), d.tally.used
	d.lines(b.buf, b.n, b.first)
	rd.lines.Add(d.tally.total() - lines)
	rd.used.Add(d.tally.used - used)
	rd.decoded.Add(int64(b.n))
}

// next cuts the next block, unless all that came so far was of no use.
func (rd *reader) next(b *block) bool {
	if rd.text > rd.o.maxUseless && rd.used.Load() == 0 {
		if rd.pending.Wait(); rd.used.Load() == 0 {
			rd.cutter.err = errUseless
			return false
		}
	}
	ok := rd.cutter.next(b)
	rd.text += int64(b.n)
	return ok
}

// progress tells the caller how far the reading is, ten times a second.
func (rd *reader) progress() {
	if rd.o.OnProgress == nil {
		return
	}
	if now := time.Now(); now.Sub(rd.told) >= time.Second/10 {
		rd.told = now
		rd.tell()
	}
}

func (rd *reader) tell() {
	rd.o.OnProgress(Progress{Bytes: rd.in.n, Size: rd.size, Lines: rd.lines.Load()})
}

// reading sums up.
func (rd *reader) reading(s *stream) *Reading {
	all := rd.cutter.tally
	for _, d := range rd.decoders {
		all.add(&d.tally)
	}
	r := &Reading{Total: all.total(), Skips: all.list(), Bytes: rd.o.MaxBytes - s.left, Cut: errors.Is(rd.cutter.err, errEnough)}
	if end := ending(rd.cutter.err, rd.o); end != "" {
		r.Warnings = append(r.Warnings, "the access log "+end)
	}
	if rd.cutter.err == io.EOF && rd.in.n < rd.size {
		r.Warnings = append(r.Warnings, "the access log shrank while it was read")
	}
	if r.Total > 0 && all.used == 0 && len(r.Warnings) == 0 {
		r.Warnings = append(r.Warnings, stranger(r.Skips))
	}
	if r.Bytes == 0 && len(r.Warnings) == 0 {
		r.Warnings = append(r.Warnings, "the access log is empty")
	}
	if r.Total == 0 && len(r.Warnings) == 0 {
		r.Warnings = append(r.Warnings, "the access log has no line: all of it is blank")
	}
	r.Warnings = append(r.Warnings, all.warnings()...)
	if rd.o.OnProgress != nil {
		rd.tell()
	}
	return r
}

// stranger is the warning about a log of another kind, by its first line.
func stranger(skips []Skip) string {
	first := slices.MinFunc(skips, func(a, b Skip) int { return cmp.Compare(a.First, b.First) })
	return fmt.Sprintf("the access log seems to be of another kind: no line of it could be used, and the first, line %d, is told by: %s; "+
		"JSON and text as Istio writes them are read, and JSON whose fields have other names if those are given", first.First, first.Reason)
}
