package graph

import (
	"fmt"
	"slices"
	"strings"
	"testing"
)

// line is a Record as the tables of the tests write one: addresses and names as
// text, times in milliseconds.
type line struct {
	down, up, downLocal, upLocal string
	// host stands in the cluster of an outbound line and, unless bare, in the
	// server name of an inbound one.
	host, cluster, authority, sni string
	id, path                      string
	start, dur                    int64
	code                          int
	flags                         string
	in, unknown                   bool
}

func (l line) record() Record {
	text := func(s string) []byte {
		if s == "" {
			return nil
		}
		return []byte(s)
	}
	r := Record{Direction: Outbound, Downstream: text(l.down), Upstream: text(l.up), DownstreamLocal: text(l.downLocal), UpstreamLocal: text(l.upLocal),
		Cluster: text(l.cluster), Authority: text(l.authority), ServerName: text(l.sni), RequestID: text(l.id), Path: text(l.path),
		Start: simEpoch + 1000*l.start, Duration: 1000 * l.dur, ServiceTime: Missing, Code: l.code, Flags: text(l.flags), BytesSent: 100, BytesReceived: 0}
	if l.in {
		r.Direction = Inbound
		if l.cluster == "" {
			r.Cluster = []byte("inbound|80||")
		}
		if l.host != "" {
			r.ServerName = []byte("outbound_.80_._." + l.host)
		}
	} else if l.host != "" {
		r.Cluster = []byte("outbound|80||" + l.host)
	}
	if l.unknown {
		r.Direction = Unknown
	}
	if l.dur < 0 {
		r.Duration = Missing
	}
	if l.start < 0 {
		r.Start = Missing
	}
	return r
}

func records(ls ...line) []Record {
	rs := make([]Record, len(ls))
	for i, l := range ls {
		rs[i] = l.record()
	}
	return rs
}

func buildLines(pods []Pod, ls ...line) *Graph {
	return collect(records(ls...), Options{}).Build(pods, 0)
}

// fqdn of a service in the namespace that the tests use.
func fqdn(service string) string { return service + ".default.svc.cluster.local" }

// pods reads "a:10.0.0.1 a:10.0.0.2 b:10.0.1.1", one pod each.
func listPods(s string) []Pod {
	var ps []Pod
	for i, f := range strings.Fields(s) {
		service, addr, _ := strings.Cut(f, ":")
		ps = append(ps, Pod{Service: service, Namespace: "default", Name: fmt.Sprintf("%s-%d", service, i), Address: addr})
	}
	return ps
}

// drawn writes a graph's edges as "from>to n", "~" before what closes a cycle.
func drawn(g *Graph) string {
	var es []string
	for i := range g.Edges {
		e := &g.Edges[i]
		back := ""
		if e.Back {
			back = "~"
		}
		es = append(es, fmt.Sprintf("%s%s>%s %d", back, g.Nodes[e.From].Name, g.Nodes[e.To].Name, e.Calls))
	}
	return strings.Join(es, ", ")
}

func edge(t *testing.T, g *Graph, from, to string) *Edge {
	t.Helper()
	i := slices.IndexFunc(g.Edges, func(e Edge) bool { return g.Nodes[e.From].Name == from && g.Nodes[e.To].Name == to })
	if i < 0 {
		t.Fatalf("no edge from %s to %s, only %s", from, to, drawn(g))
	}
	return &g.Edges[i]
}

func node(t *testing.T, g *Graph, name string) *Node {
	t.Helper()
	i := slices.IndexFunc(g.Nodes, func(n Node) bool { return n.Name == name && n.Kind != Root })
	if i < 0 {
		t.Fatalf("no node %s", name)
	}
	return &g.Nodes[i]
}
