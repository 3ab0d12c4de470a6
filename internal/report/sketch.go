package report

import (
	"cmp"
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-mesh/sluice/graph"
	"github.com/sluice-mesh/sluice/internal/draw"
	"github.com/sluice-mesh/sluice/internal/optimize"
)

// sketch is what pictures of a mesh are made of: all of it, before a View takes its
// part. It comes from an Observation or, where a round is long gone, from its
// document; so a picture shows no more than sluice graph -o json does.
type sketch struct {
	gateway meshGateway
	spots   []spot // the root first, if it is there
	hops    []hop
	// cut says that the document held only a part.
	cut bool
}

// spot is a node, or several that were grouped.
type spot struct {
	serviceRow
	kind graph.Kind
	// members are the names grouped in it, nil for one node.
	members []string
	// main is set on the critical path that most requests took, path on any.
	main, path bool
}

// hop is an edge between spots.
type hop struct {
	edgeRow
	from, to int
	main     bool
}

// meshDocument is what of sluice graph -o json a picture needs.
type meshDocument struct {
	Gateway   meshGateway     `json:"gateway"`
	Services  []serviceRow    `json:"services"`
	Externals []externalRow   `json:"externals"`
	Edges     []edgeRow       `json:"edges"`
	Paths     []pathRow       `json:"critical_paths"`
	Truncated json.RawMessage `json:"truncated"`
}

// sketchOf is the sketch of o.
func sketchOf(o *optimize.Observation) *sketch {
	g := o.Graph
	d := &meshDocument{Gateway: meshGatewayOf(o), Services: serviceRows(o), Externals: externalRows(g), Edges: edgeRows(g), Paths: pathRows(o)}
	return d.sketch()
}

// sketchWithin is the most busy spots of o, what busiest leaves of sketchOf, and how
// many there are in all. Of very many the others are not made first.
func sketchWithin(o *optimize.Observation, most int) (s *sketch, all int) {
	at, fleet, out := nodesOf(o), o.Fleet(), externalRows(o.Graph)
	all = 1 + len(fleet) + len(out)
	if all <= most {
		return sketchOf(o), all
	}
	rates := make([]figure, len(fleet), all)
	for i := range fleet {
		if node, ok := at[fleet[i].Name]; ok {
			rates[i] = figure(o.Graph.Nodes[node].Rate).rounded()
		}
	}
	for _, x := range out {
		rates = append(rates, x.Rate.rounded())
	}
	order := make([]int, len(rates))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(rates[b], rates[a]) })
	order = order[:max(most, 1)-1]
	slices.Sort(order)
	d := &meshDocument{Gateway: meshGatewayOf(o), Edges: edgeRows(o.Graph), Paths: pathRows(o)}
	for _, i := range order {
		if i < len(fleet) {
			d.Services = append(d.Services, serviceRowOf(o, &fleet[i], at))
		} else {
			d.Externals = append(d.Externals, out[i-len(fleet)])
		}
	}
	return d.sketch(), all
}

// readSketch is the sketch of a document that Graph wrote.
func readSketch(document []byte) (*sketch, error) {
	d := new(meshDocument)
	if err := json.Unmarshal(document, d); err != nil {
		return nil, fmt.Errorf("report: the mesh's document cannot be read: %w", err)
	}
	d.guess()
	return d.sketch(), nil
}

// guess finds the kinds of the edges' ends, which the document does not tell: the
// root sends and does not receive, externals receive and do not send.
func (d *meshDocument) guess() {
	services := make(map[string]bool, len(d.Services))
	for i := range d.Services {
		services[d.Services[i].Name] = true
	}
	for i := range d.Edges {
		e := &d.Edges[i]
		e.fromKind, e.toKind = graph.Service, graph.External
		if e.From == graph.RootName {
			e.fromKind = graph.Root
		}
		if services[e.To] {
			e.toKind = graph.Service
		}
	}
}

// end is a node's name and kind: names alone may be alike.
type end struct {
	name string
	kind graph.Kind
}

