package crgen

import (
	"context"
	"errors"
	"fmt"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"k8s.io/apiextensions-apiserver/pkg/apis/apiextensions"
	apiextensionsv1 "k8s.io/apiextensions-apiserver/pkg/apis/apiextensions/v1"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/cel"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/listtype"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/schema/pruning"
	"k8s.io/apiextensions-apiserver/pkg/apiserver/validation"
	celconfig "k8s.io/apiserver/pkg/apis/cel"
	"sigs.k8s.io/yaml"
)

// releases are the Istio releases whose CustomResourceDefinitions every resource
// is held against: the oldest that we claim, the first that serves v1, the newest.
var releases = []string{"1.12", "1.22", "1.31"}

// apiServer validates as the API server does when a Sidecar is applied to a
// cluster with one release's definition.
type apiServer struct {
	release  string
	versions map[string]*servedVersion
}

// servedVersion is one version of the definition.
type servedVersion struct {
	structural *schema.Structural
	openAPI    validation.SchemaCreateValidator
	cel        *cel.Validator
}

func newAPIServer(release string) (*apiServer, error) {
	text, err := os.ReadFile(filepath.Join("testdata", "crd", "istio-"+release+".yaml"))
	if err != nil {
		return nil, err
	}
	var crd apiextensionsv1.CustomResourceDefinition
	if err := yaml.Unmarshal(text, &crd); err != nil {
		return nil, err
	}
	s := &apiServer{release, map[string]*servedVersion{}}
	for _, v := range crd.Spec.Versions {
		if !v.Served {
			continue
		}
		if s.versions[v.Name], err = serve(v.Schema); err != nil {
			return nil, fmt.Errorf("%s %s: %w", release, v.Name, err)
		}
	}
	return s, nil
}

// serve prepares one version as the API server does when the definition comes in.
func serve(v1 *apiextensionsv1.CustomResourceValidation) (*servedVersion, error) {
	var in apiextensions.CustomResourceValidation
	if err := apiextensionsv1.Convert_v1_CustomResourceValidation_To_apiextensions_CustomResourceValidation(v1, &in, nil); err != nil {
		return nil, err
	}
	structural, err := schema.NewStructural(in.OpenAPIV3Schema)
	if err != nil {
		return nil, err
	}
	if errs := schema.ValidateStructural(nil, structural); len(errs) > 0 {
		return nil, errs.ToAggregate()
	}
	openAPI, _, err := validation.NewSchemaValidator(in.OpenAPIV3Schema)
	if err != nil {
		return nil, err
	}
	return &servedVersion{structural, openAPI, cel.NewValidator(structural, true, celconfig.PerCallLimit)}, nil
}

// apply is what `kubectl apply --validate=strict` would be told: unknown fields,
// the schema, sets and maps, and the rules in CEL.
func (s *apiServer) apply(text string) error {
	var obj map[string]any
	if err := yaml.UnmarshalStrict([]byte(text), &obj); err != nil {
		return err
	}
	name, ok := strings.CutPrefix(fmt.Sprint(obj["apiVersion"]), "networking.istio.io/")
	v := s.versions[name]
	if !ok || v == nil || obj["kind"] != "Sidecar" {
		return fmt.Errorf("Istio %s serves no %v of %v", s.release, obj["kind"], obj["apiVersion"])
	}
	errs := validation.ValidateCustomResource(nil, obj, v.openAPI)
	errs = append(errs, listtype.ValidateListSetsAndMaps(nil, v.structural, obj)...)
	if v.cel != nil {
		more, _ := v.cel.Validate(context.Background(), nil, v.structural, obj, nil, celconfig.RuntimeCELCostBudget)
		errs = append(errs, more...)
	}
	unknown := pruning.PruneWithOptions(obj, v.structural, true, schema.UnknownFieldPathOptions{TrackUnknownFieldPaths: true})
	if len(unknown) > 0 {
		return errors.Join(errs.ToAggregate(), fmt.Errorf("unknown fields %q", unknown))
	}
	return errs.ToAggregate()
}

