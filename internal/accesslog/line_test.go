package accesslog

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-mesh/sluice/graph"
)

// paths is a sink that writes down the paths it is given. Like a Builder it
// refuses what has no address or no duration.
type paths struct{ seen []string }

func (s *paths) Add(r *graph.Record) bool {
	if r.Downstream == nil || r.Start == graph.Missing || r.Duration == graph.Missing {
		return false
	}
	s.seen = append(s.seen, string(r.Path))
	return true
}

// readText reads a log with one worker and returns the paths of the lines used.
func readText(t *testing.T, log string, o Options) (*Reading, string) {
	t.Helper()
	s := &paths{}
	o.Workers = 1
	r, err := read(context.Background(), strings.NewReader(log), int64(len(log)), o.withDefaults(), func() Sink { return s })
	if err != nil {
		t.Fatal(err)
	}
	if r.Total != int64(len(s.seen))+r.Skipped() {
		t.Errorf("%d lines in all are not %d used and %d skipped", r.Total, len(s.seen), r.Skipped())
	}
	return r, strings.Join(s.seen, " ")
}

// good is a line that is used, told by its path.
func good(path string) string {
	return fmt.Sprintf(`{"upstream_cluster":"outbound|80||b","start_time":"2022-07-08T06:20:16.632Z","downstream_remote_address":"10.0.0.1:9","duration":5,"path":%q}`, path)
}

// summary is the skips in short: "reason×lines@first".
func summary(r *Reading) string {
	var parts []string
	for _, s := range r.Skips {
		parts = append(parts, fmt.Sprintf("%s×%d@%d", s.Reason, s.Lines, s.First))
	}
	return strings.Join(parts, ", ")
}

func TestLines(t *testing.T) {
	a, b, c, deep := good("a"), good("b"), good("c"), strings.Replace(good("d"), `{`, `{"x":`+strings.Repeat("[", 99)+strings.Repeat("]", 99)+`,`, 1)
	f := func(log, wantPaths, wantSkips, why string) {
		t.Helper()
		for _, block := range []int{blockSize, 1, 7, 300} {
			r, got := readText(t, log, Options{block: block})
			if got != wantPaths || summary(r) != wantSkips {
				t.Errorf("%s (blocks of %d): used %q skipped %q, want %q and %q", why, block, got, summary(r), wantPaths, wantSkips)
			}
		}
	}
	f(a+"\n"+b+"\n", "a b", "", "plain lines")
	f(a+"\n"+b, "a b", "", "no newline at the end")
	f(a+"\r\n"+b+"\r\n", "a b", "", "CRLF")
	f("\xef\xbb\xbf"+a+"\n", "a", "", "a byte order mark")
	f(a+"\n\xef\xbb\xbf"+b+"\n", "a", "neither JSON nor Istio's text×1@2", "a byte order mark elsewhere")
	f("\n\n  \n\r\n"+a+"\n\n", "a", "", "blank lines do not count")
	f("  "+a+"  \n\t"+b+"\t\n", "a b", "", "space around")
	f(strings.Repeat("\x00", 5000)+a+"\n"+b+"\n", "a b", "", "zeros of a rotation before a line")
	f("["+a+",\n"+b+",\n"+c+"]\n", "a b c", "", "an array, a line each")
	f("[\n"+a+",\n"+b+"\n]\n", "a b", "", "brackets on their own")
	f("[\n "+a+"\n ,"+b+"\n]", "a b", "", "commas in front")
	f("["+a+","+b+", "+c+"]", "a b c", "", "an array on one line")
	f(a[30:]+","+b+","+c[:40], "b", "neither JSON nor Istio's text×1@1, cut short×1@1", "an array on one line, cut at both ends")
	f("["+a+",{\"x\":},"+b+","+c+"]\n", "a b c", "neither JSON nor Istio's text×1@1", "a broken element in an array")
	f("["+a+",7,"+b+"]", "", "neither JSON nor Istio's text×1@1", "something else in an array")
	f(a+b+"\n"+c+"\n", "c", "neither JSON nor Istio's text×1@1", "two objects run together")
	f(a+" # note\n"+b+"\n", "b", "neither JSON nor Istio's text×1@1", "text after an object")
	f("hello\n"+a+"\n{bad\n\n"+a[:50]+"\n"+b, "a b", "neither JSON nor Istio's text×2@1, cut short×1@5", "noise between lines")
	f("[2022-07-08 06:25:08] warning {x},{y}\n"+a+"\n", "a", "neither JSON nor Istio's text×1@1", "noise with brackets is one line")
	f(a[:len(a)-1]+"\r\n"+b, "b", "cut short×1@1", "cut before CRLF")
	f("[1,2]\n[]\n\"x\"\nnull\n7\n"+a, "a", "neither JSON nor Istio's text×4@1", "JSON that is no object; an empty array is blank")
	f(deep+"\n"+a, "d a", "", "nesting that goccy has to decode")
	f("["+deep+"]\n"+a, "d a", "", "the same in an array")
	f(a+"\n"+strings.Repeat("[", 100_000)+"\n"+b, "a b", "", "nothing but brackets is blank")
	f(a+"\n"+`{"x":`+strings.Repeat("[", 100_000)+"\n"+b, "a b", "neither JSON nor Istio's text×1@2", "deeper than encoding/json goes")
	f(a+"\n"+strings.Repeat(`{"x":[[{},`, 10_000)+"\n"+b, "a b", "neither JSON nor Istio's text×1@2", "many beginnings without an end")
	f(`{"a":"\ud800"}`+"\n"+strings.Join(issue604, "\n")+"\n"+a, "a", "neither JSON nor Istio's text×1@4, cut short×5@2, no upstream_cluster of a mesh×2@1", "the lines of goccy's issue 604")
	f("\x00\n\x00\x00\n"+a, "a", "", "lines of zeros are blank")
	f(a+"\n"+b[:20]+"\x00"+b[20:]+"\n"+c, "a c", "neither JSON nor Istio's text×1@2", "a zero inside a line")
}

