package request

import (
	"bytes"
	"errors"
	"fmt"
	"io"
)

// window is how much of the body the scanner holds.
const window = 32 << 10

// scanner reads JSON, with // and /* */ comments and with a comma before a
// closing bracket, from a stream.
//
// It stands in for jsonc.ToJSON and encoding/json because both want the body, or
// one value of it, whole in memory: many clients with bodies of 48 MB would need
// gigabytes, and one string can be all of a body. The tests hold it against them.
type scanner struct {
	r        io.Reader
	buf      []byte
	pos, end int // what is unread of buf
	// lines and column count what came before buf: newlines, and bytes since the last.
	lines, column int
	scratch       []byte
	stack         []byte // the closing brackets that skip waits for
	err           error
}

func newScanner(r io.Reader) *scanner { return &scanner{r: r, buf: make([]byte, window)} }

// fill reads the next window. It reports false at the end and on an error.
func (s *scanner) fill() bool {
	if s.err != nil {
		return false
	}
	s.lines, s.column = s.position()
	s.pos, s.end = 0, 0
	for s.end == 0 && s.err == nil {
		s.end, s.err = s.r.Read(s.buf)
	}
	return s.end > 0
}

// position is the number of newlines before the next byte, and of bytes since
// the last of them.
func (s *scanner) position() (lines, column int) {
	passed := s.buf[:s.pos]
	if i := bytes.LastIndexByte(passed, '\n'); i >= 0 {
		return s.lines + bytes.Count(passed, []byte{'\n'}), len(passed) - i - 1
	}
	return s.lines, s.column + len(passed)
}

// peek is the next byte, which stays unread; false at the end.
func (s *scanner) peek() (byte, bool) {
	if s.pos == s.end && !s.fill() {
		return 0, false
	}
	return s.buf[s.pos], true
}

// malformed is the error for a body that is no JSON at the place reached.
func (s *scanner) malformed(format string, args ...any) error {
	line, column := s.position()
	return &Error{Problem: fmt.Sprintf("the body is not valid JSON at line %d, column %d: ", line+1, column+1) + fmt.Sprintf(format, args...)}
}

// ended is the error for a body that stops where want was expected; a reading
// that failed comes first.
func (s *scanner) ended(want string) error {
	if s.err != nil && !errors.Is(s.err, io.EOF) {
		return s.err
	}
	return s.malformed("it ends, expected %s", want)
}

// unexpected is the error for the next byte where want was expected.
func (s *scanner) unexpected(want string) error {
	c, ok := s.peek()
	if !ok {
		return s.ended(want)
	}
	return s.malformed("found %s, expected %s", character(c), want)
}

// character names a byte that may be part of a rune.
func character(c byte) string {
	if c < 0x20 || c >= 0x7f {
		return fmt.Sprintf("the byte 0x%02x", c)
	}
	return fmt.Sprintf("'%c'", c)
}

// next skips white space and comments and is the byte after them, which stays
// unread; it fails at the end of the body.
func (s *scanner) next(want string) (byte, error) {
	c, ok, err := s.gap()
	if err == nil && !ok {
		err = s.ended(want)
	}
	return c, err
}

// gap is next for where the body may end: ok is false then.
func (s *scanner) gap() (c byte, ok bool, err error) {
	for {
		c, ok := s.peek()
		if !ok {
			return 0, false, nil
		}
		switch c {
		case ' ', '\t', '\r', '\n':
			s.pos++
		case '/':
			if err := s.comment(); err != nil {
				return 0, false, err
			}
		default:
			return c, true, nil
		}
	}
}

// comment skips // to the end of the line or /* to */.
func (s *scanner) comment() error {
	s.pos++
	c, ok := s.peek()
	switch {
	case ok && c == '/':
		// A comment on the last line ends with the body.
		_ = s.skipPast('\n')
		return nil
	case ok && c == '*':
		s.pos++
		return s.blockEnd()
	}
	return s.unexpected("a comment, // or /* */, after '/'")
}

func (s *scanner) blockEnd() error {
	for s.skipPast('*') {
		if c, ok := s.peek(); ok && c == '/' {
			s.pos++
			return nil
		}
	}
	return s.ended("*/")
}

// skipPast passes the next c; false when there is none.
func (s *scanner) skipPast(c byte) bool {
	for {
		if i := bytes.IndexByte(s.buf[s.pos:s.end], c); i >= 0 {
			s.pos += i + 1
			return true
		}
		s.pos = s.end
		if !s.fill() {
			return false
		}
	}
}

// object calls field with each key; field reads the value. The next byte is '{'.
func (s *scanner) object(field func(key string) error) error {
	return s.members('}', func(int) error {
		key, err := s.key()
		if err != nil {
			return err
		}
		return field(key)
	})
}

// list calls element with the number of each; element reads it. The next byte is '['.
func (s *scanner) list(element func(i int) error) error { return s.members(']', element) }

// members reads what stands between brackets, separated by commas, the last of
// which may be followed by nothing.
func (s *scanner) members(closing byte, member func(i int) error) error {
	s.pos++
	for i := 0; ; i++ {
		c, err := s.next(separator(closing))
		if err != nil {
			return err
		}
		if c == closing {
			s.pos++
			return nil
		}
		if err := member(i); err != nil {
			return err
		}
		if c, err = s.next(separator(closing)); err != nil {
			return err
		}
		if c != ',' && c != closing {
			return s.unexpected(separator(closing))
		}
		if c == ',' {
			s.pos++
		}
	}
}

// separator is what may follow a value, for errors.
func separator(closing byte) string {
	if closing == '}' {
		return "',' or '}'"
	}
	return "',' or ']'"
}

// key reads a field's name, or the beginning of a long one, and the colon.
func (s *scanner) key() (string, error) {
	c, err := s.next("a field name")
	if err != nil {
		return "", err
	}
	if c != '"' {
		return "", s.unexpected("a field name in double quotes")
	}
	t, err := s.text(maxKey)
	if err != nil {
		return "", err
	}
	key := string(t.bytes)
	if c, err = s.next("':'"); err != nil {
		return "", err
	}
	if c != ':' {
		return "", s.unexpected("':' after a field name")
	}
	s.pos++
	return key, nil
}

// rest fails unless nothing but white space and comments is left.
func (s *scanner) rest() error {
	_, more, err := s.gap()
	switch {
	case err != nil:
		return err
	case more:
		return s.unexpected("nothing after the request's closing '}'")
	case s.err != nil && !errors.Is(s.err, io.EOF):
		return s.err
	}
	return nil
}
