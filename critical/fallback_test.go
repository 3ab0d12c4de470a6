package critical

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-mesh/sluice/graph"
)

// drawn makes a graph without traces out of "from>to calls-per-call mean-ms";
// edges into a service that comes first in the list are marked Back.
func drawn(t *testing.T, edges ...string) (*world, *graph.Graph) {
	w := newWorld(t)
	visits := map[int]float64{0: 1}
	for _, line := range edges {
		var perCall, mean float64
		var name string
		_, err := fmt.Sscanf(line, "%s %f %f", &name, &perCall, &mean)
		w.check(err)
		from, to, _ := strings.Cut(name, ">")
		f, _ := w.end(from)
		o, _ := w.end(to)
		e := graph.Edge{From: f, To: o, Calls: 10, PerCall: perCall, PerRequest: visits[f] * perCall, Mean: time.Duration(mean * 1e6), Back: o <= f}
		e.Rate = e.PerRequest
		if !e.Back {
			visits[o] += e.PerRequest
		}
		w.g.Edges = append(w.g.Edges, e)
	}
	w.g.Gateway = graph.Gateway{Requests: 10, Rate: 1, Mean: w.g.Edges[0].Mean}
	return w, w.g
}

// Without traces: a takes 100 of which it waits 2·20 for b and 30 for c, so it
// has 30 left; b 20 − 0.5·10 = 15; c 30 and d 10.
func TestGraphServesWithoutTraces(t *testing.T) {
	w, g := drawn(t, "gw>a 1 100", "a>b 2 20", "a>c 1 30", "b>d 0.5 10")
	r := analyze(g, w.seq())
	sane(t, g, r)
	for name, want := range map[string]float64{"a": 30, "b": 15, "c": 30, "d": 10} {
		nearTime(t, name+" self", w.share(r, name).Self, want)
	}
	near(t, "visits of d", w.share(r, "d").Visits, 1, 1e-9)
	// b makes a wait 40 and c 30.
	if got := w.names(r.Paths[0].Nodes); !slices.Equal(got, []string{"a", "b", "d"}) {
		t.Errorf("path %v", got)
	}
	if r.Traces != 0 || len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "request_id") {
		t.Errorf("traces %d, warnings %q", r.Traces, r.Warnings)
	}
}

// a takes 50 and calls b, 40, and c, 60: they must run side by side, half of
// either counts. a has nothing left.
func TestGraphFoldsWhatCannotBeSerial(t *testing.T) {
	w, g := drawn(t, "gw>a 1 50", "a>b 1 40", "a>c 1 60")
	r := analyze(g, w.seq())
	near(t, "serial of b", w.edge(r, "a", "b").Serial, 0.5, 1e-9)
	near(t, "serial of c", w.edge(r, "a", "c").Serial, 0.5, 1e-9)
	nearTime(t, "a self", w.share(r, "a").Self, 0)
}

// A cycle must neither hang nor grow: a → b → a, marked Back or not.
func TestGraphWithCycle(t *testing.T) {
	for _, back := range []bool{true, false} {
		w, g := drawn(t, "gw>a 1 100", "a>b 1 50", "b>a 0.9 20", "b>b 0.5 5")
		for i := range g.Edges {
			g.Edges[i].Back = g.Edges[i].Back && back
		}
		r := analyze(g, w.seq())
		sane(t, g, r)
		if got := w.names(r.Paths[0].Nodes); !slices.Equal(got, []string{"a", "b"}) {
			t.Errorf("path %v", got)
		}
	}
}

// Services that the gateway does not reach, and a log that shows no gateway.
func TestNoGateway(t *testing.T) {
	w, g := drawn(t, "a>b 1 50", "b>c 1 20")
	g.Gateway = graph.Gateway{}
	r := analyze(g, w.seq())
	sane(t, g, r)
	nearTime(t, "b self", w.share(r, "b").Self, 30)
	if len(r.Paths) > 0 || w.share(r, "b").Latency > 0 {
		t.Errorf("latency of requests that nobody saw: %+v", r)
	}
}

