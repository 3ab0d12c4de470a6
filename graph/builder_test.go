package graph

import (
	"fmt"
	"math"
	"math/rand/v2"
	"reflect"
	"runtime"
	"slices"
	"strings"
	"testing"
)

func TestOrderOfRecords(t *testing.T) {
	m := shop()
	m.seconds, m.gateway, m.repeat, m.head = 3, true, 2, 700
	rs := m.run()
	for _, o := range []Options{{}, {MaxEvents: 1000}} {
		want := collect(rs, o).Build(m.pods(), 3)
		r := rand.New(rand.NewPCG(7, 7))
		for range 3 {
			r.Shuffle(len(rs), func(i, k int) { rs[i], rs[k] = rs[k], rs[i] })
			if got := collect(rs, o).Build(m.pods(), 3); !reflect.DeepEqual(got, want) {
				t.Fatalf("%+v: another order of lines, another graph", o)
			}
		}
		pods := m.pods()
		slices.Reverse(pods)
		if got := collect(rs, o).Build(pods, 3); !reflect.DeepEqual(got, want) {
			t.Fatalf("%+v: another order of pods, another graph", o)
		}
	}
}

func TestMerge(t *testing.T) {
	m := shop()
	m.seconds, m.repeat = 3, 2
	rs := m.run()
	for _, o := range []Options{{}, {MaxEvents: 1000}, {MaxTrace: 3}} {
		want := collect(rs, o).Build(m.pods(), 0)
		parts := []*Builder{NewBuilder(o), NewBuilder(o), NewBuilder(o)}
		for i := range rs {
			parts[i*i%3].Add(&rs[i])
		}
		parts[2].Merge(parts[0])
		parts[2].Merge(parts[1])
		parts[2].Merge(nil)
		if got := parts[2].Build(m.pods(), 0); !reflect.DeepEqual(got, want) {
			t.Errorf("%+v: three parts merged are not the whole", o)
		}
		if g := parts[0].Build(m.pods(), 0); g.Lines.Total != 0 {
			t.Errorf("a merged Builder still holds %+v", g.Lines)
		}
	}
}

func TestBuildTwice(t *testing.T) {
	m := shop()
	m.seconds = 2
	rs := m.run()
	half := len(rs) / 2
	b := collect(rs[:half], Options{})
	first := b.Build(m.pods(), 0)
	again := b.Build(m.pods(), 0)
	if !reflect.DeepEqual(first, again) {
		t.Error("building twice gives two graphs")
	}
	for i := range rs[half:] {
		b.Add(&rs[half+i])
	}
	if whole := b.Build(m.pods(), 0); !reflect.DeepEqual(whole, collect(rs, Options{}).Build(m.pods(), 0)) {
		t.Error("a Builder that went on after Build is not one that read all")
	}
	if !reflect.DeepEqual(first, again) {
		t.Error("a graph changed when its Builder went on")
	}
}

func TestRepeats(t *testing.T) {
	base := line{down: "10.0.0.1:4", up: "10.0.1.1:80", host: fqdn("b"), id: "r", path: "/p", start: 5, dur: 3}
	for _, c := range []struct {
		name   string
		change func(*line)
		events int64
	}{
		{"the same", func(*line) {}, 1},
		{"another code and cluster", func(l *line) { l.code, l.host = 503, fqdn("c") }, 1},
		{"another request", func(l *line) { l.id = "s" }, 2},
		{"another start", func(l *line) { l.start = 6 }, 2},
		{"another duration", func(l *line) { l.dur = 4 }, 2},
		{"another port", func(l *line) { l.down = "10.0.0.1:5" }, 2},
		{"another path", func(l *line) { l.path = "/q" }, 2},
		{"the other direction", func(l *line) { l.in = true }, 2},
	} {
		other := base
		c.change(&other)
		g := buildLines(nil, base, other)
		back := buildLines(nil, other, base)
		if g.Lines.Used != c.events || g.Lines.Repeated != 2-c.events || !reflect.DeepEqual(g, back) {
			t.Errorf("%s: %+v, want %d events whatever the order", c.name, g.Lines, c.events)
		}
	}
}

