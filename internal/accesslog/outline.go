package accesslog

import (
	"encoding/binary"
	"math/bits"
	"unsafe"
)

const (
	ones  = 0x0101010101010101
	highs = 0x8080808080808080
)

// chunk is how many bytes outline looks at together: one bit each.
const chunk = 64

// batch is how many chunks are surveyed at once: a line of an usual length.
const batch = 16

// maxStrings is how many strings a line may have for its outline; one with more
// is left to the general scanner.
const maxStrings = 256

// outline is where the strings of a line end. To know that beforehand spares the
// scan the loops whose lengths no processor can predict: fields come in another
// order in each line, and a wrong guess costs as much as scanning thirty bytes.
//
// It is the first stage of simdjson (Langdale and Lemire, Parsing gigabytes of
// JSON per second), done line by line and without its ways to deal with escapes:
// log lines with escapes are few.
type outline struct {
	ends   [maxStrings + (batch+1)*chunk/2]int32
	n      int
	quotes [batch]uint64
}

// trace finds the closing quotes from p[i], which is outside any string, to the
// end of the line. It returns the index of the first byte that is a control
// character, a backslash or not ASCII: the newline, if the line is as plain as
// most are. Otherwise the outline is worth nothing.
func (o *outline) trace(p []byte, i int) int {
	o.n = 0
	inside := uint64(0)
	for o.n <= maxStrings {
		most := min(batch, (len(p)-i)/chunk)
		n := survey(&p[i], &o.quotes[0], most)
		for _, quotes := range o.quotes[:n] {
			inside = o.close(quotes, inside, i)
			i += chunk
		}
		if n < most {
			at := firstSpecial((*[chunk]byte)(p[i:]))
			o.close(o.quotes[n]&(1<<at-1), inside, i)
			return i + at
		}
	}
	return i
}

// close notes those of the quotes that end a string: by the parity of the quotes
// before, all bits from an opening quote's to just before its closing quote's are
// inside. inside is all ones if the byte before the chunk was.
func (o *outline) close(quotes, inside uint64, base int) uint64 {
	in := quotes ^ quotes<<1
	in ^= in << 2
	in ^= in << 4
	in ^= in << 8
	in ^= in << 16
	in ^= in << 32
	in ^= inside
	closing := quotes &^ in
	to := (*[chunk / 2]int32)(o.ends[o.n:])
	o.n += bits.OnesCount64(closing)
	for k := range 4 { // as many as most chunks have, without asking how many
		to[k] = int32(base + bits.TrailingZeros64(closing))
		closing &= closing - 1
	}
	for k := 4; closing != 0; k++ {
		to[k%len(to)] = int32(base + bits.TrailingZeros64(closing))
		closing &= closing - 1
	}
	return uint64(int64(in) >> 63)
}

// surveyGeneric looks at up to most chunks of text from p on, up to the first
// with a control character, a backslash or a byte that is not ASCII. It returns
// how many came before that and puts a bit for each of their quotes into quotes,
// and for those of the chunk that ended it as far as they come before its cause.
func surveyGeneric(p *byte, quotes *uint64, most int) int {
	text, bitmaps := unsafe.Slice(p, most*chunk), unsafe.Slice(quotes, most)
	for n := range most {
		special := false
		bitmaps[n], special = classify((*[chunk]byte)(text[n*chunk:]))
		if special {
			return n
		}
	}
	return most
}

// classify returns a bit for each quote, and whether any byte is special; the
// bits after that may be wrong.
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
