package request

import (
	"encoding/json"
	"fmt"
	"math"
	"math/big"
	"math/rand/v2"
	"strconv"
	"strings"
	"testing"
)

// read feeds all of s.
func (n *numeral) read(s string) *numeral {
	for i := range len(s) {
		n.feed(s[i])
	}
	return n
}

// exact is the double nearest to s by rational arithmetic; false where its exponent
// makes that too long. (strconv.ParseFloat is wrong beyond 800 digits before the point
// and exponents of five digits.)
func exact(s string) (float64, bool) {
	if _, e, ok := strings.Cut(strings.ToLower(s), "e"); ok {
		if n, err := strconv.Atoi(e); err != nil || n > 20_000 || n < -20_000 {
			return 0, false
		}
	}
	r, ok := new(big.Rat).SetString(s)
	if !ok {
		return 0, false
	}
	f, _ := r.Float64()
	return f, true
}

// mustAgree holds a numeral against encoding/json's grammar and the exact value.
func mustAgree(t testing.TB, s string) {
	t.Helper()
	n := new(numeral).read(s)
	if want := json.Valid([]byte(s)) && (s[0] == '-' || s[0] >= '0' && s[0] <= '9'); n.whole() != want {
		t.Fatalf("%.60q is a number: %v, want %v", s, n.whole(), want)
	}
	if !n.whole() {
		return
	}
	want, ok := exact(s)
	if got := n.value(); ok && got != want {
		t.Fatalf("%.60q… (%d bytes) is %v, want %v", s, len(s), got, want)
	}
}

func TestNumeral(t *testing.T) {
	zeros, nines := strings.Repeat("0", 5000), strings.Repeat("9", 5000)
	// Halfway between 1 and the next double, which is 1+2^-52: a tie goes to the even
	// one, 1, and anything more to the next.
	half := "1.00000000000000011102230246251565404236316680908203125"
	for _, s := range []string{
		"", "-", "0", "-0", "00", "01", "1", "-1", "10", "1.", ".5", "1.5", "0.5", "1e", "1e+", "1e5", "1E-5", "1e05", "1.e5", "--1", "1-", "1+1", "0x1", "1_0", "1e1.5", "1e1e1", "NaN",
		"1." + zeros, "0." + zeros + "1", "1" + zeros, "1" + zeros + "e-5000", "0." + zeros + "1e5001", nines, nines + "e-5000", "0." + nines, "-1." + zeros + "1",
		"0e" + nines, "1e" + nines, "1e-" + nines, "0." + zeros + "e" + nines, "1e" + zeros + "3", "1e-" + zeros + "3",
		half, half + zeros, half + zeros + "1", half + zeros + "0", "1" + strings.Repeat("0", 400) + "e-400",
		"4.9e-324", "2.4703282292062327208e-324", "1.7976931348623157e308", "1.7976931348623159e308",
		strings.Repeat("1", 781) + "e-500", strings.Repeat("1", 780) + "0e-500", strings.Repeat("9", 779) + "e-779", strings.Repeat("9", 780) + "e-780", strings.Repeat("1", 309), strings.Repeat("1", 310),
	} {
		mustAgree(t, s)
	}
	// Exponents beyond arithmetic.
	for s, want := range map[string]float64{"0e" + nines: 0, "1e" + nines: math.Inf(1), "-1e" + nines: math.Inf(-1), "1e-" + nines: 0, "0." + zeros + "e" + nines: 0} {
		if got := new(numeral).read(s).value(); got != want {
			t.Errorf("%.20s… is %v, want %v", s, got, want)
		}
	}
}

func TestNumeralAtRandom(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	digits := func(most int) string {
		b := make([]byte, rnd.IntN(most+1))
		for i := range b {
			b[i] = "00000123456789999"[rnd.IntN(17)]
		}
		return string(b)
	}
	for range 3000 {
		s := []string{"", "", "-"}[rnd.IntN(3)] + digits([]int{2, 20, 2000}[rnd.IntN(3)])
		if rnd.IntN(2) == 0 {
			s += "." + digits([]int{2, 20, 2000}[rnd.IntN(3)])
		}
		if rnd.IntN(2) == 0 {
			s += "e" + []string{"", "+", "-"}[rnd.IntN(3)] + digits(4)
		}
		mustAgree(t, s)
	}
}

// A number may be as long as a body, where it means something and where it does not.
func TestDecodeLongNumbers(t *testing.T) {
	zeros := strings.Repeat("0", 100_000)
	f := func(what, in string, want float64) {
		t.Helper()
		r, err := Decode([]byte(in))
		if err != nil || r.CPULimit != want {
			t.Errorf("%s: %+v, %v", what, r, err)
			return
		}
		agree(t, []byte(in), r, err)
	}
	unknown := func(value string) string {
		return strings.Replace(body(map[string]string{"cpu_limit": "2"}), "{", `{"x": `+value+", ", 1)
	}
	f("an unknown field", unknown("1."+zeros+"5"), 2)
	f("an unknown list", unknown("[-1"+zeros+`, {"y": 0.`+zeros+"}]"), 2)
	f("an unknown label", strings.Replace(body(map[string]string{"cpu_limit": "2"}), `"cpu"`, `"labels": {"z": 1`+zeros+`}, "cpu"`, 1), 2)
	f("a limit", body(map[string]string{"cpu_limit": "1.5" + zeros}), 1.5)
	// encoding/json does not get this one right, nor numbers of over 800 digits before
	// the point.
	r, err := Decode([]byte(body(map[string]string{"cpu_limit": "0." + zeros + "25e" + fmt.Sprint(len(zeros)+1)})))
	if err != nil || r.CPULimit != 2.5 {
		t.Errorf("a limit by a large exponent: %v, %v", r, err)
	}
	for _, bad := range []string{"01" + zeros, "1." + zeros + ".", "1" + zeros + "x", "-" + zeros, "1e" + zeros + "-"} {
		for _, in := range []string{body(map[string]string{"cpu_limit": bad}), unknown(bad), unknown("[" + bad + "]")} {
			_, err := Decode([]byte(in))
			if err == nil || len(err.Error()) > 1000 || !strings.Contains(err.Error(), "not valid JSON at line") {
				t.Errorf("%.10s…: %v", bad, err)
			}
		}
	}
}

// FuzzNumeral looks for a number that is read as another than it is.
func FuzzNumeral(f *testing.F) {
	for _, s := range []string{"-1.5e-3", "0.1", "00", "1e400", strings.Repeat("7", 900)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if strings.TrimSpace(s) != s || s == "" {
			t.Skip() // white space is none of a number's
		}
		mustAgree(t, s)
	})
}
