package report

import (
	"bytes"
	"fmt"
	"strings"
	"testing"

	"github.com/sluice-mesh/sluice/budget"
	"github.com/sluice-mesh/sluice/crgen"
	"github.com/sluice-mesh/sluice/internal/optimize"
)

// twoScopes is the golden round with two Sidecars; hosts are those of the first.
func twoScopes(hosts string) *optimize.Report {
	r := shop()
	r.Resources = nil
	for _, name := range []string{"cart", "web"} {
		r.Resources = append(r.Resources, crgen.Resource{Namespace: "shop", Name: name, Service: name, YAML: "apiVersion: networking.istio.io/v1beta1\nkind: Sidecar\nmetadata:\n  name: " + name +
			"\n  namespace: shop\nspec:\n  egress:\n  - hosts: [" + hosts + "]\n"})
		hosts = "b/b.c"
	}
	return r
}

// printed is a round in each form that can be compared by its Istio resources.
func printed(t *testing.T, r *optimize.Report) map[string]*PlanDocument {
	t.Helper()
	docs := map[string]*PlanDocument{}
	for name, print := range map[string]func() ([]byte, error){
		"plan":   func() ([]byte, error) { return Plan(r, 1) },
		"answer": func() ([]byte, error) { return Answer(r) },
		"stream": func() ([]byte, error) { return ResourceStream(r), nil },
		"list":   func() ([]byte, error) { return ResourceList(r) },
		"kubectl": func() ([]byte, error) { // what the API server and kubectl add is no change
			text := string(ResourceStream(r))
			text = strings.ReplaceAll(text, "  namespace: shop\n", "  namespace: shop\n  uid: u\n  resourceVersion: \"7\"\n  generation: 2\n  creationTimestamp: t\n  annotations:\n    kubectl.kubernetes.io/last-applied-configuration: x\nstatus: {}\n")
			return []byte("# applied\r\n---\n" + text + "---\n# nothing\n"), nil
		},
	} {
		text, err := print()
		if err != nil {
			t.Fatal(err)
		}
		if docs[name], err = ReadPlan(text); err != nil {
			t.Fatalf("%s: %v\n%s", name, err, text)
		}
	}
	return docs
}