// a gives its calls new request_ids, so that its own traces seem to be of calls
// that wait for nothing. What it has left is 100 − 60, by the edges' means.
func TestServiceThatLosesRequestID(t *testing.T) {
	w := newWorld(t)
	for range 20 {
		w.trace("gw>a - 0+100")
		w.trace("a>b 20+60 20+60 \n b>c 30+20 30+20")
		w.base += ms(1000)
	}
	r := w.result()
	sane(t, w.g, r)
	nearTime(t, "a self", w.share(r, "a").Self, 40)
	nearTime(t, "b self", w.share(r, "b").Self, 40)
	if len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "(a)") {
		t.Errorf("warnings %q", r.Warnings)
	}
	// The traces end at a; the graph knows the way on.
	if got := w.names(r.Paths[0].Nodes); !slices.Equal(got, []string{"a", "b", "c"}) {
		t.Errorf("path %v", got)
	}
}

// Outbound lines only. Two in ten calls to b and two in ten to c, other ones,
// come back 50 ms late, and so do four in ten of the calls to a, by another 50 of
// its own. Half of what a does to a call it receives (20 ms on average) it does
// to those it sends: that explains the 10 ms each of b and c, whose sidecars are
// cleared. One more request comes first and one last: of those nobody knows what a log
// that is cut there lacks, so that they count for b and c, which call nobody, alone:
// 50·20/102 = 9.8.
func TestCallerTakesTheBlame(t *testing.T) {
	const plain = "gw>a 0+100 - \n a>b 10+20 - \n a>c 40+20 -"
	w := newWorld(t)
	w.times(61, plain)
	w.times(20, "gw>a 0+200 - \n a>b 10+70 - \n a>c 100+20 -")
	w.times(20, "gw>a 0+200 - \n a>b 10+20 - \n a>c 40+70 -")
	w.times(1, plain)
	r := w.result()
	nearTime(t, "a excess", w.share(r, "a").Excess, 20)
	for _, n := range []string{"b", "c"} {
		near(t, n+" excess in ms", w.share(r, n).Excess.Seconds()*1000, 0, 0.1)
		near(t, "reply lag in ms", w.edge(r, "a", n).ReplyLag.Seconds()*1000, 9.8, 0.01)
	}
	// 20 of its own and 9.8 on each of two calls.
	near(t, "a sidecar in ms", w.share(r, "a").Sidecar.Seconds()*1000, 39.6, 0.01)
}

// A call to itself is no reason to move a's own delay elsewhere.
func TestNobodyBlamesItself(t *testing.T) {
	w := newWorld(t)
	w.times(80, "gw>a 0+100 - \n a>a 20+60 -").times(20, "gw>a 0+140 - \n a>a 20+100 -")
	r := w.result()
	if e := w.edge(r, "a", "a"); e.ReplyLag != 0 || w.share(r, "a").Excess == 0 {
		t.Errorf("%+v %+v, want all of it in a's excess", e, w.share(r, "a"))
	}
}

// Every call of a is held up, by 50, 70 … 230 ms: nothing says what is usual.
// But a hands one in two of b's answers back 60 ms late, 30 on average, and as
// much of its own spread is believed to be its sidecar's.
func TestSpreadIsBelievedAsFarAsLagsShowIt(t *testing.T) {
	quiet, stalled := newWorld(t), newWorld(t)
	for i := range 100 {
		own := 150 + 20*(i%10)
		quiet.trace(fmt.Sprintf("gw>a - 0+%d \n a>b 10+10 10+10", own+10))
		stalled.trace(fmt.Sprintf("gw>a - 0+%d \n a>b 10+%d 10+10", own+10+60*(i%2), 10+60*(i%2)))
		quiet.base += ms(1000)
		stalled.base += ms(1000)
	}
	r := quiet.result()
	if got := quiet.share(r, "a").Excess; got != 0 {
		t.Errorf("an excess of %v in an application that is merely uneven", got)
	}
	r = stalled.result()
	near(t, "reply lag in ms", stalled.edge(r, "a", "b").ReplyLag.Seconds()*1000, 30, 2)
	a := stalled.share(r, "a")
	near(t, "excess in ms", a.Excess.Seconds()*1000, 30, 2)
	near(t, "work in ms", a.Work.Seconds()*1000, (a.Self-a.Excess).Seconds()*1000, 0.01)
}

