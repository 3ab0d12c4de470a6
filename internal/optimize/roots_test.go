package optimize

import (
	"context"
	"slices"
	"strings"
	"testing"
)

// A service by the root's name is warned of, once.
func TestTwoRoots(t *testing.T) {
	w := &world{requests: 400, services: []worldService{
		{name: "front", pods: []string{"front-1"}, calls: []worldCall{{to: "ingress-gateway", share: 1}}},
		{name: "ingress-gateway", pods: []string{"igw-1"}},
	}}
	obs, err := Observe(context.Background(), w.request(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	named := func(warning string) bool { return strings.Contains(warning, `named "ingress-gateway"`) }
	if !slices.ContainsFunc(obs.Warnings, named) {
		t.Errorf("warnings %q", obs.Warnings)
	}
	if rep := mustRun(t, chain(100, 0.1).request(), nil); slices.ContainsFunc(rep.Warnings, named) {
		t.Errorf("warnings of a mesh without: %q", rep.Warnings)
	}
}
