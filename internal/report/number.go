package report

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/sluice-mesh/sluice/budget"
)

// cores prints an amount of CPU as the shortest decimal of its whole millicores:
// 0.234, never the 0.23399999 that a division of doubles can give.
type cores budget.MilliCPU

// String is the amount in cores.
func (c cores) String() string {
	if c < 0 {
		return "-" + (-c).String()
	}
	s := fmt.Sprintf("%d.%03d", c/1000, c%1000)
	for s[len(s)-1] == '0' {
		s = s[:len(s)-1]
	}
	if s[len(s)-1] == '.' {
		s = s[:len(s)-1]
	}
	return s
}

// MarshalJSON prints a number.
func (c cores) MarshalJSON() ([]byte, error) { return []byte(c.String()), nil }

// millis prints a duration in milliseconds, to the microsecond.
type millis time.Duration

// MarshalJSON prints a number. A millicore is to a core what a microsecond is to
// a millisecond.
func (m millis) MarshalJSON() ([]byte, error) {
	return cores(time.Duration(m).Round(time.Microsecond).Microseconds()).MarshalJSON()
}

// UnmarshalJSON reads what MarshalJSON has written; null is 0.
func (m *millis) UnmarshalJSON(b []byte) error {
	var v float64
	if err := json.Unmarshal(b, &v); err != nil {
		return err
	}
	*m = millis(math.Round(v*1e3) * float64(time.Microsecond))
	return nil
}

// figure prints a rate or a ratio to six significant digits: more would be noise,
// and noise differs between machines. Not a number and the infinities, which JSON
// cannot hold, are null.
type figure float64

// MarshalJSON prints a number or null.
func (f figure) MarshalJSON() ([]byte, error) {
	if v := float64(f); math.IsNaN(v) || math.IsInf(v, 0) {
		return []byte("null"), nil
	}
	return json.Marshal(float64(f.rounded()))
}

// rounded is f as MarshalJSON prints it, and as null is read: 0.
func (f figure) rounded() figure {
	if math.IsNaN(float64(f)) || math.IsInf(float64(f), 0) {
		return 0
	}
	v, err := strconv.ParseFloat(strconv.FormatFloat(float64(f), 'g', 6, 64), 64)
	if err != nil || v == 0 {
		return 0 // no -0
	}
	return figure(v)
}

// known is a pointer to v, or nil (null in JSON) when it was not observed.
func known[T any](ok bool, v T) *T {
	if !ok {
		return nil
	}
	return &v
}

// escapeControls escapes DEL and U+0080–U+009F, which some terminals act on
// (U+009B begins a sequence as ESC [ does). In JSON they stand only in strings.
func escapeControls(b []byte) []byte {
	var out []byte
	from := 0
	for i := 0; i < len(b); i++ {
		r, n := rune(b[i]), 1
		if b[i] == 0xC2 && i+1 < len(b) && b[i+1] < 0xA0 {
			r, n = rune(b[i+1]), 2
		}
		if n == 1 && r != 0x7F {
			continue
		}
		out = fmt.Appendf(append(out, b[from:i]...), `\u%04x`, r)
		from = i + n
		i = from - 1
	}
	if from == 0 {
		return b
	}
	return append(out, b[from:]...)
}
