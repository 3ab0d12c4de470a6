package report

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/sluice-mesh/sluice/budget"
	"github.com/sluice-mesh/sluice/internal/optimize"
	"github.com/sluice-mesh/sluice/internal/request"
)

// patch is the part of a patch that matters, read by another YAML reader.
type patch struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Metadata   struct{ Name, Namespace string }
	Spec       struct {
		Template struct {
			Metadata struct{ Annotations map[string]string }
		}
	}
}

func patches(t *testing.T, stream []byte) []patch {
	t.Helper()
	var all []patch
	for doc := range strings.SplitSeq(string(stream), "---\n") {
		var p patch
		if err := yaml.UnmarshalStrict([]byte(doc), &p); err != nil {
			t.Fatalf("%v in\n%s", err, doc)
		}
		all = append(all, p)
	}
	return all
}

func TestPatches(t *testing.T) {
	stream, warnings := Patches(shop())
	if len(warnings) > 0 {
		t.Errorf("warnings: %q", warnings)
	}
	all := patches(t, stream)
	// Two pods of cart are one workload, and namespaces come first in the order.
	want := []struct{ namespace, name, cpu, memory string }{
		{"default", "idle", "100m", "128000000"},
		{"default", "pay", "900m", "128000001"},
		{"shop", "cart-v1", "234m", "150000000"},
	}
	if len(all) != len(want) {
		t.Fatalf("%d patches, want %d:\n%s", len(all), len(want), stream)
	}
	for i, w := range want {
		p := all[i]
		if p.Metadata.Namespace != w.namespace || p.Metadata.Name != w.name || p.Kind != "Deployment" || p.APIVersion != "apps/v1" {
			t.Errorf("patch %d is for %s %s %s/%s, want %v", i, p.APIVersion, p.Kind, p.Metadata.Namespace, p.Metadata.Name, w)
		}
		a := p.Spec.Template.Metadata.Annotations
		for key, value := range map[string]string{"proxyCPU": w.cpu, "proxyCPULimit": w.cpu, "proxyMemory": w.memory, "proxyMemoryLimit": w.memory} {
			if got := a["sidecar.istio.io/"+key]; got != value {
				t.Errorf("%s of %s is %q, want %q", key, w.name, got, value)
			}
		}
		if a["proxy.istio.io/config"] != "concurrency: 1" || len(a) != 5 {
			t.Errorf("%s has the annotations %q", w.name, a)
		}
	}
}

// TestPatchNames: names that YAML would read as something else stay text, and
// names that Kubernetes would refuse make no patch.
func TestPatchNames(t *testing.T) {
	r := blank()
	r.Request.Containers = nil
	for _, pod := range []string{"null", "1e3", "0x10", "Upper-12345", "ev\"il", "a\nb", "...", strings.Repeat("a", 254)} {
		r.Request.Containers = append(r.Request.Containers, request.Container{Service: "a", Pod: pod})
	}
	stream, warnings := Patches(r)
	all := patches(t, stream)
	if len(all) != 3 || all[0].Metadata.Name != "0x10" || all[1].Metadata.Name != "1e3" || all[2].Metadata.Name != "null" {
		t.Errorf("patches for %d workloads, want those named 0x10, 1e3, null:\n%s", len(all), stream)
	}
	if len(warnings) != 5 {
		t.Errorf("%d warnings, want one for each pod without a patch: %q", len(warnings), warnings)
	}
	for _, w := range warnings {
		if len(w) > 700 {
			t.Errorf("a warning of %d bytes", len(w))
		}
	}
}

// TestPatchKinds: where the request tells owners patches are for them; what has no
// template that a patch could change is named in a warning.
func TestPatchKinds(t *testing.T) {
	r := blank()
	r.Request.Containers = nil
	for _, o := range [][2]string{{"StatefulSet", "db"}, {"DaemonSet", "agent"}, {"Rollout", "cart"}, {"Deployment", "my-app-v2-abcde"}, {"Job", "night"}, {"", ""}} {
		r.Request.Containers = append(r.Request.Containers, request.Container{Service: "a", Pod: "pod-" + o[1] + "-0", Sidecar: true, Spec: &request.Spec{OwnerKind: o[0], OwnerName: o[1]}})
	}
	stream, warnings := Patches(r)
	var got []string
	for _, p := range patches(t, stream) {
		got = append(got, p.APIVersion+" "+p.Kind+" "+p.Metadata.Name)
	}
	want := []string{"apps/v1 DaemonSet agent", "argoproj.io/v1alpha1 Rollout cart", "apps/v1 StatefulSet db", "apps/v1 Deployment my-app-v2-abcde"}
	if !slices.Equal(got, want) {
		t.Errorf("patches of %q, want %q", got, want)
	}
	if told := strings.Join(warnings, "\n"); !strings.Contains(told, "no patch for Job default/night") {
		t.Errorf("warnings %q", warnings)
	}
}

