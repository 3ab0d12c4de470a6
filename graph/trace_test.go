package graph

import (
	"fmt"
	"strings"
	"testing"
)

// told writes a trace as "from>to/pods out@start+dur in@start+dur ^parent".
func told(g *Graph, tr *Trace) string {
	var b strings.Builder
	for i, c := range tr.Calls {
		if i > 0 {
			b.WriteString("; ")
		}
		fmt.Fprintf(&b, "%s%s>%s%s", g.Nodes[c.From].Name, podNumber(c.FromPod), g.Nodes[c.To].Name, podNumber(c.ToPod))
		if c.Out.Logged {
			fmt.Fprintf(&b, " out@%d+%d", (c.Out.Start-simEpoch)/1000, c.Out.Duration/1000)
		}
		if c.In.Logged {
			fmt.Fprintf(&b, " in@%d+%d", (c.In.Start-simEpoch)/1000, c.In.Duration/1000)
		}
		if c.Parent >= 0 {
			fmt.Fprintf(&b, " ^%d", c.Parent)
		}
	}
	return b.String()
}

func podNumber(i int) string {
	if i < 0 {
		return ""
	}
	return itoa(i)
}

func TestTraces(t *testing.T) {
	const pods = "a:10.0.0.1 b:10.0.1.1 b:10.0.1.2 c:10.0.2.1"
	root := line{in: true, down: "10.9.9.9:0", up: "10.0.0.1:80", id: "r", start: 0, dur: 100}
	out := func(up string, start, dur int64) line {
		return line{down: "10.0.0.1:4", up: up + ":80", host: fqdn("b"), id: "r", start: start, dur: dur}
	}
	in := func(up string, start, dur int64) line {
		return line{in: true, down: "10.0.0.1:4", up: up + ":80", host: fqdn("b"), id: "r", start: start, dur: dur}
	}
	const day = 86_400_000
	for _, c := range []struct {
		name  string
		lines []line
		want  string
	}{
		{"both sides are one call", []line{out("10.0.1.1", 10, 20), in("10.0.1.1", 12, 15), root},
			"ingress-gateway>a0 in@0+100; a0>b0 out@10+20 in@12+15 ^0"},
		{"clocks a day apart", []line{root, in("10.0.1.1", day, 15), out("10.0.1.1", 10, 20)},
			"ingress-gateway>a0 in@0+100; a0>b0 out@10+20 in@86400000+15 ^0"},
		{"one side each", []line{root, out("10.0.1.1", 10, 20), in("10.0.1.2", 50, 5)},
			"ingress-gateway>a0 in@0+100; a0>b0 out@10+20 ^0; a0>b1 in@50+5 ^0"},
		{"retries to one pod, by start on each side", []line{root, out("10.0.1.1", 10, 5), out("10.0.1.1", 30, 9), in("10.0.1.1", day+32, 6), in("10.0.1.1", day+11, 2)},
			"ingress-gateway>a0 in@0+100; a0>b0 out@10+5 in@86400011+2 ^0; a0>b0 out@30+9 in@86400032+6 ^0"},
		{"more on one side than on the other", []line{root, out("10.0.1.1", 10, 5), out("10.0.1.1", 30, 9), in("10.0.1.1", 11, 2)},
			"ingress-gateway>a0 in@0+100; a0>b0 out@10+5 in@11+2 ^0; a0>b0 out@30+9 ^0"},
		{"service's address: longest with longest over several clocks", []line{root, out("192.168.0.1", 10, 5), out("192.168.0.1", 30, 9), in("10.0.1.1", 1000, 8), in("10.0.1.2", 2000, 4)},
			"ingress-gateway>a0 in@0+100; a0>b1 out@10+5 in@2000+4 ^0; a0>b0 out@30+9 in@1000+8 ^0"},
		{"pods that both sides know differ: two calls", []line{root, out("10.0.1.1", 10, 5), in("10.0.1.2", 11, 3)},
			"ingress-gateway>a0 in@0+100; a0>b0 out@10+5 ^0; a0>b1 in@11+3 ^0"},
		{"nested, and out of the call's time", []line{root, out("10.0.1.1", 10, 20), in("10.0.1.1", 12, 15),
			{down: "10.0.1.1:4", up: "10.0.2.1:80", host: fqdn("c"), id: "r", start: 13, dur: 5},
			{down: "10.0.1.1:4", up: "10.0.2.1:80", host: fqdn("c"), id: "r", start: 70, dur: 5}},
			"ingress-gateway>a0 in@0+100; a0>b0 out@10+20 in@12+15 ^0; b0>c0 out@13+5 ^1; b0>c0 out@70+5"},
		{"which of two calls under way: the one that began last", []line{root, in("10.0.1.1", 10, 50), in("10.0.1.1", 20, 50),
			{down: "10.0.1.1:4", up: "10.0.2.1:80", host: fqdn("c"), id: "r", start: 15, dur: 5},
			{down: "10.0.1.1:4", up: "10.0.2.1:80", host: fqdn("c"), id: "r", start: 25, dur: 5},
			{down: "10.0.1.1:4", up: "10.0.2.1:80", host: fqdn("c"), id: "r", start: 65, dur: 5}},
			"ingress-gateway>a0 in@0+100; a0>b0 in@10+50 ^0; b0>c0 out@15+5 ^1; a0>b0 in@20+50 ^0; b0>c0 out@25+5 ^3; b0>c0 out@65+5 ^3"},
		{"outbound lines only: the only call to the pod", []line{
			{down: "203.0.113.9:1", upLocal: "10.9.9.9:3", up: "10.0.0.1:80", host: fqdn("a"), id: "r", start: 5 * day, dur: 30}, out("192.168.0.1", 10, 20)},
			"ingress-gateway>a0 out@432000000+30; a0>b out@10+20 ^0"},
		{"within itself by rounded clocks", []line{
			{down: "10.0.0.1:4", up: "10.0.0.1:80", host: fqdn("a"), id: "r", start: 10, dur: 5}, {in: true, down: "10.0.0.1:4", up: "10.0.0.1:80", host: fqdn("a"), id: "r", start: 10, dur: 5},
			{down: "10.0.0.1:5", up: "10.0.0.1:80", host: fqdn("a"), id: "r", start: 10, dur: 5}, {in: true, down: "10.0.0.1:5", up: "10.0.0.1:80", host: fqdn("a"), id: "r", start: 10, dur: 5}},
			"a0>a0 out@10+5 in@10+5; a0>a0 out@10+5 in@10+5 ^0"},
		{"no start", []line{{in: true, down: "10.9.9.9:0", up: "10.0.0.1:80", id: "r", start: -1, dur: 3}},
			fmt.Sprintf("ingress-gateway>a0 in@%d+3", (-1-simEpoch)/1000)},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := buildLines(listPods(pods), c.lines...)
			n := 0
			for tr := range g.Traces() {
				n++
				if got := told(g, tr); got != c.want {
					t.Errorf("\n got %s\nwant %s", got, c.want)
				}
			}
			if n != 1 {
				t.Errorf("%d traces, want one", n)
			}
			check(t, g)
		})
	}
}

