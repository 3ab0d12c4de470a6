package report

import (
	"bytes"
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/sluice-mesh/sluice/crgen"
)

// twoPlans are the golden plan and the same with changes: a service that grows
// within its worker, one that needs another, one that leaves and one that comes,
// and other hosts in a scope.
func twoPlans(t *testing.T) (old, new *PlanDocument) {
	t.Helper()
	text, err := Plan(shop(), 1)
	if err != nil {
		t.Fatal(err)
	}
	if old, err = ReadPlan(text); err != nil {
		t.Fatal(err)
	}
	r := shop()
	r.Plan.Allotments[0].CPU = 555
	r.Plan.Allotments[1].Service = "new"
	r.Plan.Allotments[2].CPU = 1001
	r.Resources[0] = crgen.Resource{YAML: "kind: Sidecar\nmetadata: {name: cart, namespace: shop}\nspec: {egress: [{hosts: [a/b.c, a/d.e]}]}\n"}
	if text, err = Plan(r, 2); err != nil {
		t.Fatal(err)
	}
	if new, err = ReadPlan(text); err != nil {
		t.Fatal(err)
	}
	return old, new
}

func TestDiff(t *testing.T) {
	old, new := twoPlans(t)
	d := diffOf(t, old, new)
	want := []struct {
		service, change string
		restart         bool
		because         string
	}{
		{"cart", changed, false, "from 0.234 cores to 0.555 cores it keeps 1 worker"},
		{"idle", removed, false, "says nothing"},
		{"new", added, false, "new"},
		{"支払い", changed, true, "needs 2 workers"},
	}
	if len(d.Services) != len(want) {
		t.Fatalf("%+v", d.Services)
	}
	for i, w := range want {
		c := d.Services[i]
		if c.Service != w.service || c.Change != w.change || c.Restart != w.restart || !strings.Contains(c.Because, w.because) {
			t.Errorf("%+v, want %+v", c, w)
		}
	}
	if d.Restarts != 1 || d.InPlace != 2 || d.Same != 0 {
		t.Errorf("%d restarts, %d in place, %d the same", d.Restarts, d.InPlace, d.Same)
	}
	if len(d.Resources) != 2 { // the golden cart has no namespace
		t.Fatalf("%+v", d.Resources)
	}
	if c := d.Resources[1]; c.Change != added || strings.Join(c.Added, " ") != "a/b.c a/d.e" {
		t.Errorf("%+v", c)
	}
}

// TestDiffOfPods: pods that both plans have change, those that come start anew, and those
// that go need nothing. grow has 3 and then 7 pods, its amounts stay; both has 4 and then
// 2, of which 2 are resized; less has 5 and then 4, which restart for a second worker.
func TestDiffOfPods(t *testing.T) {
	plan := func(cpu [3]float64, pods [3]int) *PlanDocument {
		var rows, sidecars []string
		for i, name := range []string{"grow", "both", "less"} {
			rows = append(rows, fmt.Sprintf(`{"service": %q, "cpu": %g, "memory": 128000000}`, name, cpu[i]))
			sidecars = append(sidecars, fmt.Sprintf(`{"service": %q, "pods": %d}`, name, pods[i]))
		}
		d, err := ReadPlan(fmt.Appendf(nil, `{"resource": [%s], "sidecars": [%s]}`, strings.Join(rows, ","), strings.Join(sidecars, ",")))
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	d := diffOf(t, plan([3]float64{0.1, 0.1, 1}, [3]int{3, 4, 5}), plan([3]float64{0.1, 0.2, 1.5}, [3]int{7, 2, 4}))
	if d.Same != 0 || d.InPlace != 2 || d.Restarts != 4 || d.Come != 4 || d.Go != 3 {
		t.Errorf("%d the same, %d in place, %d restart, %d more, %d fewer; want 0, 2, 4, 4, 3", d.Same, d.InPlace, d.Restarts, d.Come, d.Go)
	}
	for i, want := range []string{ // by name
		"from 0.1 cores to 0.2 cores it keeps 1 worker; 2 pods fewer",
		"4 pods more, which start with what their workload has",
		"needs 2 workers for 1.5 cores: a limit that changes in place changes no workers; 1 pod fewer",
	} {
		if c := d.Services[i]; !strings.HasSuffix(c.Because, want) {
			t.Errorf("%s: %q, want %q", c.Service, c.Because, want)
		}
	}
	var table bytes.Buffer
	if err := d.Table(&table, false); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Pods       4 restart, 2 resized in place, 4 more, 3 fewer", "3 → 7", "5 → 4"} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("no %q in\n%s", want, table.String())
		}
	}
	text, err := d.JSON()
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Pods     map[string]int
		Services []struct {
			Pods    int
			OldPods int `json:"old_pods"`
		}
	}
	if err := json.Unmarshal(text, &got); err != nil || got.Pods["more"] != 4 || got.Services[1].OldPods != 3 || got.Services[1].Pods != 7 {
		t.Errorf("%v in %s", err, text)
	}
}