// TestPatchShared: pods of two services in one workload get the larger amounts.
func TestPatchShared(t *testing.T) {
	r := blank()
	r.Request.Containers = []request.Container{{Service: "a", Pod: "web-x2x4z"}, {Service: "b", Pod: "web-x2x4z"}}
	r.Plan.Allotments = []budget.Allotment{{Service: "a", CPU: 300, Memory: 128_000_000}, {Service: "b", CPU: 200, Memory: 130_000_000}}
	stream, warnings := Patches(r)
	all := patches(t, stream)
	a := all[0].Spec.Template.Metadata.Annotations
	if len(all) != 1 || a["sidecar.istio.io/proxyCPU"] != "300m" || a["sidecar.istio.io/proxyMemory"] != "130000000" {
		t.Errorf("want one patch with 300m and 130000000:\n%s", stream)
	}
	if len(warnings) != 1 {
		t.Errorf("warnings: %q", warnings)
	}
}

// aServiceForEachPod is a plan for a StatefulSet that has one, with amounts of its own each.
func aServiceForEachPod(used ...float64) *optimize.Report {
	r := blank()
	r.Request.Containers, r.Plan.Allotments = nil, nil
	for i, cpu := range []budget.MilliCPU{900, 150, 151} {
		name := fmt.Sprintf("kafka-%d", i)
		row := request.Container{Service: name, Pod: name, Sidecar: true, Spec: &request.Spec{OwnerKind: "StatefulSet", OwnerName: "kafka"}}
		if i < len(used) {
			row.Memory = &used[i]
		}
		r.Request.Containers = append(r.Request.Containers, row)
		r.Was = append(r.Was, optimize.Grant{Service: name, CPU: 100, Memory: 100_000_000})
		r.Plan.Allotments = append(r.Plan.Allotments, budget.Allotment{Service: name, Pods: 1, CPU: cpu, Memory: 130_000_000 + 1_000_000*budget.Bytes(2-i)})
	}
	return r
}

// TestPatchOfAServiceForEachPod: three times the largest would be 2700m and 396 MB where
// the plan has 900+150+151 = 1201m and 132+131+130 = 393 MB: a third of that is 400m (and
// a third of a millicore) and 131 MB.
func TestPatchOfAServiceForEachPod(t *testing.T) {
	stream, warnings := Patches(aServiceForEachPod())
	all := patches(t, stream)
	if len(all) != 1 {
		t.Fatalf("%d patches, want one:\n%s", len(all), stream)
	}
	a := all[0].Spec.Template.Metadata.Annotations
	if a["sidecar.istio.io/proxyCPULimit"] != "400m" || a["sidecar.istio.io/proxyMemoryLimit"] != "131000000" {
		t.Errorf("%v, want 400m and 131000000", a)
	}
	const want = `StatefulSet default/kafka runs pods of 3 services ("kafka-0", "kafka-1", "kafka-2"): one patch is for all of them, and 0.4 cores and 131000000 bytes each is what fits the limits, where the plan gives up to 0.9 cores and 132000000 bytes`
	if len(warnings) != 1 || !strings.HasPrefix(warnings[0], want) {
		t.Errorf("%q, want %s…", warnings, want)
	}
	script, _ := Resizes(aServiceForEachPod())
	for _, cpu := range []string{"900m", "150m", "151m"} {
		if !strings.Contains(string(script), cpu) {
			t.Errorf("no %s in the resizes, which are for one pod each:\n%s", cpu, script)
		}
	}
}

// TestNoPatchThatEndsASidecar: kafka-0 uses 131.5 MB of the 132 MB that it is to get; the
// 131 MB that one patch for all can give would end it. Of 131 MB it could live.
func TestNoPatchThatEndsASidecar(t *testing.T) {
	stream, warnings := Patches(aServiceForEachPod(131_500_000))
	if len(stream) > 0 || len(warnings) != 1 || !strings.Contains(warnings[0], "no patch for StatefulSet default/kafka") || !strings.Contains(warnings[0], "pod kafka-0 uses 131500000") {
		t.Errorf("%q and\n%s", warnings, stream)
	}
	if stream, warnings = Patches(aServiceForEachPod(131_000_000)); len(stream) == 0 {
		t.Errorf("%q", warnings)
	}
}