func TestReasons(t *testing.T) {
	f := func(line, want string) {
		t.Helper()
		r, _ := readText(t, "\n"+line+"\n", Options{})
		if got := summary(r); got != want {
			t.Errorf("%s: skipped for %q, want %q", line, got, want)
		}
	}
	const cluster, peer, start = `"upstream_cluster":"outbound|1||a"`, `"downstream_remote_address":"1.1.1.1:1"`, `"start_time":"2022-07-08T06:20:16Z"`
	f(`{`+cluster+`,`+peer+`,`+start+`,"duration":1}`, "")
	f(`{`+peer+`,`+start+`,"duration":1}`, "no upstream_cluster of a mesh×1@2")
	f(`{"upstream_cluster":"xds-grpc",`+peer+`,`+start+`,"duration":1}`, "no upstream_cluster of a mesh×1@2")
	f(`{"upstream_cluster":{},`+peer+`,`+start+`,"duration":1}`, "no upstream_cluster of a mesh×1@2")
	f(`{`+cluster+`,"downstream_remote_address":5,`+start+`,"duration":1}`, "no addresses×1@2")
	f(`{`+cluster+`,"downstream_remote_address":"-","upstream_host":"-",`+start+`,"duration":1}`, "no addresses×1@2")
	f(`{`+cluster+`,`+peer+`,"duration":1}`, "no usable start_time×1@2")
	f(`{`+cluster+`,`+peer+`,"start_time":"yesterday","duration":1}`, "no usable start_time×1@2")
	f(`{`+cluster+`,`+peer+`,`+start+`}`, "no usable duration×1@2")
	f(`{`+cluster+`,`+peer+`,`+start+`,"duration":"slow"}`, "no usable duration×1@2")
	f(`{`+cluster+`,`+peer+`,`+start+`,"duration":-5}`, "no usable duration×1@2")
	f(`{`+cluster+`,`+peer+`,`+start+`,"duration":1e300}`, "no usable duration×1@2")
	f(`{`+cluster+`,"upstream_host":"1.1.1.1:1",`+start+`,"duration":1}`, "no use to the graph×1@2")
	f(`{`+peer+`,"downstream_local_address":"1.1.1.2:1",`+start+`,"duration":1}`, "")
	f(`{`+peer+`,"requested_server_name":"a.example.com",`+start+`,"duration":1}`, "")
	f(`{"downstream_local_address":"1.1.1.2:1",`+start+`,"duration":1}`, "no upstream_cluster of a mesh×1@2")
	f(`{}`, "no upstream_cluster of a mesh×1@2")
}

