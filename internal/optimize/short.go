package optimize

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/sluice-mesh/sluice/budget"
	"github.com/sluice-mesh/sluice/internal/request"
)

// shortError is a *budget.InfeasibleError in the request's own words: which of its
// fields falls short, of what, and by how much.
type shortError struct {
	*budget.InfeasibleError
	problem string
}

func (e *shortError) Error() string { return e.problem }

// Unwrap is the *budget.InfeasibleError.
func (e *shortError) Unwrap() error { return e.InfeasibleError }

// inWords explains err by the limits as req has them.
func inWords(err *budget.InfeasibleError, req *request.Request) error {
	var short []string
	if err.Limits.CPU < err.Needed.CPU {
		short = append(short, fmt.Sprintf("cpu_limit: found %s, expected at least %s cores",
			number(req.CPULimit), number(float64(err.Needed.CPU)/1000)))
	}
	if err.Limits.Memory < err.Needed.Memory {
		short = append(short, fmt.Sprintf("memory_limit: found %s, expected at least %d bytes", number(req.MemoryLimit), err.Needed.Memory))
	}
	return &shortError{err, fmt.Sprintf("%s: each of %d sidecars needs at least %s cores and %d bytes; raise the limits or run fewer pods",
		strings.Join(short, "; "), err.Pods, number(float64(budget.FloorCPU)/1000), budget.FloorMemory)}
}

// number is f as a person would write it, without rounding what was asked for.
func number(f float64) string {
	if f < 1e15 && f > 1e-4 {
		return strconv.FormatFloat(f, 'f', -1, 64)
	}
	return strconv.FormatFloat(f, 'g', -1, 64)
}
