package whatif

import (
	"fmt"
	"slices"
	"strings"

	"github.com/sluice-mesh/sluice/internal/draw"
)

// figures are what is drawn of each row.
var figures = []string{"mean_ms", "p99_ms"}

// Chart draws mean and 99th percentile against the column with the most different
// numbers, a line for each value of the others that differ; where that comes to lines
// of a single point, as rows with names do, it draws bars, one row below the other.
func (r *Result) Chart() *draw.Chart {
	x := r.axis()
	c := &draw.Chart{Title: "What if", X: x, Y: "ms", Zero: true, Width: 760, Height: 360}
	if r.named(x) {
		r.bars(c)
		return c
	}
	if x == "" {
		c.X, c.Whole = "row", true
	}
	at, left := map[string]int{}, 0
	for i, row := range r.Rows {
		px, ok := row.Get(x).(float64)
		if x == "" {
			px, ok = float64(i+1), true
		}
		if !ok {
			continue
		}
		group := r.group(row, x)
		for _, figure := range figures {
			y, ok := row.Get(figure).(float64)
			if !ok {
				continue
			}
			name := strings.TrimSuffix(figure, "_ms") + group
			k, known := at[name]
			if !known {
				if len(c.Series) >= maxSeries {
					at[name] = maxSeries
					left++
					continue
				}
				k = len(c.Series)
				at[name] = k
				c.Series = append(c.Series, draw.Series{Name: name})
			}
			if k < maxSeries {
				c.Series[k].Points = append(c.Series[k].Points, draw.Point{X: px, Y: y})
			}
		}
	}
	if left > 0 {
		c.Title = fmt.Sprintf("What if (%d of %d lines)", maxSeries, maxSeries+left)
	}
	for i := range c.Series {
		slices.SortStableFunc(c.Series[i].Points, func(a, b draw.Point) int { return int(min(1, max(-1, (a.X-b.X)*1e9))) })
	}
	return c
}

// named tells whether rows are better drawn as bars: there is no number that all of them
// have to draw them against, or a line through them would be of one point.
func (r *Result) named(x string) bool {
	if len(r.Rows) > mostSweep && x != "" {
		return false
	}
	points := map[string]int{}
	for _, row := range r.Rows {
		if _, ok := row.Get(x).(float64); !ok && r.text() {
			return true
		}
		points[r.group(row, x)]++
	}
	for _, n := range points {
		if n > 1 {
			return false
		}
	}
	return true
}

// text tells whether rows have text of the script's own that differs.
func (r *Result) text() bool {
	for _, k := range r.columns() {
		if k == own[0] {
			break
		}
		if r.varies(k) && slices.ContainsFunc(r.Rows, func(row Row) bool { _, is := row.Get(k).(string); return is }) {
			return true
		}
	}
	return false
}

// mostBars is how many rows are drawn as bars, mostSweep beyond how many they are taken
// for a sweep.
const (
	mostBars  = 60
	mostSweep = 300
)

// bars draws a bar for each row, named by the script's own columns that differ.
func (r *Result) bars(c *draw.Chart) {
	rows := r.Rows[:min(len(r.Rows), mostBars)]
	if len(rows) < len(r.Rows) {
		c.Title = fmt.Sprintf("What if (the first %d of %d rows)", len(rows), len(r.Rows))
	}
	for _, figure := range figures {
		s := draw.Series{Name: strings.TrimSuffix(figure, "_ms")}
		for i, row := range rows {
			if y, ok := row.Get(figure).(float64); ok {
				s.Points = append(s.Points, draw.Point{X: float64(i), Y: y})
			}
		}
		if s.Points != nil {
			c.Series = append(c.Series, s)
		}
	}
	for i, row := range rows {
		name := strings.TrimSpace(r.barName(row))
		if name == "" {
			name = fmt.Sprintf("row %d", i+1)
		}
		c.Rows = append(c.Rows, name)
	}
}

// barName is a row's text, or else what its own columns say that differ.
func (r *Result) barName(row Row) string {
	var words []string
	for _, c := range row {
		if s, ok := c.Value.(string); ok && !slices.Contains(own, c.Key) {
			words = append(words, s)
		}
	}
	if name := strings.Join(words, " "); name != "" && r.unique(words) {
		return name
	}
	return r.group(row, "")
}

// unique tells whether one row alone has these texts.
func (r *Result) unique(words []string) bool {
	n := 0
	for _, row := range r.Rows {
		var have []string
		for _, c := range row {
			if s, ok := c.Value.(string); ok && !slices.Contains(own, c.Key) {
				have = append(have, s)
			}
		}
		if slices.Equal(have, words) {
			n++
		}
	}
	return n == 1
}

// maxSeries is how many lines of a chart eyes can tell apart.
const maxSeries = 8

// axis is the column to draw against, that of the most different numbers, "" for none.
func (r *Result) axis() (best string) {
	most := 1
	for _, k := range r.columns() {
		if k == "mean_ms" {
			break
		}
		different := map[float64]bool{}
		for _, row := range r.Rows {
			if f, ok := row.Get(k).(float64); ok {
				different[f] = true
			}
		}
		if k != "cpu" && len(different) > most {
			best, most = k, len(different)
		}
	}
	return best
}

func (r *Result) varies(key string) bool {
	return slices.ContainsFunc(r.Rows, func(row Row) bool { return row.Get(key) != r.Rows[0].Get(key) })
}

// group names the line that a row belongs to by its own columns that differ.
func (r *Result) group(row Row, x string) string {
	var out []string
	for _, c := range row {
		if (c.Key == "cpu_limit" || !slices.Contains(own, c.Key)) && c.Key != x && r.varies(c.Key) {
			value := short(c.Value, func(s string) string { return cut(s, 40) })
			if _, number := c.Value.(float64); number {
				value = strings.TrimSuffix(c.Key, "_ms") + " " + value
			}
			out = append(out, value)
		}
	}
	if len(out) == 0 {
		return ""
	}
	return " " + strings.Join(out, " ")
}
