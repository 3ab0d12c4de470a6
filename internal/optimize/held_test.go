package optimize

import (
	"testing"

	"github.com/sluice-mesh/sluice/budget"
	"github.com/sluice-mesh/sluice/critical"
)

// What the log's times are summed up to and what rehearsals' are is the same.
func TestHeldAlike(t *testing.T) {
	if critical.MostHeld != budget.MostHeld {
		t.Errorf("%v in the log, %v in rehearsals", critical.MostHeld, budget.MostHeld)
	}
}
