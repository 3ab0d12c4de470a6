package accesslog

import (
	"bytes"
	"math/rand/v2"
	"slices"
	"testing"
	"unicode/utf8"
)

// surveys are the ways to survey that this machine has.
var surveys = map[string]func(p *byte, quotes *uint64, most int) int{"survey": survey, "surveyGeneric": surveyGeneric}

// surveyed is what a survey should find: a bit for each quote before the first
// special byte, and the index of the chunk that has it.
func surveyed(p []byte) (quotes []uint64, special int) {
	quotes = make([]uint64, len(p)/chunk)
	for i, c := range p {
		if c < ' ' || c == '\\' || c >= utf8.RuneSelf {
			return quotes[:i/chunk+1], i
		}
		if c == '"' {
			quotes[i/chunk] |= 1 << (i % chunk)
		}
	}
	return quotes, len(p)
}

func checkSurvey(t *testing.T, p []byte) {
	t.Helper()
	want, special := surveyed(p)
	for name, survey := range surveys {
		got := make([]uint64, len(p)/chunk)
		n := survey(&p[0], &got[0], len(got))
		if n != special/chunk {
			t.Fatalf("%s of %q: %d chunks, want %d", name, p, n, special/chunk)
		}
		got = got[:len(want)]
		if n < len(got) {
			if at := firstSpecial((*[chunk]byte)(p[n*chunk:])); at != special%chunk {
				t.Fatalf("%s of %q: special at %d, want %d", name, p, at, special%chunk)
			}
			got[n] &= 1<<(special%chunk) - 1 // what comes after may be wrong
		}
		if !slices.Equal(got, want) {
			t.Fatalf("%s of %q: quotes %x, want %x", name, p, got, want)
		}
	}
}

func TestSurveyOfEveryByte(t *testing.T) {
	// In every place, among bytes that differ from a quote by a bit or by one.
	for _, around := range []byte(`a" #![]`) {
		for c := range 256 {
			for at := range chunk {
				p := bytes.Repeat([]byte{around}, chunk)
				p[at] = byte(c)
				checkSurvey(t, p)
			}
		}
	}
}

func TestSurveyOfText(t *testing.T) {
	r := rand.New(rand.NewPCG(1, 2))
	for range 20_000 {
		p := make([]byte, chunk*(1+r.IntN(20)))
		for i := range p {
			const usual = "\"\"\"aaaaaaaa,:{}[]19 #!~\x7f"
			p[i] = usual[r.IntN(len(usual))]
		}
		if r.IntN(3) > 0 {
			p[r.IntN(len(p))] = "\n\\\x00\x80\xff"[r.IntN(5)]
		}
		checkSurvey(t, p)
	}
}

func TestOutline(t *testing.T) {
	// The ends of strings are the quotes that the parity of those before says,
	// wherever the chunks begin.
	r := rand.New(rand.NewPCG(3, 4))
	for range 5_000 {
		p := make([]byte, r.IntN(3000))
		for i := range p {
			p[i] = "\"aaaaaaaa,:{"[r.IntN(12)]
		}
		var want []int32
		inside := false
		for i, c := range p {
			if c == '"' {
				if inside {
					want = append(want, int32(i))
				}
				inside = !inside
			}
		}
		padded := slices.Concat(p, []byte("\n"), bytes.Repeat([]byte{'"'}, padding))
		var o outline
		line := o.trace(padded, 0)
		if o.n > maxStrings {
			want, line = want[:min(len(want), o.n)], len(p)
		}
		if line != len(p) || !slices.Equal(o.ends[:o.n], want) {
			t.Fatalf("%q: line ends at %d, strings at %d, want %d and %d", p, line, o.ends[:o.n], len(p), want)
		}
	}
}
