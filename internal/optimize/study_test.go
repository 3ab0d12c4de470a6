package optimize

import (
	"context"
	"slices"
	"strings"
	"testing"
)

// Calls that close a cycle are not in the model, and the study names them; a service by
// the root's name is warned of.
func TestStudyNamesWhatIsLeftOut(t *testing.T) {
	w := &world{requests: 400, services: []worldService{
		{name: "front", pods: []string{"front-1"}, calls: []worldCall{{to: "ingress-gateway", share: 1}}},
		{name: "ingress-gateway", pods: []string{"igw-1"}, calls: []worldCall{{to: "front", share: 0.1}}},
	}}
	obs, err := Observe(context.Background(), w.request(), Options{})
	if err != nil {
		t.Fatal(err)
	}
	s := NewStudy(obs, nil, Options{})
	if want := [][2]int{{1, 0}}; !slices.Equal(s.Back, want) {
		t.Errorf("back %v, want %v", s.Back, want)
	}
	for _, c := range s.Input.Calls {
		if c.From == 1 && c.To == 0 {
			t.Errorf("the model has %+v", c)
		}
	}
	named := func(warning string) bool { return strings.Contains(warning, `named "ingress-gateway"`) }
	if !slices.ContainsFunc(obs.Warnings, named) {
		t.Errorf("warnings %q", obs.Warnings)
	}
	if rep := mustRun(t, chain(100, 0.1).request(), nil); slices.ContainsFunc(rep.Warnings, named) {
		t.Errorf("warnings of a mesh without: %q", rep.Warnings)
	}
}
