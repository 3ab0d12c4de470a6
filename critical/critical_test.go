package critical

import (
	"slices"
	"testing"
	"time"
)

// The cases are worked out by hand; all durations in milliseconds. Each request
// comes twenty times, so that there is a percentile to speak of, and is the same
// each time, so that nothing lies above it.
func TestWorkedByHand(t *testing.T) {
	type want struct {
		node         string
		self, visits float64
	}
	type edge struct {
		from, to         string
		critical, serial float64
	}
	for _, c := range []struct {
		name, trace string
		want        []want
		edges       []edge
		path        []string
	}{
		{
			// a: 100 − (30 + 20) = 50. Both on the path; b held it longer.
			name:  "serial",
			trace: "gw>a - 0+100 \n a>b 10+30 10+30 \n a>c 50+20 50+20",
			want:  []want{{"a", 50, 1}, {"b", 30, 1}, {"c", 20, 1}},
			edges: []edge{{"a", "b", 1, 1}, {"a", "c", 1, 1}},
			path:  []string{"a", "b"},
		},
		{
			// 10…40 and 10…60 together cover 50: a has 50 left. c ends last.
			name:  "parallel",
			trace: "gw>a - 0+100 \n a>b 10+30 10+30 \n a>c 10+50 10+50",
			want:  []want{{"a", 50, 1}, {"b", 30, 0}, {"c", 50, 1}},
			edges: []edge{{"a", "b", 0, 0}, {"a", "c", 1, 1}},
			path:  []string{"a", "c"},
		},
		{
			// a: 100 − 80 = 20, b: 80 − 50 = 30, c: 50.
			name:  "nested",
			trace: "gw>a - 0+100 \n a>b 10+80 10+80 \n b>c 20+50 20+50",
			want:  []want{{"a", 20, 1}, {"b", 30, 1}, {"c", 50, 1}},
			path:  []string{"a", "b", "c"},
		},
		{
			// 10…50 and 30…80 cover 70: a has 30. c ends last, and b had not
			// ended when c began.
			name:  "overlapping",
			trace: "gw>a - 0+100 \n a>b 10+40 10+40 \n a>c 30+50 30+50",
			want:  []want{{"a", 30, 1}, {"b", 40, 0}, {"c", 50, 1}},
			path:  []string{"a", "c"},
		},
		{
			// A fan-out of three of which the middle one takes longest, then d.
			// 10…70 and 75…95 cover 80. Width: 4 calls in 2 stages.
			name: "fan-out",
			trace: "gw>a - 0+100 \n a>b 10+20 10+20 \n a>c 10+60 10+60 \n a>b 10+30 10+30 \n" +
				"a>d 75+20 75+20",
			want:  []want{{"a", 20, 1}, {"b", 25, 0}, {"c", 60, 1}, {"d", 20, 1}},
			edges: []edge{{"a", "b", 0, 0}, {"a", "c", 1, 1}, {"a", "d", 1, 1}},
			path:  []string{"a", "c"},
		},
		{
			// The first try fails after 20, the second takes 30: both held a up.
			// Only the second says what b's work takes.
			name:  "retry",
			trace: "gw>a - 0+100 \n a>b 10+20 10+2 failed \n a>b 40+30 40+30",
			want:  []want{{"a", 50, 1}, {"b", 30, 2}},
			edges: []edge{{"a", "b", 2, 1}},
			path:  []string{"a", "b"},
		},
		{
			// The same in one call by a's sidecar, which waits 10 before it tries
			// again: a has one line of 60, and waited for all of it. b works 30−10 in
			// the try that does; c is called in each.
			name:  "tried again",
			trace: "gw>a - 0+100 \n a>b 10+60 40+30 again \n a>b - 10+20 earlier \n b>c 15+10 15+10 \n b>c 45+10 45+10",
			want:  []want{{"a", 40, 1}, {"b", 20, 2}, {"c", 10, 2}},
			edges: []edge{{"a", "b", 1, 1}, {"b", "c", 2, 1}},
			path:  []string{"a", "b", "c"},
		},
		{
			// The gateway's sidecar does so: one request, of 60, and a calls b when it
			// is asked again.
			name:  "a request tried again",
			trace: "gw>a 0+60 30+30 again \n gw>a - 0+20 earlier \n a>b 35+10 35+10",
			want:  []want{{"a", 20, 2}, {"b", 10, 1}},
			edges: []edge{{"gw", "a", 1, 1}, {"a", "b", 1, 1}},
			path:  []string{"a", "b"},
		},
		{
			// a calls itself: 100 − 60 outside, 60 − 20 inside, so 40 a call.
			name:  "self-call",
			trace: "gw>a - 0+100 \n a>a 20+60 20+60 \n a>b 40+20 40+20",
			want:  []want{{"a", 40, 2}, {"b", 20, 1}},
			path:  []string{"a", "b"},
		},
		{
			// The same, all in a few milliseconds that rounding makes one longer
			// inside than outside: 60 − 60 outside, 61 − 20 inside.
			name:  "self-call at once",
			trace: "gw>a - 0+60 \n a>a 0+60 0+61 \n a>b 10+20 10+20",
			want:  []want{{"a", 20.5, 2}, {"b", 20, 1}},
			path:  []string{"a", "b"},
		},
		{
			// Rounding makes b end after a did.
			name:  "rounded past the end",
			trace: "gw>a - 0+50 \n a>b 10+41 10+41",
			want:  []want{{"a", 10, 1}, {"b", 41, 1}},
			edges: []edge{{"a", "b", 1, 1}},
			path:  []string{"a", "b"},
		},
		{
			// Two calls in the same millisecond: side by side.
			name:  "within a millisecond",
			trace: "gw>a - 0+20 \n a>b 10+0 10+0 \n a>c 10+1 10+1",
			want:  []want{{"a", 19, 1}, {"b", 0, 0}, {"c", 1, 1}},
			edges: []edge{{"a", "b", 0, 0}, {"a", "c", 1, 1}},
			path:  []string{"a", "c"},
		},
		{
			// a → b → a → c: 100−80, 80−60, 60−10, 10. a is called twice: 35.
			name:  "cycle",
			trace: "gw>a - 0+100 \n a>b 10+80 10+80 \n b>a 20+60 20+60 \n a>c 30+10 30+10",
			want:  []want{{"a", 35, 2}, {"b", 20, 1}, {"c", 10, 1}},
			path:  []string{"a", "b", "c"},
		},
		{
			// b goes on after a has answered: nobody waits for it.
			name:  "fire and forget",
			trace: "gw>a - 0+50 \n a>b 40+100 40+100 \n a>c 10+20 10+20",
			want:  []want{{"a", 30, 1}, {"b", 100, 0}, {"c", 20, 1}},
			edges: []edge{{"a", "b", 0, 0}, {"a", "c", 1, 1}},
			path:  []string{"a", "c"},
		},
		{
			// Outbound lines only: a's call is seen by the gateway alone.
			// 100 − (30 + 20), and what b and c take is seen by a.
			name:  "outbound only",
			trace: "gw>a 0+100 - \n a>b 10+30 - \n a>c 50+20 - \n b>d 15+10 -",
			want:  []want{{"a", 50, 1}, {"b", 20, 1}, {"c", 20, 1}, {"d", 10, 1}},
			edges: []edge{{"a", "b", 1, 1}, {"b", "d", 1, 1}},
			path:  []string{"a", "b", "d"},
		},
		{
			// The cycle by outbound lines alone: nobody's window is known but by
			// containment, and b's call to a lies within what a sent itself.
			name:  "cycle, outbound only",
			trace: "gw>a 0+100 - \n a>b 10+80 - \n b>a 20+60 - \n a>c 30+10 -",
			want:  []want{{"a", 35, 2}, {"b", 20, 1}, {"c", 10, 1}},
			path:  []string{"a", "b", "c"},
		},
		{
			// b asks a back, and a answers by itself: 40−30, 30−15, 15.
			name:  "call back, outbound only",
			trace: "gw>a 0+40 - \n a>b 5+30 - \n b>a 10+15 -",
			want:  []want{{"a", 12.5, 2}, {"b", 15, 1}},
			path:  []string{"a", "b"},
		},
		{
			// A self-call by outbound lines alone: it lies within itself in no clock.
			name:  "self-call, outbound only",
			trace: "gw>a 0+100 - \n a>a 20+60 - \n a>b 40+20 -",
			want:  []want{{"a", 40, 2}, {"b", 20, 1}},
			path:  []string{"a", "b"},
		},
		{
			// Inbound lines only: a's calls are seen by their callees alone.
			name:  "inbound only",
			trace: "gw>a - 0+100 \n a>b - 10+30 \n a>c - 10+50 \n c>d - 20+10",
			want:  []want{{"a", 50, 1}, {"b", 30, 0}, {"c", 40, 1}, {"d", 10, 1}},
			edges: []edge{{"a", "b", 0, 0}, {"a", "c", 1, 1}},
			path:  []string{"a", "c", "d"},
		},
		{
			// An upstream outside the mesh: only its caller sees it.
			name:  "external",
			trace: "gw>a - 0+100 \n a>ext 10+40 -",
			want:  []want{{"a", 60, 1}, {"ext", 40, 1}},
			path:  []string{"a", "ext"},
		},
		{
			// Whole milliseconds: b is 10.9…19.2, cut to 10+8; c is 19.4…29.9, cut
			// to 19+10; d rounded up to 29+11 begins while c seems to run, and
			// still comes after it. 10…18 and 19…40 cover 29.
			name:  "whole milliseconds",
			trace: "gw>a - 0+50 \n a>b 10+8 10+8 \n a>c 19+11 19+10 \n a>d 29+11 29+11",
			want:  []want{{"a", 21, 1}, {"b", 8, 1}, {"c", 10, 1}, {"d", 11, 1}},
			edges: []edge{{"a", "b", 1, 1}, {"a", "c", 1, 1}, {"a", "d", 1, 1}},
			path:  []string{"a", "d"},
		},
	} {
		t.Run(c.name, func(t *testing.T) {
			w := newWorld(t).times(20, c.trace)
			r := w.result()
			for _, x := range c.want {
				s := w.share(r, x.node)
				nearTime(t, x.node+" self", s.Self, x.self)
				near(t, x.node+" visits", s.Visits, x.visits, 1e-9)
			}
			for _, x := range c.edges {
				e := w.edge(r, x.from, x.to)
				near(t, x.from+">"+x.to+" critical", e.Critical, x.critical, 1e-9)
				near(t, x.from+">"+x.to+" serial", e.Serial, x.serial, 1e-9)
			}
			if len(r.Paths) != 1 {
				t.Fatalf("%d paths, want one: %v", len(r.Paths), r.Paths)
			}
			if got := w.names(r.Paths[0].Nodes); !slices.Equal(got, c.path) {
				t.Errorf("path %v, want %v", got, c.path)
			}
			if len(r.Warnings) > 0 {
				t.Errorf("warnings %q", r.Warnings)
			}
		})
	}
}

