package draw

import (
	"bytes"
	"io"
	"math"
	"strings"
	"testing"
)

func TestChartGolden(t *testing.T) {
	c := &Chart{
		Title: "Latency over the rounds", X: "round", Y: "mean latency, ms", Whole: true, Zero: true,
		Series: []Series{
			{Name: "observed", Points: []Point{{X: 1, Y: 328.1, Tip: "round 1"}, {X: 2, Y: 270}, {X: 3, Y: math.NaN()}, {X: 4, Y: 255}}},
			{Name: hostile, Points: []Point{{X: 2, Y: 260.2}, {X: 3, Y: 250}}},
		},
		Marks: []Mark{{X: 3.5, Name: "now"}, {X: math.Inf(1), Name: "never"}},
	}
	var b bytes.Buffer
	if err := ChartSVG(&b, c); err != nil {
		t.Fatal(err)
	}
	elements(t, b.Bytes())
	golden(t, "chart.svg", b.Bytes())
}

// Figures of every size, or none, give a chart that ends and can be read.
func TestChartRanges(t *testing.T) {
	for name, ys := range map[string][]float64{
		"none": {}, "one": {3}, "same": {5, 5, 5}, "zero": {0, 0}, "tiny": {1e-12, 2e-12}, "huge": {1e300, -1e300},
		"not numbers": {math.NaN(), math.Inf(1)}, "negative": {-3, -1}, "wide": {1e-9, 1e9},
	} {
		c := &Chart{X: "x", Y: "y", Zero: name == "wide"}
		var s Series
		for i, y := range ys {
			s.Points = append(s.Points, Point{X: float64(i), Y: y})
		}
		c.Series = []Series{s}
		for _, write := range []func(io.Writer, *Chart) error{ChartSVG, ChartInline, ChartPNG} {
			var b bytes.Buffer
			if err := write(&b, c); err != nil {
				t.Errorf("%s: %v", name, err)
			}
			if strings.Contains(b.String(), "NaN") || strings.Contains(b.String(), "Inf") || b.Len() > 100_000 {
				t.Errorf("%s: %d bytes: %.300s", name, b.Len(), b.String())
			}
		}
	}
}

func TestTick(t *testing.T) {
	f := func(v, step float64, want string) {
		t.Helper()
		if got := tick(v, step); got != want {
			t.Errorf("tick(%v, %v) = %q, want %q", v, step, got, want)
		}
	}
	f(0.30000000000000004, 0.1, "0.3")
	f(-1e-17, 0.1, "0.0")
	f(150, 50, "150")
	f(2e9, 1e9, "2e+09")
}

func TestBarsGolden(t *testing.T) {
	c := &Chart{
		Title: "What if", X: "saves_ms", Y: "ms", Zero: true, Width: 760,
		Series: []Series{
			{Name: "mean", Points: []Point{{X: 0, Y: 229.1}, {X: 1, Y: 267.2}, {X: 2, Y: math.NaN()}}},
			{Name: "p99", Points: []Point{{X: 0, Y: 357.2}, {X: 1, Y: 1428.2}, {X: 7, Y: 3}}},
		},
		Rows: []string{"productpage: its application a fifth faster", hostile, "nothing known"},
	}
	var b bytes.Buffer
	if err := ChartSVG(&b, c); err != nil {
		t.Fatal(err)
	}
	elements(t, b.Bytes())
	golden(t, "bars.svg", b.Bytes())
	// Two bars of two rows; rows without a figure, and figures without a row, have none.
	// The longest, 1428.2 of an axis to 1428.2, ends at the right edge of the area.
	if n := strings.Count(b.String(), `class="dr-dot`); n != 4+2 { // and two samples at the names
		t.Errorf("%d bars and samples, want 6", n)
	}
}

// Names of eight lines stand beside and below one another, within the picture and apart
// from the axis' own, and no two lines look alike.
func TestManyLines(t *testing.T) {
	c := &Chart{Title: "t", X: "x", Y: "mean latency in ms", Width: 760, Height: 360}
	for i := range lineKinds {
		c.Series = append(c.Series, Series{Name: "p99 cpu_limit 123.5 " + strings.Repeat("w", i), Points: []Point{{X: 1, Y: float64(i)}, {X: 2, Y: 3}}})
	}
	s := c.compose()
	type span struct{ from, to, y float64 }
	var taken []span
	looks := map[string]bool{}
	for _, it := range s.items {
		if it.kind == shapeItem && strings.HasPrefix(it.class, "line") {
			l := lookOf(it.class)
			looks[l.stroke[light]] = true
		}
		if it.kind != textItem || it.class != "label" && it.text != c.Y {
			continue
		}
		now := span{it.at.x, it.at.x + otherFaces*textWidth(it.text, it.size, it.bold), it.at.y}
		if now.from < 0 || now.to > s.width {
			t.Errorf("%q reaches from %v to %v of %v", it.text, now.from, now.to, s.width)
		}
		for _, o := range taken {
			if o.y == now.y && o.from < now.to && now.from < o.to {
				t.Errorf("%q lies over another name", it.text)
			}
		}
		taken = append(taken, now)
	}
	if len(looks) != lineKinds || len(taken) != lineKinds+1 {
		t.Errorf("%d looks of %d names", len(looks), len(taken))
	}
}
