package api

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"html/template"
	"slices"
	"time"

	"github.com/sluice-mesh/sluice/internal/report"
	"github.com/sluice-mesh/sluice/internal/rounds"
)

// How much of a round the page shows; the documents have the rest.
const (
	maxSidecars = 300
	maxEdges    = 200
	maxWarnings = 100
	maxYAML     = 200_000
)

// view is what the page shows.
type view struct {
	Style   template.CSS
	Script  template.JS
	Version string
	Tag     string
	Round   int // 0 for none
	Latest  int
	Pinned  bool // it is not the last round
	Time    string
	Plan    planView
	Graph   graphView
	// Picture and Chart are drawn by package draw, which escapes.
	Picture, Chart template.HTML
	YAML           string
	YAMLCut        bool
	// More is how many rows each table leaves out.
	MoreSidecars, MoreEdges, MoreWarnings int
	Change                                *change // nil for a mesh's first round
	Past                                  []past  // the last first
}

// planView is what the page reads of a round's plan.
type planView struct {
	Totals    totalsView    `json:"totals"`
	Observed  gatewayView   `json:"observed"`
	Predicted gatewayView   `json:"predicted"`
	Sidecars  []sidecarView `json:"sidecars"`
	Resources []string      `json:"istio_cr"`
	Remarks   []string      `json:"remarks"`
	Warnings  []string      `json:"warnings"`
	cutDocument
}

type totalsView struct {
	CPU         float64 `json:"cpu"`
	CPULimit    float64 `json:"cpu_limit"`
	Memory      float64 `json:"memory"`
	MemoryLimit float64 `json:"memory_limit"`
}

// gatewayView speaks of requests at the ingress gateway.
type gatewayView struct {
	Mean *float64 `json:"mean_ms"`
	Rate *float64 `json:"requests_per_second"`
}

type sidecarView struct {
	Service     string   `json:"service"`
	Pods        int      `json:"pods"`
	CPU         float64  `json:"cpu"`
	Memory      float64  `json:"memory"`
	Utilization float64  `json:"utilization"`
	Latency     float64  `json:"latency_share"`
	Last        *float64 `json:"last_10m_saved_ms"`
	Next        *float64 `json:"next_10m_saves_ms"`
	Reason      string   `json:"reason"`
}

// cutDocument is what a document says of lists that did not fit.
type cutDocument struct {
	Truncated []struct {
		List string `json:"list"`
		Kept int    `json:"kept"`
		Of   int    `json:"of"`
	} `json:"truncated"`
}

// missing is how many rows of a list the document itself leaves out.
func (c *cutDocument) missing(list string) int {
	for _, t := range c.Truncated {
		if t.List == list {
			return t.Of - t.Kept
		}
	}
	return 0
}

// graphView is what the page reads of a round's graph.
type graphView struct {
	Edges []edgeView `json:"edges"`
	Lines struct {
		Total    int64 `json:"total"`
		Used     int64 `json:"used"`
		Repeated int64 `json:"repeated"`
		Skipped  int64 `json:"skipped"`
	} `json:"lines"`
	cutDocument
}

type edgeView struct {
	From       string   `json:"from"`
	To         string   `json:"to"`
	Rate       *float64 `json:"requests_per_second"`
	PerRequest *float64 `json:"calls_per_request"`
	Mean       *float64 `json:"mean_ms"`
	P99        *float64 `json:"p99_ms"`
	Errors     float64  `json:"error_ratio"`
}

// show fills in the round and what the rounds before it tell, as far as the page has
// room for them.
func (v *view) show(r *rounds.Round, line []summary, before *rounds.Round) error {
	v.Round, v.Time = r.Number, r.Time.Format(time.RFC1123)
	if err := v.read(r); err != nil {
		return err
	}
	if err := v.remember(line, before); err != nil {
		return err
	}
	picture, err := report.PagePicture(r.Graph)
	if err != nil {
		return fmt.Errorf("api: the picture of round %d: %w", r.Number, err)
	}
	v.Picture = template.HTML(picture)
	v.cut()
	return nil
}

// read reads the round's documents.
func (v *view) read(r *rounds.Round) error {
	if err := json.Unmarshal(r.Plan, &v.Plan); err != nil {
		return fmt.Errorf("api: the plan of round %d: %w", r.Number, err)
	}
	if err := json.Unmarshal(r.Graph, &v.Graph); err != nil {
		return fmt.Errorf("api: the graph of round %d: %w", r.Number, err)
	}
	return nil
}

// cut keeps of each table what weighs most, in the document's order, and says how
// much it leaves out.
func (v *view) cut() {
	p, g := &v.Plan, &v.Graph
	p.Sidecars, v.MoreSidecars = heaviest(p.Sidecars, maxSidecars, func(s sidecarView) float64 { return s.CPU })
	g.Edges, v.MoreEdges = heaviest(g.Edges, maxEdges, func(e edgeView) float64 { return orZero(e.Rate) })
	p.Warnings, v.MoreWarnings = heaviest(p.Warnings, maxWarnings, func(string) float64 { return 0 })
	v.MoreSidecars += p.missing("sidecars")
	v.MoreWarnings += p.missing("warnings")
	v.MoreEdges += g.missing("edges")
	yaml := report.Stream(p.Resources)
	if v.YAMLCut = len(yaml) > maxYAML || p.missing("istio_cr") > 0; len(yaml) > maxYAML {
		yaml = yaml[:bytes.LastIndexByte(yaml[:maxYAML], '\n')+1]
	}
	v.YAML = string(yaml)
}

// heaviest is at most n of the rows, and how many are left out.
func heaviest[T any](rows []T, n int, weight func(T) float64) ([]T, int) {
	if len(rows) <= n {
		return rows, 0
	}
	order := make([]int, len(rows))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(weight(rows[b]), weight(rows[a])) })
	order = order[:n]
	slices.Sort(order)
	kept := make([]T, n)
	for i, at := range order {
		kept[i] = rows[at]
	}
	return kept, len(rows) - n
}

func orZero(f *float64) float64 {
	if f == nil {
		return 0
	}
	return *f
}
