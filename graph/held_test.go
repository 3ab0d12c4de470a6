package graph

import (
	"fmt"
	"testing"
	"time"
)

// atOnce is requests, ten a second, in each of which a calls b's one pod several times at
// once, or one after the other with apart ms between; every so many of these calls are tried
// again: 10 ms and 20 ms, with 4 ms between, and 36 ms at a; others take 20 and 21 ms. b's
// clock is a second ahead. A call that is tried again starts lead ms before the others.
type atOnce struct {
	requests, calls, every int
	apart, lead            int64
}

func (m atOnce) lines() (ls []line) {
	for i := range m.requests {
		id, at, took := fmt.Sprint(i), int64(100*i), 58+int64(m.calls)*m.apart
		ls = append(ls,
			line{down: "10.9.9.9:4", up: "10.0.0.1:80", upLocal: "10.9.9.9:5", host: fqdn("a"), id: id, start: at, dur: took + 2, code: 200},
			line{in: true, down: "10.9.9.9:5", up: "10.0.0.1:80", host: fqdn("a"), id: id, start: at + 1, dur: took, code: 200})
		for k := range m.calls {
			path, sent := fmt.Sprint("/", k), at+5+int64(k)*m.apart
			try := func(after, dur int64, code int) {
				ls = append(ls, line{in: true, down: "10.0.0.1:5", up: "10.0.1.1:80", host: fqdn("b"), id: id, path: path, start: sent + 1000 + after, dur: dur, code: code})
			}
			out := line{down: "10.0.0.1:4", up: "10.0.1.1:80", upLocal: "10.0.0.1:5", host: fqdn("b"), id: id, path: path, start: sent, dur: 21, code: 200}
			if k%m.every == 0 {
				sent -= m.lead
				out.start, out.dur = sent, 36
				try(0, 10, 503)
				try(14, 20, 200)
			} else {
				try(0, 20, 200)
			}
			ls = append(ls, out)
		}
	}
	return ls
}

// Of two calls at once one is tried again: a sends 2 for each request, b gets 3, 0.5 more for
// each call, whichever starts first; before, it was 3.0 and 0, and 0.236 where both do at
// once. Of three one after the other the first is: 1/3 more. Of 1,000 at once a fifth are: 0.2
// more; before none, for so many calls were not looked at.
func TestTriesOfSeveralCalls(t *testing.T) {
	for _, m := range []atOnce{
		{requests: 100, calls: 2, every: 2, lead: 1},
		{requests: 100, calls: 2, every: 2},
		{requests: 100, calls: 2, every: 2, lead: -1},
		{requests: 100, calls: 3, every: 3, apart: 40},
		{requests: 10, calls: 1000, every: 5, lead: 1},
	} {
		name := fmt.Sprintf("%+v: ", m)
		g := buildLines(listPods("a:10.0.0.1 b:10.0.1.1"), m.lines()...)
		check(t, g)
		n := float64(m.calls)
		again := float64((m.calls+m.every-1)/m.every) / n
		e := edge(t, g, "a", "b")
		near(t, name+"again", e.Again, again, 1e-6)
		near(t, name+"b per request", e.PerRequest, n, 1e-6)
		near(t, name+"b's visits", node(t, g, "b").Visits, n*(1+again), 1e-6)
		if e.Calls != m.requests*m.calls || len(g.Warnings) > 0 {
			t.Errorf("%s%d calls, want %d; warnings %q", name, e.Calls, m.requests*m.calls, g.Warnings)
		}
		for tr := range g.Traces() {
			for _, c := range tr.Calls {
				if g.Nodes[c.To].Name == "b" && c.Out.Logged && (c.In.Duration != 20_000 || c.Again != (c.Out.Duration == 36_000)) {
					t.Fatalf("%s%+v: the try that was answered is not the last, or another call's", name, c)
				}
			}
		}
	}
}

// 3,300 calls of one request fail, and as many come again: what is looked for among them takes
// as long as sorting.
func TestManyTriesTakeNoTime(t *testing.T) {
	m := atOnce{requests: 1, calls: 3300, every: 1}
	ls := m.lines()
	begun := time.Now()
	g := buildLines(listPods("a:10.0.0.1 b:10.0.1.1"), ls...)
	near(t, "again", edge(t, g, "a", "b").Again, 1, 1e-9)
	if took := time.Since(begun); took > 2*time.Second {
		t.Errorf("it took %v", took)
	}
}

// 200 requests call b twice each, which fails the first time. Of each tenth a's line of that is
// lost, of another tenth that of the second. No line tells how long anything took, so that any
// call holds 20 that failed; so it would 160 of 180 others. Beside these 20 of 180 answered ones
// lack a's line: 160·20/160 = 20 are lost by chance, and there were no tries. Before, none was
// thought lost, for whatever held one had its line, and 20 of 360 were tried again.
func TestNoTriesWithoutDurations(t *testing.T) {
	var rs []Record
	for i := range 200 {
		for k, code := range []int{503, 200} {
			out := line{down: "10.0.0.1:4", up: "10.0.1.1:80", upLocal: "10.0.0.1:5", host: fqdn("b"), id: fmt.Sprint(i), path: fmt.Sprint("/", k), start: int64(100*i + 30*k), code: code}
			in := out
			in.in, in.down, in.upLocal, in.start = true, "10.0.0.1:5", "", out.start+1
			if in.up = "10.0.1.2:80"; k == 1 {
				in.up = "10.0.1.1:80"
			}
			out.up = in.up
			rs = append(rs, in.record())
			if i%10 != 5*k {
				rs = append(rs, out.record())
			}
		}
	}
	for i := range rs {
		rs[i].Duration = Missing
	}
	g := collect(rs, Options{}).Build(retriedPods, 0)
	if e := edge(t, g, "a", "b"); e.Again != 0 {
		t.Errorf("%v again, want none", e.Again)
	}
}
