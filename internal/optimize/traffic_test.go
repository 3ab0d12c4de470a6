package optimize

import (
	"bytes"
	"context"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-mesh/sluice/internal/demo"
)

func TestLostLogIsRecalled(t *testing.T) {
	first := mustRun(t, demo.Request(), nil)
	for name, log := range map[string][]byte{"none": nil, "one line": lines(t)[0], "noise": []byte("x\ny\n")} {
		rep := mustRun(t, withLog(log), first.Memory)
		for i, a := range rep.Plan.Allotments {
			was := first.Plan.Allotments[i]
			if a.CPU*10 < was.CPU*5 {
				t.Errorf("log %s: %s falls from %d to %d millicores because its log was lost", name, a.Service, was.CPU, a.CPU)
			}
		}
		if !strings.Contains(strings.Join(rep.Warnings, "\n"), "is taken from round 1") {
			t.Errorf("log %s: no warning says so: %q", name, rep.Warnings)
		}
		if rep.Memory.Traffic != first.Memory.Traffic || rep.Memory.Knowledge != first.Memory.Knowledge {
			t.Errorf("log %s: a lost log has taught something", name)
		}
	}
}

func TestTrafficOfANewLogReplaces(t *testing.T) {
	first := mustRun(t, demo.Request(), nil)
	ls := lines(t)
	second := mustRun(t, withLog(bytes.Join(ls[:len(ls)/2], []byte("\n"))), first.Memory)
	if second.Memory.Traffic.Round != 2 {
		t.Errorf("the traffic remembered is of round %d, want the newest", second.Memory.Traffic.Round)
	}
}

func TestShortLimitsAreNamed(t *testing.T) {
	for _, c := range []struct {
		cpu, memory float64
		want        []string
		not         string
	}{
		{0.59999, 1e15, []string{"cpu_limit: found 0.59999, expected at least 0.6 cores"}, "memory_limit"},
		{9, 1, []string{"memory_limit: found 1, expected at least 768000000 bytes"}, "cpu_limit"},
		{0.0009, 2.5, []string{"cpu_limit: found 0.0009", "memory_limit: found 2.5"}, "0.000 "},
	} {
		req := demo.Request()
		req.CPULimit, req.MemoryLimit = c.cpu, c.memory
		err := Feasible(req)
		if err == nil {
			t.Fatalf("%v cores and %v bytes pass", c.cpu, c.memory)
		}
		for _, w := range c.want {
			if !strings.Contains(err.Error(), w) {
				t.Errorf("%q does not say %q", err, w)
			}
		}
		if strings.Contains(err.Error(), c.not) {
			t.Errorf("%q speaks of %q", err, c.not)
		}
	}
	if diff := cmp.Diff(nil, Feasible(demo.Request())); diff != "" {
		t.Error(diff)
	}
}

// A log that was cut because the server stops teaches nothing; only what the plan gives
// is known after it, for that is in force.
func TestCutLogTeachesNothing(t *testing.T) {
	cutRun := func(prior *Memory) *Report {
		t.Helper()
		ls := lines(t)
		req := withLog(bytes.Join(ls[:len(ls)/3], []byte("\n"))) // two of six proxies
		obs, err := Observe(context.Background(), req, Options{})
		if err != nil {
			t.Fatal(err)
		}
		obs.Log.Cut = true
		rep, err := Plan(context.Background(), obs, prior, Options{})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(rep.Warnings, func(w string) bool { return strings.Contains(w, "later rounds learn nothing") }) {
			t.Errorf("%q do not say that the round teaches nothing", rep.Warnings)
		}
		return rep
	}
	first := cutRun(nil)
	if m := first.Memory; m.Round != 0 || m.Knowledge != nil || m.Scope != nil || m.Traffic != nil || len(m.Given) != 4 {
		t.Errorf("the first round, cut, leaves %+v", m)
	}
	whole := mustRun(t, demo.Request(), nil)
	second := cutRun(whole.Memory)
	want := *whole.Memory
	want.Given = second.Memory.Given
	if diff := cmp.Diff(&want, second.Memory); diff != "" {
		t.Error(diff)
	}
	// What the whole log showed counts, and not what is left of this one.
	if got := second.Study.Input.Gateway; got != whole.Memory.Traffic.Gateway {
		t.Errorf("planned for %+v, want what round 1 showed, %+v", got, whole.Memory.Traffic.Gateway)
	}
}
