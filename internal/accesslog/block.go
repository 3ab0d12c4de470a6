package accesslog

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// blockSize is how much is read and decoded at once: enough to make handing it
// to another goroutine cheap, little enough to stay in a core's own cache.
const blockSize = 256 << 10

// block is whole lines of the log, buf[:n], the first of them line number first.
// The newline that ends them has padding bytes after it.
type block struct {
	buf   []byte
	n     int
	first int64
}

// grow makes room for n bytes, a newline and the padding.
func (b *block) grow(n int) {
	if n += 1 + padding; len(b.buf) < n {
		buf := make([]byte, n)
		copy(buf, b.buf)
		b.buf = buf
	}
}

var (
	// errEndless ends a stream that goes on without a newline for longer than
	// any line: zeros out of a compressed file, as a rule.
	errEndless = errors.New("a line has no end")
	// errUseless ends a stream that has no line of use for very long.
	errUseless = errors.New("not one line of use")
	// errLimit is wrapped by the errors that end a stream because we stop
	// reading it, and not because it is at its end or broken.
	errLimit = errors.New("not read to its end")
	// errEnough is the limit that Options.Enough sets.
	errEnough = fmt.Errorf("%w: whoever asked for it is stopping", errLimit)
)

// cutter cuts a stream into blocks at its newlines. It holds little more than
// one line of maxLine bytes, whatever comes.
type cutter struct {
	r       io.Reader
	block   int
	maxLine int
	// maxSkip is how many bytes of one line are passed over before the stream
	// is given up, 0 for any number.
	maxSkip int64
	carry   []byte // what was read past the last block
	line    int64  // number of the next line
	tally   tally  // lines that were dropped here
	err     error  // why the stream ended; io.EOF as a rule
}

// next fills b with the next lines and reports whether there are any.
func (c *cutter) next(b *block) bool {
	for c.err == nil || len(c.carry) > 0 {
		if c.fill(b) {
			return true
		}
	}
	return false
}

// fill reads until b holds whole lines. It returns false where it had to drop
// what it read and there may be more.
func (c *cutter) fill(b *block) bool {
	have, want := len(c.carry), max(c.block, len(c.carry)+1)
	b.grow(want)
	copy(b.buf, c.carry)
	c.carry = c.carry[:0]
	for {
		have += c.read(b.buf[have:want])
		nl := bytes.LastIndexByte(b.buf[:have], '\n')
		switch {
		case nl >= 0:
			c.carry = append(c.carry, b.buf[nl+1:have]...)
			return c.emit(b, nl+1)
		case c.err != nil:
			return c.last(b, have)
		case have > c.maxLine:
			return c.long(b, have)
		}
		want = min(2*want, c.maxLine+1)
		b.grow(want)
	}
}

// read fills p as far as the stream goes.
func (c *cutter) read(p []byte) (n int) {
	for idle := 0; n < len(p) && c.err == nil; idle++ {
		var m int
		m, c.err = c.r.Read(p[n:])
		if n += m; m > 0 {
			idle = 0
		} else if c.err == nil && idle == 100 {
			c.err = io.ErrNoProgress
		}
	}
	return n
}

// emit makes b the lines b.buf[:n].
func (c *cutter) emit(b *block, n int) bool {
	b.n, b.first = n, c.line
	c.line += int64(bytes.Count(b.buf[:n], []byte{'\n'}))
	return true
}

// last ends the stream with a line that no newline ends. One that we cut
// ourselves is nobody's fault and is not counted.
func (c *cutter) last(b *block, have int) bool {
	if have == 0 || errors.Is(c.err, errLimit) {
		return false
	}
	b.buf[have] = '\n'
	return c.emit(b, have+1)
}

// long deals with a line of more than maxLine bytes, of which b holds the
// beginning: it cuts an array between its elements, passes over the zeros that a
// rotation leaves where it cuts a file under its writer, and drops anything else.
func (c *cutter) long(b *block, have int) bool {
	p := b.buf[:have]
	if nonzero(p) == have {
		c.pass(b, have, nonzero)
		return false
	}
	if at := lastElement(p); at > 0 {
		c.carry = append(c.carry, p[at:]...)
		p[at] = '\n'
		c.emit(b, at+1)
		c.line-- // the newline just put there is not the log's
		return true
	}
	c.tally.lose(tooLong, 1, c.line)
	if c.pass(b, have, newline) {
		c.carry = c.carry[1:]
		c.line++
	}
	return false
}

// pass reads on to the byte that until finds, which becomes the first of carry,
// and reports whether it found one.
func (c *cutter) pass(b *block, passed int, until func([]byte) int) bool {
	for total := int64(passed); c.err == nil; {
		p := b.buf[:c.read(b.buf[:c.block])]
		if at := until(p); at < len(p) {
			c.carry = append(c.carry[:0], p[at:]...)
			return true
		}
		if total += int64(len(p)); c.maxSkip > 0 && total > c.maxSkip {
			c.err = errEndless
		}
	}
	return false
}

// newline is the index of the first newline, len(p) if there is none.
func newline(p []byte) int {
	if i := bytes.IndexByte(p, '\n'); i >= 0 {
		return i
	}
	return len(p)
}

// nonzero is the index of the first byte that is not zero, len(p) if there is
// none.
func nonzero(p []byte) int {
	if bytes.Count(p, []byte{0}) == len(p) { // much faster than a loop
		return len(p)
	}
	i := 0
	for p[i] == 0 {
		i++
	}
	return i
}
