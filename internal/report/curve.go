package report

import (
	"bytes"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/sluice-mesh/sluice/internal/draw"
	"github.com/sluice-mesh/sluice/internal/optimize"
)

// curveRow is one point of a curve: the plan for a limit, and what it promises.
type curveRow struct {
	CPULimit cores   `json:"cpu_limit"`
	CPU      cores   `json:"cpu"`
	MeanMS   *millis `json:"mean_ms"`
	P99MS    *millis `json:"p99_ms"`
	Rate     *figure `json:"requests_per_second"`
}

// curve is predicted latency against the budget.
type curve struct {
	Points []curveRow `json:"points"`
	// Knee is the budget beyond which more gains little; Limit the present one.
	Knee   cores  `json:"knee"`
	Limit  cores  `json:"cpu_limit"`
	Method string `json:"method"`
	// Doubt says why the knee is not sure.
	Doubt string `json:"doubt,omitempty"`
}

func curveOf(c *optimize.Curve) curve {
	out := curve{Knee: cores(c.Knee), Limit: cores(c.Limit), Method: method(c), Doubt: c.Doubt}
	for _, p := range c.Points {
		out.Points = append(out.Points, curveRow{cores(p.Limit), cores(p.CPU),
			known(p.Mean > 0, millis(p.Mean)), known(p.P99 > 0, millis(p.P99)), known(p.Rate > 0, figure(p.Rate))})
	}
	return out
}

func method(c *optimize.Curve) string {
	if c.Played {
		return "rehearsal"
	}
	return "closed form"
}

// Curve is `sluice plan --curve -o json` and GET /rounds/{n}/curve.
func Curve(c *optimize.Curve) ([]byte, error) {
	var d document
	v := curveOf(c)
	d.set("knee", v.Knee)
	d.set("cpu_limit", v.Limit)
	d.set("method", v.Method)
	if v.Doubt != "" {
		d.set("doubt", v.Doubt)
	}
	d.list("points", 1, rowsOf(v.Points, nil))
	return d.finish(0)
}

// maxBar is the width of the longest bar of a CurveTable.
const maxBar = 40

// CurveTable is `sluice plan --curve`: a bar for each budget.
func CurveTable(w io.Writer, c *optimize.Curve) error {
	longest := time.Duration(1)
	for _, p := range c.Points {
		longest = max(longest, p.Mean)
	}
	var b strings.Builder
	fmt.Fprintf(&b, "%9s %9s %10s %10s %10s\n", "LIMIT", "CPU", "MEAN", "P99", "REQUESTS/S")
	for _, p := range c.Points {
		mark := ""
		switch p.Limit {
		case c.Limit:
			mark = "  ← the present limit"
		case c.Knee:
			mark = "  ← the knee: more gains little"
		}
		bar := strings.Repeat("█", max(1, int(float64(maxBar)*float64(p.Mean)/float64(longest))))
		fmt.Fprintf(&b, "%9s %9s %10s %10s %10.4g  %s%s\n", cores(p.Limit), cores(p.CPU), curveMS(p.Mean), curveMS(p.P99), p.Rate, bar, mark)
	}
	fmt.Fprintf(&b, "cores for all sidecars together; predicted by %s\n", method(c))
	if c.Doubt != "" {
		fmt.Fprintf(&b, "the knee is not sure, and plans spend more than it: %s\n", c.Doubt)
	}
	_, err := io.WriteString(w, b.String())
	return err
}

func curveMS(d time.Duration) string {
	if d <= 0 {
		return "–"
	}
	return fmt.Sprintf("%.4g ms", float64(d)/1e6)
}

// CurvePicture is the curve as an SVG that stands by itself.
func CurvePicture(c *optimize.Curve) ([]byte, error) {
	var b bytes.Buffer
	err := draw.ChartSVG(&b, CurveChart(c))
	return b.Bytes(), err
}

// CurveChart is the curve as a picture.
func CurveChart(c *optimize.Curve) *draw.Chart {
	mean, p99 := draw.Series{Name: "mean"}, draw.Series{Name: "99th percentile"}
	for _, p := range c.Points {
		x := float64(p.Limit) / 1000
		mean.Points = append(mean.Points, curvePoint(x, p.Mean, "mean"))
		if p.P99 > 0 {
			p99.Points = append(p99.Points, curvePoint(x, p.P99, "p99"))
		}
	}
	out := &draw.Chart{Title: "Predicted latency against budget", X: "cores for all sidecars", Y: "ms", Zero: true, Width: 760,
		Series: []draw.Series{mean}, Marks: []draw.Mark{{X: float64(c.Limit) / 1000, Name: "limit"}, {X: float64(c.Knee) / 1000, Name: "knee"}}}
	if len(p99.Points) > 0 {
		out.Series = append(out.Series, p99)
	}
	return out
}

// curvePoint is a budget in cores with one of its latencies.
func curvePoint(x float64, d time.Duration, what string) draw.Point {
	ms := float64(d) / 1e6
	return draw.Point{X: x, Y: ms, Tip: fmt.Sprintf("%.4g cores: %s %.4g ms", x, what, ms)}
}
