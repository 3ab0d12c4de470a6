package accesslog

import (
	"encoding/binary"
	"math/bits"
)

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// chunk is how many bytes outline looks at together: one bit each.
const chunk = 64

// maxStrings is how many strings a line may have for its outline; one with more
// is left to the general scanner.
const maxStrings = 256

// outline is where the strings of a line end. To know that beforehand spares the
// scan the loops whose lengths no processor can predict: fields come in another
// order in each line, and a wrong guess costs as much as scanning thirty bytes.
type outline struct {
	ends [maxStrings + chunk]int32
	n    int
}

// trace finds the closing quotes from p[i], which is outside any string, to the
// end of the line. It returns the index of the first byte that is a control
// character, a backslash or not ASCII: the newline, if the line is as plain as
// most are. Otherwise the outline is worth nothing.
//
// This is the first stage of simdjson (Langdale and Lemire, Parsing gigabytes of
// JSON per second) with eight bytes to a word where that has 32 to a register.
func (o *outline) trace(p []byte, i int) int {
	o.n = 0
	for inside := uint64(0); o.n <= maxStrings; i += chunk {
		quotes, special := classify((*[chunk]byte)(p[i:]))
		if special {
			at := firstSpecial((*[chunk]byte)(p[i:]))
			o.close(quotes&(1<<at-1), inside, i)
			return i + at
		}
		inside = o.close(quotes, inside, i)
	}
	return i
}

// close notes those of the quotes that end a string: all bits up to and with an
// opening quote's are those inside a string, by the parity of the quotes before.
// inside is all ones if the byte before the chunk was inside one.
func (o *outline) close(quotes, inside uint64, base int) uint64 {
	in := quotes ^ quotes<<1
	in ^= in << 2
	in ^= in << 4
	in ^= in << 8
	in ^= in << 16
	in ^= in << 32
	in ^= inside
	closing := quotes &^ in
	to := (*[chunk]int32)(o.ends[o.n:])
	o.n += bits.OnesCount64(closing)
	for k := 0; closing != 0; k++ {
		to[k&63] = int32(base + bits.TrailingZeros64(closing))
		closing &= closing - 1
	}
	return uint64(int64(in) >> 63)
}

// classify returns a bit for each quote, and whether any byte is a control
// character, a backslash or not ASCII; if one is, the bits after it may be wrong.
func classify(p *[chunk]byte) (quotes uint64, special bool) {
	plain := uint64(highs)
	for k := 0; k < chunk; k += 8 {
		w := binary.LittleEndian.Uint64(p[k:])
		// In a byte under 0x80, adding 0x7f sets the high bit unless it is zero,
		// and does not carry over.
		quote := ^((w ^ ones*'"') + ones*0x7f) & highs
		plain &= usual(w)
		quotes |= (quote >> 7 * 0x0102040810204080 >> 56) << k
	}
	return quotes, plain != highs
}

// usual has the high bit of each byte set that is neither a control character nor
// a backslash nor over 0x7f. It is right up to the first that is.
func usual(w uint64) uint64 {
	return (w ^ ones*'\\' + ones*0x7f) & (w + ones*0x60) &^ w & highs
}

// firstSpecial is the index of the byte for which classify said special.
func firstSpecial(p *[chunk]byte) int {
	for k := 0; k < chunk; k += 8 {
		if m := usual(binary.LittleEndian.Uint64(p[k:])) ^ highs; m != 0 {
			return k + bits.TrailingZeros64(m)>>3
		}
	}
	return chunk
}
