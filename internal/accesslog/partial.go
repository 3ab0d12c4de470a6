package accesslog

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"slices"

	"github.com/klauspost/compress/zstd"

	"github.com/sluice-mesh/sluice/graph"
)

// partialMagic begins a partial reading; the byte after it is its version. No
// log begins so, and a transfer that changes line ends breaks it.
//
// The version is raised with whatever changes what the bytes mean, be it one more flag of an
// event: what an older sluice did not write cannot be told from what did not happen. Since 4
// callees' lines tell of calls that ended without any code.
const (
	partialMagic   = "\x89sluice\r\n"
	partialVersion = 4
)

// Save writes a partial reading, which Read takes where it takes a log: the
// magic, the version, and a zstd frame with its checksum that holds the counts of
// lines and what the Builder writes. Equal readings write equal bytes. It holds
// hashes of request ids, addresses, and names of hosts, and no line of the log.
func (r *Reading) Save(w io.Writer) error {
	if _, err := w.Write(append([]byte(partialMagic), partialVersion)); err != nil {
		return err
	}
	// One goroutine, so that the bytes do not depend on the machine.
	z, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1), zstd.WithEncoderLevel(zstd.SpeedFastest), zstd.WithEncoderCRC(true))
	if err != nil {
		return err
	}
	_, err = z.Write(r.counts())
	if err == nil {
		err = r.Builder.Encode(z)
	}
	return errors.Join(err, z.Close())
}

// counts is what became of the lines.
func (r *Reading) counts() []byte {
	p := binary.AppendUvarint(nil, uint64(r.Total))
	p = binary.AppendUvarint(p, uint64(r.Bytes))
	p = binary.AppendUvarint(p, uint64(len(r.Warnings)))
	p = binary.AppendUvarint(p, uint64(len(r.Skips)))
	for _, s := range r.Skips {
		p = binary.AppendUvarint(p, uint64(slices.Index(reasonTexts[:], s.Reason)))
		p = binary.AppendUvarint(p, uint64(s.Lines))
		p = binary.AppendUvarint(p, uint64(s.First))
	}
	return p
}

// partialName is what people are told that it is.
const partialName = "a partial reading"

// packed is a partial reading that was compressed once more, as far as newStream read it:
// it is an error to whoever wants lines.
type packed struct {
	s  *stream
	in *counter
}

func (*packed) Error() string {
	return "is " + partialName + ", and what is wanted is a log"
}

// read reads it. The stream's own bounds hold for what is unpacked first.
func (p *packed) read(ctx context.Context, size int64, o Options) (*Reading, error) {
	defer p.s.close()
	return readPartialOf(ctx, p.s.guard, p.in, size, o)
}

// isPartial looks at what r begins with. A part of the magic is enough, so that
// a partial reading that was torn there is not told as a strange log.
func isPartial(r *bufio.Reader) bool {
	head, _ := r.Peek(len(partialMagic))
	return len(head) > 3 && bytes.HasPrefix([]byte(partialMagic), head)
}

// readPartial reads what Save wrote. One that is torn, damaged or no partial
// reading at all counts for nothing and is told by a warning: half of it would
// hold whole proxies at rates that are wrong.
func readPartial(ctx context.Context, in *counter, size int64, o Options) (*Reading, error) {
	return readPartialOf(ctx, in, in, size, o)
}

// readPartialOf reads it from text, which comes out of in.
func readPartialOf(ctx context.Context, text io.Reader, in *counter, size int64, o Options) (*Reading, error) {
	g := newGuard(ctx, o)
	g.stored = in
	r, err := decodePartial(bufio.NewReaderSize(text, 64<<10), g, o)
	if ctx.Err() != nil {
		return nil, ctx.Err()
	}
	if err != nil {
		return &Reading{
			Builder:  o.builder(),
			Cut:      errors.Is(err, errEnough),
			Warnings: []string{fmt.Sprintf("the partial reading %s; nothing was taken from it", badPartial(err, o))},
		}, nil
	}
	if o.OnProgress != nil {
		o.OnProgress(Progress{Bytes: in.n, Size: size, Lines: r.Total})
	}
	return r, nil
}

// errVersion is that a partial reading is of the version found.
type errVersion struct{ found byte }

func (e errVersion) Error() string {
	return fmt.Sprintf("is of version %d, and this sluice reads version %d: aggregate its logs again with this sluice", e.found, partialVersion)
}

// badPartial says in words what is wrong.
func badPartial(err error, o Options) string {
	switch {
	case errors.As(err, new(errVersion)):
		return err.Error()
	case errors.Is(err, graph.ErrCoded):
		return "cannot be used: " + err.Error()
	case errors.Is(err, io.ErrUnexpectedEOF) || err == io.EOF:
		return "is cut short"
	case errors.Is(err, errLimit):
		return ending(err, o)
	}
	return fmt.Sprintf("is damaged (%v)", err)
}

func decodePartial(in *bufio.Reader, g *guard, o Options) (*Reading, error) {
	var head [len(partialMagic) + 1]byte
	if _, err := io.ReadFull(in, head[:]); err != nil {
		return nil, err
	}
	if v := head[len(partialMagic)]; v != partialVersion {
		return nil, errVersion{v}
	}
	z, err := openZstd(in, o)
	if err != nil {
		return nil, err
	}
	defer z.Close()
	g.r = sound{z}
	text := bufio.NewReaderSize(g, 64<<10)
	r, err := readCounts(text)
	if err != nil {
		return nil, err
	}
	if r.Builder, err = graph.Decode(text, o.Graph); err != nil {
		return nil, err
	}
	// Its end has the checksum: nothing is believed before that.
	if _, err := text.ReadByte(); err != io.EOF {
		return nil, cmpErr(err, fmt.Errorf("%w: it goes on after its end", graph.ErrCoded))
	}
	return r, nil
}

// cmpErr is the first of two errors that there is.
func cmpErr(err, other error) error {
	if err != nil {
		return err
	}
	return other
}

// readCounts reads what counts wrote.
func readCounts(r *bufio.Reader) (*Reading, error) {
	var err error
	number := func(most uint64) uint64 {
		if err != nil {
			return 0
		}
		var n uint64
		if n, err = binary.ReadUvarint(r); err == nil && n > most {
			err = fmt.Errorf("%w: found the count %d where %d is the most", graph.ErrCoded, n, most)
		}
		if err != nil {
			return 0
		}
		return n
	}
	const most = 1 << 50
	out := &Reading{Total: int64(number(most)), Bytes: int64(number(most))}
	if n := number(most); n > 0 {
		out.Warnings = append(out.Warnings, fmt.Sprintf("the partial reading was made with warnings (%d); sluice aggregate told them then", n))
	}
	for n := number(uint64(reasons)); n > 0 && err == nil; n-- {
		why := reason(number(uint64(reasons - 1)))
		out.Skips = append(out.Skips, Skip{Reason: reasonTexts[why], Lines: int64(number(most)), First: int64(number(most))})
	}
	if err == nil && (out.Skipped() > out.Total || !sortedSkips(out.Skips)) {
		err = fmt.Errorf("%w: its counts of lines do not fit", graph.ErrCoded)
	}
	return out, err
}

// sortedSkips reports whether every reason is there once, in its place.
func sortedSkips(skips []Skip) bool {
	last := 0
	for _, s := range skips {
		at := slices.Index(reasonTexts[:], s.Reason)
		if at <= last {
			return false
		}
		last = at
	}
	return true
}
