package request

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/google/go-cmp/cmp"
)

// body is a well-formed body with one row, in which fields are replaced by key.
func body(fields map[string]string) string {
	all := [][2]string{
		{"containers", `[{"service_name": "web", "pod_name": "web-1", "container": "istio-proxy", "ip": "10.0.0.1", "cpu": 0.5, "memory": 1e6}]`},
		{"accesslog_path", `"/log"`},
		{"cpu_limit", "4.2"},
		{"memory_limit", "1280000000"},
	}
	var b strings.Builder
	for _, f := range all {
		v, ok := fields[f[0]]
		if !ok {
			v = f[1]
		}
		if v == "" {
			continue // left out
		}
		if b.Len() > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%q: %s", f[0], v)
	}
	return "{" + b.String() + "}"
}

// row is a body whose only row has these fields besides its two names.
func rowBody(fields string) string {
	return body(map[string]string{"containers": `[{"service_name": "web", "pod_name": "web-1", ` + fields + `}]`})
}

func amountOf(f float64) *float64 { return &f }

func TestDecode(t *testing.T) {
	want := &Request{
		Containers: []Container{{Service: "web", Pod: "web-1", IP: "10.0.0.1", Sidecar: true, CPU: amountOf(0.5), Memory: amountOf(1e6)}},
		AccessLog:  "/log", CPULimit: 4.2, MemoryLimit: 1280000000,
	}
	for name, in := range map[string]string{
		"plain":             body(nil),
		"byte order mark":   "\ufeff" + body(nil),
		"white space":       " \t\r\n" + body(nil) + "\n\n",
		"comments":          "// one\n/* two ** / */" + strings.ReplaceAll(body(nil), ", ", "/*,*/, // x\n") + "//end",
		"trailing commas":   strings.NewReplacer("}]", ",},]", "1280000000}", "1280000000 , /* */ }").Replace(body(nil)),
		"unknown fields":    `{"x": [[{"cpu_limit": [true, null, "\ud800"]}], {}, [],], "cpu": 1e999, ` + body(nil)[1:],
		"last of two wins":  `{"cpu_limit": 1, "accesslog_path": null, "containers": [{"service_name": "a", "pod_name": "b"}], ` + body(nil)[1:],
		"escaped keys":      strings.Replace(body(nil), "cpu_limit", `cpu\u005flimit`, 1),
		"unknown row field": strings.Replace(body(nil), `"ip"`, `"labels": {"app": ["web",]}, "ip"`, 1),
		"nulls":             strings.Replace(body(nil), `"ip"`, `"namespace": null, "app": null, "sidecar": "", "ip"`, 1),
	} {
		for _, r := range []io.Reader{strings.NewReader(in), iotest.OneByteReader(strings.NewReader(in)), iotest.DataErrReader(strings.NewReader(in))} {
			got, err := Read(r)
			if err != nil {
				t.Errorf("%s: %v", name, err)
			} else if d := cmp.Diff(want, got); d != "" {
				t.Errorf("%s: -want +got\n%s", name, d)
			}
		}
	}
}

func TestDecodeRows(t *testing.T) {
	f := func(fields string, want ...Container) {
		t.Helper()
		for i := range want {
			want[i].Service, want[i].Pod = "web", "web-1"
		}
		got, err := Decode([]byte(rowBody(fields)))
		if err != nil {
			t.Errorf("%s: %v", fields, err)
		} else if d := cmp.Diff(want, got.Containers); d != "" {
			t.Errorf("%s: -want +got\n%s", fields, d)
		}
	}
	f(`"app": 1, "sidecar": 0.1`, Container{CPU: amountOf(1)}, Container{Sidecar: true, CPU: amountOf(0.1)})                         // the older form is two rows
	f(`"container": "istio-proxy", "app": 1, "sidecar": 0`, Container{CPU: amountOf(1)}, Container{Sidecar: true, CPU: amountOf(0)}) // whichever container it names
	f(`"app": 1`, Container{CPU: amountOf(1)})
	f(`"app": 1, "cpu": 2, "memory": 3`, Container{CPU: amountOf(2), Memory: amountOf(3)}, Container{CPU: amountOf(1)}) // both forms on one row
	f(`"container": "web"`, Container{})                                                                                // nothing known but that it is there
	f(`"container": "", "cpu": "", "memory": null, "ip": null`, Container{})                                            // empty and null are unknown
	f(`"container": "Istio-Proxy", "cpu": -0`, Container{CPU: amountOf(0)})                                             // the name is exact, and -0 is 0
	f(`"cpu": 1e308, "memory": 1e-999`, Container{CPU: amountOf(1e308), Memory: amountOf(0)})                           // huge and tiny are finite
	f(`"namespace": "a b/ü\"<>\ud83d\ude00"`, Container{Namespace: "a b/ü\"<>😀"})                                       // any name without control characters
	f(`"ip": "\u0000"`, Container{IP: "\x00"})                                                                          // an address is only compared
}

