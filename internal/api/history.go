package api

import (
	"cmp"
	"encoding/json"
	"fmt"
	"html/template"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/sluice-mesh/sluice/internal/draw"
	"github.com/sluice-mesh/sluice/internal/request"
	"github.com/sluice-mesh/sluice/internal/rounds"
)

// How far the page looks back: so many rounds of one mesh, among at most so many
// rounds, reading at most so many bytes of documents that it has not read yet.
const (
	maxPast    = 60
	maxLook    = 400
	maxHistory = 16 << 20
)

// summary is what is kept in memory of a round that the page has looked at.
type summary struct {
	number, mesh        int
	time                time.Time
	cpu, cpuLimit       float64
	observed, predicted gatewayView
}

// history is the summaries of rounds; it lets those go that are no longer near.
type history struct{ known map[int]summary }

// of is the rounds of round's mesh up to it, the last first, and the whole of the
// one before it, nil for none.
func (h *history) of(store *rounds.Store, round *rounds.Round) (line []summary, before *rounds.Round) {
	seen := make(map[int]summary)
	read := 0
	for looked, n := range slices.Backward(store.Numbers()) {
		if n > round.Number {
			continue
		}
		if len(store.Numbers())-looked > maxLook || len(line) == maxPast || read > maxHistory {
			break
		}
		s, ok := h.known[n]
		if !ok {
			r, err := store.Get(n)
			if err != nil {
				continue // it has been let go since
			}
			read += len(r.Plan) + len(r.Graph) + len(r.DOT)
			s = summarize(r)
		}
		seen[n] = s
		if s.mesh != round.Mesh {
			continue
		}
		if len(line) == 1 {
			before, _ = store.Get(n) // nil when it has been let go
		}
		line = append(line, s)
	}
	h.known = seen
	return line, before
}

// summarize reads the few figures of a round; what cannot be read is unknown.
func summarize(r *rounds.Round) summary {
	var p struct {
		Totals    totalsView  `json:"totals"`
		Observed  gatewayView `json:"observed"`
		Predicted gatewayView `json:"predicted"`
	}
	_ = json.Unmarshal(r.Plan, &p)
	return summary{r.Number, r.Mesh, r.Time, p.Totals.CPU, p.Totals.CPULimit, p.Observed, p.Predicted}
}

// past is a row of the rounds' table: what was foreseen for a round by the one
// before it, and what came.
type past struct {
	Number         int
	Time           string
	CPU, CPULimit  float64
	Foreseen, Seen *float64
	Off            *float64 // how far it was off, of what came
}

// remember fills in what the rounds before tell.
func (v *view) remember(line []summary, before *rounds.Round) error {
	for i, s := range line {
		p := past{Number: s.number, Time: s.time.Format(time.DateTime), CPU: s.cpu, CPULimit: s.cpuLimit, Seen: s.observed.Mean}
		if i+1 < len(line) {
			p.Foreseen = line[i+1].predicted.Mean
		}
		if p.Foreseen != nil && p.Seen != nil && *p.Seen > 0 {
			off := *p.Foreseen / *p.Seen - 1
			p.Off = &off
		}
		v.Past = append(v.Past, p)
	}
	var err error
	if v.Chart, err = v.chart(line); err != nil {
		return err
	}
	if before != nil {
		v.Change, err = changed(before, v)
	}
	return err
}

// chart draws what was foreseen against what came; the last promise is for the round
// to come.
func (v *view) chart(line []summary) (template.HTML, error) {
	seen, foreseen := draw.Series{Name: "observed"}, draw.Series{Name: "predicted the round before"}
	for i, s := range slices.Backward(line) {
		x := float64(s.number)
		if y := s.observed.Mean; y != nil {
			seen.Points = append(seen.Points, draw.Point{X: x, Y: *y, Tip: fmt.Sprintf("round %d: observed %.4g ms", s.number, *y)})
		}
		next := s.number + 1
		if i > 0 {
			next = line[i-1].number
		}
		if y := s.predicted.Mean; y != nil {
			foreseen.Points = append(foreseen.Points, draw.Point{X: float64(next), Y: *y, Tip: fmt.Sprintf("round %d: predicted %.4g ms", next, *y)})
		}
	}
	if len(seen.Points)+len(foreseen.Points) == 0 {
		return "", nil
	}
	return inline(&draw.Chart{Title: "Predicted and observed mean latency", X: "round", Y: "ms", Whole: true, Zero: true, Width: 760, Series: []draw.Series{seen, foreseen}})
}

