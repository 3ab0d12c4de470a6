package accesslog

import (
	"bufio"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"runtime"
	"time"

	"github.com/sluice-mesh/sluice/graph"
)

// Options bound a reading; a zero field means its default.
type Options struct {
	// MaxBytes is how many bytes of text are read, after decompression; 8 GiB.
	MaxBytes int64
	// MaxLine is how many bytes a line may have; longer ones are skipped; 1 MiB.
	MaxLine int
	// MaxWindow is the largest zstd window that is accepted, for which as much
	// memory is needed; 32 MiB, four times what zstd asks for without --ultra
	// or --long.
	MaxWindow int64
	// MaxTime ends the reading early; what was read until then counts. Without
	// it a reading takes as long as it takes.
	MaxTime time.Duration
	// Enough ends the reading early when it is closed, as MaxTime does; nil for
	// never.
	Enough <-chan struct{}
	// Workers decode blocks of lines side by side; one per processor, at most 4,
	// because one goroutine that reads cannot feed many more.
	Workers int
	// Fields are the log's own names for some of the fields, such as "upstream"
	// for "upstream_host"; see CheckField.
	Fields map[string]string
	// Graph goes to the graph.Builder of each worker.
	Graph graph.Options
	// OnProgress is called at most ten times a second while reading, and once
	// at the end, by the goroutine that called ReadFile or Read.
	OnProgress func(Progress)
	// Files is where ReadFile looks for its path; the whole file system.
	// An *os.Root confines it to a folder, links included.
	Files Files

	// into is the Builder of logs that were read before, nil for none.
	into *graph.Builder
	// expect is told now and then about how many lines of use are still to come, where the
	// log is long and of known size; nil for nobody.
	expect func(lines int64)
	// block is how much is read and decoded at once. Tests make these small.
	block int
	// maxSkip is how much of a line without an end is taken out of a compressed
	// log, which can hold a thousand times its own size.
	maxSkip int64
	// maxRatio is how much larger than its compressed form a log may be once
	// that is past maxSkip.
	maxRatio int64
	// maxUseless is after how much text without one line of use a log is taken
	// for something else.
	maxUseless int64
}

// builder is the one that a reading goes on with, or a new one.
func (o Options) builder() *graph.Builder {
	if o.into != nil {
		return o.into
	}
	return graph.NewBuilder(o.Graph)
}

// Files is what ReadFile needs of a file system; *os.Root has it.
type Files interface {
	Stat(name string) (fs.FileInfo, error)
	OpenFile(name string, flag int, perm fs.FileMode) (*os.File, error)
}

func (o Options) withDefaults() Options {
	if o.MaxBytes <= 0 {
		o.MaxBytes = 8 << 30
	}
	if o.MaxLine <= 0 {
		o.MaxLine = 1 << 20
	}
	o.MaxLine = min(o.MaxLine, 256<<20) // values are indexed by 32 bits
	if o.MaxWindow <= 0 {
		o.MaxWindow = 32 << 20
	}
	o.MaxWindow = max(o.MaxWindow, 1<<10) // the least that zstd takes
	if o.Workers <= 0 {
		o.Workers = min(runtime.GOMAXPROCS(0), 4)
	}
	if o.block <= 0 {
		o.block = blockSize
	}
	if o.maxSkip <= 0 {
		o.maxSkip = 256 << 20
	}
	if o.maxRatio <= 0 {
		o.maxRatio = 200
	}
	if o.maxUseless <= 0 {
		o.maxUseless = 256 << 20
	}
	if o.Files == nil {
		o.Files = system{}
	}
	return o
}

// Progress of a reading under way.
type Progress struct {
	// Bytes of the log as it is stored that were read, of Size (-1 unknown).
	Bytes, Size int64
	Lines       int64
}

// Skip counts lines that were not used, for one reason.
type Skip struct {
	Reason string
	Lines  int64
	// First is the number of the first such line, from 1.
	First int64
	// Log is the name of the log that has that line, "" for the only one.
	Log string
}

// Reading is what became of a log.
type Reading struct {
	Builder *graph.Builder
	// Total lines; Skips by reason, in a fixed order. Lines of nothing but spaces,
	// zero bytes and the brackets and commas of a JSON array are blank, and do
	// not count.
	Total int64
	Skips []Skip
	// Bytes of text that were read, after decompression.
	Bytes int64
	// Cut is set where Options.Enough ended the reading: how much is missing is the
	// reader's doing, and no trait of the log.
	Cut bool
	// Warnings about the log as a whole, in whole sentences. Skips are not
	// repeated there: see Skip.String.
	Warnings []string
}

// Skipped is the number of lines that were not used, for any reason.
func (r *Reading) Skipped() int64 {
	var n int64
	for _, s := range r.Skips {
		n += s.Lines
	}
	return n
}

// Read reads a log, or a partial reading, from r, such as a pipe, of size bytes (-1 for unknown; only
// progress needs it). A log that is broken, or no log at all, is a Reading with
// warnings; the only error is ctx's. Read blocks for as long as r does.
func Read(ctx context.Context, r io.Reader, size int64, o Options) (*Reading, error) {
	o = o.withDefaults()
	in := bufio.NewReaderSize(r, 64<<10)
	if isPartial(in) {
		return readPartial(ctx, &counter{r: in}, size, o)
	}
	p := newPool(o)
	o.expect = p.expect
	reading, err := read(ctx, in, size, o, p.sink)
	var partial *packed
	if errors.As(err, &partial) {
		return partial.read(ctx, size, o)
	}
	if err != nil {
		return nil, err
	}
	reading.Builder = p.collected()
	return reading, nil
}

// Scan is Read for whoever does not want a graph: newSink makes a sink for each
// worker, which alone uses it, and the Reading has no Builder.
func Scan(ctx context.Context, r io.Reader, size int64, o Options, newSink func() Sink) (*Reading, error) {
	reading, err := read(ctx, r, size, o.withDefaults(), newSink)
	var partial *packed
	if errors.As(err, &partial) {
		partial.s.close()
		return &Reading{Warnings: []string{"the access log " + partial.Error()}}, nil
	}
	return reading, err
}
