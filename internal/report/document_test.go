package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"math"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	gocmp "github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sluice-mesh/sluice/internal/optimize"
)

func TestGolden(t *testing.T) {
	forms := []struct {
		name  string
		write func(*optimize.Report) ([]byte, error)
	}{
		{"answer.json", Answer},
		{"plan.json", func(r *optimize.Report) ([]byte, error) { return Plan(r, 3) }},
		{"graph.json", func(r *optimize.Report) ([]byte, error) { return Graph(r.Observation) }},
		{"graph.dot", func(r *optimize.Report) ([]byte, error) { return DOT(r.Observation) }},
		{"plan.txt", func(r *optimize.Report) ([]byte, error) {
			var b bytes.Buffer
			err := PlanTable(&b, r, false)
			return b.Bytes(), err
		}},
		{"graph.txt", func(r *optimize.Report) ([]byte, error) {
			var b bytes.Buffer
			err := GraphTable(&b, r.Observation, false)
			return b.Bytes(), err
		}},
		{"crs.yaml", func(r *optimize.Report) ([]byte, error) { return ResourceStream(r), nil }},
		{"crs.json", ResourceList},
		{"patch.yaml", func(r *optimize.Report) ([]byte, error) { b, _ := Patches(r); return b, nil }},
	}
	for _, round := range []struct {
		name string
		make func() *optimize.Report
	}{{"shop", shop}, {"blank", blank}} {
		for _, f := range forms {
			t.Run(round.name+"/"+f.name, func(t *testing.T) {
				got, err := f.write(round.make())
				if err != nil {
					t.Fatal(err)
				}
				if strings.HasSuffix(f.name, ".json") && !json.Valid(got) {
					t.Errorf("this is no JSON:\n%s", got)
				}
				golden(t, round.name+"-"+f.name, got)
			})
		}
	}
}

// TestMembers: callers count on these names (contract.md).
func TestMembers(t *testing.T) {
	f := func(what string, doc []byte, err error, want ...string) {
		t.Helper()
		var got map[string]json.RawMessage
		if err == nil {
			err = json.Unmarshal(doc, &got)
		}
		if err != nil {
			t.Errorf("%s: %v", what, err)
		}
		for _, key := range want {
			if _, ok := got[key]; !ok {
				t.Errorf("%s has no %q", what, key)
			}
		}
	}
	r := shop()
	answer, err := Answer(r)
	f("the answer", answer, err, "resource", "istio_cr", "features")
	if n := bytes.Count(answer, []byte("\n\"")); n != 3 {
		t.Errorf("the answer has %d members, want exactly 3:\n%s", n, answer)
	}
	plan, err := Plan(r, 1)
	f("the plan", plan, err, "round", "resource", "istio_cr", "features", "totals", "predicted", "observed", "sidecars", "warnings")
	mesh, err := Graph(r.Observation)
	f("the graph", mesh, err, "root", "services", "edges", "critical_paths", "lines", "warnings")
}

func TestCores(t *testing.T) {
	f := func(m int64, want string) {
		t.Helper()
		if got := cores(m).String(); got != want {
			t.Errorf("cores(%d) = %s, want %s", m, got, want)
		}
	}
	f(0, "0")
	f(1, "0.001")
	f(100, "0.1")
	f(234, "0.234")
	f(1000, "1")
	f(1050, "1.05")
	f(-1500, "-1.5")
	f(math.MaxInt64, "9223372036854775.807") // a double would say …776
}

func TestFigure(t *testing.T) {
	f := func(v float64, want string) {
		t.Helper()
		got, err := figure(v).MarshalJSON()
		if err != nil || string(got) != want {
			t.Errorf("figure(%g) = %s, %v, want %s", v, got, err, want)
		}
	}
	f(0, "0")
	f(math.Copysign(0, -1), "0")
	f(1./3, "0.333333")
	f(0.1+0.2, "0.3")
	f(1234567.8, "1234570") // six digits
	f(1e-9, "1e-9")
	f(math.MaxFloat64, "1.79769e+308")
	f(math.NaN(), "null")
	f(math.Inf(-1), "null")
}

func TestMillis(t *testing.T) {
	f := func(d time.Duration, want string) {
		t.Helper()
		if got, _ := millis(d).MarshalJSON(); string(got) != want {
			t.Errorf("millis(%v) = %s, want %s", d, got, want)
		}
	}
	f(0, "0")
	f(1500*time.Microsecond, "1.5")
	f(12345678*time.Nanosecond, "12.346")
	f(time.Hour, "3600000")
}

