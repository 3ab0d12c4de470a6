package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"image/png"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-mesh/sluice/critical"
	"github.com/sluice-mesh/sluice/graph"
	"github.com/sluice-mesh/sluice/internal/draw"
	"github.com/sluice-mesh/sluice/internal/optimize"
	"github.com/sluice-mesh/sluice/internal/request"
)

// fan is a mesh gateway → a → b → c, a → leaf0…leaf4, b → out.example, c → a (back),
// with d, which nobody calls, and the critical path a → b.
func fan() *optimize.Observation {
	o := &optimize.Observation{Request: &request.Request{}, Graph: &graph.Graph{Nodes: []graph.Node{{Name: graph.RootName}}}}
	at := map[string]int{graph.RootName: 0}
	node := func(name string, kind graph.Kind, rate float64, share float64) {
		at[name] = len(o.Graph.Nodes)
		n := graph.Node{Name: name, Kind: kind, Rate: rate, Depth: 1}
		if kind == graph.Service {
			n.Namespaces = []string{"shop"}
			if name > "d" {
				n.Namespaces = []string{"store"}
			}
			o.Request.Containers = append(o.Request.Containers, request.Container{Service: name, Pod: name})
		}
		o.Graph.Nodes = append(o.Graph.Nodes, n)
		for len(o.Critical.Services) < len(o.Graph.Nodes) {
			o.Critical.Services = append(o.Critical.Services, critical.Share{})
		}
		o.Critical.Services[at[name]].Latency = share
	}
	for i, name := range []string{"a", "b", "c", "d", "leaf0", "leaf1", "leaf2", "leaf3", "leaf4"} {
		node(name, graph.Service, float64(100-i), []float64{0.2, 0.05, 0.1, 0, 0, 0, 0, 0.02, 0}[i])
	}
	node("out.example", graph.External, 1, 0)
	for _, e := range []struct {
		from, to string
		rate     float64
	}{{graph.RootName, "a", 100}, {"a", "b", 50}, {"a", "leaf0", 5}, {"a", "leaf1", 4}, {"a", "leaf2", 3}, {"a", "leaf3", 2}, {"a", "leaf4", 1},
		{"b", "c", 30}, {"b", "out.example", 1}, {"c", "a", 1}} {
		o.Graph.Edges = append(o.Graph.Edges, graph.Edge{From: at[e.from], To: at[e.to], Rate: e.rate, Calls: int(e.rate), Mean: time.Duration(e.rate) * ms, P99: 2 * time.Duration(e.rate) * ms, Back: e.from == "c"})
	}
	o.Critical.Paths = []critical.Path{{Nodes: []int{at["a"], at["b"]}, Share: 0.6, Mean: ms}, {Nodes: []int{at["a"], at["leaf1"]}, Share: 0.4, Mean: ms}}
	return o
}

// drawn is what a view leaves: nodes, then edges; critical ones with a star.
func drawn(t *testing.T, v View) string {
	t.Helper()
	m, err := sketchOf(fan()).view(v, 100, 100)
	if err != nil {
		t.Fatal(err)
	}
	var words []string
	star := map[bool]string{true: "*"}
	for _, n := range m.Nodes {
		words = append(words, strings.Replace(n.Name, graph.RootName, "root", 1)+star[n.Critical])
	}
	for _, e := range m.Edges {
		words = append(words, strings.Replace(m.Nodes[e.From].Name+">"+m.Nodes[e.To].Name, graph.RootName, "root", 1)+star[e.Critical])
	}
	return strings.Join(words, " ")
}

func TestView(t *testing.T) {
	f := func(v View, want string) {
		t.Helper()
		if got := drawn(t, v); got != want {
			t.Errorf("%+v:\n got %s\nwant %s", v, got, want)
		}
	}
	f(View{Focus: "b"}, "b*")
	f(View{Focus: "b", Depth: 1}, "a* b* c out.example a>b* b>c b>out.example c>a")
	f(View{Focus: "leaf2", Depth: 1}, "a* leaf2 a>leaf2")
	f(View{Focus: "leaf2", Depth: 2}, "root a* c leaf2 root>a* a>leaf2 c>a")
	f(View{Focus: "d", Depth: 9}, "d")
	f(View{Focus: "out.example", Depth: 1}, "b* out.example b>out.example")
	f(View{Critical: true}, "root a* b* leaf1 root>a* a>b* a>leaf1")
	f(View{MinShare: 0.1}, "root a* b* c root>a* a>b* b>c c>a") // b is on the way to c
	f(View{MinShare: 0.02, Critical: true}, "root a* b* root>a* a>b*")
	f(View{Group: GroupAlike}, "root a* b* c d leaf0 and 4 more out.example root>a* a>b* a>leaf0 and 4 more b>c b>out.example c>a")
	f(View{Group: GroupNamespace}, "root shop (4 services)* store (5 services) out.example root>shop (4 services)* shop (4 services)>store (5 services) shop (4 services)>out.example")
	f(View{Focus: "b", Depth: 1, MinShare: 0.5}, "")
	f(View{Focus: "d", Critical: true, MinShare: 0.5, Group: GroupAlike}, "")
}