// The 30 ms that a fifth of the calls spent on an earlier try are no delay at a sidecar: it
// would be 6 ms a call.
func TestTriesAreNoLag(t *testing.T) {
	w := newWorld(t).times(80, "gw>a - 0+100 \n a>b 10+30 10+30")
	w.times(20, "gw>a - 0+100 \n a>b 10+60 40+30 again \n a>b - 10+20 earlier")
	if e := w.edge(w.result(), "a", "b"); e.StartLag != 0 || e.ReplyLag != 0 || e.Both != 80 {
		t.Errorf("lags %v and %v of %d calls, want none of 80", e.StartLag, e.ReplyLag, e.Both)
	}
}

func (w *world) names(nodes []int) []string {
	r := make([]string, len(nodes))
	for i, n := range nodes {
		r[i] = w.g.Nodes[n].Name
	}
	return r
}

// The gateway receives each external request once and sends it on.
func TestRootHasEveryRequest(t *testing.T) {
	w := newWorld(t).times(20, "gw>a - 0+100 \n a>b 10+30 10+30")
	if s := w.share(w.result(), "gw"); s.Visits != 1 || s.Sends != 1 || s.Self != 0 {
		t.Errorf("%+v, want one visit and one call sent", s)
	}
}

// A client may send the same request_id twice at once: two external requests,
// neither of which waits for the other.
func TestRequestsThatShareAnID(t *testing.T) {
	w := newWorld(t).times(20, "gw>a 0+50 0+50 \n gw>a 10+100 10+100")
	near(t, "serial", w.edge(w.result(), "gw", "a").Serial, 1, 1e-9)
}