// bad are bodies that must be refused, with what the refusal must name.
var bad = []struct{ name, body, want string }{
	{"empty", "", "the body is empty"},
	{"white space", " \n\t ", "it ends, expected a JSON object"},
	{"only a comment", "// nothing", "it ends, expected a JSON object"},
	{"not JSON", "hello", "found hello"},
	{"HTML", "<html>", "found '<'"},
	{"array", "[]", "found a list|the body is a list"},
	{"null", "null", "the body is null"},
	{"string", `"x"`, `the body is "x"`},
	{"number", "7", "the body is 7"},
	{"deep", strings.Repeat("[", 100_000), "the body is a list"},
	{"deep inside", `{"x": ` + strings.Repeat("[", 100_000), "nested more than 10000 deep"},
	{"deep objects", strings.Repeat(`{"x":`, 100_000), "nested more than 10000 deep"},
	{"truncated", body(nil)[:100], "it ends, expected"},
	{"truncated literal", `{"cpu_limit": tru`, "found tru"},
	{"truncated escape", `{"accesslog_path": "\u00`, "four hexadecimal digits"},
	{"open comment", "/* " + body(nil), "*/"},
	{"open comment at the end", body(nil) + "/* end *", "*/"},
	{"half a comment at the end", body(nil) + "/", "after '/'"},
	{"half a comment", "/ " + body(nil), "after '/'"},
	{"trailing garbage", body(nil) + "x", "found 'x', expected nothing"},
	{"two bodies", body(nil) + body(nil), "expected nothing"},
	{"closing bracket", body(nil) + "]", "expected nothing"},
	{"NUL", body(nil) + "\x00", "the byte 0x00"},
	{"UTF-16", "\xff\xfe{\x00}\x00", "0xff"},
	{"half a byte order mark", "\xef\xbb{}", "not UTF-8"},
	{"invalid UTF-8", "{\"containers\": \"\xff\xfe\"}", "0xff"},
	{"invalid UTF-8 in a key", "{\"\xc3\": 1}", "0xc3"},
	{"overlong UTF-8", "{\"x\": \"\xc0\xaf\"}", "0xc0"},
	{"a surrogate in UTF-8", "{\"x\": \"\xed\xa0\x80\"}", "0xed"},
	{"bare control character", "{\"x\": \"a\nb\"}", `escaped as \u000a`},
	{"bad escape", `{"x": "\x41"}`, "after a backslash"},
	{"single quotes", `{'x': 1}`, "double quotes"},
	{"bare key", `{x: 1}`, "double quotes"},
	{"no colon", `{"x" 1}`, "':'"},
	{"no comma", `{"x": 1 "y": 2}`, "','"},
	{"two commas", `{"x": 1,, "y": 2}`, "found ','"},
	{"comma first", `{, "x": 1}`, "found ','"},
	{"comma alone in a list", `{"x": [,]}`, "found ','"},
	{"wrong bracket", `{"x": [1}`, "',' or ']'"},
	{"plus", body(map[string]string{"cpu_limit": "+4"}), "found +4"},
	{"leading zero", body(map[string]string{"cpu_limit": "04"}), "found 04"},
	{"hexadecimal", body(map[string]string{"cpu_limit": "0x10"}), "found 0x10"},
	{"bare point", body(map[string]string{"cpu_limit": ".5"}), "found .5"},
	{"point last", body(map[string]string{"cpu_limit": "5."}), "found 5."},
	{"no exponent", body(map[string]string{"cpu_limit": "5e"}), "found 5e"},
	{"underscore", body(map[string]string{"cpu_limit": "1_000"}), "found 1_000"},
	{"a number as long as a body", body(map[string]string{"cpu_limit": strings.Repeat("1", 1<<16)}), "…"},
	{"NaN where it is ignored", `{"x": NaN}`, "found NaN"},

	{"no containers", body(map[string]string{"containers": ""}), "containers: missing"},
	{"containers null", body(map[string]string{"containers": "null"}), "containers: missing"},
	{"containers empty", body(map[string]string{"containers": "[]"}), "containers: found an empty list"},
	{"containers string", body(map[string]string{"containers": `"x"`}), `containers: found "x", expected a list`},
	{"containers number", body(map[string]string{"containers": "1"}), "containers: found 1"},
	{"containers object", body(map[string]string{"containers": "{}"}), "containers: found an object"},
	{"rows of numbers", body(map[string]string{"containers": "[1]"}), "containers[0]: found 1"},
	{"rows of null", body(map[string]string{"containers": "[null]"}), "containers[0]: found null"},
	{"rows of lists", body(map[string]string{"containers": "[[]]"}), "containers[0]: found a list"},
	{"no service", body(map[string]string{"containers": `[{"pod_name": "a"}]`}), "containers[0].service_name: missing"},
	{"service null", body(map[string]string{"containers": `[{"service_name": null, "pod_name": "a"}]`}), "containers[0].service_name: missing"},
	{"service empty", body(map[string]string{"containers": `[{"service_name": "", "pod_name": "a"}]`}), "containers[0].service_name: missing"},
	{"service number", body(map[string]string{"containers": `[{"service_name": 5, "pod_name": "a"}]`}), "containers[0].service_name: found 5"},
	{"no pod, later", body(map[string]string{"containers": `[{"service_name": "a", "pod_name": "b"}, {"service_name": "a"}]`}), "containers[1].pod_name: missing"},
	{"pod list", body(map[string]string{"containers": `[{"service_name": "a", "pod_name": []}]`}), "containers[0].pod_name: found a list"},

	{"cpu string", rowBody(`"cpu": "many"`), `containers[0].cpu: found "many", expected a number of cores`},
	{"cpu as a string of digits", rowBody(`"cpu": "0.1"`), `containers[0].cpu: found "0.1"`},
	{"cpu boolean", rowBody(`"cpu": true`), "containers[0].cpu: found true"},
	{"cpu list", rowBody(`"cpu": [1]`), "containers[0].cpu: found a list"},
	{"cpu object", rowBody(`"cpu": {}`), "containers[0].cpu: found an object"},
	{"cpu negative", rowBody(`"cpu": -0.1`), "containers[0].cpu: found -0.1, expected a number of cores that is not negative"},
	{"cpu NaN", rowBody(`"cpu": NaN`), "containers[0].cpu: found NaN, expected a number of cores that is finite"},
	{"cpu infinite", rowBody(`"cpu": Infinity`), "containers[0].cpu: found Infinity"},
	{"cpu minus infinite", rowBody(`"cpu": -Infinity`), "containers[0].cpu: found -Infinity"},
	{"memory huge", rowBody(`"memory": 1e999`), "containers[0].memory: found 1e999, expected a number of bytes that is finite"},
	{"app string", rowBody(`"app": "x"`), "containers[0].app: found"},
	{"sidecar negative", rowBody(`"sidecar": -1`), "containers[0].sidecar: found -1"},
	{"ip number", rowBody(`"ip": 10.0`), "containers[0].ip: found 10.0"},
	{"namespace number", rowBody(`"namespace": 1`), "containers[0].namespace: found 1"},
	{"container boolean", rowBody(`"container": false`), "containers[0].container: found false"},
	{"control in container", rowBody(`"container": "a\u0007b"`), "U+0007"},
	{"control in namespace", rowBody(`"namespace": "a\u007fb"`), "U+007F"},
	{"control in service", body(map[string]string{"containers": `[{"service_name": "a\nb", "pod_name": "b"}]`}), "U+000A"},
	{"control in pod", body(map[string]string{"containers": "[{\"service_name\": \"a\", \"pod_name\": \"b\u0085\"}]"}), "U+0085"},
	{"half a surrogate pair", rowBody(`"namespace": "\ud83d"`), "surrogate"},
	{"the wrong half", rowBody(`"namespace": "\ude00\ud83dx"`), "surrogate"},
	{"a name of 1 MiB and more", rowBody(`"namespace": "` + strings.Repeat("n", MaxName+1) + `"`), "longer than 1048576 bytes"},

	{"no cpu_limit", body(map[string]string{"cpu_limit": ""}), "cpu_limit: missing"},
	{"cpu_limit null", body(map[string]string{"cpu_limit": "null"}), "cpu_limit: missing"},
	{"cpu_limit string", body(map[string]string{"cpu_limit": `"many"`}), `cpu_limit: found "many"`},
	{"cpu_limit empty", body(map[string]string{"cpu_limit": `""`}), `cpu_limit: found ""`},
	{"cpu_limit negative", body(map[string]string{"cpu_limit": "-1"}), "cpu_limit: found -1"},
	{"cpu_limit NaN", body(map[string]string{"cpu_limit": "NaN"}), "cpu_limit: found NaN"},
	{"cpu_limit list", body(map[string]string{"cpu_limit": "[1]"}), "cpu_limit: found a list"},
	{"no memory_limit", body(map[string]string{"memory_limit": ""}), "memory_limit: missing"},
	{"memory_limit huge", body(map[string]string{"memory_limit": "1e999"}), "memory_limit: found 1e999"},
	{"memory_limit boolean", body(map[string]string{"memory_limit": "false"}), "memory_limit: found false"},
	{"no path", body(map[string]string{"accesslog_path": ""}), "accesslog_path: missing"},
	{"path empty", body(map[string]string{"accesslog_path": `""`}), "accesslog_path: missing"},
	{"path null", body(map[string]string{"accesslog_path": "null"}), "accesslog_path: missing"},
	{"path number", body(map[string]string{"accesslog_path": "7"}), "accesslog_path: found 7"},
	{"path list", body(map[string]string{"accesslog_path": `["/log"]`}), "accesslog_path: found a list"},
}