func (d *meshDocument) sketch() *sketch {
	s := &sketch{gateway: d.Gateway, cut: d.Truncated != nil}
	at := make(map[end]int)
	add := func(r serviceRow, kind graph.Kind) {
		at[end{r.Name, kind}] = len(s.spots)
		r.Rate = r.Rate.rounded() // as it is in the document, for the same picture
		s.spots = append(s.spots, spot{serviceRow: r, kind: kind})
	}
	add(serviceRow{Name: graph.RootName}, graph.Root)
	for _, r := range d.Services {
		add(r, graph.Service)
	}
	for _, x := range d.Externals {
		add(serviceRow{Name: x.Name, Rate: x.Rate}, graph.External)
	}
	for _, e := range d.Edges {
		from, ok := at[end{e.From, e.fromKind}]
		to, known := at[end{e.To, e.toKind}]
		e.Rate = e.Rate.rounded()
		if ok && known {
			s.hops = append(s.hops, hop{edgeRow: e, from: from, to: to})
		}
	}
	s.follow(d.Paths, at)
	return s
}

// follow marks what the critical paths lead over. They begin behind the root.
func (s *sketch) follow(paths []pathRow, at map[end]int) {
	hops := make(map[[2]int]*hop, len(s.hops))
	for i := range s.hops {
		hops[[2]int{s.hops[i].from, s.hops[i].to}] = &s.hops[i]
	}
	for p, path := range paths {
		last := 0
		s.spots[0].path = true
		for _, name := range path.Services {
			i, ok := at[end{name, graph.Service}]
			if !ok {
				if i, ok = at[end{name, graph.External}]; !ok {
					break
				}
			}
			s.spots[i].path = true
			if p == 0 {
				s.spots[i].main = true
				if h := hops[[2]int{last, i}]; h != nil {
					h.main = true
				}
			}
			last = i
		}
	}
}

// mesh is the sketch in the words of a picture.
func (s *sketch) mesh(title string, notes []string) *draw.Mesh {
	m := &draw.Mesh{Title: title, Notes: notes}
	for i := range s.spots {
		m.Nodes = append(m.Nodes, s.node(&s.spots[i]))
	}
	for i := range s.hops {
		m.Edges = append(m.Edges, s.edge(&s.hops[i]))
	}
	return m
}

func (s *sketch) node(p *spot) draw.Node {
	n := draw.Node{Name: Printable(p.Name, maxLabel), Kind: draw.Service, Share: math.NaN(), Critical: p.main}
	rate := s.perSecond(p.Rate)
	switch {
	case p.kind == graph.Root:
		n.Kind, n.Lines = draw.Root, gatewayLines(&s.gateway)
		n.Tip = strings.Join(append([]string{n.Name}, n.Lines...), ", ")
		return n
	case p.kind == graph.External:
		n.Kind, n.Lines = draw.External, []string{rate, "outside the mesh"}
		n.Tip = n.Name + ": outside the mesh, " + rate
		return n
	case p.members != nil:
		n.Kind = draw.Group
	}
	n.Share = float64(p.Latency)
	n.Lines = []string{rate + " · " + count(p.Pods, "pod")}
	if p.SelfMS != nil && *p.SelfMS > 0 {
		n.Lines = append(n.Lines, "self "+shortMS(*p.SelfMS)+" · "+part(float64(p.Latency)))
	}
	n.Tip = n.Name + ": " + strings.Join(s.tips(p), ", ")
	return n
}

// tips is all that a picture tells of a service.
func (s *sketch) tips(p *spot) []string {
	t := []string{count(p.Pods, "pod"), s.perSecond(p.Rate), fmt.Sprintf("%.3g calls per request", float64(p.Visits))}
	if p.SelfMS != nil && p.WorkMS != nil {
		t = append(t, "self "+shortMS(*p.SelfMS), "of it work "+shortMS(*p.WorkMS))
	}
	t = append(t, "at sidecars "+shortMS(p.SidecarMS)+" per request", part(float64(p.Latency))+" of the latency")
	if p.SidecarCPU != nil {
		t = append(t, fmt.Sprintf("sidecars used %.3g cores", float64(*p.SidecarCPU)))
	}
	if len(p.Namespaces) > 0 {
		t = append(t, "namespace "+Printable(strings.Join(p.Namespaces, ", "), maxLabel))
	}
	if p.members != nil {
		t = append(t, Printable(strings.Join(p.members, ", "), 2*maxLabel))
	}
	if p.Opaque != "" {
		t = append(t, Printable(p.Opaque, maxLabel))
	}
	return t
}