func diffOf(t *testing.T, old, new *PlanDocument) *Difference {
	t.Helper()
	d, err := Diff(old, new)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

// TestDiffOfHosts: what a scope gains and loses is named.
func TestDiffOfHosts(t *testing.T) {
	plan := func(hosts string) *PlanDocument {
		d, err := ReadPlan([]byte(`{"resource": [], "istio_cr": ["kind: Sidecar\nmetadata: {name: x, namespace: y}\nspec: {egress: [{hosts: [` + hosts + `]}]}"]}`))
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	d := diffOf(t, plan("a/a.a, b/b.b"), plan("b/b.b, c/c.c"))
	if len(d.Resources) != 1 || d.Resources[0].Change != changed || d.Resources[0].Added[0] != "c/c.c" || d.Resources[0].Removed[0] != "a/a.a" {
		t.Errorf("%+v", d.Resources)
	}
}

// TestDiffOfFields: each field that changed is named, in the table and in JSON.
func TestDiffOfFields(t *testing.T) {
	plan := func(cr string) *PlanDocument {
		text, _ := json.Marshal(map[string]any{"resource": []any{}, "istio_cr": []string{cr}})
		d, err := ReadPlan(text)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	const old = "apiVersion: networking.istio.io/v1beta1\nkind: Sidecar\nmetadata: {name: x, namespace: y}\n" +
		"spec: {egress: [{hosts: [a/a.a, b/b.b]}], workloadSelector: {labels: {app: x, tier: t}}}"
	f := func(new string, want ...string) {
		t.Helper()
		d := diffOf(t, plan(old), plan(new))
		var b bytes.Buffer
		if err := d.Table(&b, false); err != nil {
			t.Fatal(err)
		}
		text, err := d.JSON()
		if err != nil || len(d.Resources) != 1 || len(d.Resources[0].Fields) != len(want) {
			t.Fatalf("%+v, %v", d.Resources, err)
		}
		for i, w := range want {
			if got := d.Resources[0].Fields[i].String(); got != w || !strings.Contains(b.String(), w) || !strings.Contains(string(text), `"field":`) {
				t.Errorf("%q, want %q in\n%s", got, w, b.String())
			}
		}
	}
	f(strings.Replace(old, "app: x", "app.kubernetes.io/name: x", 1),
		"spec.workloadSelector.labels.app: x → -", "spec.workloadSelector.labels.app.kubernetes.io/name: - → x")
	f(strings.NewReplacer("v1beta1", "v1", "tier: t", "tier: u").Replace(old),
		"apiVersion: networking.istio.io/v1beta1 → networking.istio.io/v1", "spec.workloadSelector.labels.tier: t → u")
	f(strings.Replace(old, "spec: {", "spec: {outboundTrafficPolicy: {mode: ALLOW_ANY}, ", 1), "spec.outboundTrafficPolicy.mode: - → ALLOW_ANY")
	f(strings.Replace(old, "name: x,", "name: x, annotations: {networking.istio.io/exportTo: .}, ", 1), "metadata.annotations.networking.istio.io/exportTo: - → .")
	f(strings.Replace(old, "a/a.a, b/b.b", "b/b.b, a/a.a", 1), "the order of hosts, or spelling alone")
	f(strings.Replace(old, "a/a.a, ", "", 1))
}

// TestDiffOfCutPlans: what a cut document lacks is neither added nor removed; it is
// counted as what cannot be told.
func TestDiffOfCutPlans(t *testing.T) {
	plan := func(services, crs, of int) *PlanDocument {
		doc := map[string]any{"truncated": []truncation{{List: "istio_cr", Kept: crs, Of: of}, {List: "resource", Kept: services, Of: of}}}
		var rows []any
		for i := range services {
			rows = append(rows, map[string]any{"service": fmt.Sprint("s", i), "cpu": 0.1, "memory": 128e6})
		}
		var texts []string
		for i := range crs {
			texts = append(texts, fmt.Sprintf("kind: Sidecar\nmetadata: {name: s%d, namespace: y}", i))
		}
		doc["resource"], doc["istio_cr"] = rows, texts
		text, _ := json.Marshal(doc)
		d, err := ReadPlan(text)
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	d := diffOf(t, plan(10, 3, 20), plan(12, 7, 20))
	if len(d.Services)+len(d.Resources) != 0 || d.Same != 10 || d.Untold != (untold{2, 4}) {
		t.Errorf("%+v", d)
	}
	told := strings.Join(d.Warnings, "\n")
	for _, want := range []string{"the old plan was cut to fit a document's limit and lacks 10 services, 17 Istio resources", "lacks 8 services, 13 Istio", "of 2 services and 4 Istio resources that the new plan lists"} {
		if !strings.Contains(told, want) {
			t.Errorf("no %q in %s", want, told)
		}
	}
	// Of a plan that is whole the rest is gone indeed.
	if d := diffOf(t, plan(12, 7, 20), plan(10, 3, 3)); d.Untold != (untold{}) || len(d.Services) != 2 || len(d.Resources) != 4 {
		t.Errorf("%+v, %d services, %d resources", d.Untold, len(d.Services), len(d.Resources))
	}
}

func TestDiffOfThePlanItself(t *testing.T) {
	old, _ := twoPlans(t)
	d := diffOf(t, old, old)
	if len(d.Services)+len(d.Resources)+d.Restarts+d.InPlace != 0 || d.Same != 3 {
		t.Errorf("%+v", d)
	}
	text, err := d.JSON()
	if err != nil || !json.Valid(text) {
		t.Errorf("%v\n%s", err, text)
	}
}

func TestDiffForms(t *testing.T) {
	old, new := twoPlans(t)
	d := diffOf(t, old, new)
	var b bytes.Buffer
	if err := d.Table(&b, false); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Foreseen   4 → 4 ms (+0 %)", "Pods       1 restart, 2 resized in place", "0.234  → 0.555", "+ a/b.c"} {
		if !strings.Contains(b.String(), want) {
			t.Errorf("no %q in\n%s", want, b.String())
		}
	}
	text, err := d.JSON()
	if err != nil {
		t.Fatal(err)
	}
	var got struct {
		Services []struct {
			Service string
			NewCPU  float64 `json:"new_cpu"`
		}
		Pods      map[string]int
		Predicted struct{ MeanMS map[string]*float64 } `json:"predicted"`
	}
	if err := json.Unmarshal(text, &got); err != nil {
		t.Fatal(err)
	}
	if got.Services[0].NewCPU != 0.555 || got.Pods["restart"] != 1 {
		t.Errorf("%s", text)
	}
}

// TestReadPlanRefuses: what is no plan is told so, and nothing panics.
func TestReadPlanRefuses(t *testing.T) {
	for text, want := range map[string]string{
		`[]`:                                  "no JSON object",
		`null`:                                "no Kubernetes object",
		`{"containers": []}`:                  "a request, not a plan",
		`{"resource": 1}`:                     "no plan",
		`{"resource": [{"cpu": -1}]}`:         "no sidecar can",
		`{"resource": [{"cpu": 1e300}]}`:      "no sidecar can",
		`{"resource": [], "istio_cr": ["{"]}`: "no resource",
	} {
		if _, err := ReadPlan([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", text, err, want)
		}
	}
}

// TestDiffOfCutPlans says that it cannot be whole.
func TestDiffTellsThatPlansWereCut(t *testing.T) {
	d, err := ReadPlan([]byte(`{"resource": [], "truncated": [{"list": "istio_cr", "kept": 1, "of": 2}]}`))
	if err != nil {
		t.Fatal(err)
	}
	if w := diffOf(t, d, d).Warnings; len(w) != 2 {
		t.Errorf("%q", w)
	}
}
