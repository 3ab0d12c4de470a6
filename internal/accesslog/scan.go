package accesslog

import (
	"encoding/binary"
	"encoding/json"
	"maps"
	"math/bits"
	"slices"
)

// verdict is what a scan of one object came to.
type verdict uint8

const (
	complete  verdict = iota
	cut               // the line ended inside the object
	malformed         // not JSON
	deep              // nested deeper than the scanner follows
)

// padding is how many bytes must follow the newline that ends the text, because
// the scanner loads eight at a time.
const padding = 2 * chunk

// scanner finds the wanted fields of one object without building the rest. It
// accepts exactly what encoding/json accepts (but for [deep], which it leaves to
// others), because FuzzDecode holds it to that.
//
// The text must end in a newline with padding after it. A raw newline can stand
// nowhere in JSON that is written on one line, so it stops every loop below
// without a bounds check of its own.
type scanner struct {
	// src is the text that values index.
	src     []byte
	values  [fields]value
	outline outline
	// names are the log's own for some fields; nil as a rule.
	names renames
}

// has reports whether a field is a text.
func (s *scanner) has(f field) bool {
	k := s.values[f].kind
	return k == text || k == escaped || k == verbatim
}

// object scans the object at p[i], which is '{', and returns the index after it,
// or where the scan ended.
func (s *scanner) object(p []byte, i int) (int, verdict) {
	if p[i+1] == '"' || p[i+1] == ' ' { // or it is not worth an outline
		if end, ok := s.swift(p, i); ok {
			return end, complete
		}
	}
	return s.general(p, i)
}

// general scans any object, by going over its bytes one after the other.
func (s *scanner) general(p []byte, i int) (int, verdict) {
	s.src, s.values = p, [fields]value{}
	i = space(p, i+1)
	if p[i] == '}' {
		return i + 1, complete
	}
	for {
		if p[i] != '"' {
			return i, stop(p, i)
		}
		f, end, v := s.key(p, i+1)
		if v != complete {
			return end, v
		}
		i = end
		if p[i] != ':' {
			if i = space(p, i); p[i] != ':' {
				return i, stop(p, i)
			}
		}
		if i, v = s.value(p, i+1, f); v != complete {
			return i, v
		}
		if p[i] != ',' {
			if i = space(p, i); p[i] != ',' {
				break
			}
		}
		if i++; p[i] != '"' {
			i = space(p, i)
		}
	}
	if p[i] != '}' {
		return i, stop(p, i)
	}
	return i + 1, complete
}

// load takes the values of an object that somebody else has decoded.
func (s *scanner) load(object map[string]json.RawMessage) {
	s.values = [fields]value{}
	var src []byte
	for _, name := range slices.Sorted(maps.Keys(object)) {
		if f := s.lookup([]byte(name)); f != ignored {
			at := len(src)
			src = append(append(src, object[name]...), '\n')
			s.value(append(src, make([]byte, padding)...), at, f)
		}
	}
	s.src = append(src, make([]byte, padding)...)
}

// key scans the key whose first byte is p[i] and returns the index after its quote.
func (s *scanner) key(p []byte, i int) (field, int, verdict) {
	end := plain(p, i)
	if p[end] == '"' {
		return s.lookup(p[i:end]), end + 1, complete
	}
	end, v := rest(p, end)
	if v != complete {
		return ignored, end, v
	}
	var room [longestKey]byte
	if end-i > len(room) {
		return ignored, end + 1, complete
	}
	return s.lookup(unquote(room[:0], p[i:end])), end + 1, complete
}

// lookup finds the field that a key names in this log.
func (s *scanner) lookup(key []byte) field {
	if s.names == nil {
		return lookup(key)
	}
	return s.names.of(key, lookup(key))
}

// value scans the value at or after p[i] into the field and returns the index
// after it.
func (s *scanner) value(p []byte, i int, f field) (int, verdict) {
	c := p[i]
	if c <= ' ' {
		i = space(p, i)
		c = p[i]
	}
	if c == '"' {
		i++
		end := plain(p, i)
		if p[end] == '"' {
			s.values[f] = value{int32(i), int32(end), text}
			return end + 1, complete
		}
		end, v := rest(p, end)
		if v != complete {
			return end, v
		}
		s.values[f] = value{int32(i), int32(end), escaped}
		return end + 1, complete
	}
	end, k, v := scalar(p, i)
	if k == other && (c == '{' || c == '[') {
		end, v = nested(p, i)
	}
	s.values[f] = value{int32(i), int32(end), k}
	return end, v
}

// scalar scans a value that is not a string; of an array or object it only tells
// the kind.
func scalar(p []byte, i int) (int, kind, verdict) {
	switch c := p[i]; {
	case c == 'n':
		end, v := literal(p, i, "null")
		return end, null, v
	case c-'0' <= 9 || c == '-':
		end, v := numeral(p, i)
		return end, number, v
	case c == 't':
		end, v := literal(p, i, "true")
		return end, other, v
	case c == 'f':
		end, v := literal(p, i, "false")
		return end, other, v
	case c == '{' || c == '[':
		return i, other, complete
	}
	return i, absent, stop(p, i)
}