// inline is a chart as a part of the page; package draw escapes what it writes.
func inline(c *draw.Chart) (template.HTML, error) {
	var b strings.Builder
	err := draw.ChartInline(&b, c)
	return template.HTML(b.String()), err
}

// change is what is different from the round before, of the same mesh.
type change struct {
	Before int
	// Budget tells of the limits that are others.
	Budget []string
	// Rows are the services whose sidecars get other CPU, the largest change first.
	Rows []changeRow
	More int
	// NewCalls and OldCalls are edges that were not there, and are no longer.
	NewCalls, OldCalls         []string
	MoreNewCalls, MoreOldCalls int
}

// changeRow is a service's sidecars before and now; nil where it was or is not there.
type changeRow struct {
	Service  string
	Was, Now *float64 // cores
	By       float64
	Why      string
}

// maxChanges is how many rows of what changed are shown.
const maxChanges = 20

// changed compares the round before with v, whose tables must be whole still.
func changed(before *rounds.Round, v *view) (*change, error) {
	old := new(view)
	if err := old.read(before); err != nil {
		return nil, err
	}
	c := &change{Before: before.Number}
	c.budget(&old.Plan.Totals, &v.Plan.Totals)
	c.sidecars(old.Plan.Sidecars, v.Plan.Sidecars)
	if old.Graph.missing("edges")+v.Graph.missing("edges") == 0 {
		c.NewCalls, c.MoreNewCalls = calls(v.Graph.Edges, old.Graph.Edges)
		c.OldCalls, c.MoreOldCalls = calls(old.Graph.Edges, v.Graph.Edges)
	}
	return c, nil
}

func (c *change) budget(old, now *totalsView) {
	if old.CPULimit != now.CPULimit {
		c.Budget = append(c.Budget, fmt.Sprintf("%.4g cores instead of %.4g", now.CPULimit, old.CPULimit))
	}
	if old.MemoryLimit != now.MemoryLimit {
		c.Budget = append(c.Budget, fmt.Sprintf("%.0f MB instead of %.0f", now.MemoryLimit/1e6, old.MemoryLimit/1e6))
	}
}

func (c *change) sidecars(old, now []sidecarView) {
	was := make(map[string]*sidecarView, len(old))
	for i := range old {
		was[old[i].Service] = &old[i]
	}
	var rows []changeRow
	for i := range now {
		n := &now[i]
		o := was[n.Service]
		delete(was, n.Service)
		switch {
		case o == nil:
			rows = append(rows, changeRow{n.Service, nil, &n.CPU, n.CPU, n.Reason})
		case o.CPU != n.CPU:
			rows = append(rows, changeRow{n.Service, &o.CPU, &n.CPU, n.CPU - o.CPU, n.Reason})
		}
	}
	for i := range old {
		if o := &old[i]; was[o.Service] != nil {
			rows = append(rows, changeRow{o.Service, &o.CPU, nil, -o.CPU, "it is not in this round's request"})
		}
	}
	slices.SortStableFunc(rows, func(a, b changeRow) int { return cmp.Compare(math.Abs(b.By), math.Abs(a.By)) })
	c.Rows, c.More = rows, 0
	if len(rows) > maxChanges {
		c.Rows, c.More = rows[:maxChanges], len(rows)-maxChanges
	}
}

// calls names the edges in a that are not in b.
func calls(a, b []edgeView) (names []string, more int) {
	type ends struct{ from, to string }
	known := make(map[ends]bool, len(b))
	for i := range b {
		known[ends{b[i].From, b[i].To}] = true
	}
	for i := range a {
		switch {
		case known[ends{a[i].From, a[i].To}]:
		case len(names) < maxChanges:
			names = append(names, request.Shorten(a[i].From)+" → "+request.Shorten(a[i].To))
		default:
			more++
		}
	}
	return names, more
}
