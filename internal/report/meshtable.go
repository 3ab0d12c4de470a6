package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/sluice-mesh/sluice/graph"
	"github.com/sluice-mesh/sluice/internal/optimize"
)

// GraphTable writes the mesh for people: services, edges, critical paths. colour
// is for terminals.
func GraphTable(w io.Writer, o *optimize.Observation, colour bool) error {
	var b bytes.Buffer
	g := o.Graph
	fmt.Fprintf(&b, "At the gateway  %s\n", meshLine(o))
	fmt.Fprintf(&b, "Log             %s\n\n", Lines(o))
	serviceTable(o, colour).print(&b)
	if len(g.Edges) > 0 {
		b.WriteByte('\n')
		edgeTable(g, colour).print(&b)
	}
	if len(o.Critical.Paths) > 0 {
		b.WriteByte('\n')
		pathTable(o, colour).print(&b)
	}
	_, err := w.Write(b.Bytes())
	return err
}

func meshLine(o *optimize.Observation) string {
	g := o.Graph.Gateway
	if g.Requests == 0 {
		return "no request was observed"
	}
	took := "latency not logged"
	if latencySeen(&g) {
		took = fmt.Sprintf("mean %s, p99 %s", milliseconds(g.Mean), milliseconds(g.P99))
	}
	return fmt.Sprintf("%s requests/s, %s, of %s in the log; %s",
		number(float64(rateOf(o.Graph, g.Rate))), took, count(g.Requests, "request"), count(o.Critical.Traces, "trace"))
}

func serviceTable(o *optimize.Observation, colour bool) *table {
	t := newTable(colour, "SERVICE", ">PODS", ">REQUESTS/S", ">VISITS", ">SELF", ">AT SIDECARS", ">LATENCY SEEN", ">SIDECAR CORES", "NOTE")
	for _, s := range serviceRows(o) {
		used := "-"
		if s.SidecarCPU != nil {
			used = number(float64(*s.SidecarCPU))
		}
		t.add(s.Name, fmt.Sprint(s.Pods), number(float64(s.Rate)), number(float64(s.Visits)),
			millisOrDash(s.SelfMS), milliseconds(time.Duration(s.SidecarMS)), percent(float64(s.Latency)), used, s.Opaque)
	}
	for _, x := range externalRows(o.Graph) {
		t.add(x.Name, "-", number(float64(x.Rate)), "-", "-", "-", "-", "-", "outside the mesh")
	}
	return t
}

// millisOrDash is "-" for what was not observed.
func millisOrDash(d *millis) string {
	if d == nil {
		return "-"
	}
	return milliseconds(time.Duration(*d))
}

func edgeTable(g *graph.Graph, colour bool) *table {
	t := newTable(colour, "FROM", "TO", ">REQUESTS/S", ">PER REQUEST", ">MEAN", ">P99", ">ERRORS", "NOTE")
	for _, e := range edgeRows(g) {
		note := e.Note
		if e.Back {
			note = strings.TrimSuffix("closes a cycle. "+note, ". ")
		}
		t.add(e.From, e.To, number(float64(e.Rate)), number(float64(e.PerRequest)),
			millisOrDash(e.MeanMS), millisOrDash(e.P99MS), percent(float64(e.Errors)), note)
	}
	return t
}

// maxPathRows is how many critical paths the table shows; the document has all.
const maxPathRows = 10

func pathTable(o *optimize.Observation, colour bool) *table {
	t := newTable(colour, ">SHARE", ">MEAN", "CRITICAL PATH")
	for i, p := range o.Critical.Paths {
		if i == maxPathRows {
			t.add("", "", fmt.Sprintf("… and %d more", len(o.Critical.Paths)-i))
			break
		}
		t.add(percent(p.Share), millisOrDash(known(p.Mean > 0, millis(p.Mean))), strings.Join(pathNames(o.Graph, p.Nodes), " → "))
	}
	return t
}