func TestDecodeRefuses(t *testing.T) {
	for _, c := range bad {
		for _, r := range []io.Reader{strings.NewReader(c.body), iotest.HalfReader(strings.NewReader(c.body))} {
			_, err := Read(r)
			var e *Error
			if !errors.As(err, &e) {
				t.Errorf("%s: %v, want an *Error", c.name, err)
				continue
			}
			found := false
			for w := range strings.SplitSeq(c.want, "|") {
				found = found || strings.Contains(err.Error(), w)
			}
			if !found {
				t.Errorf("%s: %q does not say %q", c.name, err, c.want)
			}
			if n := len([]rune(err.Error())); n > 3*MaxQuoted {
				t.Errorf("%s: an error of %d characters", c.name, n)
			}
			if _, ok := control(err.Error()); ok {
				t.Errorf("%s: a control character in %q", c.name, err)
			}
		}
	}
	t.Logf("%d bad bodies", len(bad))
}

func TestDecodeSaysWhere(t *testing.T) {
	in := "{\n  \"x\": \"" + strings.Repeat("y", 3*window) + "\",\n  \"z\" 1}"
	_, err := Decode([]byte(in))
	if want := "at line 3, column 7: found '1', expected ':'"; err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("%v, want %q", err, want)
	}
}

func TestDecodeTooManyRows(t *testing.T) {
	rows := strings.Repeat(`{"service_name":"a","pod_name":"b"},`, MaxRows)
	_, err := Decode([]byte(body(map[string]string{"containers": "[" + rows + `{"service_name":"a","pod_name":"b"}]`})))
	if e := (*Error)(nil); !errors.As(err, &e) || !e.TooLarge {
		t.Errorf("%d rows: %v, want TooLarge", MaxRows+1, err)
	}
}

