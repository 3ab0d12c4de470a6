package accesslog

import (
	"bytes"
	"context"
	"io"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"testing"

	"github.com/klauspost/compress/gzip"
	"github.com/klauspost/compress/zstd"
)

func gzipped(text string) string {
	var b bytes.Buffer
	w := gzip.NewWriter(&b)
	io.WriteString(w, text)
	w.Close()
	return b.String()
}

func zstded(text string, o ...zstd.EOption) string {
	w, err := zstd.NewWriter(nil, o...)
	if err != nil {
		panic(err)
	}
	return string(w.EncodeAll([]byte(text), nil))
}

func TestFormats(t *testing.T) {
	a, b := good("a")+"\n", good("b")+"\n"
	skippable := "\x50\x2a\x4d\x18\x03\x00\x00\x00abc"
	f := func(log, want, wantWarning, why string) {
		t.Helper()
		r, got := readText(t, log, Options{})
		warnings := strings.Join(r.Warnings, "|")
		if got != want || !strings.Contains(warnings, wantWarning) || wantWarning == "" && warnings != "" {
			t.Errorf("%s: used %q, warnings %q, want %q and %q", why, got, warnings, want, wantWarning)
		}
	}
	f(gzipped(a+b), "a b", "", "gzip")
	f(gzipped(a)+gzipped(b), "a b", "", "gzip of two members, as rotations put together")
	f(gzipped(a[:20])+gzipped(a[20:]+b), "a b", "", "the same, cut inside a line")
	f(gzipped("\xef\xbb\xbf"+a), "a", "", "gzip of a text with a byte order mark")
	f(zstded(a+b), "a b", "", "zstd")
	f(zstded(a)+skippable+zstded(b), "a b", "", "zstd of two frames and one to skip")
	f(skippable+zstded(a), "a", "", "zstd that begins with a frame to skip")
	f(gzipped(""), "", "is empty", "gzip of nothing")
	f(zstded(""), "", "is empty", "zstd of nothing")
	f("\xef\xbb\xbf", "", "is empty", "a byte order mark alone")
	f(gzipped(a)+"rubbish that is no member", "a", "could not be read to its end", "gzip and then something else")
	f(zstded(a)+"rubbish that is no frame", "a", "could not be read to its end", "zstd and then something else")
	f("\x1f\x8b", "", "is not whole gzip", "the first two bytes of gzip")
	f("\x1f\x8bhello, hello, hello", "", "is not whole gzip", "what only begins like gzip")
	f("\x28\xb5\x2f\xfd", "", "cut short", "the first four bytes of zstd")
	f("\x28\xb5\x2f\xfd"+a, "", "could not be read", "what only begins like zstd")
	f(gzipped(gzipped(a)), "", "compressed twice", "gzip in gzip")
	f(zstded(gzipped(a)), "", "compressed twice", "gzip in zstd")
	f(gzipped("PK\x03\x04"), "", "is zip", "zip in gzip")
	f("BZh91AY&SY\x00\x00", "", "is bzip2", "bzip2")
	f("\xfd7zXZ\x00\x00\x04", "", "is xz", "xz")
	f("\xff\xfe{\x00", "", "is UTF-16", "UTF-16, as some shells redirect")
}

// damage calls f with copies of a text that are cut or have some bytes changed.
func damage(text string, n int, f func(string)) {
	r := rand.New(rand.NewPCG(9, 9))
	for i := range n {
		b := []byte(text)
		for range r.IntN(4) {
			b[r.IntN(len(b))] = byte(r.Uint32())
		}
		if i%2 == 0 {
			b = b[:r.IntN(len(b))]
		}
		f(string(b))
	}
}

// damaged is how many damaged logs of each kind the test tries.
const damaged = 300

func TestDamagedLogsAreReadAsFarAsTheyGo(t *testing.T) {
	goroutines(t)
	plain := string(generate(60, 4))
	for name, log := range map[string]string{"plain": plain, "gzip": gzipped(plain), "zstd": zstded(plain)} {
		most, cut := int64(0), 0
		damage(log, damaged, func(log string) {
			r, err := Read(context.Background(), strings.NewReader(log), int64(len(log)), Options{})
			if err != nil {
				t.Fatal(err)
			}
			most = max(most, r.Total)
			if len(r.Warnings) > 0 {
				cut++
			}
		})
		if most < 59 || name != "plain" && cut < damaged/3 {
			t.Errorf("%s: %d lines at most and %d warnings: too little came through, or went wrong, to tell anything", name, most, cut)
		}
	}
}

func TestWhatComesBeforeTheCutCounts(t *testing.T) {
	plain := string(generate(3000, 4))
	for name, log := range map[string]string{"gzip": gzipped(plain), "zstd": zstded(plain)} {
		r, _ := readText(t, log[:len(log)/2], Options{})
		if r.Total < 1000 || r.Total > 2000 || len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "cut short") {
			t.Errorf("half a log in %s: %d lines of 3000, warnings %q", name, r.Total, r.Warnings)
		}
	}
}

// bomb compresses n times the same bytes.
func bomb(compress func(io.Writer) io.WriteCloser, bytes string, n int) *strings.Reader {
	var b strings.Builder
	w := compress(&b)
	for range n {
		io.WriteString(w, bytes)
	}
	w.Close()
	return strings.NewReader(b.String())
}

func toGzip(w io.Writer) io.WriteCloser { return gzip.NewWriter(w) }

