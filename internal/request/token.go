package request

import (
	"unicode/utf16"
	"unicode/utf8"
)

// text is a string of the body, as far as it is wanted.
type text struct {
	// bytes are the scanner's, valid until the next text or number.
	bytes []byte
	max   int
	// over tells that the string was longer than max; bytes is its beginning.
	over bool
	// half tells that an escape named one half of a surrogate pair alone, which
	// is no character: bytes has U+FFFD in its place.
	half bool
	// high is a first half that waits for its second.
	high rune
}

// text reads a string, keeping at most max bytes of it. The next byte is '"'.
func (s *scanner) text(max int) (text, error) {
	s.pos++
	t := text{bytes: s.scratch[:0], max: max}
	defer func() { s.scratch = t.bytes }()
	for {
		n := plain(s.buf[s.pos:s.end])
		t.append(s.buf[s.pos : s.pos+n])
		s.pos += n
		c, ok := s.peek()
		if !ok {
			return t, s.ended("the closing '\"' of a string")
		}
		if c == '"' {
			s.pos++
			t.alone()
			return t, nil
		}
		if err := s.special(c, &t); err != nil {
			return t, err
		}
	}
}

// plain is the number of bytes at the start of b that stand for themselves.
func plain(b []byte) int {
	for i, c := range b {
		if c == '"' || c == '\\' || c < 0x20 || c >= utf8.RuneSelf {
			return i
		}
	}
	return len(b)
}

// append takes bytes that stand for themselves.
func (t *text) append(b []byte) {
	if len(b) == 0 {
		return
	}
	t.alone()
	if room := t.max - len(t.bytes); len(b) > room {
		t.over = true
		b = b[:room]
	}
	t.bytes = append(t.bytes, b...)
}

// add takes a rune whole or not at all, so that what is kept stays UTF-8.
func (t *text) add(r rune) {
	t.alone()
	if t.over = t.over || len(t.bytes)+utf8.RuneLen(r) > t.max; !t.over {
		t.bytes = utf8.AppendRune(t.bytes, r)
	}
}

// unit takes one \uXXXX, which may be half of a rune.
func (t *text) unit(r rune) {
	whole := utf16.DecodeRune(t.high, r)
	switch {
	case whole != utf8.RuneError:
		t.high = 0
		t.add(whole)
	case r >= 0xd800 && r < 0xdc00:
		t.alone()
		t.high = r
	case utf16.IsSurrogate(r):
		t.half = true
		t.add(utf8.RuneError)
	default:
		t.add(r)
	}
}

// alone gives up waiting for a second half.
func (t *text) alone() {
	if t.high != 0 {
		t.high, t.half = 0, true
		t.add(utf8.RuneError)
	}
}

// special reads what does not stand for itself in a string: an escape, a rune of
// several bytes or a byte that must not be there.
func (s *scanner) special(c byte, t *text) error {
	switch {
	case c == '\\':
		s.pos++
		return s.escape(t)
	case c >= utf8.RuneSelf:
		r, ok := s.rune()
		if !ok {
			return s.malformed("found %s in a string, which is not UTF-8", character(c))
		}
		t.add(r)
	case c < 0x20:
		return s.malformed("found %s in a string, expected it escaped as \\u%04x", character(c), c)
	}
	return nil
}

// rune reads a character of several bytes, which may lie in two windows.
func (s *scanner) rune() (rune, bool) {
	var b [utf8.UTFMax]byte
	n := 0
	for n == 0 || !utf8.FullRune(b[:n]) {
		c, ok := s.peek()
		if !ok {
			return 0, false
		}
		b[n] = c
		n++
		s.pos++
	}
	r, size := utf8.DecodeRune(b[:n])
	return r, size == n && size > 1
}

// escapes that stand for one character.
var escapes = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// escape reads what follows a backslash.
func (s *scanner) escape(t *text) error {
	c, ok := s.peek()
	if !ok {
		return s.ended("the rest of an escape")
	}
	if r := escapes[c]; r != 0 {
		s.pos++
		t.add(rune(r))
		return nil
	}
	if c != 'u' {
		return s.unexpected("one of \" \\ / b f n r t u after a backslash")
	}
	s.pos++
	var r rune
	for range 4 {
		digit, err := s.hex()
		if err != nil {
			return err
		}
		r = r<<4 | digit
	}
	t.unit(r)
	return nil
}

func (s *scanner) hex() (rune, error) {
	c, _ := s.peek()
	switch {
	case c >= '0' && c <= '9':
		s.pos++
		return rune(c - '0'), nil
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		s.pos++
		return rune(c|0x20-'a') + 10, nil
	}
	return 0, s.unexpected("four hexadecimal digits after \\u")
}

// word reads a run of bytes that a number or a literal is made of. Of one that is
// longer than maxNumber it returns the beginning and, as a number, all of it.
func (s *scanner) word() (word string, long *numeral) {
	b := s.scratch[:0]
	for {
		c, ok := s.peek()
		if !ok || !wordByte(c) {
			s.scratch = b
			return string(b), long
		}
		s.pos++
		switch {
		case long != nil:
			long.feed(c)
		case len(b) < maxNumber:
			b = append(b, c)
		default:
			long = new(numeral)
			for _, c := range b {
				long.feed(c)
			}
			long.feed(c)
		}
	}
}

func wordByte(c byte) bool {
	return c >= '0' && c <= '9' || c|0x20 >= 'a' && c|0x20 <= 'z' || c == '-' || c == '+' || c == '.' || c == '_'
}

// number tells whether w is a number by JSON's grammar.
func number(w string) bool {
	w = trimSign(w)
	if w == "" || w[0] == '0' && len(w) > 1 && w[1] >= '0' && w[1] <= '9' {
		return false
	}
	rest, ok := digits(w)
	if ok && rest != "" && rest[0] == '.' {
		rest, ok = digits(rest[1:])
	}
	if ok && rest != "" && rest[0]|0x20 == 'e' {
		rest = rest[1:]
		if rest != "" && (rest[0] == '+' || rest[0] == '-') {
			rest = rest[1:]
		}
		rest, ok = digits(rest)
	}
	return ok && rest == ""
}

func trimSign(w string) string {
	if w != "" && w[0] == '-' {
		return w[1:]
	}
	return w
}

// digits is w after its leading digits; false when there are none.
func digits(w string) (rest string, ok bool) {
	i := 0
	for i < len(w) && w[i] >= '0' && w[i] <= '9' {
		i++
	}
	return w[i:], i > 0
}