// A body that is refused or ignored is not held: the scanner has its window.
func TestReadHoldsLittle(t *testing.T) {
	const size = 4 << 20
	for name, unit := range map[string]string{"brackets": "[", "tiny elements": "[],", "one string": "yyyyyyyy", "objects": `{"a":1},`, "spaces": "      "} {
		in := io.MultiReader(strings.NewReader(`{"x": [`), &repeat{unit: []byte(unit), left: size})
		if name == "one string" {
			in = io.MultiReader(strings.NewReader(`{"x": "`), &repeat{unit: []byte(unit), left: size})
		}
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		if _, err := Read(in); err == nil {
			t.Errorf("%s: no error", name)
		}
		runtime.ReadMemStats(&after)
		if n := after.TotalAlloc - before.TotalAlloc; n > 1<<20 {
			t.Errorf("%s: %d bytes allocated for a body of %d", name, n, size)
		}
	}
}

// repeat reads as its unit again and again.
type repeat struct {
	unit []byte
	at   int
	left int
}

func (r *repeat) Read(b []byte) (int, error) {
	n := 0
	for n < len(b) && r.left > 0 {
		b[n] = r.unit[r.at]
		r.at = (r.at + 1) % len(r.unit)
		n++
		r.left--
	}
	if n == 0 {
		return 0, io.EOF
	}
	return n, nil
}