func TestTracesStop(t *testing.T) {
	m := shop()
	m.seconds = 1
	g := collect(m.run(), Options{}).Build(m.pods(), 0)
	n := 0
	for range g.Traces() {
		if n++; n == 5 {
			break
		}
	}
	if n != 5 {
		t.Errorf("%d traces", n)
	}
	for range new(Graph).Traces() {
		t.Error("an empty graph has a trace")
	}
}

// Everything of a request of the whole log is found again.
func TestTracesAreWhole(t *testing.T) {
	m := shop()
	m.seconds, m.gateway, m.skew = 5, true, true
	g := collect(m.run(), Options{}).Build(m.pods(), 0)
	calls, made := 0, 0
	for _, n := range m.made {
		made += n
	}
	for tr := range g.Traces() {
		for i, c := range tr.Calls {
			calls++
			if !c.Out.Logged || !c.In.Logged {
				t.Fatalf("call %+v of a log of both sides", c)
			}
			if (c.Parent < 0) != (i == 0) {
				t.Errorf("call %d of %d has parent %d", i, len(tr.Calls), c.Parent)
			}
		}
	}
	if calls != made {
		t.Errorf("%d calls in traces, %d were made", calls, made)
	}
}

func TestWithoutTraces(t *testing.T) {
	g := buildLines(listPods("a:10.0.0.1"), line{in: true, down: "10.9.9.9:0", up: "10.0.0.1:80", id: "r", dur: 100})
	count := func(g *Graph) (n int) {
		for range g.Traces() {
			n++
		}
		for range g.Visits() {
			n++
		}
		return n
	}
	lean := g.WithoutTraces()
	if before, after := count(g), count(lean); before != 2 || after != 0 || lean.Lines != g.Lines || len(lean.Nodes) != len(g.Nodes) {
		t.Errorf("%d traces and visits, %d without, of %d and %d nodes", before, after, len(g.Nodes), len(lean.Nodes))
	}
}
