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
