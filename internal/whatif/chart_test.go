package whatif

import (
	"fmt"
	"strings"
	"testing"
)

// Rows with names, or of one each, are bars; sweeps are lines, one for each value of
// what else differs.
func TestChart(t *testing.T) {
	row := func(own ...any) Row {
		var r Row
		for i := 0; i < len(own); i += 2 {
			r = append(r, Cell{own[i].(string), own[i+1]})
		}
		return append(r, Cell{"cpu_limit", 4.2}, Cell{"mean_ms", 270.0}, Cell{"p99_ms", 400.0})
	}
	for what, c := range map[string]struct {
		rows  []Row
		bars  string
		lines string
	}{
		"helps":    {rows: []Row{row("name", "a: one pod more", "saves_ms", 3.0), row("name", "b: one pod more", "saves_ms", 2.0)}, bars: "[a: one pod more b: one pod more]"},
		"pods":     {rows: []Row{row("name", "details"), row("name", "reviews")}, bars: "[details reviews]"},
		"one":      {rows: []Row{row()}, bars: "[row 1]"},
		"some":     {rows: []Row{row("name", "open", "rate", 50.0), row("name", "open", "rate", 200.0), row("name", "clients", "rate", nil)}, bars: "[open rate 50 open rate 200 clients]"},
		"sweep":    {rows: []Row{row("times", 1.0), row("times", 2.0)}, lines: "[mean p99]"},
		"unnamed":  {rows: []Row{row(), row()}, lines: "[mean p99]"},
		"two":      {rows: []Row{row("times", 1.0, "b", 1.0), row("times", 2.0, "b", 1.0), row("times", 3.0, "b", 1.0), row("times", 1.0, "b", 2.0), row("times", 2.0, "b", 2.0), row("times", 3.0, "b", 2.0)}, lines: "[mean b 1 p99 b 1 mean b 2 p99 b 2]"},
		"of named": {rows: []Row{row("name", "old", "times", 1.0), row("name", "old", "times", 2.0), row("name", "new", "times", 1.0), row("name", "new", "times", 2.0)}, lines: "[mean old p99 old mean new p99 new]"},
	} {
		got := (&Result{Rows: c.rows}).Chart()
		var lines []string
		for _, s := range got.Series {
			lines = append(lines, s.Name)
		}
		if c.bars != "" {
			c.lines = "[mean p99]"
			if fmt.Sprint(got.Rows) != c.bars {
				t.Errorf("%s: bars %q, want %s", what, got.Rows, c.bars)
			}
		} else if got.Rows != nil {
			t.Errorf("%s: bars %q", what, got.Rows)
		}
		if fmt.Sprint(lines) != c.lines {
			t.Errorf("%s: lines %q, want %s", what, lines, c.lines)
		}
	}
}

// What is left out of a picture is said in it.
func TestChartSaysWhatIsLeftOut(t *testing.T) {
	var many, named Result
	for i := range 100 {
		named.Rows = append(named.Rows, Row{{"name", fmt.Sprint("s", i)}, {"mean_ms", 1.0}})
		for k := range 10 {
			many.Rows = append(many.Rows, Row{{"x", float64(i)}, {"k", float64(k)}, {"mean_ms", 1.0}})
		}
	}
	if c := named.Chart(); len(c.Rows) != mostBars || !strings.Contains(c.Title, "60 of 100 rows") {
		t.Errorf("%d bars, %q", len(c.Rows), c.Title)
	}
	if c := many.Chart(); len(c.Series) != maxSeries || !strings.Contains(c.Title, "8 of 10 lines") || len(c.Series[0].Points) != 100 {
		t.Errorf("%d lines, %q", len(c.Series), c.Title)
	}
}