func TestUnusable(t *testing.T) {
	b := NewBuilder(Options{})
	for _, r := range []Record{
		{}, {Direction: Inbound}, {Direction: Outbound}, {Direction: Outbound, Downstream: []byte("10.0.0.1:1")}, {Direction: 9, Upstream: []byte("x")},
	} {
		if b.Add(&r) {
			t.Errorf("%+v was used", r)
		}
	}
	g := b.Build(listPods("a:10.0.0.1"), 5)
	if g.Lines != (Lines{Total: 5, Skipped: 5}) || len(g.Edges) != 0 || len(g.Nodes) != 2 {
		t.Errorf("%+v", g)
	}
	check(t, g)
}

// A sample of whole requests must show the same mesh, and say so.
func TestSampling(t *testing.T) {
	m := shop()
	m.seconds = 40
	rs := m.run()
	whole := collect(rs, Options{}).Build(m.pods(), 0)
	b := collect(rs, Options{MaxEvents: 10_000})
	g := b.Build(m.pods(), 0)
	if b.kept > 10_000 || b.kept < 2_000 {
		t.Fatalf("%d events kept of at most 10000", b.kept)
	}
	if len(g.Warnings) != 1 || !strings.HasPrefix(g.Warnings[0], "The log holds more than 10000 distinct lines") {
		t.Errorf("warnings %q", g.Warnings)
	}
	for i := range whole.Edges {
		w, e := &whole.Edges[i], &g.Edges[i]
		near(t, "rate", e.Rate, w.Rate, 0.1)
		near(t, "calls", float64(e.Calls), float64(w.Calls), 0.1)
		near(t, "per request", e.PerRequest, w.PerRequest, 0.06)
	}
	near(t, "lines used", float64(g.Lines.Used), float64(whole.Lines.Used), 0.1)
	check(t, g)
}

func near(t *testing.T, what string, got, want, tolerance float64) {
	t.Helper()
	if math.Abs(got-want) > tolerance*math.Abs(want) {
		t.Errorf("%s is %.4g, want %.4g within %v", what, got, want, tolerance)
	}
}

// One request_id on every line must not hang, nor grow without bound, nor lose
// the mesh.
func TestOneRequestForAll(t *testing.T) {
	m := shop()
	m.seconds = 20
	rs := m.run()
	for i := range rs {
		rs[i].RequestID = []byte("the same")
	}
	want := collect(m.run(), Options{}).Build(m.pods(), 0)
	b := collect(rs, Options{MaxEvents: 20_000})
	g := b.Build(m.pods(), 0)
	if b.kept > DefaultMaxTrace+1 {
		t.Errorf("%d events of one request are kept", b.kept)
	}
	for range g.Traces() {
		t.Error("a request of that size makes no trace")
	}
	for i := range want.Edges {
		near(t, "rate", g.Edges[i].Rate, want.Edges[i].Rate, 0.1)
	}
	if len(g.Warnings) != 1 || !strings.HasPrefix(g.Warnings[0], "1 external request has more than 10000 lines") {
		t.Errorf("warnings %q", g.Warnings)
	}
	near(t, "lines used", float64(g.Lines.Used), float64(want.Lines.Used), 0.05)
	check(t, g)
}

func TestTablesFull(t *testing.T) {
	var ls []line
	for i := range 300 {
		ls = append(ls, line{down: fmt.Sprintf("203.0.113.%d:9", i), upLocal: "10.9.9.9:8", up: "10.0.0.1:80", host: fqdn("a"), authority: fmt.Sprintf("h%d", i), id: itoa(i), start: int64(10 * i), dur: 1})
	}
	g := collect(records(ls...), Options{MaxAddresses: 20, MaxNames: 10}).Build(listPods("a:10.0.0.1"), 0)
	if got := drawn(g); got != "ingress-gateway>a 300" {
		t.Errorf("edges %s", got)
	}
	if len(g.Warnings) != 1 || !strings.Contains(g.Warnings[0], "past the 20 that are told apart") {
		t.Errorf("warnings %q", g.Warnings)
	}
}