func TestEncodeEscapes(t *testing.T) {
	var d document
	got := d.encode("a\x00\x1b[31m\x7f\u009b\u00a0<é>\xff" + "\u0080")
	want := "\"a\\u0000\\u001b[31m\\u007f\\u009b\u00a0<é>\\ufffd\\u0080\""
	if d.err != nil || string(got) != want {
		t.Errorf("got  %s, %v\nwant %s", got, d.err, want)
	}
	var back string
	if err := json.Unmarshal(got, &back); err != nil || back != "a\x00\x1b[31m\x7f\u009b\u00a0<é>\ufffd\u0080" {
		t.Errorf("it reads back as %q, %v", back, err)
	}
}

// cutTo prints town's plan and graph within limit and reads both back.
func cutTo(t *testing.T, r *optimize.Report, limit int) (plan, mesh map[string]json.RawMessage) {
	t.Helper()
	p, err := PlanWithin(r, 1, limit)
	if err != nil {
		t.Fatal(err)
	}
	g, err := GraphWithin(r.Observation, limit)
	if err != nil {
		t.Fatal(err)
	}
	for _, doc := range [][]byte{p, g} {
		if limit > 0 && len(doc) > limit {
			t.Errorf("a document has %d bytes, the limit is %d", len(doc), limit)
		}
	}
	if err := json.Unmarshal(p, &plan); err != nil {
		t.Fatal(err)
	}
	if err := json.Unmarshal(g, &mesh); err != nil {
		t.Fatal(err)
	}
	return plan, mesh
}

func list(t *testing.T, doc map[string]json.RawMessage, key string) []map[string]any {
	t.Helper()
	var rows []map[string]any
	if err := json.Unmarshal(doc[key], &rows); err != nil {
		t.Fatalf("%s: %v", key, err)
	}
	return rows
}

func TestCut(t *testing.T) {
	const n = 5000
	r := town(n, 8)
	whole, _ := cutTo(t, r, 0)
	if _, cut := whole["truncated"]; cut || len(list(t, whole, "sidecars")) != n {
		t.Error("a document without limit was cut")
	}
	plan, mesh := cutTo(t, r, MaxDocument)
	// 5,000 rows of about 60 bytes fit; so do the rows of sidecars; the reasons
	// and resources do not.
	if got := len(list(t, plan, "resource")); got != n {
		t.Errorf("%d rows of resource are left of %d", got, n)
	}
	sidecars := list(t, plan, "sidecars")
	if len(sidecars) != n || sidecars[n-1]["reason"] == "" {
		t.Errorf("%d sidecars are left of %d; the one that gets most has the reason %q", len(sidecars), n, sidecars[n-1]["reason"])
	}
	if got := len(list(t, mesh, "services")); got != n {
		t.Errorf("%d services are left of %d", got, n)
	}
	if !strings.Contains(string(plan["warnings"]), "was cut to") || !strings.Contains(string(plan["truncated"]), `"istio_cr"`) {
		t.Errorf("the plan does not say that it was cut: %s", plan["truncated"])
	}
}

func TestCutDOT(t *testing.T) {
	r := town(2000, 50)
	whole, err := DOTWithin(r.Observation, 0)
	if err != nil || bytes.Count(whole, []byte("->")) != 2000 {
		t.Errorf("%d edges of 2000 without a limit (%v)", bytes.Count(whole, []byte("->")), err)
	}
	part, err := DOTWithin(r.Observation, 100_000)
	if err != nil || len(part) > 100_000 || len(part) < 25_000 {
		t.Errorf("%d bytes within 100,000 (%v)", len(part), err)
	}
	if !bytes.Contains(part, []byte("The busiest ")) || !bytes.Contains(part, []byte("ingress-gateway")) {
		t.Errorf("no title, or no root: %.300s", part)
	}
	if busy := r.Graph.Nodes[2000].Name; !bytes.Contains(part, []byte(busy)) {
		t.Errorf("the busiest service, %s, was cut", busy)
	}
	// What is left is the same whether all the others were drawn first or not.
	for _, most := range []int{1, 2, 700, 2000, 2001} {
		all := sketchOf(r.Observation)
		all.busiest(most, len(all.hops))
		some, n := sketchWithin(r.Observation, most)
		if d := gocmp.Diff(all.mesh("", nil), some.mesh("", nil), cmpopts.EquateNaNs()); d != "" || n != 2001 {
			t.Errorf("of %d nodes, within %d (-all +some):\n%s", n, most, d)
		}
	}
	huge, err := DOT(town(4, 1_000_000).Observation)
	if err != nil || len(huge) > 40_000 {
		t.Errorf("4 services with huge names make %d bytes (%v)", len(huge), err)
	}
}