// The gateway's lines are not there, and nobody is seen to call a: requests enter there.
// Of 40 requests, 30 wait last for c, after 20 ms of b's, 10 for b alone, and b for d each
// time. How long they took nobody knows, nor what a itself took.
func TestEntryThatNobodyLogged(t *testing.T) {
	w := newWorld(t)
	for i := range 40 {
		if i%4 > 0 {
			w.times(1, "a>b 10+20 - \n b>d 12+9 - \n a>c 40+50 -")
		} else {
			w.times(1, "a>b 10+20 - \n b>d 12+9 -")
		}
	}
	g := w.graph()
	g.Nodes[w.nodes["a"]].Visits = 1
	for i := range g.Edges {
		e := &g.Edges[i]
		e.PerRequest = float64(e.Calls) / 40
		e.PerCall = e.PerRequest
	}
	r := w.result()
	sane(t, g, r)
	if len(r.Paths) != 2 || r.Paths[0].Mean != 0 {
		t.Fatalf("paths %+v", r.Paths)
	}
	for i, want := range []struct {
		path  []string
		share float64
	}{{[]string{"a", "c"}, 0.75}, {[]string{"a", "b", "d"}, 0.25}} {
		if got := w.names(r.Paths[i].Nodes); !slices.Equal(got, want.path) {
			t.Errorf("path %v, want %v", got, want.path)
		}
		near(t, "share", r.Paths[i].Share, want.share, 0.02) // the first and the last are not whole
	}
	for name, want := range map[string]float64{"a": 1, "b": 1, "c": 0.75, "d": 1} {
		near(t, name+" visits", w.share(r, name).Visits, want, 1e-9)
	}
	if a := w.share(r, "a"); a.Self != 0 {
		t.Errorf("a takes %v, which nobody saw", a.Self)
	}
}

// One request_id on all requests tells nothing of who passes it on.
func TestOneIDForAll(t *testing.T) {
	w := newWorld(t)
	text := ""
	for i := range 50 {
		text += fmt.Sprintf("gw>a %d+100 - \n a>b.%d %d+20 - \n", 40*i, i%3, 40*i+10)
		text += fmt.Sprintf("b.%d>c %d+5 - \n", i%3, 40*i+12)
	}
	w.trace(text)
	for _, s := range w.result().Warnings {
		if strings.Contains(s, "request_id on") {
			t.Errorf("warning %q", s)
		}
	}
}

// Without a duration there is nothing to wait for: no path, not one of no time.
func TestNoDurations(t *testing.T) {
	w := newWorld(t)
	for range 20 {
		w.trace("gw>a 0+0 - \n a>b 1+0 -")
	}
	w.graph()
	for _, tr := range w.traces {
		for i := range tr.Calls {
			tr.Calls[i].Out.Duration = graph.Missing
		}
	}
	r := w.result()
	if len(r.Paths) > 0 || len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "field duration") {
		t.Errorf("paths %v, warnings %q", r.Paths, r.Warnings)
	}
}

// Nor does anything but the means tell who waited for whom where no line has a start;
// that is not request_id's fault.
func TestNoStarts(t *testing.T) {
	w := newWorld(t).times(20, "gw>a 0+100 - \n a>b 10+30 -")
	w.graph()
	for _, tr := range w.traces {
		for i := range tr.Calls {
			tr.Calls[i].Out.Start = graph.Missing
		}
	}
	r := w.result()
	nearTime(t, "a self", w.share(r, "a").Self, 70)
	if len(r.Warnings) != 1 || !strings.Contains(r.Warnings[0], "start_time") || strings.Contains(r.Warnings[0], "request_id") {
		t.Errorf("warnings %q", r.Warnings)
	}
}
