package request

import (
	"math"
	"strconv"
)

// numeral reads a number of any length byte by byte, holding no more of it than its
// value depends on: numbers are as long as a body in bodies that mean harm, and in
// those of programs that print every digit.
type numeral struct {
	at     numeralState
	digits []byte // those that count, after leading zeros, at most mostDigits
	more   bool   // a digit that is not zero came after them
	// The value is 0.DIGITS times ten to the power of point and exponent.
	point    int64
	exponent int64
	minus    bool // of the exponent; a number's own sign is negative's
	negative bool
}

// mostDigits is more than any double's halfway point to the next one has (767): one
// digit more tells on which side of it a number lies. strconv is wrong from 801 on.
const mostDigits = 780

// mostExponent is where an exponent is beyond all reach, however many zeros of the
// number's own stand against it.
const mostExponent = 1 << 40

// numeralState is what of JSON's grammar for numbers has been read.
type numeralState uint8

const (
	atStart numeralState = iota
	atMinus
	atZero // a leading zero, which no digit may follow
	atInteger
	atPoint
	atFraction
	atE
	atSign
	atExponent
	atFault
)

// feed reads the next byte.
func (n *numeral) feed(c byte) {
	if '0' <= c && c <= '9' {
		n.digit(c)
		return
	}
	switch {
	case c == '-' && n.at == atStart:
		n.at, n.negative = atMinus, true
	case c == '.' && (n.at == atZero || n.at == atInteger):
		n.at = atPoint
	case c|0x20 == 'e' && (n.at == atZero || n.at == atInteger || n.at == atFraction):
		n.at = atE
	case (c == '-' || c == '+') && n.at == atE:
		n.at, n.minus = atSign, c == '-'
	default:
		n.at = atFault
	}
}

func (n *numeral) digit(c byte) {
	switch n.at {
	case atStart, atMinus:
		n.at = atInteger
		if c == '0' {
			n.at = atZero
		}
		n.keep(c, 1)
	case atInteger:
		n.keep(c, 1)
	case atPoint, atFraction:
		n.at = atFraction
		n.keep(c, 0)
	case atE, atSign, atExponent:
		n.at = atExponent
		n.exponent = min(10*n.exponent+int64(c-'0'), mostExponent)
	default:
		n.at = atFault
	}
}

// keep takes a digit that stands before the point (by 1) or behind it (by 0).
func (n *numeral) keep(c byte, by int64) {
	switch {
	case len(n.digits) == 0 && c == '0':
		n.point += by - 1 // a zero before all others counts behind the point alone
	case len(n.digits) < mostDigits:
		n.digits = append(n.digits, c)
		n.point += by
	default:
		n.more = n.more || c != '0'
		n.point += by
	}
}

// whole tells whether what was read is a number.
func (n *numeral) whole() bool {
	return n.at == atZero || n.at == atInteger || n.at == atFraction || n.at == atExponent
}

// value is the double nearest to the number, ±Inf where there is none.
func (n *numeral) value() float64 {
	if len(n.digits) == 0 {
		return 0
	}
	text, shift := n.digits, n.point-int64(len(n.digits))
	if n.more {
		text, shift = append(text, '1'), shift-1
	}
	if n.minus {
		shift -= n.exponent
	} else {
		shift += n.exponent
	}
	text = strconv.AppendInt(append(text, 'e'), max(min(shift, math.MaxInt32), math.MinInt32), 10)
	f, _ := strconv.ParseFloat(string(text), 64) // out of range is ±Inf, which no field takes
	if n.negative {
		f = -f
	}
	return f
}
