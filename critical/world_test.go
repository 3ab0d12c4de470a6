package critical

import (
	"fmt"
	"iter"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/sluice-mesh/sluice/graph"
)

// world makes a graph and its traces out of text, so that a test can be worked
// out by hand. A trace is a few lines, one a call:
//
//	FROM>TO OUT IN [failed|earlier|again]
//
// FROM and TO are services, "gw" the root, "service.1" pod 1 of a service (pod 0
// without a number). OUT is the caller's line, IN the callee's: START+DURATION
// in milliseconds on that pod's clock, OUT with /SERVICETIME where it is known,
// or "-" for a line that is not in the log. The graph's figures are the plain
// means of the calls.
type world struct {
	t      testing.TB
	g      *graph.Graph
	nodes  map[string]int
	traces []*graph.Trace
	// base is the time that START counts from, skew what a pod's clock is ahead.
	base graph.Micros
	skew map[string]graph.Micros
}

func newWorld(t testing.TB) *world {
	w := &world{t: t, g: &graph.Graph{}, nodes: map[string]int{}, base: 1_700_000_000_000_000, skew: map[string]graph.Micros{}}
	w.node("gw")
	return w
}

func (w *world) node(name string) int {
	if n, ok := w.nodes[name]; ok {
		return n
	}
	n := len(w.g.Nodes)
	kind := graph.Service
	switch {
	case name == "gw":
		kind, name = graph.Root, graph.RootName
		w.nodes["gw"] = n
	case strings.HasPrefix(name, "ext"):
		kind = graph.External
	}
	w.nodes[name] = n
	w.g.Nodes = append(w.g.Nodes, graph.Node{Name: name, Kind: kind})
	return n
}

// end parses one end of a call: node and pod.
func (w *world) end(s string) (node, pod int) {
	name, number, ok := strings.Cut(s, ".")
	if ok {
		v, err := strconv.Atoi(number)
		w.check(err)
		pod = v
	}
	node = w.node(name)
	if w.g.Nodes[node].Kind != graph.Service {
		return node, -1
	}
	for len(w.g.Nodes[node].Pods) <= pod {
		w.g.Nodes[node].Pods = append(w.g.Nodes[node].Pods, graph.PodTraffic{})
	}
	return node, pod
}

func (w *world) check(err error) {
	w.t.Helper()
	if err != nil {
		w.t.Fatal(err)
	}
}

func ms(v float64) graph.Micros { return graph.Micros(v * 1000) }

func (w *world) side(s, pod string) graph.Side {
	if s == "-" {
		return graph.Side{}
	}
	r := graph.Side{Logged: true, ServiceTime: graph.Missing}
	if rest, service, ok := strings.Cut(s, "/"); ok {
		v, err := strconv.ParseFloat(service, 64)
		w.check(err)
		s, r.ServiceTime = rest, ms(v)
	}
	var start, duration float64
	_, err := fmt.Sscanf(s, "%f+%f", &start, &duration)
	w.check(err)
	r.Start, r.Duration = w.base+ms(start)+w.skew[pod], ms(duration)
	return r
}

// trace adds one external request.
func (w *world) trace(text string) *world {
	w.t.Helper()
	t := &graph.Trace{Request: uint64(len(w.traces) + 1)}
	for line := range strings.Lines(text) {
		f := strings.Fields(line)
		if len(f) == 0 {
			continue
		}
		from, to, _ := strings.Cut(f[0], ">")
		var c graph.Call
		c.From, c.FromPod = w.end(from)
		c.To, c.ToPod = w.end(to)
		c.Out, c.In = w.side(f[1], from), w.side(f[2], to)
		if len(f) > 3 {
			c.Failed, c.Earlier, c.Again = f[3] != "again", f[3] == "earlier", f[3] == "again"
		}
		t.Calls = append(t.Calls, c)
	}
	w.traces = append(w.traces, t)
	return w
}

// times adds the same request n times, a second apart.
func (w *world) times(n int, text string) *world {
	w.t.Helper()
	for range n {
		w.trace(text)
		w.base += ms(1000)
	}
	return w
}

// graph fills in the graph's figures from the traces, once.
func (w *world) graph() *graph.Graph {
	if len(w.g.Edges) > 0 {
		return w.g
	}
	type sums struct {
		calls, earlier int
		time           graph.Micros
	}
	edges := map[[2]int]*sums{}
	received := make([]int, len(w.g.Nodes))
	requests, latency := 0, graph.Micros(0)
	for _, t := range w.traces {
		for _, c := range t.Calls {
			k := [2]int{c.From, c.To}
			if edges[k] == nil {
				edges[k] = &sums{}
			}
			d := c.Out.Duration
			if !c.Out.Logged {
				d = c.In.Duration
			}
			if c.Earlier {
				edges[k].earlier++
			} else {
				edges[k].calls++
				edges[k].time += d
			}
			received[c.To]++
			if c.ToPod >= 0 {
				w.g.Nodes[c.To].Pods[c.ToPod].Received++
				w.g.Nodes[c.To].Pods[c.ToPod].ReceivedRate++
			}
			if c.From == 0 && !c.Earlier {
				requests++
				latency += d
			}
		}
	}
	w.g.Gateway = graph.Gateway{Requests: requests, Rate: float64(requests)}
	if requests > 0 {
		w.g.Gateway.Mean = time.Duration(latency) * time.Microsecond / time.Duration(requests)
	}
	received[0] = requests
	for from := range w.g.Nodes {
		for to := range w.g.Nodes {
			s := edges[[2]int{from, to}]
			if s == nil {
				continue
			}
			e := graph.Edge{From: from, To: to, Calls: s.calls, Rate: float64(s.calls), Mean: time.Duration(s.time) * time.Microsecond / time.Duration(s.calls)}
			if requests > 0 {
				e.PerRequest = float64(s.calls) / float64(requests)
			}
			if received[from] > 0 {
				e.PerCall = float64(s.calls) / float64(received[from])
			}
			e.Again = float64(s.earlier) / float64(s.calls)
			e.Back = to <= from
			w.g.Edges = append(w.g.Edges, e)
		}
	}
	return w.g
}

func (w *world) result() Result {
	return analyze(w.graph(), w.seq())
}

func (w *world) seq() iter.Seq[*graph.Trace] { return slices.Values(w.traces) }

// share and edge find a part of a result by name.
func (w *world) share(r Result, name string) Share { return r.Services[w.nodes[name]] }

func (w *world) edge(r Result, from, to string) EdgeShare {
	w.t.Helper()
	for i, e := range w.g.Edges {
		if e.From == w.nodes[from] && e.To == w.nodes[to] {
			return r.Edges[i]
		}
	}
	w.t.Fatalf("no edge %s>%s", from, to)
	return EdgeShare{}
}

// near compares within a tolerance for what is rounded on the way.
func near(t testing.TB, what string, got, want, within float64) {
	t.Helper()
	if !(got >= want-within && got <= want+within) {
		t.Errorf("%s = %v, want %v", what, got, want)
	}
}

func nearTime(t testing.TB, what string, got time.Duration, wantMs float64) {
	t.Helper()
	near(t, what+" in ms", float64(got)/1e6, wantMs, 0.002)
}