func toZstd(w io.Writer) io.WriteCloser {
	z, err := zstd.NewWriter(w, zstd.WithEncoderConcurrency(1))
	if err != nil {
		panic(err)
	}
	return z
}

// peak is how much the heap grew at most while f ran, roughly.
func peak(f func()) uint64 {
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	f()
	runtime.ReadMemStats(&after)
	return after.TotalAlloc - before.TotalAlloc // nothing that is freed is left out
}

func TestBombs(t *testing.T) {
	const mb = 1 << 20
	f := func(log *strings.Reader, o Options, want, why string) {
		t.Helper()
		var r *Reading
		used := peak(func() {
			var err error
			if r, err = Read(context.Background(), log, log.Size(), o); err != nil {
				t.Fatal(err)
			}
		})
		if got := strings.Join(r.Warnings, "|"); !strings.Contains(got, want) || want == "" && got != "" {
			t.Errorf("%s: warnings %q, want %q", why, got, want)
		}
		if used > 64*mb {
			t.Errorf("%s: %d MB were allocated for %d bytes of log", why, used/mb, log.Size())
		}
	}
	f(bomb(toZstd, strings.Repeat("\x00", mb), 260), Options{}, "a line goes on for over 268435456 bytes", "zeros in zstd")
	small := Options{maxSkip: 8 * mb}
	f(bomb(toGzip, strings.Repeat("\x00", mb), 10), small, "a line goes on", "zeros in gzip")
	f(bomb(toGzip, strings.Repeat("x", mb), 10), small, "a line goes on", "one letter in gzip")
	f(bomb(toZstd, strings.Repeat("[", mb), 10), small, "a line goes on", "brackets without a newline")
	f(bomb(toZstd, strings.Repeat("\n", mb), 9), small, "unpacks to over 200 times its own size", "newlines beyond all measure")
	f(bomb(toZstd, strings.Repeat(good("a")+"\n", mb/150), 40), small, "unpacks to over 200 times", "one good line again and again")
	f(bomb(toZstd, strings.Repeat("\n", mb), 8), small, "has no line", "newlines")
	f(bomb(toZstd, strings.Repeat("{}\n", mb/3), 8), small, "of another kind", "empty objects")
	f(bomb(toZstd, strings.Repeat("{\n", mb/2), 8), small, "of another kind", "cut objects")
	f(bomb(toZstd, strings.Repeat(`{"\u0070`+"\n", mb/9), 8), small, "of another kind", "keys with escapes, cut")
	f(bomb(toZstd, strings.Repeat(`{"a":[[{},`, mb/10), 7), small, "of another kind", "beginnings without ends")
	f(bomb(toZstd, strings.Repeat(`{"":1},`, mb/7), 8), small, "of another kind", "an array on one line")
	f(strings.NewReader(strings.Repeat("x", 50*mb)+"\n"), small, "of another kind", "a line of 50 MB")
}

func TestSomethingElseIsNotReadToItsEnd(t *testing.T) {
	goroutines(t)
	noise := strings.Repeat("E1123 18:25:08.000000 1 main.go:1] something else\n", 100_000)
	f := func(log, want string) {
		t.Helper()
		for _, workers := range []int{1, 3} {
			o := Options{Workers: workers, block: 10_000, maxUseless: 1_000_000}
			r, err := Read(context.Background(), strings.NewReader(log), -1, o)
			if err != nil {
				t.Fatal(err)
			}
			if got := strings.Join(r.Warnings, "|"); !strings.Contains(got, want) || want == "" && got != "" {
				t.Errorf("%d workers: %q, want %q", workers, got, want)
			}
			if want != "" && r.Total > 25_000 {
				t.Errorf("%d workers: %d lines were read", workers, r.Total)
			}
		}
	}
	f(noise, "not one line in its first 1000000 bytes")
	f(strings.Repeat("\x00", 3_000_000)+noise[:900_000]+good("a")+"\n"+noise, "")
}

func TestZstdWindowIsBounded(t *testing.T) {
	text := strings.Repeat(good("a")+"\n", 2000)
	var b bytes.Buffer
	w, err := zstd.NewWriter(&b, zstd.WithWindowSize(128<<20), zstd.WithEncoderConcurrency(1))
	if err != nil {
		t.Fatal(err)
	}
	io.WriteString(w, text)
	w.Flush() // or it would know the size and need no window
	io.WriteString(w, text)
	w.Close()
	r, _ := readText(t, b.String(), Options{})
	if len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "zstd window is over 33554432 bytes") {
		t.Errorf("a window of 128 MiB: %q", r.Warnings)
	}
	if r, got := readText(t, b.String(), Options{MaxWindow: 128 << 20}); len(r.Warnings) != 0 || len(got) != 2*4000-1 {
		t.Errorf("a window of 128 MiB that is allowed: %q", r.Warnings)
	}
}

func TestManyBombsAtOnce(t *testing.T) {
	log := bomb(toZstd, strings.Repeat("\x00", 1<<20), 20)
	text := make([]byte, log.Size())
	log.Read(text)
	used := peak(func() {
		var all sync.WaitGroup
		for range 8 {
			all.Go(func() {
				if _, err := Read(context.Background(), bytes.NewReader(text), -1, Options{}); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
	})
	if used > 200<<20 {
		t.Errorf("8 bombs at once allocated %d MB", used>>20)
	}
}