func (s *sketch) edge(h *hop) draw.Edge {
	e := draw.Edge{From: h.from, To: h.to, Rate: float64(h.Rate), Critical: h.main, Back: h.Back,
		Lines: []string{s.perSecond(h.Rate)}}
	came := h.came()
	if came != "" {
		e.Lines = append(e.Lines, came)
	}
	took := "not timed"
	if h.MeanMS != nil && h.P99MS != nil {
		e.Lines = append(e.Lines, latency(*h.MeanMS, *h.P99MS))
		took = "mean " + shortMS(*h.MeanMS) + ", p99 " + shortMS(*h.P99MS)
	}
	e.Tip = fmt.Sprintf("%s → %s: %s, %.3g per request, %s, %s seen", Printable(h.From, maxLabel), Printable(h.To, maxLabel),
		s.perSecond(h.Rate), float64(h.PerRequest), took, count(h.Calls, "call"))
	if h.Errors > 0 {
		failed := part(float64(h.Errors)) + " failed"
		e.Lines = append(e.Lines, failed)
		e.Tip += ", " + failed
	}
	if came != "" {
		e.Tip += ", sidecars tried again: " + came
	}
	return e
}

// came says how many calls came for each that was sent where sidecars tried some again: else
// the callee's rate would not be that of the arrows to it, and nothing say why.
func (h *hop) came() string {
	if h.Again <= 0 {
		return ""
	}
	// Of the figures as the document has them, for the same picture.
	return brief(max(0, 1-float64(h.Unreached.rounded())+float64(h.Again.rounded()))) + " came per call sent"
}

func gatewayLines(g *meshGateway) []string {
	var lines []string
	if g.Rate != nil {
		lines = append(lines, perSecond(float64(*g.Rate)))
	}
	if g.MeanMS != nil && g.P99MS != nil {
		lines = append(lines, latency(*g.MeanMS, *g.P99MS))
	}
	return lines
}

// perSecond is a rate, where the log tells of any.
func (s *sketch) perSecond(rate figure) string {
	if s.gateway.Requests > 0 && s.gateway.Rate == nil {
		return "- /s"
	}
	return perSecond(float64(rate))
}

// perSecond, shortMS and part are figures as pictures have room for them.
func perSecond(rate float64) string { return brief(rate) + "/s" }

func shortMS(d millis) string {
	v := float64(d) / float64(time.Millisecond)
	if v >= 1000 {
		return brief(v/1000) + " s"
	}
	return brief(v) + " ms"
}

// latency is a mean and a 99th percentile in one unit, so that they compare.
func latency(mean, p99 millis) string {
	const unit = float64(time.Millisecond)
	return "mean " + brief(float64(mean)/unit) + " · p99 " + brief(float64(p99)/unit) + " ms"
}

// part is a share in per cent, to the precision that shares have.
func part(share float64) string {
	switch v := 100 * share; {
	case math.IsNaN(v):
		return "-"
	case v >= 10:
		return strconv.FormatFloat(v, 'f', 0, 64) + " %"
	case v >= 0.1:
		return strconv.FormatFloat(v, 'f', 1, 64) + " %"
	case v > 0:
		return "< 0.1 %"
	}
	return "0 %"
}

// brief is v to three digits, without an exponent.
func brief(v float64) string {
	switch {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return "-"
	case math.Abs(v) >= 100:
		return strconv.FormatFloat(v, 'f', 0, 64)
	case math.Abs(v) < 0.001:
		return "0"
	}
	v, _ = strconv.ParseFloat(strconv.FormatFloat(v, 'g', 3, 64), 64) // it has just been printed
	return strconv.FormatFloat(v, 'f', -1, 64)
}