// In the first of two calls, a sends one to b that outlasts it: nobody's wait.
func TestOutlastsOneOfTwoCalls(t *testing.T) {
	w := newWorld(t).times(20, "gw>a - 0+50 \n gw>a - 100+50 \n a>b 40+100 40+100")
	near(t, "serial", w.edge(w.result(), "a", "b").Serial, 0, 1e-9)
}

// Times in microseconds: an overlap of half a millisecond is one. c covers the
// rest of b's 1.5 ms: 10 − (1.5 + 3 − 0.5) = 6.
func TestMicrosecondsAreNotRounded(t *testing.T) {
	w := newWorld(t).times(20, "gw>a - 0+10.001 \n a>b 1.003+1.501 1.003+1.501 \n a>c 2.004+3.002 2.004+3.002")
	r := w.result()
	near(t, "serial of b", w.edge(r, "a", "b").Serial, 0, 1e-9)
	near(t, "serial of c", w.edge(r, "a", "c").Serial, 1, 1e-9)
	nearTime(t, "a self", w.share(r, "a").Self, 10.001-(5.006-1.003))
}

// b's clock is set again and again, so no offset holds; but in each trace a has
// called b only once, so all that b sent was sent for that.
func TestClockThatIsSet(t *testing.T) {
	w := newWorld(t)
	for i := range 20 {
		w.skew["b"] = micros(i%7) * 3_600_000_000
		w.times(1, "gw>a 0+100 - \n a>b 10+80 - \n b>c 30+20 -")
	}
	r := w.result()
	near(t, "serial", w.edge(r, "b", "c").Serial, 1, 1e-9)
	if b := w.share(r, "b"); b.Calls == 0 || len(r.Warnings) > 0 {
		t.Errorf("b was guessed: %+v, %q", b, r.Warnings)
	}
	nearTime(t, "b self", w.share(r, "b").Self, 60)
}

// No sidecar of ours stands before an upstream outside the mesh, so its spread
// is its own.
func TestExternalHasNoSidecar(t *testing.T) {
	w := newWorld(t)
	w.times(80, "gw>a - 0+100 \n a>ext 10+20 -").times(20, "gw>a - 0+100 \n a>ext 10+80 -")
	r := w.result()
	if s := w.share(r, "ext"); s.Excess != 0 || s.Sidecar != 0 || s.Work != s.Self || s.Self != 32*time.Millisecond {
		t.Errorf("%+v, want 32ms of work and nothing else", s)
	}
}
