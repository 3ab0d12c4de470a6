package accesslog

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"
	"testing/iotest"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-mesh/sluice/graph"
	"github.com/sluice-mesh/sluice/internal/mishap"
)

// common is a sink that several workers share.
type common struct {
	mu   sync.Mutex
	seen []string
}

func (s *common) Add(r *graph.Record) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.seen = append(s.seen, string(r.RequestID)+" "+string(r.Path))
	return r.Duration%7000 != 0
}

func TestWorkersAgree(t *testing.T) {
	log := generate(4000, 5)
	for i := 0; i < len(log); i += 30_011 { // some noise
		log[i] = '\\'
	}
	var want *Reading
	var wantSeen []string
	for _, workers := range []int{1, 2, 3, 8} {
		for _, block := range []int{3000, 20_000, blockSize} {
			all := &common{}
			o := Options{Workers: workers, block: block}.withDefaults()
			r, err := read(context.Background(), bytes.NewReader(log), -1, o, func() Sink { return all })
			if err != nil {
				t.Fatal(err)
			}
			slices.Sort(all.seen)
			if want == nil {
				want, wantSeen = r, all.seen
				continue
			}
			if diff := cmp.Diff(want, r) + cmp.Diff(wantSeen, all.seen); diff != "" {
				t.Errorf("%d workers, blocks of %d differ from one worker:\n%s", workers, block, diff)
			}
		}
	}
	if len(want.Skips) < 2 || want.Bytes != int64(len(log)) {
		t.Errorf("the log has too little noise to tell anything: %+v", want)
	}
}

// goroutines fails the test if more goroutines run at its end than now.
// How many lines are still to come is known from the first blocks, within a twentieth, and of
// a compressed log, which is read ahead, at least its order; of a log whose size nobody knows
// nothing is said.
func TestExpectedLines(t *testing.T) {
	const lines = 20_000
	log := string(generate(lines, 5))
	for name, text := range map[string]string{"plain": log, "gzip": gzipped(log), "zstd": zstded(log)} {
		for _, size := range []int64{-1, int64(len(text))} {
			var said []int64
			o := Options{Workers: 2, block: 64 << 10, expect: func(n int64) { said = append(said, n) }}.withDefaults()
			if _, err := read(context.Background(), strings.NewReader(text), size, o, func() Sink { return &mine{left: lines} }); err != nil {
				t.Fatal(err)
			}
			if size < 0 {
				if len(said) > 0 {
					t.Errorf("%s of unknown size: %d lines are expected", name, said)
				}
				continue
			}
			// 4 of the blocks are read, and a quarter of one is in a buffer.
			want, off := lines*(1-4.25*float64(64<<10)/float64(len(log))), 0.05*lines
			if name != "plain" {
				off = want / 2
			}
			if len(said) < 3 || math.Abs(float64(said[0])-want) > off {
				t.Errorf("%s: %d lines are expected at first, want %.0f give or take %.0f", name, said, want, off)
			}
			if !slices.IsSortedFunc(said, func(a, b int64) int { return int(b - a) }) && name == "plain" {
				t.Errorf("more is expected the more is read: %d", said)
			}
		}
	}
}

func goroutines(t *testing.T) {
	before := runtime.NumGoroutine()
	t.Cleanup(func() {
		for range 100 {
			if runtime.NumGoroutine() <= before {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
		t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), before)
	})
}

func TestContextEndsReading(t *testing.T) {
	goroutines(t)
	log := generate(20_000, 6)
	for _, workers := range []int{1, 2} {
		ctx, cancel := context.WithCancel(context.Background())
		o := Options{Workers: workers, OnProgress: func(Progress) { cancel() }}
		if r, err := Read(ctx, bytes.NewReader(log), -1, o); !errors.Is(err, context.Canceled) || r != nil {
			t.Errorf("cancelled: %v %v", r, err)
		}
		if _, err := ReadFile(ctx, "/nowhere", o); !errors.Is(err, context.Canceled) {
			t.Errorf("cancelled before: %v", err)
		}
		cancel()
	}
}

// endless is a log without an end.
type endless struct{ line []byte }

func (e endless) Read(p []byte) (int, error) {
	n := 0
	for n+len(e.line) <= len(p) {
		n += copy(p[n:], e.line)
	}
	return n, nil
}

func TestLimitsEndReading(t *testing.T) {
	goroutines(t)
	f := func(o Options, want string) {
		t.Helper()
		r, err := Read(context.Background(), endless{[]byte(good("a") + "\n")}, -1, o)
		if err != nil {
			t.Fatal(err)
		}
		if len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], want) || r.Total == 0 {
			t.Errorf("%+v: %+v, want a warning with %q", o, r, want)
		}
		if r.Cut != (o.Enough != nil) {
			t.Errorf("%+v: Cut is %v", o, r.Cut)
		}
		for _, s := range r.Skips {
			if s.Reason == ReasonCutShort {
				t.Errorf("the line at which we stopped is said to be cut short")
			}
		}
	}
	f(Options{MaxBytes: 10_000}, "more than 10000 bytes")
	f(Options{MaxBytes: 5_000_000}, "more than 5000000 bytes")
	f(Options{MaxTime: 50 * time.Millisecond, MaxBytes: 1 << 62}, "took over 50ms")
	enough := make(chan struct{})
	var once sync.Once
	f(Options{Enough: enough, OnProgress: func(p Progress) {
		if p.Lines > 0 {
			once.Do(func() { close(enough) })
		}
	}, MaxBytes: 1 << 62}, "is stopping")
}