// nested skips the array or object at p[i]. A stack of one bit per level stands
// in for recursion, so that no line can use up the real one.
func nested(p []byte, i int) (int, verdict) {
	var objects uint64 // the lowest bit is the innermost level: 1 for an object
	depth, v := 0, complete
	for {
		switch c := p[i]; c {
		case '{', '[':
			if depth == 64 {
				return i, deep
			}
			depth++
			objects = objects<<1 | uint64(c>>5&1)
			if i = space(p, i+1); p[i] == c+2 {
				break // closed at once, see below
			}
			if i, v = element(p, i, objects); v != complete {
				return i, v
			}
			continue
		case '"':
			i, v = quoted(p, i+1)
		default:
			i, _, v = scalar(p, i)
		}
		for v == complete {
			if i = space(p, i); p[i] == ',' {
				i, v = element(p, space(p, i+1), objects)
				break
			}
			if p[i] != closer(objects) {
				return i, stop(p, i)
			}
			i, depth, objects = i+1, depth-1, objects>>1
			if depth == 0 {
				return i, complete
			}
		}
		if v != complete {
			return i, v
		}
	}
}

// element moves to the value of the next element: past the key and the colon
// inside an object, nowhere inside an array.
func element(p []byte, i int, objects uint64) (int, verdict) {
	if objects&1 == 0 {
		return i, complete
	}
	if p[i] != '"' {
		return i, stop(p, i)
	}
	i, v := quoted(p, i+1)
	if v != complete {
		return i, v
	}
	if i = space(p, i); p[i] != ':' {
		return i, stop(p, i)
	}
	return space(p, i+1), complete
}

// closer is the bracket that closes the innermost level.
func closer(objects uint64) byte {
	if objects&1 == 1 {
		return '}'
	}
	return ']'
}

// quoted skips the string whose first byte is p[i] and its closing quote.
func quoted(p []byte, i int) (int, verdict) {
	end := plain(p, i)
	if p[end] == '"' {
		return end + 1, complete
	}
	end, v := rest(p, end)
	return end + 1, v
}

// rest goes on in a string at the byte where plain stopped and returns the index
// of the closing quote, having checked every escape on the way.
func rest(p []byte, i int) (int, verdict) {
	for {
		switch c := p[i]; {
		case c == '"':
			return i, complete
		case c == '\\':
			end, ok := escape(p, i+1)
			if !ok {
				return end, stop(p, end)
			}
			i = end
		case c < ' ':
			return i, stop(p, i)
		default:
			i++
		}
		i = plain(p, i)
	}
}

// escape skips what follows a backslash.
func escape(p []byte, i int) (int, bool) {
	switch p[i] {
	case '"', '\\', '/', 'b', 'f', 'n', 'r', 't':
		return i + 1, true
	case 'u':
		for range 4 {
			if i++; hex(p[i]) < 0 {
				return i, false
			}
		}
		return i + 1, true
	}
	return i, false
}

// literal skips the word at p[i].
func literal(p []byte, i int, word string) (int, verdict) {
	for j := range len(word) {
		if p[i+j] != word[j] {
			return i + j, stop(p, i+j)
		}
	}
	return i + len(word), complete
}

// numeral skips the number at p[i], by JSON's grammar.
func numeral(p []byte, i int) (int, verdict) {
	if p[i] == '-' {
		i++
	}
	start := i
	if i = digits(p, i); i == start || p[start] == '0' && i > start+1 {
		return i, stop(p, i)
	}
	if p[i] == '.' {
		start = i + 1
		if i = digits(p, start); i == start {
			return i, stop(p, i)
		}
	}
	if p[i]|0x20 == 'e' {
		if i++; p[i] == '+' || p[i] == '-' {
			i++
		}
		start = i
		if i = digits(p, i); i == start {
			return i, stop(p, i)
		}
	}
	return i, complete
}

func digits(p []byte, i int) int {
	for p[i]-'0' <= 9 {
		i++
	}
	return i
}

// space skips the white space of JSON but for the newline, which ends the text.
func space(p []byte, i int) int {
	for p[i] == ' ' || p[i] == '\t' || p[i] == '\r' {
		i++
	}
	return i
}

// stop tells a line that ended too early from one that is no JSON.
func stop(p []byte, i int) verdict {
	if p[i] == '\n' || p[i] == '\r' && p[i+1] == '\n' {
		return cut
	}
	return malformed
}

// plain returns the index of the first byte from p[i] on that ends a string or
// needs care within one: '"', '\\', under 0x20, or over 0x7f.
func plain(p []byte, i int) int {
	for {
		w := binary.LittleEndian.Uint64(p[i:])
		quote, slash := w^ones*'"', w^ones*'\\'
		// The lowest bit that is set is right; a borrow can only reach upward.
		m := ((quote-ones)&^quote | (slash-ones)&^slash | (w - ones*0x20) | w) & highs
		if m != 0 {
			return i + bits.TrailingZeros64(m)>>3
		}
		i += 8
	}
}
