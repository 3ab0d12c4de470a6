package request

import (
	"math"
	"strconv"
)

// kind is what a JSON value is.
type kind uint8

const (
	null kind = iota
	boolean
	amount
	quoted
	object
	list
)

// value is one value of the body: a scalar whole, of an object or a list only
// the kind.
type value struct {
	kind kind
	// text of a string, or a number as it is written.
	text   string
	number float64
	// over and half are those of text.
	over, half bool
}

// String is the value as an error names it.
func (v value) String() string {
	switch v.kind {
	case null:
		return "null"
	case quoted:
		return Quote(v.text)
	case object:
		return "an object"
	case list:
		return "a list"
	}
	return Shorten(v.text)
}

// empty tells that the value leaves an optional field unknown.
func (v value) empty() bool { return v.kind == null || v.kind == quoted && v.text == "" && !v.over }

// scalar reads a value, keeping at most max bytes of a string; an object or a
// list it skips.
func (s *scanner) scalar(max int, intern map[string]string) (value, error) {
	c, err := s.next("a value")
	if err != nil {
		return value{}, err
	}
	switch {
	case c == '{':
		return value{kind: object}, s.skip()
	case c == '[':
		return value{kind: list}, s.skip()
	case c == '"':
		t, err := s.text(max)
		return value{kind: quoted, text: interned(intern, t.bytes), over: t.over, half: t.half}, err
	case wordByte(c):
		return s.literal()
	}
	return value{}, s.unexpected("a value")
}

// maxInterned bounds the names that are looked for again. More of them are not a
// fleet's, and the map would outgrow what it saves.
const maxInterned = 1 << 14

// interned makes a string of b, the same one for equal bytes: services, namespaces
// and containers come again in row after row. m may be nil.
func interned(m map[string]string, b []byte) string {
	if known, ok := m[string(b)]; ok {
		return known
	}
	name := string(b)
	if m != nil && len(m) < maxInterned {
		m[name] = name
	}
	return name
}

// literal reads null, a boolean or a number. Words such as NaN, which some
// writers use for numbers that JSON does not have, are read as numbers that are
// not finite, so that the refusal can name their field.
func (s *scanner) literal() (value, error) {
	w, long := s.word()
	switch w {
	case "null":
		return value{kind: null}, nil
	case "true", "false":
		return value{kind: boolean, text: w}, nil
	case "NaN", "nan", "-NaN":
		return value{kind: amount, text: w, number: math.NaN()}, nil
	case "Infinity", "-Infinity", "inf", "-inf":
		return value{kind: amount, text: w, number: math.Inf(1)}, nil
	}
	if long != nil && long.whole() {
		return value{kind: amount, text: w, number: long.value()}, nil
	}
	if long != nil || !number(w) {
		return value{}, s.malformed("found %s, expected a value", Shorten(w))
	}
	// Out of range is ±Inf, which no field takes.
	f, _ := strconv.ParseFloat(w, 64)
	return value{kind: amount, text: w, number: f}, nil
}

// skip passes an object or a list, whatever it holds, without recursion. The
// next byte opens it.
func (s *scanner) skip() error {
	s.stack = s.stack[:0]
	for {
		opened, err := s.skipOne()
		if err != nil {
			return err
		}
		if done, err := s.advance(opened); done || err != nil {
			return err
		}
	}
}

// skipOne passes a scalar, or the bracket that opens anything else.
func (s *scanner) skipOne() (opened bool, err error) {
	c, err := s.next("a value")
	if err != nil {
		return false, err
	}
	if c == '{' || c == '[' {
		if len(s.stack) == maxDepth {
			return false, s.malformed("nested more than %d deep, expected less", maxDepth)
		}
		s.stack = append(s.stack, c+2) // in ASCII the closing bracket is the second after
		s.pos++
		return true, nil
	}
	if wordByte(c) {
		w, long := s.word()
		switch {
		case long != nil && long.whole(), number(w) && long == nil, w == "null", w == "true", w == "false":
			return false, nil
		}
		return false, s.malformed("found %s, expected a value", Shorten(w))
	}
	_, err = s.scalar(0, nil)
	return false, err
}

// advance goes from behind an opening bracket, or behind a value, to the next
// value inside skip's object or list; done when that has been closed.
func (s *scanner) advance(opened bool) (done bool, err error) {
	wantsComma := !opened
	for len(s.stack) > 0 {
		closing := s.stack[len(s.stack)-1]
		c, err := s.next(separator(closing))
		switch {
		case err != nil:
			return false, err
		case c == closing:
			s.pos++
			s.stack = s.stack[:len(s.stack)-1]
			wantsComma = true
		case wantsComma && c == ',':
			s.pos++
			wantsComma = false
		case wantsComma:
			return false, s.unexpected(separator(closing))
		case closing == '}':
			_, err := s.key()
			return false, err
		default:
			return false, nil
		}
	}
	return true, nil
}
