package accesslog

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"reflect"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/klauspost/compress/zstd"

	"github.com/sluice-mesh/sluice/graph"
)

func saved(tb testing.TB, r *Reading) string {
	tb.Helper()
	var b bytes.Buffer
	if err := r.Save(&b); err != nil {
		tb.Fatal(err)
	}
	return b.String()
}

func source(name, log string) Source {
	return Source{Name: name, Size: int64(len(log)), Open: func() (io.ReadCloser, error) { return io.NopCloser(strings.NewReader(log)), nil }}
}

func readAll(tb testing.TB, o Options, logs ...string) *Reading {
	tb.Helper()
	var sources []Source
	for i, l := range logs {
		sources = append(sources, source(string(rune('a'+i)), l))
	}
	r, err := ReadAll(context.Background(), sources, o)
	if err != nil {
		tb.Fatal(err)
	}
	return r
}

// pods of what generate writes.
func generatedPods() (pods []graph.Pod) {
	for i := range 200 {
		pods = append(pods, graph.Pod{Service: "svc" + string(rune('a'+i%25)), Name: "p", Address: "172.16.0." + itoa(i)})
	}
	return pods
}

func itoa(i int) string {
	if i < 10 {
		return string(rune('0' + i))
	}
	return itoa(i/10) + itoa(i%10)
}

// Halves that were read apart and saved, in any mixture with logs, are the whole,
// bit for bit while no bound was hit; past it too, for the sample goes by hash.
func TestPartialsAreTheWhole(t *testing.T) {
	log := string(generate(6000, 9)) + "noise\n" + good("x")[:40] + "\n"
	cut := strings.LastIndex(log[:len(log)/3], "\n") + 1
	head, rest := log[:cut], log[cut:]
	for _, o := range []Options{{}, {Graph: graph.Options{MaxEvents: 700}}, {Graph: graph.Options{MaxTrace: 2}}} {
		build := func(r *Reading) *graph.Graph { return r.Builder.Build(generatedPods(), r.Skipped()) }
		whole := readAll(t, o, log)
		want, wantSaved := build(whole), saved(t, readAll(t, o, log))
		for name, parts := range map[string][]string{
			"two logs":           {head, rest},
			"two partials":       {saved(t, readAll(t, o, head)), saved(t, readAll(t, o, rest))},
			"the other way":      {saved(t, readAll(t, o, rest)), saved(t, readAll(t, o, head))},
			"a log, a partial":   {gzipped(head), saved(t, readAll(t, o, rest))},
			"a partial of two":   {saved(t, readAll(t, o, head, rest))},
			"an empty one":       {saved(t, readAll(t, o, head)), saved(t, readAll(t, o)), rest},
			"one worker, one":    {saved(t, readAll(t, Options{Workers: 1, block: 999, Graph: o.Graph}, log))},
			"partial of partial": {saved(t, readAll(t, o, saved(t, readAll(t, o, head)), rest))},
		} {
			r := readAll(t, o, parts...)
			if got := build(r); !reflect.DeepEqual(got, want) {
				t.Errorf("%s: another graph than the whole log's", name)
			}
			if r.Total != whole.Total || r.Bytes != whole.Bytes || len(r.Skips) != 2 || r.Skipped() != 2 {
				t.Errorf("%s: %d lines, %d bytes, %v; the whole %d, %d", name, r.Total, r.Bytes, r.Skips, whole.Total, whole.Bytes)
			}
			if name == "one worker, one" && saved(t, readAll(t, o, parts...)) != wantSaved {
				t.Errorf("%s: is saved in other bytes", name)
			}
		}
	}
}

