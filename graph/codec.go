package graph

import (
	"bufio"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
)

// Bounds on what Decode believes before it has seen it.
const (
	maxCodedTexts = 1 << 22
	maxCodedText  = 4096
)

// Encode writes what b has collected, so that Decode elsewhere makes a Builder of
// it that merges as b itself would. Builders that hold the same, however they
// came by it, write the same bytes: the numbers of the options and counts, the
// addresses, the names, and the events in canonical order. Errors are w's.
func (b *Builder) Encode(w io.Writer) error {
	b.settle()
	e := encoder{w: bufio.NewWriterSize(w, 64<<10)}
	e.number(uint64(b.options.MaxTrace))
	e.number(uint64(b.level))
	e.number(uint64(b.added))
	e.table(&b.addresses)
	e.table(&b.names)
	e.number(uint64(b.kept))
	b.each(e.event)
	return e.w.Flush() // it keeps the first error
}

// encoder writes numbers in as few bytes as they need. Events follow each other
// by hash, so only their keys are worth writing as differences.
type encoder struct {
	w     *bufio.Writer
	key   uint64
	start Micros
}

func (e *encoder) number(n uint64) {
	var room [binary.MaxVarintLen64]byte
	_, _ = e.w.Write(binary.AppendUvarint(room[:0], n))
}

func (e *encoder) table(t *table) {
	e.number(uint64(t.refused))
	e.number(uint64(t.tooLong))
	e.number(uint64(len(t.texts) - int(firstID)))
	for _, text := range t.texts[firstID:] {
		e.number(uint64(len(text)))
		_, _ = e.w.WriteString(text)
	}
}

func (e *encoder) event(ev *event) {
	var room [96]byte
	p := append(room[:0], byte(ev.flags))
	p = binary.LittleEndian.AppendUint64(p, ev.id)
	if ev.traced() {
		// Shards hold every sixteenth key: the difference wraps around between them.
		p = binary.AppendUvarint(p, ev.key-e.key)
		e.key = ev.key
	}
	p = binary.AppendVarint(p, ev.start-e.start)
	e.start = ev.start
	for _, n := range [...]uint32{uint32(ev.duration), uint32(ev.service), ev.down, ev.up, ev.local, ev.name, ev.sent + 1, uint32(ev.lines)} {
		p = binary.AppendUvarint(p, uint64(n))
	}
	_, _ = e.w.Write(p)
}

// ErrCoded is wrapped by the errors of Decode that say that what was read is not
// what Encode writes; others are the reader's.
var ErrCoded = errors.New("it does not hold what a partial reading holds")

// Decode reads what Encode wrote into a Builder with these options. It believes
// nothing that it reads: whatever that is, the Builder stays within its bounds.
func Decode(r *bufio.Reader, o Options) (*Builder, error) {
	b := NewBuilder(o)
	d := decoder{r: r, b: b}
	if maxTrace := d.number(1 << 32); d.err == nil && maxTrace != uint64(b.options.MaxTrace) {
		return nil, fmt.Errorf("%w: it keeps up to %d lines of a request, and %d are wanted", ErrCoded, maxTrace, b.options.MaxTrace)
	}
	level := uint(d.number(63))
	b.added = int64(d.number(1 << 50))
	d.addresses = d.table(&b.addresses)
	d.names = d.table(&b.names)
	b.raise(level)
	for n := d.number(1 << 40); n > 0 && d.err == nil; n-- {
		d.event()
	}
	if d.err != nil {
		return nil, d.err
	}
	return b, nil
}

// decoder reads into b until its first error.
type decoder struct {
	r                *bufio.Reader
	b                *Builder
	addresses, names []uint32 // what became of the ids
	key              uint64
	start            Micros
	text             [maxCodedText]byte
	err              error
}

// fail keeps the first error.
func (d *decoder) fail(err error) {
	if d.err != nil {
		return
	}
	if d.err = err; err == io.EOF {
		d.err = io.ErrUnexpectedEOF
	}
}

// number reads a number up to most.
func (d *decoder) number(most uint64) uint64 {
	if d.err != nil {
		return 0
	}
	n, err := binary.ReadUvarint(d.r)
	if err != nil {
		d.fail(err)
		return 0
	}
	if n > most {
		d.fail(fmt.Errorf("%w: found the number %d where %d is the most", ErrCoded, n, most))
		return 0
	}
	return n
}

func (d *decoder) table(t *table) []uint32 {
	refused, tooLong := int64(d.number(1<<50)), int64(d.number(1<<50))
	n := d.number(maxCodedTexts)
	ids := []uint32{absent, overflow}
	for ; n > 0 && d.err == nil; n-- {
		text := d.text[:d.number(maxCodedText)]
		if _, err := io.ReadFull(d.r, text); err != nil {
			d.fail(err)
		}
		ids = append(ids, t.id(text))
	}
	t.refused += refused
	t.tooLong += tooLong
	return ids
}

// event reads one event and keeps it.
func (d *decoder) event() {
	var head [9]byte
	if _, err := io.ReadFull(d.r, head[:]); err != nil {
		d.fail(err)
		return
	}
	e := event{flags: flags(head[0]), id: binary.LittleEndian.Uint64(head[1:])}
	e.key = e.id
	if e.traced() {
		d.key += d.number(1<<64 - 1)
		e.key = d.key
	}
	d.start += d.signed()
	e.start = d.start
	const most = 1<<32 - 1
	e.duration, e.service = span(d.number(most)), span(d.number(most))
	e.down, e.up, e.local = d.id(d.addresses), d.id(d.addresses), d.id(d.addresses)
	e.name = d.id(d.names)
	e.sent = uint32(d.number(most)) - 1
	e.lines = uint16(max(d.number(1<<16-1), 1))
	if d.err != nil {
		return
	}
	if e.flags&^allFlags != 0 || e.either() && e.inbound() || e.start != clampStart(e.start) {
		d.fail(fmt.Errorf("%w: one of its events cannot be", ErrCoded))
		return
	}
	if d.b.sampled(e.key) {
		d.b.push(&e)
	}
}

func (d *decoder) signed() int64 {
	n := d.number(1<<64 - 1)
	return int64(n>>1) ^ -int64(n&1)
}

// id reads an id and returns what became of it.
func (d *decoder) id(ids []uint32) uint32 {
	n := d.number(uint64(len(ids) - 1))
	return ids[n]
}
