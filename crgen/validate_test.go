package crgen

import (
	"encoding/json"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protojson"
	networking "istio.io/api/networking/v1beta1"
	"sigs.k8s.io/yaml"
)

// object is a resource as it is read back, nothing unknown allowed.
type object struct {
	APIVersion string `json:"apiVersion"`
	Kind       string `json:"kind"`
	Metadata   struct {
		Name      string            `json:"name"`
		Namespace string            `json:"namespace"`
		Labels    map[string]string `json:"labels"`
	} `json:"metadata"`
	RawSpec json.RawMessage `json:"spec"`

	spec networking.Sidecar
}

// parse reads a document strictly: no unknown or repeated keys in the YAML, none
// in the typed spec.
func parse(text string) (*object, error) {
	var obj object
	if err := yaml.UnmarshalStrict([]byte(text), &obj); err != nil {
		return nil, err
	}
	strict := protojson.UnmarshalOptions{DiscardUnknown: false}
	return &obj, strict.Unmarshal(obj.RawSpec, &obj.spec)
}

// violations are the rules of Istio's validator (ValidateSidecar, its warnings
// too) and of section A of our own that one document breaks. It is written
// against what the rules say, not against what the package does: it shares none
// of its functions.
func violations(text string) error {
	obj, err := parse(text)
	if err != nil {
		return err
	}
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }

	if obj.Kind != "Sidecar" || !slices.Contains([]string{"networking.istio.io/v1beta1", "networking.istio.io/v1"}, obj.APIVersion) {
		bad("it is a %s of %s", obj.Kind, obj.APIVersion)
	}
	if !validLabel(obj.Metadata.Name) || !validLabel(obj.Metadata.Namespace) {
		bad("name %q in namespace %q", obj.Metadata.Name, obj.Metadata.Namespace)
	}
	selectorViolations(obj, bad)
	if strings.Contains(string(obj.RawSpec), "outboundTrafficPolicy") {
		bad("outboundTrafficPolicy is written")
	}
	if len(obj.spec.Egress) != 1 || len(obj.spec.Ingress) != 0 {
		bad("%d egress and %d ingress listeners", len(obj.spec.Egress), len(obj.spec.Ingress))
		return errors.Join(errs...)
	}
	e := obj.spec.Egress[0]
	if e.Port != nil || e.Bind != "" || e.CaptureMode != 0 {
		bad("the listener has a port, bind or capture mode")
	}
	hostsViolations(e.Hosts, obj.Metadata.Namespace, bad)
	return errors.Join(errs...)
}

func selectorViolations(obj *object, bad func(string, ...any)) {
	hasSelector := obj.spec.WorkloadSelector != nil
	if isDefault := obj.Metadata.Name == "default"; isDefault == hasSelector {
		bad("named %q, selector %v: only the default has none, and it has none", obj.Metadata.Name, hasSelector)
	}
	if !hasSelector {
		if strings.Contains(string(obj.RawSpec), "workloadSelector") {
			bad("an empty selector is written")
		}
		return
	}
	labels := obj.spec.WorkloadSelector.Labels
	if len(labels) == 0 || len(labels) > 256 {
		bad("the selector has %d labels", len(labels))
	}
	for k, v := range labels {
		if k == "" || v == "" || len(v) > 63 || strings.ContainsAny(k+v, "* ") {
			bad("the selector has %q: %q", k, v)
		}
	}
}

func hostsViolations(hosts []string, own string, bad func(string, ...any)) {
	if len(hosts) == 0 {
		bad("no hosts")
	}
	if !slices.IsSorted(hosts) {
		bad("hosts are not sorted: %q", hosts)
	}
	seen := map[string]bool{}
	wide := map[string]bool{}
	for _, h := range hosts {
		ns, name, ok := strings.Cut(h, "/")
		if !ok || strings.Contains(name, "/") {
			bad("%q has not one slash", h)
		}
		if h == "~/*" && len(hosts) > 1 {
			bad("~/* is not alone: %q", hosts)
		}
		if ns != "*" && ns != "." && h != "~/*" && !validLabel(ns) {
			bad("%q has no valid namespace", h)
		}
		if ns == "." {
			ns = own
		}
		if name == "*" {
			wide[ns] = true
		} else if err := validHost(name); err != nil {
			bad("%q: %w", h, err)
		}
		if seen[ns+"/"+name] {
			bad("%q stands there twice", h)
		}
		seen[ns+"/"+name] = true
	}
	for key := range seen {
		if ns, name, _ := strings.Cut(key, "/"); name != "*" && (wide[ns] || wide["*"]) {
			bad("%q beside %s/*", key, ns)
		}
	}
	if wide["*"] {
		bad("*/* is listed")
	}
}

// validHost is ValidateWildcardDomain and "short names are not allowed", without
// the partial wildcards (*-x) that it lets through.
func validHost(host string) error {
	if len(host) > 255 || !strings.Contains(host, ".") {
		return errors.New("too long or a short name")
	}
	labels := strings.Split(strings.TrimPrefix(host, "*."), ".")
	for _, l := range labels {
		if !validLabel(l) {
			return fmt.Errorf("label %q", l)
		}
	}
	if strings.Trim(labels[len(labels)-1], "0123456789") == "" {
		return errors.New("the top level is a number")
	}
	return nil
}

