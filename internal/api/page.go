package api

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"html/template"
	"net/http"
	"time"

	"github.com/sluice-mesh/sluice/internal/request"
	"github.com/sluice-mesh/sluice/internal/rounds"
)

var (
	//go:embed page.html
	pageText string
	//go:embed page.css
	pageStyle string
)

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"cores": func(f float64) string { return fmt.Sprintf("%.3g", f) },
	"mega":  func(f float64) string { return fmt.Sprintf("%.0f", f/1e6) },
	"share": func(f float64) string { return fmt.Sprintf("%.0f %%", 100*f) },
	"figure": func(f *float64) string {
		if f == nil {
			return "–"
		}
		return fmt.Sprintf("%.4g", *f)
	},
	"short": request.Shorten,
	"long":  func(s string) string { return request.Cut(s, 3*request.MaxQuoted) },
}).Parse(pageText))

// pagePolicy lets the page load nothing and run nothing but its own style.
var pagePolicy = func() string {
	sum := sha256.Sum256([]byte(pageStyle))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}()

// maxRows is how many rows of a table the page shows; the documents have the rest.
const maxRows = 200

// view is what the page shows.
type view struct {
	Style   template.CSS
	Version string
	Round   int // 0 for none
	Time    string
	Plan    planView
	Graph   graphView
	// More is how many rows each table leaves out.
	MoreSidecars, MoreEdges, MoreWarnings int
	Earlier                               []int
}

// planView is what the page reads of a round's plan.
type planView struct {
	Totals struct {
		CPU         float64 `json:"cpu"`
		CPULimit    float64 `json:"cpu_limit"`
		Memory      float64 `json:"memory"`
		MemoryLimit float64 `json:"memory_limit"`
	} `json:"totals"`
	Observed, Predicted struct {
		Mean *float64 `json:"mean_ms"`
		Rate *float64 `json:"requests_per_second"`
	}
	Sidecars []struct {
		Service     string  `json:"service"`
		Pods        int     `json:"pods"`
		CPU         float64 `json:"cpu"`
		Memory      float64 `json:"memory"`
		Utilization float64 `json:"utilization"`
		Latency     float64 `json:"latency_share"`
		Reason      string  `json:"reason"`
	} `json:"sidecars"`
	Warnings []string `json:"warnings"`
	cutDocument
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
	Edges []struct {
		From       string   `json:"from"`
		To         string   `json:"to"`
		Rate       *float64 `json:"requests_per_second"`
		PerRequest *float64 `json:"calls_per_request"`
		Mean       *float64 `json:"mean_ms"`
		P99        *float64 `json:"p99_ms"`
		Errors     float64  `json:"error_ratio"`
	} `json:"edges"`
	Lines struct {
		Total    int64 `json:"total"`
		Used     int64 `json:"used"`
		Repeated int64 `json:"repeated"`
		Skipped  int64 `json:"skipped"`
	} `json:"lines"`
	cutDocument
}

// page is GET /: the last round for people, from its documents.
func (s *Server) page(w http.ResponseWriter, r *http.Request) {
	v := view{Style: template.CSS(pageStyle), Version: s.o.Version}
	if round, err := s.store.Get(s.store.Latest()); err == nil {
		if err := v.show(round); err != nil {
			s.fail(w, r, err)
			return
		}
		v.Earlier = earlier(s.store.Numbers())
	}
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, &v); err != nil {
		s.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Security-Policy", pagePolicy)
	w.Header().Set("Referrer-Policy", "no-referrer")
	s.send(w, r, http.StatusOK, "text/html; charset=utf-8", b.Bytes())
}

// show reads a round's documents, as far as the page has room for them.
func (v *view) show(r *rounds.Round) error {
	v.Round, v.Time = r.Number, r.Time.Format(time.RFC1123)
	if err := json.Unmarshal(r.Plan, &v.Plan); err != nil {
		return fmt.Errorf("api: the plan of round %d: %w", r.Number, err)
	}
	if err := json.Unmarshal(r.Graph, &v.Graph); err != nil {
		return fmt.Errorf("api: the graph of round %d: %w", r.Number, err)
	}
	v.Plan.Sidecars, v.MoreSidecars = head(v.Plan.Sidecars)
	v.Plan.Warnings, v.MoreWarnings = head(v.Plan.Warnings)
	v.Graph.Edges, v.MoreEdges = head(v.Graph.Edges)
	v.MoreSidecars += v.Plan.missing("sidecars")
	v.MoreWarnings += v.Plan.missing("warnings")
	v.MoreEdges += v.Graph.missing("edges")
	return nil
}

// head is the first rows of a table, and how many are left out.
func head[T any](rows []T) ([]T, int) {
	n := min(len(rows), maxRows)
	return rows[:n], len(rows) - n
}

// earlier is the rounds before the last, the last of them first, a few.
func earlier(numbers []int) []int {
	var out []int
	for i := len(numbers) - 2; i >= 0 && len(out) < 20; i-- {
		out = append(out, numbers[i])
	}
	return out
}