func TestReadPassesReadErrors(t *testing.T) {
	in := body(nil)
	for _, n := range []int{0, 1, 20, len(in) - 1, len(in)} {
		_, err := Read(io.MultiReader(strings.NewReader(in[:n]), iotest.ErrReader(os.ErrDeadlineExceeded)))
		if !errors.Is(err, os.ErrDeadlineExceeded) {
			t.Errorf("after %d bytes: %v, want the reader's error", n, err)
		}
	}
}

func TestQuote(t *testing.T) {
	f := func(in, want string) {
		t.Helper()
		if got := Quote(in); got != want {
			t.Errorf("Quote(%.20q…) = %s, want %s", in, got, want)
		}
	}
	f("", `""`)
	f("a\"b\x00\u202e", `"a\"b\x00\u202e"`)
	f(strings.Repeat("ü", 100), `"`+strings.Repeat("ü", 100)+`"`)        // as long as may be
	f(strings.Repeat("ü", 101), `"`+strings.Repeat("ü", 99)+`…"`)        // one more
	f(strings.Repeat("\x00", 100), `"`+strings.Repeat(`\x00`, 24)+`…"`)  // short enough after escaping, too
	f(strings.Repeat("\xff", 5000), `"`+strings.Repeat(`\xff`, 24)+`…"`) // whatever it holds
}

func FuzzDecode(f *testing.F) {
	f.Add([]byte(body(nil)))
	for _, c := range bad {
		if len(c.body) < 4096 {
			f.Add([]byte(c.body))
		}
	}
	f.Fuzz(func(t *testing.T, in []byte) {
		got, err := Decode(in)
		byByte, err2 := Read(iotest.OneByteReader(bytes.NewReader(in)))
		if fmt.Sprint(err) != fmt.Sprint(err2) || !cmp.Equal(got, byByte) {
			t.Fatalf("at once: %v %v; byte by byte: %v %v", got, err, byByte, err2)
		}
		agree(t, in, got, err)
		if err != nil {
			return
		}
		for _, c := range got.Containers {
			for _, p := range []*float64{c.CPU, c.Memory, &got.CPULimit, &got.MemoryLimit} {
				if p != nil && !(*p >= 0 && *p <= math.MaxFloat64) {
					t.Fatalf("amount %v", *p)
				}
			}
		}
		got.Services()
	})
}

// rowsOf is the list of n rows that each makes.
func rowsOf(n int, each func(i int) string) string {
	var b strings.Builder
	b.WriteByte('[')
	for i := range n {
		b.WriteString(each(i) + ",")
	}
	b.WriteByte(']')
	return b.String()
}

// A fleet that is larger than any is refused before it takes the memory of one, and
// one that is just as large as may be is not.
func TestDecodeTooLargeFleets(t *testing.T) {
	service := func(i int) string { return fmt.Sprintf(`{"service_name":"s%d","pod_name":"p"}`, i) }
	pod := func(i int) string { return fmt.Sprintf(`{"service_name":"a","pod_name":"p%d"}`, i) }
	f := func(what, rows, want string) {
		t.Helper()
		_, err := Decode([]byte(body(map[string]string{"containers": rows})))
		e := (*Error)(nil)
		switch {
		case want == "" && err != nil:
			t.Errorf("%s: %v", what, err)
		case want != "" && (!errors.As(err, &e) || !e.TooLarge || !strings.Contains(err.Error(), want)):
			t.Errorf("%s: %v, want TooLarge and %q", what, err, want)
		}
	}
	f("services", rowsOf(MaxServices, service), "")
	f("a service more", rowsOf(MaxServices+1, service), "containers: found more than 100000 services, expected fewer: post a part of the fleet")
	f("pods", rowsOf(MaxPods, pod), "")
	f("a pod more", rowsOf(MaxPods+1, pod), "containers: found more than 150000 pods")
	// Rows of one pod, a namespace in one of them alone, are of one pod.
	f("two rows a pod", rowsOf(2*MaxPods, func(i int) string {
		return fmt.Sprintf(`{"service_name":"a","pod_name":"p%d","namespace":%q}`, i/2, strings.Repeat("n", i%2))
	}), "")
	// Of a field that comes twice the last counts.
	twice := body(map[string]string{"containers": rowsOf(MaxServices, service)})
	twice = strings.Replace(twice, "{", `{"containers": [{"service_name": "other", "pod_name": "p"}], `, 1)
	if r, err := Decode([]byte(twice)); err != nil || len(r.Containers) != MaxServices {
		t.Errorf("containers twice: %v", err)
	}
}
