package whatif

import (
	"strings"
	"testing"
)

// In the demo nothing is throttled: a fifth less of the application that takes most of
// the time helps, and all else that two rehearsals show is chance. That is said.
func TestHelpsBeyondChance(t *testing.T) {
	res := mustRun(t, "for h in mesh.helps(5): row(h, h.change, saves_ms=h.saves_ms)")
	if len(res.Rows) != 1 || res.Rows[0].Get("name") != "productpage: its application a fifth faster" {
		t.Errorf("rows %v", res.Rows)
	}
	if told := ofQuestion(res); len(told) != 1 || !strings.Contains(told[0], "1 of the single changes tried lower the mean, no other does by more than chance, which may be ") {
		t.Errorf("warnings %q", res.Warnings)
	}
	// productpage works for 257 ms a call: a fifth of it is 51, and the two plays of each
	// row tell that within a percent or two of 270.
	if saves := res.Rows[0].Get("saves_ms").(float64); saves < 35 || saves > 60 {
		t.Errorf("saves %v", saves)
	}
}

// A full mesh is helped by CPU, beyond chance.
func TestHelpsWhereThrottled(t *testing.T) {
	res := mustRun(t, "for h in mesh.scale(16).budget(1).helps(20): row(h, h.change)")
	names := ""
	for _, row := range res.Rows {
		names += row.Get("name").(string) + "; "
	}
	if !strings.Contains(names, "a fifth more budget") || strings.Contains(names, "application") {
		t.Errorf("helps: %s", names)
	}
}

// Targets half a millisecond apart, which is chance, do not lie cores apart, down to those
// that nothing keeps; the last of the others is kept within chance, and said to be.
func TestCheapestWithinChance(t *testing.T) {
	res := mustRun(t, "for i in range(40): row(mesh, target=275 - i / 2, cores=mesh.cheapest(mean_ms=275 - i / 2) or 0.0)")
	before := res.Rows[0].Get("cores").(float64)
	for _, row := range res.Rows[1:] {
		now := row.Get("cores").(float64)
		if now > 0 && (now < before || now > before+0.2) || before == 0 && now > 0 {
			t.Errorf("%v ms cost %v cores, half a millisecond more %v", row.Get("target"), now, before)
		}
		before = now
	}
	if before > 0 {
		t.Errorf("255.5 ms, less than the applications take, cost %v cores", before)
	}
	if told := ofQuestion(res); len(told) == 0 || !strings.HasPrefix(told[0], "cheapest: mean_ms=2") || !strings.Contains(told[0], " is kept within chance: at ") {
		t.Errorf("warnings %q", res.Warnings)
	}
}
