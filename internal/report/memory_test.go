package report

import (
	"strings"
	"testing"

	"github.com/sluice-mesh/sluice/budget"
)

func TestMemoryReason(t *testing.T) {
	f := func(given budget.Bytes, used float64, want string) {
		t.Helper()
		got := memoryReason(&budget.Allotment{Memory: given}, used)
		if want == "" && got != "" || !strings.Contains(got, want) {
			t.Errorf("%d bytes given, %g used: %q, want %q", given, used, got, want)
		}
	}
	f(128e6, 0, "")     // the floor
	f(128e6, 60e6, "")  // and it is enough
	f(128e6, 128e6, "") // to the byte
	f(128e6, 129e6, "used up to 129 MB, more than the 128 MB")
	f(130e6, 100e6, "used up to 100 MB and gets 1.3 times that")
	f(150e6, 0, "22 MB over the floor, for what earlier rounds saw")
}

// TestMemoryWarning: what used more than it gets is named in the document's warnings,
// and the round's own warnings stay as they are.
func TestMemoryWarning(t *testing.T) {
	r := shop()
	before := len(r.Warnings)
	if w := memoryWarnings(r); w != nil {
		t.Errorf("without a figure for memory: %q", w)
	}
	used := 200e6
	r.Request.Containers[1].Memory = &used
	doc, err := Plan(r, 1)
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"the sidecars of 1 service used more memory than they get, such as cart (200 MB used, 150 MB given)",
		`"memory_reason":"used up to 200 MB, more than the 150 MB`,
	} {
		if !strings.Contains(string(doc), want) {
			t.Errorf("the document does not say %q:\n%s", want, doc)
		}
	}
	if len(r.Warnings) != before {
		t.Errorf("the round has %d warnings now, had %d", len(r.Warnings), before)
	}
}
