package optimize

import (
	"strings"
	"testing"

	"github.com/sluice-mesh/sluice/budget"
)

func TestWorkers(t *testing.T) {
	for cpu, want := range map[budget.MilliCPU]int{0: 1, 1: 1, 100: 1, 999: 1, 1000: 1, 1001: 2, 2000: 2, 2500: 3} {
		if got := Workers(cpu); got != want {
			t.Errorf("Workers(%d) is %d, want %d", cpu, got, want)
		}
	}
}

func TestResize(t *testing.T) {
	mb := func(n float64) *float64 { n *= 1e6; return &n }
	grant := func(cpu budget.MilliCPU, memory budget.Bytes) Grant {
		return Grant{CPU: cpu, Memory: memory * 1_000_000}
	}
	f := func(from, to Grant, used *float64, restart bool, because string) {
		t.Helper()
		got, why := Resize(from, to, used)
		if got != restart || !strings.Contains(why, because) {
			t.Errorf("from %+v to %+v: restart %v, %q; want %v, %q", from, to, got, why, restart, because)
		}
	}
	f(grant(100, 128), grant(1000, 128), nil, false, "keeps 1 worker")
	f(grant(100, 128), grant(1001, 128), nil, true, "needs 2 workers")
	f(grant(3000, 128), grant(500, 128), nil, true, "runs 3 workers") // they would share half a core
	f(grant(1200, 128), grant(1900, 256), nil, false, "memory limit grows")
	f(grant(100, 256), grant(100, 128), mb(60), false, "shrinks with room")
	f(grant(100, 256), grant(100, 128), mb(120), true, "under a use of 120000000")
	f(grant(100, 256), grant(100, 128), nil, true, "not known")
	f(grant(0, 128), grant(100, 128), mb(60), true, "not known")
	f(grant(100, 0), grant(100, 128), mb(60), true, "not known")
	f(grant(100, 128), grant(100, 128), nil, false, "nothing changes")
}