func TestBrokenPartials(t *testing.T) {
	whole := saved(t, readAll(t, Options{}, string(generate(300, 2))))
	frame := func(text string) string {
		z, _ := zstd.NewWriter(nil)
		return partialMagic + string(rune(partialVersion)) + string(z.EncodeAll([]byte(text), nil))
	}
	plain, err := func() ([]byte, error) {
		d, _ := zstd.NewReader(strings.NewReader(whole[len(partialMagic)+1:]))
		return io.ReadAll(d)
	}()
	if err != nil {
		t.Fatal(err)
	}
	flip := func(at int) string { return whole[:at] + string(whole[at]^4) + whole[at+1:] }
	huge := bomb(toZstd, strings.Repeat("\x00", 1<<20), 64)
	zeros := make([]byte, huge.Size())
	huge.Read(zeros)
	for name, c := range map[string]struct{ text, want string }{
		"cut after the magic":  {whole[:len(partialMagic)], "is cut short"},
		"cut inside the magic": {whole[:5], "is cut short"},
		"cut in the middle":    {whole[:len(whole)/2], "is cut short"},
		"cut of its checksum":  {whole[:len(whole)-2], "is cut short"},
		"a later version":      {partialMagic + string(rune(partialVersion+1)) + whole[len(partialMagic)+1:], "the partial reading is of version 5, and this sluice reads version 4: aggregate its logs again with this sluice; nothing was taken from it"},
		// What version 3 says of a call that timed out is not what 4 does.
		"an earlier version":    {partialMagic + "\x03" + whole[len(partialMagic)+1:], "the partial reading is of version 3, and this sluice reads version 4: aggregate its logs again with this sluice; nothing was taken from it"},
		"a bit of the middle":   {flip(len(whole) / 2), "the partial reading "},
		"a bit of the end":      {flip(len(whole) - 1), "is damaged"},
		"text inside":           {frame("hello, hello, hello, hello, this is something else"), "cannot be used"},
		"nothing inside":        {frame(""), "is cut short"},
		"more inside":           {frame(string(plain) + "x"), "goes on after its end"},
		"zeros without end":     {partialMagic + string(rune(partialVersion)) + string(zeros), "the partial reading "},
		"absurd counts":         {frame("\xff\xff\xff\xff\xff\xff\xff\xff\x7f"), "cannot be used"},
		"skips that do not fit": {frame("\x01\x01\x00\x01\x01\x05\x01"), "counts of lines do not fit"},
	} {
		used := peak(func() {
			r := readAll(t, Options{maxSkip: 1 << 20}, c.text)
			if said := strings.Join(r.Warnings, "|"); r.Total != 0 || r.Builder.Len() != 0 || !strings.Contains(said, c.want) {
				t.Errorf("%s: %d lines, %d events, warnings %q, want %q", name, r.Total, r.Builder.Len(), r.Warnings, c.want)
			}
		})
		if used > 64<<20 {
			t.Errorf("%s: %d MB were allocated", name, used>>20)
		}
	}
}

// Partial readings last longer than the sluice that wrote them. What is saved of this line of
// each kind that an event tells apart has this sum under this version: who changes what
// events mean changes it, raises partialVersion, and writes the new sum here.
func TestSavedMeaning(t *testing.T) {
	const version, want = 4, "2d8f1158e7eb03a606ec5d5dd605eeae0ba63d3fcdd734b9c4aee9ccf6edd0c0"
	const in, out = `"upstream_cluster":"inbound|80||"`, `"upstream_cluster":"outbound|80||b.x.svc.cluster.local"`
	var log strings.Builder
	for i, kind := range []string{
		in, out, `"upstream_cluster":null`,
		in + `,"response_code":503`, out + `,"response_code":503`,
		in + `,"response_code":0,"response_flags":"DC"`, out + `,"response_code":0,"response_flags":"DC"`,
		out + `,"response_code":503,"response_flags":"UF"`, out + `,"response_code":504,"response_flags":"UT"`,
		in + `,"downstream_remote_address":"10.0.0.9:0"`, in + `,"request_id":null`,
		`"upstream_cluster":"BlackHoleCluster","upstream_host":null,"downstream_local_address":"10.0.2.1:80"`,
	} {
		// The kind's own fields come last, and of two alike the last counts.
		fmt.Fprintf(&log, `{"start_time":"2022-07-08T06:20:16.%03dZ","duration":5,"request_id":"r%d","path":"/","upstream_host":"10.0.1.1:80",`+
			`"downstream_remote_address":"10.0.0.1:9","downstream_local_address":"10.0.1.1:80","upstream_local_address":"10.0.0.1:9","response_code":200,%s}`+"\n", i, i, kind)
	}
	r := readAll(t, Options{}, log.String())
	d, _ := zstd.NewReader(strings.NewReader(saved(t, r)[len(partialMagic)+1:]))
	plain, err := io.ReadAll(d)
	if got := fmt.Sprintf("%x", sha256.Sum256(plain)); err != nil || r.Total != 12 || len(r.Skips) != 0 || version != partialVersion || got != want {
		t.Errorf("version %d has the sum %s, want %s under %d; %d lines, skips %v, %v", partialVersion, got, want, version, r.Total, r.Skips, err)
	}
}

