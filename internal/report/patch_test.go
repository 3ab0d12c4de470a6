package report

import (
	"slices"
	"strings"
	"testing"

	"sigs.k8s.io/yaml"

	"github.com/sluice-mesh/sluice/budget"
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
