package request

import (
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Error is a malformed body: exit status 2, HTTP 400, or 413 where TooLarge.
type Error struct {
	// Field such as "containers[3].cpu", "" for the body as a whole.
	Field string
	// Problem names the value found, what was expected and what to do.
	Problem string
	// TooLarge tells that the body is well formed so far but holds more than is
	// read.
	TooLarge bool
}

// Error is one line without control characters, whatever the body held.
func (e *Error) Error() string {
	if e.Field == "" {
		return e.Problem
	}
	return e.Field + ": " + e.Problem
}

// MaxQuoted is the number of characters to which Quote and Shorten cut.
const MaxQuoted = 100

// glimpse is how much of a string is read that can only be quoted: more bytes
// than MaxQuoted characters have.
const glimpse = utf8.UTFMax*MaxQuoted + 1

// Quote makes text from outside fit to be shown: shortened, in double quotes,
// with everything that is not printable escaped.
func Quote(s string) string {
	q := strconv.Quote(Shorten(s))
	for n := MaxQuoted; utf8.RuneCountInString(q) > MaxQuoted+len(`""`); {
		n /= 2 // escapes made it long again
		q = strconv.Quote(Cut(s, n))
	}
	return q
}

// Shorten cuts s to at most MaxQuoted characters, the last then being "…".
func Shorten(s string) string { return Cut(s, MaxQuoted) }

// Cut cuts s to at most that many characters, the last then being "…".
func Cut(s string, most int) string {
	n, end := 0, 0
	for i := range s {
		if n++; n == most {
			end = i
		}
		if n > most {
			return s[:end] + "…"
		}
	}
	return s
}

// control finds the first control character (Unicode Cc) of a name.
func control(s string) (rune, bool) {
	i := strings.IndexFunc(s, unicode.IsControl)
	if i < 0 {
		return 0, false
	}
	r, _ := utf8.DecodeRuneInString(s[i:])
	return r, true
}
