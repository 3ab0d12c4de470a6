package accesslog

import (
	"encoding/binary"
	"math"
	"unicode/utf16"
	"unicode/utf8"
)

// unquote appends to dst the string whose text between the quotes is p, which
// has been scanned already. As encoding/json does, it puts U+FFFD in the place
// of each byte that is not UTF-8 and of each half of a surrogate pair.
func unquote(dst, p []byte) []byte {
	for i := 0; i < len(p); {
		switch c := p[i]; {
		case c == '\\':
			var n int
			dst, n = unescape(dst, p[i+1:])
			i += 1 + n
		case c < utf8.RuneSelf:
			dst = append(dst, c)
			i++
		default:
			r, n := utf8.DecodeRune(p[i:])
			dst = utf8.AppendRune(dst, r)
			i += n
		}
	}
	return dst
}

// unescape appends what the escape p (without its backslash) stands for and
// returns how many bytes of p that took.
func unescape(dst, p []byte) ([]byte, int) {
	switch p[0] {
	case 'b':
		return append(dst, '\b'), 1
	case 'f':
		return append(dst, '\f'), 1
	case 'n':
		return append(dst, '\n'), 1
	case 'r':
		return append(dst, '\r'), 1
	case 't':
		return append(dst, '\t'), 1
	case 'u':
		r, n := rune4(p[1:]), 5
		if utf16.IsSurrogate(r) {
			low := rune(-1)
			if len(p) >= 11 && p[5] == '\\' && p[6] == 'u' {
				low = rune4(p[7:])
			}
			if r = utf16.DecodeRune(r, low); r != utf8.RuneError {
				n = 11
			}
		}
		return utf8.AppendRune(dst, r), n
	}
	return append(dst, p[0]), 1 // '"', '\\', '/'
}

// rune4 reads four hexadecimal digits.
func rune4(p []byte) rune {
	return hex(p[0])<<12 | hex(p[1])<<8 | hex(p[2])<<4 | hex(p[3])
}

// hex is the value of a hexadecimal digit, -1 of anything else.
func hex(c byte) rune {
	switch {
	case c-'0' <= 9:
		return rune(c - '0')
	case c|0x20 >= 'a' && c|0x20 <= 'f':
		return rune(c|0x20) - 'a' + 10
	}
	return -1
}

// powers of ten that fit an int64.
var powers = [...]int64{1, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17, 1e18}

// decimal reads a number that is not negative and returns it times ten to the
// power of shift, cut to a whole number. It works on decimal digits and not by
// way of float64, so that 0.29 seconds are 290,000 microseconds. ok is false for
// anything that is not such a number, and for more than an int64 holds.
func decimal(p []byte, shift int) (v int64, ok bool) {
	d, ok := digits10(p)
	if !ok {
		return 0, false
	}
	switch e := d.exponent + shift; {
	case d.mantissa == 0:
		return 0, true
	case d.negative:
		return 0, false
	case e < -18:
		return 0, true
	case e < 0:
		return d.mantissa / powers[-e], true
	case e > 18 || d.mantissa > math.MaxInt64/powers[e]:
		return 0, false
	default:
		return d.mantissa * powers[e], true
	}
}

// eightDigits reads p[:n] if it is one to eight digits, which most figures of a
// log are. There must be eight bytes of p to look at,
// all of them ASCII if they are among the n.
func eightDigits(p []byte, n int32) (int64, bool) {
	if n < 1 || n > 8 {
		return 0, false
	}
	// The digits go to the upper bytes, of which the first is worth most; zeros
	// come in below.
	missing := uint(64 - 8*n)
	d := (binary.LittleEndian.Uint64(p) ^ ones*'0') << missing
	if (d+ones*0x76)&highs != 0 { // a byte over 9
		return 0, false
	}
	// Neighbours are put together: ones to tens, hundreds, ten thousands.
	d = d * (10<<8 + 1) >> 8 & 0x00ff00ff00ff00ff
	d = d * (100<<16 + 1) >> 16 & 0x0000ffff0000ffff
	d = d * (10000<<32 + 1) >> 32
	return int64(d), true
}

// number10 is mantissa times ten to the power of exponent.
type number10 struct {
	mantissa int64
	exponent int
	negative bool
}

// digits10 takes a number apart. Digits after the eighteenth that counts are
// dropped: no unit that is asked for is that small.
func digits10(p []byte) (d number10, ok bool) {
	i := 0
	if len(p) > 0 && p[0] == '-' {
		d.negative, i = true, 1
	}
	seen, point := 0, false
	for ; i < len(p); i++ {
		c := p[i]
		if c == '.' && !point && seen > 0 {
			point, seen = true, 0
			continue
		}
		if c-'0' > 9 {
			break
		}
		seen++
		fits := d.mantissa < powers[17]
		if fits {
			d.mantissa = d.mantissa*10 + int64(c-'0')
		}
		switch {
		case fits && point:
			d.exponent--
		case !fits && !point:
			d.exponent++
		}
	}
	if seen == 0 {
		return d, false
	}
	if i == len(p) {
		return d, true
	}
	e, ok := exponent10(p[i:])
	d.exponent += e
	return d, ok
}

// exponent10 reads the exponent with which a number ends. One that is beyond all
// use is held at a million, where it can still not overflow.
func exponent10(p []byte) (e int, ok bool) {
	if p[0]|0x20 != 'e' {
		return 0, false
	}
	p = p[1:]
	negative := false
	if len(p) > 0 && (p[0] == '-' || p[0] == '+') {
		negative, p = p[0] == '-', p[1:]
	}
	for _, c := range p {
		if c-'0' > 9 {
			return 0, false
		}
		e = min(e*10+int(c-'0'), 1_000_000)
	}
	if negative {
		e = -e
	}
	return e, len(p) > 0
}