// TestDiffOfForms: resources are the same in whatever form they come, and what differs is
// named; of plans and answers the amounts are compared too.
func TestDiffOfForms(t *testing.T) {
	olds, news := printed(t, twoScopes("a/a.a, a/b.b")), printed(t, twoScopes("a/a.a, a/c.c"))
	for o, old := range olds {
		for n := range news {
			if d := diffOf(t, old, olds[n]); len(d.Resources)+len(d.Services) != 0 || d.SameResources != 2 {
				t.Errorf("%s and %s of one round: %+v", o, n, d.Resources)
			}
			d := diffOf(t, old, news[n])
			if len(d.Resources) != 1 || d.SameResources != 1 || fmt.Sprint(d.Resources[0]) != "{Sidecar shop cart changed [a/c.c] [a/b.b] []}" {
				t.Errorf("%s and %s: %+v", o, n, d.Resources)
			}
			whole := (o == "plan" || o == "answer") && (n == "plan" || n == "answer")
			if d.ResourcesOnly == whole || d.Same != 3*b2i(whole) {
				t.Errorf("%s and %s: resources only %v, %d services the same", o, n, d.ResourcesOnly, d.Same)
			}
			var table bytes.Buffer
			text, err := d.JSON()
			if err != nil || d.Table(&table, false) != nil || strings.Contains(string(text), "totals") != whole || strings.Contains(table.String(), "CPU") != whole || !strings.Contains(table.String(), "+ a/c.c") {
				t.Errorf("%s and %s: %v\n%s\n%s", o, n, err, text, table.String())
			}
		}
	}
	if d := diffOf(t, olds["stream"], news["answer"]); d.PodsTold {
		t.Error("neither tells of pods")
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// TestDiffOfAnswers: an answer tells no pods, and it is not said that none restart.
func TestDiffOfAnswers(t *testing.T) {
	answer := func(cpu string) *PlanDocument {
		d, err := ReadPlan([]byte(`{"resource": [{"service": "a", "cpu": ` + cpu + `, "memory": 128000000}], "istio_cr": [], "features": {}}`))
		if err != nil {
			t.Fatal(err)
		}
		return d
	}
	d := diffOf(t, answer("0.5"), answer("1.5"))
	var table bytes.Buffer
	text, err := d.JSON()
	if err != nil || d.Table(&table, false) != nil {
		t.Fatal(err)
	}
	for _, want := range []string{`"pods": {"fewer":null,"in_place":null,"more":null,"restart":null}`, `"pods":null`, `"restart":true`} {
		if !strings.Contains(strings.ReplaceAll(string(text), `": `, `":`), strings.ReplaceAll(want, `": `, `":`)) {
			t.Errorf("no %s in %s", want, text)
		}
	}
	if !strings.Contains(table.String(), "neither document tells how many") || !strings.Contains(table.String(), "restart") {
		t.Errorf("%s", table.String())
	}
}

// TestDiffOfPatches: patches are compared field by field, and with nothing else.
func TestDiffOfPatches(t *testing.T) {
	patches := func(cpu budget.MilliCPU) *PlanDocument {
		r := shop()
		r.Plan.Allotments[0].CPU = cpu
		text, _ := Patches(r)
		d, err := ReadPlan(text)
		if err != nil {
			t.Fatalf("%v\n%s", err, text)
		}
		return d
	}
	d := diffOf(t, patches(234), patches(555))
	var table bytes.Buffer
	if err := d.Table(&table, false); err != nil || len(d.Resources) != 1 {
		t.Fatalf("%v, %+v", err, d.Resources)
	}
	for _, want := range []string{"Deployment shop/cart-v1", "spec.template.metadata.annotations.sidecar.istio.io/proxyCPU: 234m → 555m", "restart when it is applied"} {
		if !strings.Contains(table.String(), want) {
			t.Errorf("no %q in\n%s", want, table.String())
		}
	}
	for name, other := range printed(t, twoScopes("a/a.a")) {
		if _, err := Diff(patches(234), other); err == nil || !strings.Contains(err.Error(), "nothing in common") {
			t.Errorf("patches and %s: %v", name, err)
		}
		if _, err := Diff(other, patches(234)); err == nil {
			t.Errorf("%s and patches: no error", name)
		}
	}
}

// TestDiffOfNothing: an output without resources is a side like others, of resources and
// of patches alike, and said to be empty. Beside a plan it is a mistake.
func TestDiffOfNothing(t *testing.T) {
	const sidecar = "kind: Sidecar\nmetadata: {name: a, namespace: b}\n"
	for _, nothing := range []string{"", "# no more than this\n---\n", "apiVersion: v1\nitems: []\nkind: List\n"} {
		for other, resources := range map[string]int{sidecar: 1, strings.Replace(sidecar, "Sidecar", "Deployment", 1): 1, nothing: 0} {
			if strings.Contains(nothing, "List") && strings.Contains(other, "Deployment") {
				continue // kubectl's lists are of resources
			}
			var docs [2]*PlanDocument
			for i, text := range []string{nothing, other} {
				d, err := ReadPlan([]byte(text))
				if err != nil {
					t.Fatalf("%q: %v", text, err)
				}
				docs[i] = d
			}
			for i, want := range []string{added, removed} {
				d, err := Diff(docs[i], docs[1-i])
				if err != nil {
					t.Fatalf("%q and %q: %v", nothing, other, err)
				}
				if len(d.Resources) != resources || resources == 1 && d.Resources[0].Change != want || len(d.Services) > 0 {
					t.Errorf("%q and %q: %+v", nothing, other, d.Resources)
				}
				if told := strings.Join(d.Warnings, "\n"); !strings.Contains(nothing, "List") && !strings.Contains(told, [...]string{"OLD is empty", "NEW is empty"}[i]) {
					t.Errorf("%q and %q: %q", nothing, other, told)
				}
			}
		}
	}
}

func TestDiffOfNothingAndAPlan(t *testing.T) {
	nothing, _ := ReadPlan(nil)
	plan, _ := ReadPlan([]byte(`{"resource": []}`))
	for _, docs := range [][2]*PlanDocument{{plan, nothing}, {nothing, plan}} {
		if _, err := Diff(docs[0], docs[1]); err == nil || !strings.Contains(err.Error(), "the other is empty") {
			t.Errorf("%v", err)
		}
	}
}

// TestReadPlanRefusesStreams: what is no resource is told so, by its number.
func TestReadPlanRefusesStreams(t *testing.T) {
	const sidecar, patch = "kind: Sidecar\nmetadata: {name: a, namespace: b}\n", "kind: Deployment\nmetadata: {name: a, namespace: b}\n"
	for text, want := range map[string]string{
		"hello":                                 "document 1 is no Kubernetes object",
		sidecar + "---\nfoo: bar\n":             "document 2 is no Kubernetes object with a kind and a name",
		sidecar + "---\n- a\n":                  "document 2 is no Kubernetes object",
		sidecar + "---\na: [\n":                 "document 2 is no Kubernetes object",
		sidecar + "---\n" + sidecar:             "Sidecar b/a twice",
		sidecar + "---\n" + patch:               "both Istio resources and patches",
		patch + "---\n" + sidecar:               "both Istio resources and patches",
		`{"kind": "List", "items": [{}]}`:       "document 1 is no Kubernetes object with a kind",
		`{"kind": "List", "items": 7}`:          "no Kubernetes object",
		"#!/bin/sh\nkubectl\n":                  "it is a script",
		`{"scopes": []}`:                        "--explain",
		`{"fraction": 0.5, "workloads": []}`:    "--holdout",
		`{"a": 1}` + "\n" + `{"b": 1}`:          "no JSON object",
		"SERVICE  CPU  MEMORY\ncart     0.1  5": "no Kubernetes object",
	} {
		if _, err := ReadPlan([]byte(text)); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%q: %v, want %q", text, err, want)
		}
	}
	if d, err := ReadPlan([]byte(`{"kind": "SidecarList", "items": []}`)); err != nil || len(d.resources) != 0 {
		t.Errorf("a list of none: %v", err)
	}
}