func validLabel(s string) bool {
	return s != "" && len(s) <= 63 && strings.Trim(s, "abcdefghijklmnopqrstuvwxyz0123456789-") == "" &&
		!strings.HasPrefix(s, "-") && !strings.HasSuffix(s, "-")
}

// mustBeValid fails the test for every rule that the resources break, one by one
// and together, and for what an API server would refuse.
func mustBeValid(t testing.TB, rs []Resource) {
	t.Helper()
	type name struct{ namespace, name string }
	names, selectors := map[name]bool{}, map[string]string{}
	for i, r := range rs {
		if err := violations(r.YAML); err != nil {
			t.Fatalf("%s/%s breaks rules:\n%v\n%s", r.Namespace, r.Name, err, r.YAML)
		}
		obj, _ := parse(r.YAML)
		if obj.Metadata.Name != r.Name || obj.Metadata.Namespace != r.Namespace || !slices.Equal(obj.spec.Egress[0].Hosts, r.Hosts) {
			t.Fatalf("the resource and its YAML differ: %+v", r)
		}
		if names[name{r.Namespace, r.Name}] {
			t.Fatalf("two resources are named %s/%s", r.Namespace, r.Name)
		}
		names[name{r.Namespace, r.Name}] = true
		key := r.Namespace + fmt.Sprint(obj.spec.WorkloadSelector.GetLabels())
		if other, ok := selectors[key]; ok {
			t.Fatalf("%s and %s in %s select the same pods", other, r.Name, r.Namespace)
		}
		selectors[key] = r.Name
		if i > 0 && (rs[i-1].Namespace > r.Namespace || rs[i-1].Namespace == r.Namespace && rs[i-1].Name >= r.Name) {
			t.Fatalf("%s/%s is out of order", r.Namespace, r.Name)
		}
	}
	mustBeAccepted(t, rs)
}

// TestValidatorRefuses shows that each rule of the validator can fail.
func TestValidatorRefuses(t *testing.T) {
	doc := func(name, spec string) string {
		return "apiVersion: networking.istio.io/v1beta1\nkind: Sidecar\nmetadata:\n  name: " + name + "\n  namespace: default\nspec:\n" + spec
	}
	const hosts = "  egress:\n  - hosts: "
	const selector = "  workloadSelector:\n    labels:\n      app: a\n"
	if err := violations(doc("a", hosts+"[default/b.default.svc.cluster.local, istio-system/*]\n"+selector)); err != nil {
		t.Fatalf("a good one is refused: %v", err)
	}
	for what, text := range map[string]string{
		"another kind":           strings.Replace(doc("default", hosts+"['./*']\n"), "kind: Sidecar", "kind: EnvoyFilter", 1),
		"an odd name":            doc("A_b", hosts+"['./*']\n"+selector),
		"an empty selector":      doc("a", hosts+"['./*']\n  workloadSelector: {}\n"),
		"a default that selects": doc("default", hosts+"['./*']\n"+selector),
		"no selector, no default": doc("a",
			hosts+"['./*']\n"),
		"a bare policy":          doc("default", hosts+"['./*']\n  outboundTrafficPolicy: {}\n"),
		"an unknown field":       doc("default", hosts+"['./*']\n  template: {}\n"),
		"no egress":              doc("a", selector),
		"a port":                 doc("a", hosts+"['./*']\n    port: {number: 80, protocol: HTTP}\n"+selector),
		"no hosts":               doc("a", hosts+"[]\n"+selector),
		"a short name":           doc("a", hosts+"[default/b]\n"+selector),
		"no namespace":           doc("a", hosts+"[b.default.svc.cluster.local]\n"+selector),
		"a port in a host":       doc("a", hosts+"['default/b.default.svc:80']\n"+selector),
		"an address":             doc("a", hosts+"['*/10.0.0.1']\n"+selector),
		"a wildcard inside":      doc("a", hosts+"['*/a.*.com']\n"+selector),
		"an exclusion":           doc("a", hosts+"[~prod/b.com]\n"+selector),
		"~/* beside others":      doc("a", hosts+"[./*, ~/*]\n"+selector),
		"a host twice":           doc("a", hosts+"[a/b.com, a/b.com]\n"+selector),
		"a host twice by dot":    doc("a", hosts+"[./b.com, default/b.com]\n"+selector),
		"a host beside its all":  doc("a", hosts+"[a/*, a/b.com]\n"+selector),
		"the whole mesh":         doc("a", hosts+"['*/*']\n"+selector),
		"hosts out of order":     doc("a", hosts+"[b/b.com, a/b.com]\n"+selector),
		"a wildcard in a label":  doc("a", hosts+"[./*]\n  workloadSelector:\n    labels:\n      app: a*\n"),
		"a key of another level": doc("a", hosts+"[./*]\n"+selector) + "status: {}\n",
	} {
		if violations(text) == nil {
			t.Errorf("%s is accepted:\n%s", what, text)
		}
	}
}
