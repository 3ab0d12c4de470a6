package crgen

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	networking "istio.io/api/networking/v1beta1"
	"sigs.k8s.io/yaml"
)

// typed is render by Istio's own types and the library that kubectl reads YAML with:
// what render's lines are held to.
func typed(t testing.TB, r Resource, labels map[string]string, o Options) string {
	t.Helper()
	type metadata struct {
		Labels    map[string]string `json:"labels"`
		Name      string            `json:"name"`
		Namespace string            `json:"namespace"`
	}
	spec := &networking.Sidecar{Egress: []*networking.IstioEgressListener{{Hosts: r.Hosts}}}
	if len(labels) > 0 {
		spec.WorkloadSelector = &networking.WorkloadSelector{Labels: labels}
	}
	text, err := yaml.Marshal(struct {
		APIVersion string              `json:"apiVersion"`
		Kind       string              `json:"kind"`
		Metadata   metadata            `json:"metadata"`
		Spec       *networking.Sidecar `json:"spec"`
	}{"networking.istio.io/" + o.APIVersion, r.Kind, metadata{map[string]string{managerKey: manager}, r.Name, r.Namespace}, spec})
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

// mustRender fails where render's bytes are not those of the types.
func mustRender(t testing.TB, r Resource, labels map[string]string) {
	t.Helper()
	o := Options{APIVersion: DefaultAPIVersion}
	r.Kind = kind
	got, err := render(r, labels, o)
	if want := typed(t, r, labels, o); err != nil || got != want {
		t.Fatalf("%q %q %q %q: %v, got\n%s\nwant\n%s", r.Namespace, r.Name, r.Hosts, labels, err, got, want)
	}
}

// ambiguous texts are names to Kubernetes and something else, or nearly, to YAML.
var ambiguousNames = []string{
	"1", "0", "007", "08", "0x1f", "0xzz", "0b11", "0o17", "1e3", "1e", "e1", "12e03", "3f2a", "2001-01-02", "2001-1-2t", "2001-13-45",
	"1-2", "1-a", "1_000", "1.5", "1.", "1.e3", "190:20:30", strings.Repeat("9", 63), strings.Repeat("1", 30) + "e5",
	"y", "n", "Y", "yes", "no", "on", "off", "On", "true", "True", "false", "null", "Null", "NULL", "nan", "inf", "yes-1", "nullable",
	"a", "a-b", "g1", "1g", "9t", "9z", "9o", "9x", "x9", "t", "z", "o", strings.Repeat("a", 63), "A.b_c", "i", "1i", "0i", "1n",
}

func TestRenderIsWhatTheTypesGive(t *testing.T) {
	for _, s := range ambiguousNames {
		mustRender(t, Resource{Namespace: s, Name: s, Hosts: []string{s, s + "/" + s, s + "/*", "*/" + s, s + "." + s, "*." + s}}, map[string]string{"app": s})
		mustRender(t, Resource{Namespace: "a", Name: "b", Hosts: []string{"~/*"}}, map[string]string{s: "v"})
		mustRender(t, Resource{Namespace: "a", Name: "b", Hosts: []string{"./*", "*/x.y"}}, nil)
		mustRender(t, Resource{Namespace: "a", Name: "b", Hosts: []string{"./*"}}, map[string]string{s: s, "app": "x", "a10": "1", "a9": "2", "a.b/c": s})
	}
	long := strings.Repeat("a", 60) + "." + strings.Repeat("b", 60) + "." + strings.Repeat("c", 60) + "/name"
	mustRender(t, Resource{Namespace: "a", Name: "b", Hosts: []string{"a/" + long}}, map[string]string{long: "v"})
	mustRender(t, Resource{Namespace: "a", Name: "b", Hosts: []string{"./*"}}, map[string]string{long: "v", "b": "w"})
}

// Texts of few characters, which make numbers, dates and words by chance.
func TestRenderAtRandom(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	const letters = "0123456789abefnostxyz-_./*~T"
	text := func() string {
		b := make([]byte, 1+rnd.IntN(6))
		for i := range b {
			b[i] = letters[rnd.IntN(len(letters))]
		}
		return string(b)
	}
	for range 3000 {
		labels := map[string]string{}
		for range rnd.IntN(3) {
			labels[text()] = text()
		}
		mustRender(t, Resource{Namespace: text(), Name: text(), Hosts: []string{text(), text()}}, labels)
	}
}

// FuzzRender looks for a text that render writes otherwise than the library would.
func FuzzRender(f *testing.F) {
	for _, s := range ambiguousNames {
		f.Add(s, s)
	}
	f.Fuzz(func(t *testing.T, name, value string) {
		if !isQualified(name) || !isQualified(value) {
			t.Skip() // judge lets no other text through
		}
		mustRender(t, Resource{Namespace: name, Name: value, Hosts: []string{name + "/" + value}}, map[string]string{name: value})
	})
}

// BenchmarkRender is a namespace's default and a workload's Sidecar.
func BenchmarkRender(b *testing.B) {
	o := Options{}.withDefaults()
	var hosts []string
	for i := range 4 {
		hosts = append(hosts, fmt.Sprintf("shop/cart-%d.shop.svc.cluster.local", i))
	}
	b.ReportAllocs()
	for b.Loop() {
		for _, labels := range []map[string]string{nil, {"app": "cart"}} {
			if _, err := render(Resource{Kind: kind, Namespace: "shop", Name: "cart", Hosts: hosts}, labels, o); err != nil {
				b.Fatal(err)
			}
		}
	}
}
