package cli

import (
	"bytes"
	"encoding/json"
	"fmt"
	"math"
	"strings"
	"time"

	"github.com/sluice-mesh/sluice/internal/report"
)

// roundsPrinter prints rounds as they come.
type roundsPrinter struct {
	env  *Env
	json bool
	head bool // the table's has been printed
	// before holds the last round of each mesh, by its services.
	before map[string]*roundDocument
}

// maxMeshes is of how many meshes the last round is kept; a server with more of them
// is told about without comparing.
const maxMeshes = 100

// roundLine is a round on one line. What is not known is null.
type roundLine struct {
	Round    int            `json:"round"`
	Time     *time.Time     `json:"time"`
	Services int            `json:"services"`
	Observed gatewayFigures `json:"observed"`
	// Foreseen is what the round before predicted for this one.
	Foreseen    *float64       `json:"foreseen_mean_ms"`
	Predicted   gatewayFigures `json:"predicted"`
	CPU         float64        `json:"cpu"`
	CPULimit    float64        `json:"cpu_limit"`
	Memory      float64        `json:"memory"`
	MemoryLimit float64        `json:"memory_limit"`
	Warnings    int            `json:"warnings"`
	// Changed is the service whose sidecars' CPU changed most, By how many cores.
	Changed string  `json:"changed,omitempty"`
	By      float64 `json:"by,omitempty"`
}

func (p *roundsPrinter) print(d *roundDocument) error {
	line := p.line(d)
	if p.json {
		var b bytes.Buffer
		e := json.NewEncoder(&b)
		e.SetEscapeHTML(false)
		if err := e.Encode(line); err != nil {
			return err
		}
		return p.env.print(b.Bytes())
	}
	text := line.row()
	if !p.head {
		p.head = true
		text = roundsHead + text
	}
	return p.env.print([]byte(text))
}

// line compares d with the round before of the same services.
func (p *roundsPrinter) line(d *roundDocument) *roundLine {
	t := &d.Totals
	l := &roundLine{Round: d.Round, Services: len(d.Sidecars), Observed: d.Observed, Predicted: d.Predicted,
		CPU: t.CPU, CPULimit: t.CPULimit, Memory: t.Memory, MemoryLimit: t.MemoryLimit, Warnings: len(d.Warnings)}
	if !d.Time.IsZero() {
		l.Time = &d.Time
	}
	var names strings.Builder
	for _, s := range d.Sidecars {
		names.WriteString(s.Service + "\x00")
	}
	if before := p.before[names.String()]; before != nil {
		l.Foreseen = before.Predicted.Mean
		l.change(before, d)
	}
	if p.before == nil || len(p.before) >= maxMeshes {
		p.before = make(map[string]*roundDocument)
	}
	p.before[names.String()] = d
	return l
}

// change finds what changed most; both rounds list the same services.
func (l *roundLine) change(before, now *roundDocument) {
	for i, s := range now.Sidecars {
		if by := s.CPU - before.Sidecars[i].CPU; math.Abs(by) > math.Abs(l.By) {
			l.Changed, l.By = s.Service, math.Round(by*1000)/1000
		}
	}
}

const roundsHead = "ROUND  TIME      OBSERVED  PREDICTED    OFF  REQUESTS/S      NEXT   CORES      OF       MB      OF  WARNINGS  CHANGED MOST\n"

// row is the line of the table, under roundsHead.
func (l *roundLine) row() string {
	at, off, changed := "-", "-", "-"
	if l.Time != nil {
		at = l.Time.Local().Format(time.TimeOnly)
	}
	if l.Foreseen != nil && l.Observed.Mean != nil && *l.Observed.Mean > 0 {
		off = fmt.Sprintf("%+.0f%%", 100*(*l.Foreseen / *l.Observed.Mean - 1))
	}
	if l.Changed != "" {
		changed = fmt.Sprintf("%s %+.3f", report.Printable(l.Changed, 60), l.By)
	}
	return fmt.Sprintf("%5d  %-8s  %8s  %9s  %5s  %10s  %8s  %6s  %6s  %7s  %6s  %8d  %s\n", l.Round, at, figure(l.Observed.Mean, " ms"), figure(l.Foreseen, " ms"), off,
		figure(l.Observed.Rate, ""), figure(l.Predicted.Mean, " ms"), figure(&l.CPU, ""), figure(&l.CPULimit, ""), megabytes(l.Memory), megabytes(l.MemoryLimit), l.Warnings, changed)
}

func figure(v *float64, unit string) string {
	if v == nil {
		return "-"
	}
	return fmt.Sprintf("%.4g%s", *v, unit)
}

func megabytes(bytes float64) string { return fmt.Sprintf("%.0f", bytes/1e6) }