// Of 24.5 calls a second to b a third more came than were sent, but for a tenth that never did:
// 1 − 0.1 + 0.46 = 1.36 for each, and b receives 33.3. Its only arrow says why, in every form;
// where nothing was tried again no arrow says so.
func TestPicturesTellTries(t *testing.T) {
	o := fan()
	e := &o.Graph.Edges[1]
	e.Rate, e.Unreached, e.Again = 24.5, 0.1, 0.46
	o.Graph.Nodes[2].Rate = 33.3
	for f, form := range []string{SVG: "SVG", DOTForm: "DOT", Mermaid: "Mermaid"} {
		if form == "" {
			continue
		}
		got, _, err := Picture(o, View{}, Form(f))
		if n := bytes.Count(got, []byte("1.36 came per call sent")); err != nil || n == 0 || bytes.Count(got, []byte("came per call sent")) != n {
			t.Errorf("%s tells it %d times, %v:\n%s", form, n, err, got)
		}
	}
	m, err := sketchOf(o).view(View{}, 100, 100)
	if err != nil {
		t.Fatal(err)
	}
	if b := &m.Edges[1]; b.Lines[0] != "24.5/s" || b.Lines[1] != "1.36 came per call sent" || !strings.HasSuffix(b.Tip, ", sidecars tried again: 1.36 came per call sent") {
		t.Errorf("lines %q, tip %q", b.Lines, b.Tip)
	}
}

// A group's figures are those of its members: rates add up, times are means over the
// calls (hand-made: (5·5 + 4·4 + 3·3 + 2·2 + 1·1) / 15 ms), percentiles the highest, and
// what came is what did of all calls (5·1.3 + 4·0.5 + 3 + 2 + 1 = 14.5 of 15).
func TestGroupFigures(t *testing.T) {
	o := fan()
	o.Graph.Edges[2].Again, o.Graph.Edges[3].Unreached = 0.3, 0.5
	s := sketchOf(o)
	if err := s.group(GroupAlike); err != nil {
		t.Fatal(err)
	}
	for i := range s.hops {
		h := &s.hops[i]
		if s.spots[h.to].members == nil {
			continue
		}
		mean := 55. / 15
		if h.Rate != 15 || h.Calls != 15 || h.P99MS == nil || *h.P99MS != millis(10*ms) || fmt.Sprintf("%.3f", float64(*h.MeanMS)/float64(ms)) != fmt.Sprintf("%.3f", mean) {
			t.Errorf("rate %v, %d calls, mean %v, p99 %v", h.Rate, h.Calls, h.MeanMS, h.P99MS)
		}
		if came := h.came(); came != "0.967 came per call sent" {
			t.Errorf("%s, want 14.5/15", came)
		}
	}
}

func TestViewErrors(t *testing.T) {
	f := func(v View, says string) {
		t.Helper()
		_, _, err := Picture(fan(), v, DOTForm)
		var wrong *ViewError
		if !errors.As(err, &wrong) || !strings.Contains(err.Error(), says) {
			t.Errorf("%+v: %v, want a ViewError that says %q", v, err, says)
		}
	}
	f(View{Focus: "laef1"}, `did you mean "leaf1"?`)
	f(View{Focus: "out"}, `did you mean "out.example"?`)
	f(View{Focus: "zzzzzzzz"}, "'sluice graph' lists them")
	f(View{Focus: strings.Repeat("x\x1b", 5000)}, "there is no service")
	bare := fan()
	for i := range bare.Graph.Nodes {
		bare.Graph.Nodes[i].Namespaces = nil
	}
	if _, _, err := Picture(bare, View{Group: GroupNamespace}, SVG); err == nil {
		t.Error("services are grouped by namespaces that they do not have")
	}
}

// A round's picture, made of its document, is the one made of what was observed.
func TestRoundPicture(t *testing.T) {
	for name, o := range map[string]*optimize.Observation{"fan": fan(), "shop": shop().Observation, "blank": blank().Observation} {
		doc, err := Graph(o)
		if err != nil {
			t.Fatal(err)
		}
		got, err := RoundPicture(doc)
		if err != nil {
			t.Fatal(err)
		}
		want, _, err := Picture(o, View{}, SVG)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(got, want) {
			t.Errorf("%s: the pictures differ: %s", name, cmp.Diff(string(want), string(got)))
		}
	}
	if _, err := RoundPicture([]byte("{")); err == nil {
		t.Error("a broken document makes a picture")
	}
}

