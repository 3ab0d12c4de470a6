package whatif

import (
	"bytes"
	"encoding/csv"
	"encoding/json"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/sluice-mesh/sluice/internal/draw"
)

// JSON is `sluice whatif -o json` and the answer of POST /whatif.
func (r *Result) JSON() ([]byte, error) {
	var b bytes.Buffer
	b.WriteString("{\n\"rows\": [")
	for i, row := range r.Rows {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString("\n  {")
		for k, c := range row {
			if k > 0 {
				b.WriteString(", ")
			}
			b.Write(encode(c.Key))
			b.WriteString(": ")
			b.Write(encode(c.Value))
		}
		b.WriteByte('}')
	}
	l := r.Lines
	fmt.Fprintf(&b, "\n],\n\"warnings\": %s,\n\"printed\": %s,\n\"lines\": {\"total\": %d, \"used\": %d, \"repeated\": %d, \"skipped\": %d}\n}\n", list(r.Warnings), list(r.Printed), l.Total, l.Used, l.Repeated, l.Skipped)
	return b.Bytes(), nil
}

// encode is text, a number, a truth or nil as JSON.
func encode(v any) []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetEscapeHTML(false)
	if err := e.Encode(v); err != nil {
		return []byte("null") // no number that JSON has
	}
	return bytes.TrimSpace(b.Bytes())
}

func list(text []string) []byte {
	if len(text) == 0 {
		return []byte("[]")
	}
	return encode(text)
}

// columns are those of all rows: the scripts' in the order in which they come, then
// every row's own.
func (r *Result) columns() []string {
	var out []string
	seen := map[string]bool{}
	for _, k := range own {
		seen[k] = true
	}
	for _, row := range r.Rows {
		for _, c := range row {
			if !seen[c.Key] {
				seen[c.Key] = true
				out = append(out, c.Key)
			}
		}
	}
	return append(out, own...)
}

// cell is a value as text, "" for what is not known.
func cell(v any) string {
	switch v := v.(type) {
	case nil:
		return ""
	case float64:
		return strconv.FormatFloat(v, 'f', -1, 64)
	}
	return fmt.Sprint(v)
}

// CSV is `sluice whatif -o csv`.
func (r *Result) CSV() ([]byte, error) {
	var b bytes.Buffer
	w := csv.NewWriter(&b)
	columns := r.columns()
	_ = w.Write(columns) // Error tells
	for _, row := range r.Rows {
		line := make([]string, len(columns))
		for i, k := range columns {
			line[i] = cell(row.Get(k))
		}
		_ = w.Write(line)
	}
	w.Flush()
	return b.Bytes(), w.Error()
}

// short is a value as people read it.
func short(v any, clean func(string) string) string {
	switch v := v.(type) {
	case nil:
		return "–"
	case float64:
		if v == float64(int64(v)) || v >= 1000 || v <= -1000 {
			return strconv.FormatFloat(v, 'f', 0, 64)
		}
		return strconv.FormatFloat(v, 'g', 4, 64)
	case string:
		return clean(v)
	}
	return fmt.Sprint(v)
}

// Table writes the rows for people; clean makes text printable. Columns that say the
// same in every row are left out after the first few.
func (r *Result) Table(w io.Writer, clean func(string) string) error {
	columns := slices.DeleteFunc(r.columns(), func(k string) bool { return k == "method" || k == "p50_ms" && len(r.Rows) == 0 })
	lines := [][]string{{}}
	for _, k := range columns {
		lines[0] = append(lines[0], strings.ToUpper(clean(k)))
	}
	for _, row := range r.Rows {
		line := make([]string, len(columns))
		for i, k := range columns {
			line[i] = short(row.Get(k), clean)
		}
		lines = append(lines, line)
	}
	width := make([]int, len(columns))
	for _, line := range lines {
		for i, c := range line {
			width[i] = max(width[i], utf8.RuneCountInString(c))
		}
	}
	var b strings.Builder
	for _, line := range lines {
		for i, c := range line {
			pad := strings.Repeat(" ", width[i]-utf8.RuneCountInString(c))
			if r.numeric(columns[i]) {
				b.WriteString(pad + c)
			} else if i < len(line)-1 {
				b.WriteString(c + pad)
			} else {
				b.WriteString(c)
			}
			if i < len(line)-1 {
				b.WriteString("  ")
			}
		}
		b.WriteByte('\n')
	}
	_, err := io.WriteString(w, b.String())
	return err
}

// numeric tells whether a column holds a number in any row.
func (r *Result) numeric(key string) bool {
	return slices.ContainsFunc(r.Rows, func(row Row) bool { _, ok := row.Get(key).(float64); return ok })
}

// Chart draws mean and 99th percentile against the column with the most different
// numbers, a line for each value of the others that differ, or against the rows in turn.
func (r *Result) Chart() *draw.Chart {
	x := r.axis()
	c := &draw.Chart{Title: "What if", X: x, Y: "ms", Zero: true, Width: 760, Height: 360}
	if x == "" {
		c.X, c.Whole = "row", true
	}
	at := map[string]int{}
	for i, row := range r.Rows {
		px, ok := row.Get(x).(float64)
		if x == "" {
			px, ok = float64(i+1), true
		}
		if !ok {
			continue
		}
		group := r.group(row, x)
		for _, figure := range []string{"mean_ms", "p99_ms"} {
			y, ok := row.Get(figure).(float64)
			if !ok {
				continue
			}
			name := strings.TrimSuffix(figure, "_ms") + group
			k, known := at[name]
			if !known {
				if len(c.Series) >= maxSeries {
					continue
				}
				k = len(c.Series)
				at[name] = k
				c.Series = append(c.Series, draw.Series{Name: name})
			}
			c.Series[k].Points = append(c.Series[k].Points, draw.Point{X: px, Y: y})
		}
	}
	for i := range c.Series {
		slices.SortStableFunc(c.Series[i].Points, func(a, b draw.Point) int { return int(min(1, max(-1, (a.X-b.X)*1e9))) })
	}
	return c
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
			out = append(out, short(c.Value, func(s string) string { return cut(s, 40) }))
		}
	}
	if len(out) == 0 {
		return ""
	}
	return " " + strings.Join(out, " ")
}
