package whatif

import (
	"encoding/json"
	"fmt"
	"math"
	"strconv"
	"time"

	"github.com/sluice-mesh/sluice/internal/optimize"
)

// Cell is one column of a row: text, a number, true or false, or nil for what is
// not known.
type Cell struct {
	Key   string
	Value any
}

// MarshalJSON writes a pair.
func (c Cell) MarshalJSON() ([]byte, error) { return json.Marshal([2]any{c.Key, c.Value}) }

// UnmarshalJSON reads what MarshalJSON wrote.
func (c *Cell) UnmarshalJSON(b []byte) error {
	var pair [2]any
	if err := json.Unmarshal(b, &pair); err != nil {
		return err
	}
	key, ok := pair[0].(string)
	if !ok {
		return fmt.Errorf("a column without a name: %.40s", b)
	}
	*c = Cell{key, pair[1]}
	return nil
}

// Row is one question and its answer: the columns of the script's own first.
type Row []Cell

// Get is the value of a column, nil for none.
func (r Row) Get(key string) any {
	for _, c := range r {
		if c.Key == key {
			return c.Value
		}
	}
	return nil
}

// Result is what a run comes to.
type Result struct {
	Rows     []Row    `json:"rows"`
	Warnings []string `json:"warnings"`
	// Printed is what the script printed, a line each.
	Printed []string `json:"printed"`
	// Lines is what became of the lines of the log that all rests on.
	Lines optimize.Lines `json:"lines"`
}

// warn adds warnings that are not there yet.
func (r *Result) warn(warnings []string) {
next:
	for _, w := range warnings {
		for _, have := range r.Warnings {
			if have == w {
				continue next
			}
		}
		r.Warnings = append(r.Warnings, w)
	}
}

// own are the columns that every row has.
var own = []string{"cpu_limit", "cpu", "mean_ms", "p50_ms", "p99_ms", "requests_per_second", "throttles_first", "utilization", "allocation", "method"}

// row is an answer as a row after the script's columns.
func (a *Answer) row(columns []Cell) Row {
	r := append(Row(nil), columns...)
	allocation, method := "planned", "closed form"
	if a.mesh.fixed != nil {
		allocation = "fixed"
	}
	if a.Played {
		method = "rehearsal"
	}
	first := any(nil)
	if a.First >= 0 {
		first = a.first()
	}
	return append(r,
		Cell{"cpu_limit", float64(a.mesh.limits.CPU) / 1000}, Cell{"cpu", float64(a.CPU) / 1000},
		Cell{"mean_ms", told(a.Mean)}, Cell{"p50_ms", told(a.P50)}, Cell{"p99_ms", told(a.P99)},
		Cell{"requests_per_second", figure(a.Rate)},
		Cell{"throttles_first", first}, Cell{"utilization", figure(a.utilization())},
		Cell{"allocation", allocation}, Cell{"method", method})
}

// told is a duration in ms, to the microsecond as in a plan's documents, nil where
// it is not known.
func told(d time.Duration) any {
	if d <= 0 {
		return nil
	}
	return float64(d.Round(time.Microsecond).Microseconds()) / 1000
}

// figure is x to six digits, as in a plan's documents, nil where it is not known.
func figure(x float64) any {
	if x == 0 || math.IsNaN(x) || math.IsInf(x, 0) {
		return nil
	}
	rounded, err := strconv.ParseFloat(strconv.FormatFloat(x, 'g', 6, 64), 64)
	if err != nil {
		return nil
	}
	return rounded
}