// What becomes of several logs is told by their names.
func TestSeveralLogs(t *testing.T) {
	bad := Source{Name: "c", Size: 3, Open: func() (io.ReadCloser, error) { return nil, errors.New("is not there") }}
	var last Progress
	one := good("x") + "\n"
	r, err := ReadAll(t.Context(), []Source{source("a", one), source("b", "noise\n\nnoise\n"+one), bad, source("d", "noise\n"+one)},
		Options{OnProgress: func(p Progress) { last = p }})
	if err != nil {
		t.Fatal(err)
	}
	want := []Skip{{Reason: ReasonNotObject, Lines: 3, First: 1, Log: "b"}}
	if diff := cmp.Diff(want, r.Skips); diff != "" || r.Total != 6 || len(r.Warnings) != 1 || !strings.HasPrefix(r.Warnings[0], "c: ") {
		t.Errorf("%+v\n%s", r, diff)
	}
	if last.Lines != 6 || last.Size != int64(3*len(one)+13+6+3) || last.Bytes != last.Size-3 {
		t.Errorf("progress %+v", last)
	}
	if s := r.Skips[0].String(); !strings.Contains(s, "line 1 of b") {
		t.Error(s)
	}
}

// FuzzPartial reads anything as a partial reading: a warning or a reading, in
// bounded memory.
func FuzzPartial(f *testing.F) {
	whole := saved(f, readAll(f, Options{}, string(generate(20, 2))+"noise\n"))
	f.Add([]byte(whole))
	d, _ := zstd.NewReader(strings.NewReader(whole[len(partialMagic)+1:]))
	plain, _ := io.ReadAll(d)
	f.Add(plain)
	z, _ := zstd.NewWriter(nil, zstd.WithEncoderConcurrency(1))
	f.Fuzz(func(t *testing.T, p []byte) {
		for _, text := range []string{partialMagic + string(p), partialMagic + "\x01" + string(z.EncodeAll(p, nil))} {
			r := readAll(t, Options{Graph: graph.Options{MaxEvents: 50}}, text)
			if len(r.Warnings) == 0 {
				r.Builder.Build(generatedPods(), r.Skipped())
			} else if r.Total < r.Skipped() {
				t.Fatalf("%+v", r)
			}
		}
	})
}

// A partial reading that was compressed once more, as everything on its way is by some,
// is that partial reading; a torn one counts for nothing, and bombs are told.
func TestCompressedPartials(t *testing.T) {
	log := string(generate(2000, 3))
	plain := saved(t, readAll(t, Options{}, log))
	want := readAll(t, Options{}, plain)
	for name, compress := range map[string]func(io.Writer) io.WriteCloser{"gzip": toGzip, "zstd": toZstd} {
		packed, err := io.ReadAll(bomb(compress, plain, 1))
		if err != nil {
			t.Fatal(err)
		}
		got := readAll(t, Options{}, string(packed))
		if saved(t, got) != plain || len(got.Warnings) != 0 || got.Total != want.Total {
			t.Errorf("%s: %d lines, %d wanted, warnings %q", name, got.Total, want.Total, got.Warnings)
		}
		if got := readAll(t, Options{}, log, string(packed)); got.Total != 2*want.Total || got.Builder.Lines(0).Used != want.Builder.Lines(0).Used {
			t.Errorf("%s beside its log: %d lines", name, got.Total)
		}
		if torn := readAll(t, Options{}, string(packed[:len(packed)-20])); torn.Builder.Len() != 0 || len(torn.Warnings) != 1 {
			t.Errorf("%s torn: %d events, warnings %q", name, torn.Builder.Len(), torn.Warnings)
		}
		skip := "\x50\x2a\x4d\x18\x00\x00\x00\x10" + strings.Repeat("\x00", 1<<28) // a frame to skip, a quarter of a GB
		endless, _ := io.ReadAll(bomb(compress, plain[:len(partialMagic)+1]+skip, 2))
		if r := readAll(t, Options{}, string(endless)); r.Builder.Len() != 0 || len(r.Warnings) != 1 {
			t.Errorf("%s, a bomb: warnings %q", name, r.Warnings)
		}
		r, err := Scan(t.Context(), bytes.NewReader(packed), -1, Options{}, func() Sink { return &all{} })
		if err != nil || len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "is a partial reading") {
			t.Errorf("%s, scanned: %v, %v", name, r, err)
		}
	}
}