// allServers are the API servers of all releases; preparing them takes a while.
var allServers = sync.OnceValues(func() ([]*apiServer, error) {
	var all []*apiServer
	for _, r := range releases {
		s, err := newAPIServer(r)
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
})

// mustBeAccepted fails when the API server of a release that serves the resources'
// version would refuse one of them.
func mustBeAccepted(t testing.TB, rs []Resource) (validations int) {
	t.Helper()
	servers, err := allServers()
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range rs {
		for _, s := range servers {
			if strings.HasPrefix(r.YAML, "apiVersion: networking.istio.io/v1\n") && s.versions["v1"] == nil {
				continue
			}
			if err := s.apply(r.YAML); err != nil {
				t.Fatalf("Istio %s: %v:\n%s", s.release, err, r.YAML)
			}
			validations++
		}
	}
	return validations
}

// TestAPIServerRefuses: what the validation is there to find, it finds. CEL rules
// came with 1.22; before, istiod's webhook alone knew them.
func TestAPIServerRefuses(t *testing.T) {
	const head = "apiVersion: networking.istio.io/v1beta1\nkind: Sidecar\nmetadata: {name: a, namespace: b}\n"
	servers, err := allServers()
	if err != nil {
		t.Fatal(err)
	}
	oldest, newest := servers[0], servers[len(servers)-1]
	for name, spec := range map[string]string{
		"a host that is no text":  "spec: {egress: [{hosts: [1]}]}",
		"no hosts":                "spec: {egress: [{}]}",
		"a field that is unknown": "spec: {egress: [{hosts: ['./*']}], workloadSelectors: {}}",
		"an unknown mode":         "spec: {outboundTrafficPolicy: {mode: SOME}}",
		"a wildcard label":        "spec: {workloadSelector: {labels: {app: '*'}}, egress: [{hosts: ['./*']}]}",
		"a label that is long":    "spec: {workloadSelector: {labels: {app: " + strings.Repeat("a", 64) + "}}, egress: [{hosts: ['./*']}]}",
	} {
		if err := newest.apply(head + spec); err == nil {
			t.Errorf("%s passes", name)
		}
	}
	if err := newest.apply(head + "spec: {egress: [{hosts: ['./*']}]}"); err != nil {
		t.Error(err)
	}
	if err := oldest.apply(strings.Replace(head, "v1beta1", "v1", 1)); err == nil {
		t.Error("1.12 serves v1")
	}
}

// TestNewestDefinitionIsTheModules: the copy of the newest definition is that of
// the istio.io/api that we are built with.
func TestNewestDefinitionIsTheModules(t *testing.T) {
	dir, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}", "istio.io/api").Output()
	if err != nil || len(dir) < 2 {
		t.Skipf("go list does not tell where istio.io/api is: %v", err)
	}
	all, err := os.ReadFile(filepath.Join(strings.TrimSpace(string(dir)), "kubernetes", "customresourcedefinitions.gen.yaml"))
	if err != nil {
		t.Skip(err)
	}
	ours, err := os.ReadFile(filepath.Join("testdata", "crd", "istio-"+releases[len(releases)-1]+".yaml"))
	if err != nil {
		t.Fatal(err)
	}
	if !strings.Contains(string(all), string(ours)) {
		t.Error("testdata/crd has another definition than istio.io/api: copy it anew")
	}
}

// TestFiveThousandAccepted: a large mesh with cycles and self-calls, in both
// versions.
func TestFiveThousandAccepted(t *testing.T) {
	n := 0
	for _, version := range []string{"v1beta1", "v1"} {
		rs, _ := Generate(mesh(5000, 7, rand.New(rand.NewPCG(3, 4))), Options{APIVersion: version, Round: 20})
		n += mustBeAccepted(t, rs)
	}
	t.Logf("%d validations", n)
	if n < 5*4000 {
		t.Errorf("only %d validations of 5000 services by 5 served versions", n)
	}
}
