package report

import (
	"bytes"
	"fmt"
	"io"
	"math"
	"time"

	"github.com/sluice-mesh/sluice/budget"
	"github.com/sluice-mesh/sluice/internal/optimize"
)

// PlanTable writes the plan for people: the gateway and the totals, then a row
// for each service. colour is for terminals.
func PlanTable(w io.Writer, r *optimize.Report, colour bool) error {
	var b bytes.Buffer
	fmt.Fprintf(&b, "At the gateway  %s\n", gatewayLine(r))
	fmt.Fprintf(&b, "Budget          %s of %s cores, %s of %s, for %s of %s\n",
		cores(r.Plan.CPU), number(r.Request.CPULimit),
		megabytes(float64(r.Plan.Memory)), megabytes(r.Request.MemoryLimit),
		count(pods(&r.Plan), "sidecar"), count(len(r.Plan.Allotments), "service"))
	fmt.Fprintf(&b, "Scoping         %s ('sluice crs' prints them)\n", count(len(r.Resources), "Istio resource"))
	fmt.Fprintf(&b, "Log             %s\n", Lines(r.Observation))
	for _, remark := range r.Plan.Remarks {
		fmt.Fprintf(&b, "Remark          %s\n", remark)
	}
	b.WriteByte('\n')
	t := newTable(colour, "SERVICE", ">PODS", ">CORES", ">MEMORY", ">DEMAND", ">USED", ">LATENCY TO COME", ">LAST 10m", ">NEXT 10m", "WHY")
	for _, a := range r.Plan.Allotments {
		t.add(a.Service, fmt.Sprint(a.Pods), fmt.Sprintf("%.3f", float64(a.CPU)/1000), megabytes(float64(a.Memory)),
			fmt.Sprintf("%.3f", a.Demand), percent(a.Utilization), percent(a.LatencyShare),
			saving(r, a.CPU > budget.FloorCPU, a.Last), saving(r, true, a.Next), a.Reason)
	}
	t.print(&b)
	if r.Plan.Predicted.Mean > 0 {
		b.WriteString("\nLAST 10m is the mean latency that the last 10 millicores of each sidecar save, NEXT 10m what 10 more would.\n")
	}
	_, err := w.Write(b.Bytes())
	return err
}

// saving is what CPU saves, "-" where there is nothing to be said.
func saving(r *optimize.Report, bought bool, d time.Duration) string {
	if !bought || r.Plan.Predicted.Mean <= 0 {
		return "-"
	}
	return milliseconds(d.Round(time.Microsecond))
}

// gatewayLine is what was observed and what the plan foresees.
func gatewayLine(r *optimize.Report) string {
	g := r.Graph.Gateway
	if g.Requests == 0 {
		return "no request was observed: the plan rests on the sidecars' use alone"
	}
	line := fmt.Sprintf("observed %s requests/s", number(float64(rateOf(r.Graph, g.Rate))))
	if latencySeen(&g) {
		line += " at " + milliseconds(g.Mean)
	} else {
		line += " (how long they took was not logged)"
	}
	if p := r.Plan.Predicted; p.Mean > 0 {
		line += fmt.Sprintf("; foreseen with this plan %s requests/s at %s", number(p.Rate), milliseconds(p.Mean))
	}
	return line
}

// pods is how many sidecars the plan covers.
func pods(p *budget.Plan) int {
	n := 0
	for _, a := range p.Allotments {
		n += a.Pods
	}
	return n
}

// number is v to four significant digits, for people.
func number(v float64) string {
	switch {
	case math.IsNaN(v) || math.IsInf(v, 0):
		return "-"
	case math.Abs(v) >= 1e4 && math.Abs(v) < 1e15:
		return fmt.Sprintf("%.0f", v)
	}
	return fmt.Sprintf("%.4g", v)
}

func percent(v float64) string {
	if math.IsNaN(v) || math.IsInf(v, 0) {
		return "-"
	}
	return fmt.Sprintf("%.0f%%", 100*v)
}

func milliseconds(d time.Duration) string {
	return number(float64(d)/float64(time.Millisecond)) + " ms"
}

// megabytes are decimal, as the contract's floor of 128000000 bytes is.
func megabytes(bytes float64) string {
	return number(math.Round(bytes/1e5)/10) + " MB"
}

// count is n things in words.
func count(n int, thing string) string {
	if n == 1 {
		return "1 " + thing
	}
	return fmt.Sprintf("%d %ss", n, thing)
}