func TestWrongTypesCostTheFieldOnly(t *testing.T) {
	for _, key := range fieldNames[1:] {
		for _, v := range []string{`7`, `-1.5e3`, `true`, `null`, `[1]`, `{"a":"b"}`, `""`, `"-"`, `"\u0000"`, `"é"`, `"\ud800"`} {
			line := fmt.Sprintf(`{%q:%s,%s`, key, v, good("p")[1:])
			if _, got := readText(t, line, Options{}); got != "p" {
				t.Errorf("%s is %s, and the later good value did not count", key, v)
			}
		}
	}
}

func TestLongLines(t *testing.T) {
	a, b, c := good("a"), good("b"), good("c")
	const maxLine = 400
	f := func(log, wantPaths, wantSkips, why string) {
		t.Helper()
		for _, block := range []int{blockSize, 64, 500} {
			r, got := readText(t, log, Options{MaxLine: maxLine, block: block})
			if got != wantPaths || summary(r) != wantSkips {
				t.Errorf("%s (blocks of %d): used %q skipped %q, want %q and %q", why, block, got, summary(r), wantPaths, wantSkips)
			}
		}
	}
	long := strings.Repeat("x", 5000)
	f(a+"\n"+long+"\n"+b+"\n", "a b", "too long×1@2", "a long line between others")
	f(a+"\n"+long+"\n"+b+"\n{bad\n", "a b", "neither JSON nor Istio's text×1@4, too long×1@2", "line numbers count long lines")
	f(a+"\n"+long, "a", "too long×1@2", "a long last line")
	f(long+"\n"+long+"\n"+a+"\n"+good(long)+"\n"+b, "a b", "too long×3@1", "several, one of them an object")
	f(a+"\n["+strings.Repeat(b+", ", 40)+c+"]\n"+a+"\n{bad\n", "a"+strings.Repeat(" b", 40)+" c a", "neither JSON nor Istio's text×1@4", "an array on one line is no long line")
	f(strings.Repeat("\x00", 100_000)+a+"\n"+b+"\n{bad", "a b", "neither JSON nor Istio's text×1@3", "any number of zeros")
	f(strings.Repeat("\n", 5000)+"{bad\n"+a, "a", "neither JSON nor Istio's text×1@5001", "line numbers count blank lines")
}

func TestZeroAllocations(t *testing.T) {
	log := generate(500, 3)
	n := len(log)
	log = append(log, make([]byte, padding)...)
	d := &decoder{sink: &void{}, maxLine: 1 << 20}
	d.lines(log, n, 1)
	if got := testing.AllocsPerRun(10, func() { d.lines(log, n, 1) }); got != 0 {
		t.Errorf("%v allocations for 500 lines, want none", got)
	}
	hard := slices.Concat([]byte(`{"path":"\u00e9\n","p\u0061th":"x","x":{"y":[1.5e3,null,"\\"]}}`+"\n{bad\n{\"cut\n"), make([]byte, padding))
	d.lines(hard, len(hard)-padding, 1)
	if got := testing.AllocsPerRun(10, func() { d.lines(hard, len(hard)-padding, 1) }); got != 0 {
		t.Errorf("%v allocations for lines with escapes and for broken ones, want none", got)
	}
}