// Pictures of a town stay under 2 MB, whatever its names, and say what they leave out.
func TestPictureIsBounded(t *testing.T) {
	for _, length := range []int{8, 5000} {
		r := town(3000, length)
		doc, err := Graph(r.Observation)
		if err != nil {
			t.Fatal(err)
		}
		svg, err := RoundPicture(doc)
		if err != nil || len(svg) > MaxDocument || !bytes.Contains(svg, []byte("Shown are the busiest 39")) && !bytes.Contains(svg, []byte("only a part of the mesh")) {
			t.Errorf("%d bytes, %v", len(svg), err)
		}
		page, err := PagePicture(doc)
		if err != nil || len(page) > 500_000 {
			t.Errorf("%d bytes for a page, %v", len(page), err)
		}
		picture, _, err := Picture(r.Observation, View{}, PNG)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := png.DecodeConfig(bytes.NewReader(picture)); err != nil {
			t.Error(err)
		}
	}
}

func TestJaeger(t *testing.T) {
	doc, err := Jaeger(fan())
	var got struct {
		Data []struct {
			Parent, Child string
			CallCount     int
		}
	}
	if err == nil {
		err = json.Unmarshal(doc, &got)
	}
	if err != nil || len(got.Data) != 10 || got.Data[1].Parent != "a" || got.Data[1].Child != "b" || got.Data[1].CallCount != 50 {
		t.Errorf("%v: %s", err, doc)
	}
	if doc, err := Jaeger(blank().Observation); err != nil || !bytes.Contains(doc, []byte(`"data": []`)) {
		t.Errorf("%v: %s", err, doc)
	}
}

func TestBrief(t *testing.T) {
	f := func(got, want string) {
		t.Helper()
		if got != want {
			t.Errorf("got %q, want %q", got, want)
		}
	}
	f(brief(1234.5), "1234")
	f(brief(12.345), "12.3")
	f(brief(0.00012), "0")
	f(perSecond(0.0123), "0.0123/s")
	f(shortMS(millis(1500*ms)), "1.5 s")
	f(part(0.2164), "22 %")
	f(part(0.0123), "1.2 %")
	f(part(0.0003), "< 0.1 %")
	f(part(0), "0 %")
	f(latency(millis(12345*time.Microsecond), millis(40*ms)), "mean 12.3 · p99 40 ms")
}

// A chart for Mermaid has no more edges and no more text than Mermaid draws; the
// heaviest stay, and what is left out is said in it and beside it.
func TestMermaidBounds(t *testing.T) {
	wide := func(n int) *sketch {
		s := &sketch{spots: []spot{{serviceRow: serviceRow{Name: "root"}, kind: graph.Root}}}
		for i := range n {
			s.spots = append(s.spots, spot{serviceRow: serviceRow{Name: fmt.Sprintf("service-of-a-long-name-%04d", i), Rate: figure(i + 1)}, kind: graph.Service})
			s.hops = append(s.hops, hop{edgeRow: edgeRow{Rate: figure(i + 1)}, from: 0, to: i + 1})
			if i > 0 {
				s.hops = append(s.hops, hop{edgeRow: edgeRow{Rate: figure(i+1) / 2}, from: i, to: i + 1})
			}
		}
		return s
	}
	for _, n := range []int{100, 251, 400, 3000} {
		text, left, err := wide(n).picture(View{}, Mermaid)
		if err != nil {
			t.Fatal(err)
		}
		edges := strings.Count(string(text), "linkStyle")
		if edges > draw.MermaidEdges || len(text) > draw.MermaidText {
			t.Errorf("%d services: %d edges in %d bytes", n, edges, len(text))
		}
		if all := edges == 2*n-1; all != (left == nil) || !all && !strings.Contains(string(text), "%% "+left[0]) {
			t.Errorf("%d services: %d edges, left out %q", n, edges, left)
		}
		// The last is the busiest, and its own edge the heaviest.
		if last := fmt.Sprintf("%04d", n-1); !strings.Contains(string(text), last) {
			t.Errorf("%d services: %s is not there", n, last)
		}
		// A box of which no edge is there is none of those that have some.
		for _, id := range regexp.MustCompile(`(?m)^  (n\d+)\[`).FindAllStringSubmatch(string(text), -1) {
			if !regexp.MustCompile(`(?m)(=>|->) ` + id[1] + `$`).Match(text) {
				t.Errorf("%d services: %s stands alone", n, id[1])
				break
			}
		}
	}
}

// Of edges as heavy as the lightest there are as many as there is room for, and none
// in the place of a heavier.
func TestBusiestTies(t *testing.T) {
	s := &sketch{spots: make([]spot, 2), hops: []hop{{edgeRow: edgeRow{Rate: 1}}, {edgeRow: edgeRow{Rate: 1}}, {edgeRow: edgeRow{Rate: 1}}, {edgeRow: edgeRow{Rate: 9}}}}
	if cut := s.busiest(2, 2); !cut || len(s.hops) != 2 || s.hops[1].Rate != 9 {
		t.Errorf("kept %+v", s.hops)
	}
}
