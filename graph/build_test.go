package graph

import (
	"fmt"
	"sync"
	"testing"
	"time"
)

// An edge's figures by hand: what the caller logged goes before what the callee
// did, for they differ by what lies between.
func TestEdgeFigures(t *testing.T) {
	var ls []line
	for i := range int64(200) {
		id := fmt.Sprint(i)
		ls = append(ls,
			line{in: true, down: "10.9.9.9:0", up: "10.0.0.1:80", id: id, start: 100 * i, dur: 50},
			line{down: "10.0.0.1:4", up: "10.0.1.1:80", host: fqdn("b"), id: id, start: 100*i + 1, dur: 1 + i, code: 200 + 300*b2i(i%10 == 0)},
			line{in: true, down: "10.0.0.1:4", up: "10.0.1.1:80", host: fqdn("b"), id: id, start: 100*i + 2, dur: i / 2})
	}
	g := buildLines(listPods("a:10.0.0.1 b:10.0.1.1"), ls...)
	e := edge(t, g, "a", "b")
	// Durations 1…200 ms: their mean is 100.5, and 198 of 200 are at most 198.
	if e.Calls != 200 || e.Mean != 100500*time.Microsecond || e.P99 != 198*time.Millisecond {
		t.Errorf("%d calls, mean %v, p99 %v", e.Calls, e.Mean, e.P99)
	}
	if e.ErrorRatio != 0.1 || e.SentBytes != 100 {
		t.Errorf("%v failed, %v bytes; want one in ten and 100", e.ErrorRatio, e.SentBytes)
	}
	near(t, "rate", e.Rate, 10, 0.01)
	near(t, "per request", e.PerRequest, 1, 0.001)
	a, b := node(t, g, "a").Pods[0], node(t, g, "b").Pods[0]
	if a.Received != 200 || a.Sent != 200 || b.Received != 200 || b.Sent != 0 {
		t.Errorf("a received %d and sent %d, b %d and %d; want 200, 200, 200, 0", a.Received, a.Sent, b.Received, b.Sent)
	}
	// a's lines end from 2 ms (its first call to b) to 19.901 s + 200 ms.
	if a.Span != 20099*time.Millisecond {
		t.Errorf("a's lines span %v", a.Span)
	}
}

// Pods that log nothing are known by what others logged of them.
func TestPodsByOthersLines(t *testing.T) {
	var ls []line
	for i := range int64(100) {
		ls = append(ls, line{down: "10.0.0.1:4", up: fmt.Sprintf("10.0.1.%d:80", 1+i%2), host: fqdn("b"), id: fmt.Sprint(i), start: 100 * i, dur: 1})
	}
	g := buildLines(listPods("a:10.0.0.1 b:10.0.1.1 b:10.0.1.2 c:10.0.2.1"), ls...)
	for _, p := range node(t, g, "b").Pods {
		if p.Received != 50 || p.Span != 0 {
			t.Errorf("%s received %d in %v, want 50 in no time of its own", p.Name, p.Received, p.Span)
		}
		near(t, p.Name, p.ReceivedRate, 5, 0.02)
	}
	if c := node(t, g, "c"); c.Rate != 0 || c.Visits != 0 || c.Depth != -1 || c.Pods[0].Received != 0 {
		t.Errorf("c, which no line names: %+v", c)
	}
}

// The gateway's latency over two entries weighs them by rate, whatever the log
// holds of each: 90 of 100 requests take 10 ms and 10 take 100 ms.
func TestGatewayOfTwoEntries(t *testing.T) {
	var ls []line
	for i := range int64(900) {
		ls = append(ls, line{in: true, down: "10.9.9.9:0", up: "10.0.0.1:80", id: fmt.Sprint("a", i), start: 10 * i, dur: 10})
	}
	for i := range int64(900) { // nine times as long
		ls = append(ls, line{in: true, down: "10.9.9.9:0", up: "10.0.1.1:80", id: fmt.Sprint("b", i), start: 90 * i, dur: 100})
	}
	g := buildLines(listPods("a:10.0.0.1 b:10.0.1.1"), ls...)
	near(t, "rate", g.Gateway.Rate, 111.1, 0.01)
	near(t, "mean in ms", g.Gateway.Mean.Seconds()*1000, 0.9*10+0.1*100, 0.01)
	if g.Gateway.P99 != 100*time.Millisecond || g.Gateway.Requests != 1800 {
		t.Errorf("%+v", g.Gateway)
	}
	near(t, "a's share", edge(t, g, RootName, "a").PerRequest, 0.9, 0.01)
	near(t, "b's visits", node(t, g, "b").Visits, 0.1, 0.01)
	if got := quantile([]weighted{{5, 1}, {7, 1}}, 3); got != 7*time.Microsecond {
		t.Errorf("a quantile past the end is %v, want the last", got)
	}
}

