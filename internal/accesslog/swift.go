package accesslog

import (
	"encoding/binary"
	"math/bits"
)

// swift scans the object at p[i], which is '{', as general does, if the rest of
// its line has no escapes and nothing that is not ASCII. ok is false, and nothing
// is said about the line, if it has, or if anything else is out of the ordinary.
//
// With the ends of all strings known, what is left are steps of a fixed length,
// each of which is checked: nothing is accepted here that general rejects.
func (s *scanner) swift(p []byte, i int) (end int, ok bool) {
	o := &s.outline
	line := o.trace(p, i)
	if p[line] != '\n' || o.n > maxStrings {
		return 0, false
	}
	s.src, s.values = p, [fields]value{}
	i++
	for k := 0; k < o.n; k++ {
		// A key from i to its end.
		if p[i] != '"' {
			if i = space(p, i); p[i] != '"' {
				return 0, false
			}
		}
		end := int(o.ends[k])
		f := known(p, i+1, end)
		if s.names != nil {
			f = s.names.of(p[i+1:end], f)
		}
		if i = end + 1; p[i] != ':' {
			if i = space(p, i); p[i] != ':' {
				return 0, false
			}
		}
		// Its value.
		if i++; p[i] <= ' ' {
			i = space(p, i)
		}
		if p[i] == '"' {
			if k++; k >= o.n {
				return 0, false
			}
			end = int(o.ends[k])
			s.values[f] = value{int32(i + 1), int32(end), text}
			end++
		} else {
			var t kind
			if end, t, ok = bare(p, i); !ok {
				return 0, false
			}
			s.values[f] = value{int32(i), int32(end), t}
			if t == other {
				for k+1 < o.n && int(o.ends[k+1]) < end {
					k++
				}
			}
		}
		// What follows it.
		if i = end; p[i] != ',' {
			if i = space(p, i); p[i] == '}' {
				return i + 1, true
			}
			if p[i] != ',' {
				return 0, false
			}
		}
		i++
	}
	return 0, false
}

// bare scans a value that is not a string.
func bare(p []byte, i int) (end int, k kind, ok bool) {
	w := binary.LittleEndian.Uint64(p[i:])
	if uint32(w) == 'n'|'u'<<8|'l'<<16|'l'<<24 {
		return i + 4, null, true
	}
	// The bytes that are no digits: those that are not below ten once '0' is
	// taken off. All are under 0x80 here.
	n := bits.TrailingZeros64(((w^ones*'0')+ones*0x76)&highs) >> 3
	if after := p[i+n]; n > 0 && n < 8 && (after == ',' || after == '}') && (n == 1 || byte(w) != '0') {
		return i + n, number, true
	}
	end, k, v := scalar(p, i)
	if v == complete && (p[i] == '{' || p[i] == '[') {
		end, v = nested(p, i)
	}
	return end, k, v == complete
}