// What is too long for a name or an address is told as that, and not as one of too
// many; a reading that was saved and read again tells it too.
func TestTextsTooLong(t *testing.T) {
	pods := listPods("a:10.0.0.1")
	f := func(l line, edges string, warnings ...string) {
		t.Helper()
		l.id = "r"
		b := collect(records(l), Options{})
		saved, err := decoded(coded(t, b), Options{})
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range []*Builder{b, saved} {
			g := b.Build(pods, 0)
			if got := drawn(g); got != edges {
				t.Errorf("edges %s, want %s", got, edges)
			}
			for _, w := range warnings {
				if !slices.Contains(g.Warnings, w) {
					t.Errorf("warnings %q lack %q", g.Warnings, w)
				}
			}
			if strings.Contains(strings.Join(g.Warnings, " "), "told apart") {
				t.Errorf("warnings %q invent a crowd", g.Warnings)
			}
		}
	}
	x := strings.Repeat("x", 2000)
	f(line{down: "10.0.0.1:4", up: "1.2.3.4:80", host: x}, "a>1.2.3.4 1",
		"1 line names an upstream by more than 1024 bytes, so that only the address says who was called.")
	f(line{down: x, upLocal: "10.9.9.9:1", up: "10.0.0.1:80", host: fqdn("a")}, "ingress-gateway>a 1",
		"1 address is longer than the 255 bytes that any can have, and counts as outside the mesh.")
	f(line{down: x, upLocal: x, up: "10.0.0.1:80", host: fqdn("a")}, "ingress-gateway>a 1",
		"2 times an address is longer than the 255 bytes that any can have, and counts as outside the mesh.")
}

// Absurd times must not overflow into figures.
func TestAbsurdTimes(t *testing.T) {
	for _, start := range []Micros{math.MinInt64, -7, 0, 1, latestStart, math.MaxInt64} {
		for _, d := range []Micros{math.MinInt64, -1, 0, 1, 1 << 40, math.MaxInt64} {
			r := line{in: true, down: "10.9.9.9:1", up: "10.0.0.1:80", id: "r"}.record()
			r.Start, r.Duration, r.ServiceTime, r.BytesSent = start, d, d, d
			s := r
			s.Path = []byte("/other")
			check(t, collect([]Record{r, s}, Options{}).Build(listPods("a:10.0.0.1"), 0))
		}
	}
}

func TestAddDoesNotAllocate(t *testing.T) {
	m := shop()
	m.seconds = 1
	rs := m.run()
	b := collect(rs, Options{})
	i := 0
	if n := testing.AllocsPerRun(2000, func() { b.Add(&rs[i%len(rs)]); i++ }); n > 0 {
		t.Errorf("Add makes %v allocations a record", n)
	}
}

// 2 million distinct records in the memory that doc.go names.
func TestMemory(t *testing.T) {
	if testing.Short() {
		t.Skip("takes seconds")
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	b := NewBuilder(Options{})
	const lines = 2_000_000
	r := rand.New(rand.NewPCG(1, 1))
	var rec Record
	for i := range lines {
		rec = line{down: "10.0.0.1:4", up: "10.0.1.1:80"}.record()
		rec.Cluster = []byte("outbound|80||" + fqdn("b"))
		rec.RequestID = fmt.Appendf(nil, "%d", i/10)
		rec.Start += Micros(i) * 100
		rec.Duration = Micros(r.IntN(100)) * 1000
		b.Add(&rec)
	}
	g := b.Build(listPods("a:10.0.0.1 b:10.0.1.1"), 0)
	runtime.GC()
	runtime.ReadMemStats(&after)
	if kept := (after.HeapAlloc - before.HeapAlloc) >> 20; kept > 180 {
		t.Errorf("%d MB are held", kept)
	}
	if g.Edges[0].Calls != lines {
		t.Errorf("%d calls", g.Edges[0].Calls)
	}
	runtime.KeepAlive(b)
}

// Past the bounds a sample tells how many lines are repeated: none of lines that are all
// different, half where each is there twice, whatever chance has kept.
func TestRepeatsPastTheBounds(t *testing.T) {
	for _, sameID := range []bool{false, true} {
		for _, repeat := range []int{1, 2} {
			m := shop()
			m.seconds, m.sameID, m.repeat = 20, sameID, repeat
			rs := m.run()
			g := collect(rs, Options{MaxEvents: 10_000, MaxTrace: 5000}).Build(m.pods(), 0)
			if want := int64(len(rs) / repeat); g.Lines.Used != want || g.Lines.Repeated != int64(len(rs))-want {
				t.Errorf("one id for all %v, each line %d times: %+v of %d lines", sameID, repeat, g.Lines, len(rs))
			}
			if w := strings.Join(g.Warnings, " "); !strings.Contains(w, "how many lines are repeated") {
				t.Errorf("warnings %q", w)
			}
		}
	}
}
