package budget

import (
	"strings"
	"testing"
)

// Each bound of what is rehearsed is named where it is the one that is passed.
func TestUnplayed(t *testing.T) {
	must := mustStudy(t)
	s := NewStudy(otherWindow(4200))
	silent := otherWindow(4200)
	silent.Calls = nil
	for want, s := range map[string]*Study{
		"":                               s,
		"the log shows too little":       NewStudy(silent),
		"the mesh has 65 services":       NewStudy(largeInput(65, 1)),
		"the mesh has 20005 pods":        must(must(must(s.Replicas(0, 10_000)).Replicas(1, 10_000)).Replicas(2, 4)),
		"50000 requests in flight that ": must(s.Closed(50_000)),
	} {
		if got := s.Unplayed(); !strings.HasPrefix(got, want) || (got == "") != s.Played() {
			t.Errorf("%q, want %q", got, want)
		}
	}
}