// TestCutKeepsTheHeaviest: where half has to go, it is the half that gets least,
// and what is left is still sorted by name.
func TestCutKeepsTheHeaviest(t *testing.T) {
	plan, _ := cutTo(t, town(100, 8), 4000)
	rows := list(t, plan, "resource")
	if len(rows) == 0 || len(rows) == 100 {
		t.Fatalf("%d rows are left: this test needs another limit", len(rows))
	}
	for i, row := range rows {
		if want := float64(200-len(rows)+i) / 1000; math.Abs(row["cpu"].(float64)-want) > 1e-9 {
			t.Errorf("row %d of those left gets %v, want %v", i, row["cpu"], want)
		}
	}
}

func TestCutHugeNames(t *testing.T) {
	plan, mesh := cutTo(t, town(4, 1_000_000), MaxDocument)
	for name, doc := range map[string]map[string]json.RawMessage{"resource": plan, "services": mesh} {
		if got := len(list(t, doc, name)); got != 1 {
			t.Errorf("%d rows of %s are left, want the one that fits", got, name)
		}
	}
	if a, err := Answer(town(4, 1_000_000)); err != nil || len(a) < 4_000_000 {
		t.Errorf("the answer was cut to %d bytes (%v); a harness needs it whole", len(a), err)
	}
}

// Warn adds a warning to a document that is printed, and changes nothing else.
func TestWarn(t *testing.T) {
	full := shop()
	none := shop()
	none.Warnings = nil
	for name, r := range map[string]*optimize.Report{"some warnings": full, "no warnings": none, "blank": blank()} {
		doc, err := Plan(r, 1)
		if err != nil {
			t.Fatal(err)
		}
		const said = "a \"disk\" is full\u009b"
		warned := Warn(doc, said)
		var was, is map[string]any
		if err := errors.Join(json.Unmarshal(doc, &was), json.Unmarshal(warned, &is)); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, warned)
		}
		was["warnings"] = append([]any{said}, was["warnings"].([]any)...)
		if d := gocmp.Diff(was, is); d != "" || bytes.Contains(warned, []byte("\u009b")) {
			t.Errorf("%s (-want +got): %s", name, d)
		}
		if lines := bytes.Count(doc, []byte("\n")); bytes.Count(warned, []byte("\n")) > lines+2 {
			t.Errorf("%s: it is not a line for each row:\n%s", name, warned)
		}
	}
	if other := []byte(`{"x": 1}`); string(Warn(other, "y")) != string(other) {
		t.Error("what has no warnings is changed")
	}
}

func TestCutToNothing(t *testing.T) {
	cutTo(t, town(100, 8), 2500) // hardly more than the fixed members
}

// TestSameBytes: what a round says must not depend on the run.
func TestSameBytes(t *testing.T) {
	first, err := Plan(town(500, 8), 1)
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		again, err := Plan(town(500, 8), 1)
		if err != nil || !bytes.Equal(first, again) {
			t.Fatalf("the second time it reads otherwise (%v)", err)
		}
	}
}

func TestHosts(t *testing.T) {
	g := shopGraph()
	for len(g.Edges[0].Hosts) < 25 {
		g.Edges[0].Hosts = append(g.Edges[0].Hosts, g.Edges[0].Hosts[0])
	}
	names, more := hostNames(g.Edges[0].Hosts)
	if len(names) != maxHosts || more != 15 || !slices.IsSorted(names) {
		t.Errorf("%d names and %d more of 25: %q", len(names), more, names)
	}
}

func TestPrintable(t *testing.T) {
	f := func(in string, limit int, want string) {
		t.Helper()
		got := Printable(in, limit)
		if got != want {
			t.Errorf("Printable(%q, %d) = %q, want %q", in, limit, got, want)
		}
		if len(got) > limit || !utf8.ValidString(got) {
			t.Errorf("Printable(%q, %d) has %d bytes, valid: %v", in, limit, len(got), utf8.ValidString(got))
		}
	}
	f("plain text", 100, "plain text")
	f("two\nlines\tand", 100, "two lines and")
	f("\x1b]0;title\a", 100, `\u001b]0;title\u0007`) // sets a terminal's title
	f("\u009b31m", 100, `\u009b31m`)                 // CSI in one character
	f("user\u202egnp.exe", 100, `user\u202egnp.exe`) // turns the direction of writing
	f("\u2028", 100, `\u2028`)                       // a line break to some
	f("\xff\xfe", 100, `\xff\xfe`)
	f("\ufffd", 100, "\ufffd") // a replacement character that was there
	f("支払い é 😀", 100, "支払い é 😀")
	f("\U000e0001", 100, `\U000e0001`) // an invisible tag
	f("abcdef", 5, "ab…")
	f("支払い", 7, "支…") // whole characters
	f("\x00\x00\x00", 10, `\u0000\…`)
}