// A cycle's visits stay finite: the calls that lead back count by their rates.
// Each request enters a once; a and b call each other once for the first call
// that a received.
func TestVisitsOfACycle(t *testing.T) {
	var ls []line
	for i := range int64(300) {
		id, at := fmt.Sprint(i), 100*i
		ls = append(ls,
			line{in: true, down: "10.9.9.9:0", up: "10.0.0.1:80", id: id, start: at, dur: 50},
			line{down: "10.0.0.1:4", up: "10.0.1.1:80", host: fqdn("b"), id: id, start: at + 5, dur: 30},
			line{in: true, down: "10.0.0.1:4", up: "10.0.1.1:80", host: fqdn("b"), id: id, start: at + 6, dur: 28},
			line{down: "10.0.1.1:4", up: "10.0.0.1:80", host: fqdn("a"), id: id, start: at + 10, dur: 10},
			line{in: true, down: "10.0.1.1:4", up: "10.0.0.1:80", host: fqdn("a"), id: id, start: at + 11, dur: 8})
	}
	g := buildLines(listPods("a:10.0.0.1 b:10.0.1.1"), ls...)
	if got := drawn(g); got != "a>b 300, ~b>a 300, ingress-gateway>a 300" {
		t.Fatal(got)
	}
	near(t, "a's visits", node(t, g, "a").Visits, 2, 0.01)
	near(t, "b's visits", node(t, g, "b").Visits, 1, 0.01)
	near(t, "b per call of a", edge(t, g, "a", "b").PerCall, 0.5, 0.01)
	near(t, "back per request", edge(t, g, "b", "a").PerRequest, 1, 0.01)
	if d := node(t, g, "b").Depth; d != 2 {
		t.Errorf("b has depth %d", d)
	}
}

// An unlisted address that goes by several names: the request tells which of
// them it called as, or nothing does.
func TestUnlistedOfSeveralNames(t *testing.T) {
	shared := "10.5.5.5"
	called := func(host, id string) line {
		return line{down: "10.0.0.1:4", up: shared + ":80", host: host, id: id}
	}
	sends := func(id string) line {
		return line{in: true, down: shared + ":4", up: "10.0.2.1:80", host: fqdn("c"), id: id}
	}
	ls := []line{called("x.corp", "1"), called("y.corp", "2"), sends("1"), sends("3")}
	g := buildLines(listPods("a:10.0.0.1 c:10.0.2.1"), ls...)
	if got, want := drawn(g), "a>x.corp 1, a>y.corp 1, x.corp>c 1"; got != want {
		t.Errorf("edges %s, want %s", got, want)
	}
	for i := range 2 * manyNodes { // so many that none is told apart
		l := called(fmt.Sprintf("h%d.corp", i), "9")
		l.start = int64(i)
		ls = append(ls, l)
	}
	g = buildLines(listPods("a:10.0.0.1 c:10.0.2.1"), append(ls, sends("9"))...)
	if n := len(g.Edges); n != 2+2*manyNodes { // and none from it
		t.Errorf("%d edges: %s", n, drawn(g))
	}
	check(t, g)
}

// All pods of a large mesh at one address, and a request with as many calls as
// a trace may have: nothing may be compared with everything.
func TestCrowds(t *testing.T) {
	var pods []Pod
	for i := range 50_000 {
		pods = append(pods, Pod{Service: fmt.Sprintf("s%05d", i/5), Name: fmt.Sprint(i), Address: "10.0.0.1"})
	}
	var ls []line
	for i := range DefaultMaxTrace {
		ls = append(ls, line{down: "10.0.0.1:4", up: "10.0.0.1:80", host: fqdn(fmt.Sprintf("s%05d", i%7)), id: "r", start: int64(i), dur: 5_000})
	}
	g := buildLines(pods, ls...)
	if len(g.Warnings) != 1 || g.Lines.Used != DefaultMaxTrace {
		t.Errorf("%+v, warnings %q", g.Lines, g.Warnings)
	}
	alone := listPods("a:10.0.0.1")
	for i := range ls {
		ls[i].host = fqdn("a")
	}
	n := 0
	for tr := range buildLines(alone, ls...).Traces() {
		n += len(tr.Calls)
	}
	if n != DefaultMaxTrace {
		t.Errorf("%d calls in traces, want %d", n, DefaultMaxTrace)
	}
}

func TestTracesAtOnce(t *testing.T) {
	m := shop()
	m.seconds = 2
	g := collect(m.run(), Options{}).Build(m.pods(), 0)
	var calls [4]int
	var wg sync.WaitGroup
	for i := range calls {
		wg.Go(func() {
			for tr := range g.Traces() {
				calls[i] += len(tr.Calls)
			}
		})
	}
	wg.Wait()
	for _, n := range calls {
		if n != calls[0] || n == 0 {
			t.Errorf("calls %v: walks at once must not disturb each other", calls)
		}
	}
}
