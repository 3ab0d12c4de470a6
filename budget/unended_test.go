package budget

import (
	"math"
	"slices"
	"strings"
	"testing"
)

// Of a round in which no request ended its calls are known, and what its sidecars used.
// A rehearsal of those says how often the sidecars were asleep, so the plan comes near
// the one for the round whose requests did end; by what was used alone, the sidecars
// that wake for each half would get too much.
func TestUnendedRound(t *testing.T) {
	w := newWorld(64, 0.3, []float64{.1, .3, .1, .1}, []float64{2, 2, 2, 2})
	in := w.input(w.play(0), 1200)
	ended, err := Pour(in)
	if err != nil {
		t.Fatal(err)
	}
	in.Gateway = Gateway{Requests: 64, Rate: 64. / 12}
	in.Calls = in.Calls[1:] // the gateway logs what ended
	unended, err := Pour(in)
	if err != nil {
		t.Fatal(err)
	}
	if unended.Predicted.Rate != 0 || unended.Predicted.Mean != 0 {
		t.Errorf("foresees %+v where nothing tells", unended.Predicted)
	}
	if len(unended.Learned.Loads) != 0 {
		t.Errorf("remembers loads %v that were not seen", unended.Learned.Loads)
	}
	if len(unended.Remarks) == 0 || !strings.HasPrefix(unended.Remarks[0], "no request was seen to end") {
		t.Errorf("remarks %q do not say what was missing", unended.Remarks)
	}
	in.Gateway = Gateway{} // nothing to rehearse
	used, err := Pour(in)
	if err != nil {
		t.Fatal(err)
	}
	off := func(p Plan) float64 {
		most := 0.0
		for i, a := range p.Allotments {
			most = max(most, math.Abs(math.Log(float64(a.CPU)/float64(ended.Allotments[i].CPU))))
		}
		return most
	}
	if off(unended) > 0.1 || off(used) < 1.5*off(unended) {
		t.Errorf("plans are off by %.3f, by use alone %.3f: %v, %v, ended %v", off(unended), off(used), given(unended), given(used), given(ended))
	}
}

func given(p Plan) []MilliCPU {
	var out []MilliCPU
	for _, a := range p.Allotments {
		out = append(out, a.CPU)
	}
	return out
}

// A prediction that stands on twenty requests says so.
func TestFewRequestsAreTold(t *testing.T) {
	w := newWorld(8, 0.15, []float64{.1, .1}, []float64{2, 2})
	in := w.input(w.play(0), 900)
	told := func() bool {
		p, err := Pour(in)
		if err != nil {
			t.Fatal(err)
		}
		return slices.ContainsFunc(p.Remarks, func(s string) bool { return strings.HasPrefix(s, "only 20 requests were seen") })
	}
	if told() {
		t.Error("told of many")
	}
	in.Gateway.Requests = 20
	if !told() {
		t.Error("not told")
	}
}