func TestExactlyMaxBytesIsNoWarning(t *testing.T) {
	log := strings.Repeat(good("a")+"\n", 100)
	if r, got := readText(t, log, Options{MaxBytes: int64(len(log))}); len(r.Warnings) != 0 || len(got) != 199 {
		t.Errorf("%+v", r)
	}
}

func TestReadersThatMisbehave(t *testing.T) {
	log := strings.Repeat(good("a")+"\n", 50)
	f := func(in io.Reader, wantLines int64, wantWarning, why string) {
		t.Helper()
		r, err := Read(context.Background(), in, -1, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(r.Warnings, "|"); r.Total != wantLines || !strings.Contains(got, wantWarning) || got != "" && wantWarning == "" {
			t.Errorf("%s: %d lines, warnings %q, want %d and %q", why, r.Total, got, wantLines, wantWarning)
		}
	}
	f(iotest.OneByteReader(strings.NewReader(log)), 50, "", "a byte at a time")
	f(iotest.DataErrReader(strings.NewReader(log)), 50, "", "the last bytes together with EOF")
	f(io.MultiReader(strings.NewReader(log), iotest.ErrReader(errors.New("input/output error"))), 50, "input/output error", "an error at the end")
	f(iotest.TimeoutReader(iotest.HalfReader(strings.NewReader(log))), 50, "timeout", "a time-out")
	f(iotest.ErrReader(errors.New("bad disk")), 0, "bad disk", "an error at once")
	f(idle{}, 0, "multiple Read calls", "a reader that never gets on")
}

type idle struct{}

func (idle) Read([]byte) (int, error) { return 0, nil }

// mine is a sink that panics after some records.
type mine struct{ left int }

func (m *mine) Add(*graph.Record) bool {
	if m.left--; m.left < 0 {
		panic("boom")
	}
	return true
}

func TestPanicOfWorkersReachesTheCaller(t *testing.T) {
	goroutines(t)
	log := generate(5_000, 7)
	for _, left := range []int{0, 200, 1000} { // of 5000 lines some worker gets over 1000
		o := Options{Workers: 3, block: 4000}.withDefaults()
		func() {
			defer func() {
				e := mishap.Of(recover()) // the first blocks are decoded right here
				if e.Value != "boom" || !strings.Contains(e.Stack, "(*mine).Add") {
					t.Errorf("recovered %+v, want the workers' panic and its stack", e)
				}
			}()
			read(context.Background(), bytes.NewReader(log), -1, o, func() Sink { return &mine{left} })
		}()
	}
}

func TestProgress(t *testing.T) {
	log := generate(20_000, 8)
	var calls []Progress
	o := Options{OnProgress: func(p Progress) { calls = append(calls, p) }}
	if _, err := Read(context.Background(), bytes.NewReader(log), int64(len(log)), o); err != nil {
		t.Fatal(err)
	}
	last := calls[len(calls)-1]
	if last.Lines != 20_000 || last.Bytes != last.Size || last.Size != int64(len(log)) {
		t.Errorf("the last call says %+v of %d bytes", last, len(log))
	}
	for i := 1; i < len(calls); i++ {
		if calls[i].Bytes < calls[i-1].Bytes {
			t.Errorf("progress goes back: %+v", calls)
		}
	}
}

func TestFilesAreClosed(t *testing.T) {
	descriptors := func() int {
		entries, err := os.ReadDir("/proc/self/fd")
		if err != nil {
			t.Skip("no /proc here:", err)
		}
		return len(entries)
	}
	path := write(t, t.TempDir()+"/log", good("a"))
	before := descriptors()
	for range 20 {
		readPath(t, path, Options{})
		readPath(t, "/dev/zero", Options{})
	}
	if after := descriptors(); after > before+2 { // the poller may have come
		t.Errorf("%d descriptors are open, %d before", after, before)
	}
}

func ExampleRead() {
	log := strings.NewReader(`{"upstream_cluster":"outbound|9080||ratings","duration":
{"upstream_cluster":"prometheus_stats"}
[2022-07-08 06:20:16] warning
`)
	r, err := Read(context.Background(), log, -1, Options{})
	if err != nil {
		panic(err)
	}
	for _, s := range r.Skips {
		fmt.Println(s)
	}
	// Output:
	// line 3 of the access log was skipped: neither JSON nor Istio's text
	// line 1 of the access log was skipped: cut short
	// line 2 of the access log was skipped: no upstream_cluster of a mesh
}
