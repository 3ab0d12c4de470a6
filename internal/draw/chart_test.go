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
