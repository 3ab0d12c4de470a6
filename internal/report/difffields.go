package report

import (
	"cmp"
	"encoding/json"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"sigs.k8s.io/yaml"
)

// fieldChange is one field of a resource that differs, hosts excepted: those are told
// by what came and what went.
type fieldChange struct {
	Field string `json:"field"`
	// Old and New are the values as JSON has them, null where the field is not there.
	Old json.RawMessage `json:"old"`
	New json.RawMessage `json:"new"`
}

// maxFields is the most fields of one resource that are told.
const maxFields = 50

// fieldsBetween compares two resources field by field. Where all are the same the two
// differ in the order of hosts or in spelling.
func fieldsBetween(old, new string) ([]fieldChange, error) {
	was, err := flat(old)
	if err != nil {
		return nil, err
	}
	is, err := flat(new)
	if err != nil {
		return nil, err
	}
	var out []fieldChange
	for _, field := range union(was, is) {
		if string(was[field]) != string(is[field]) {
			out = append(out, fieldChange{field, was[field], is[field]})
		}
	}
	if more := len(out) - maxFields; more > 0 {
		out = append(out[:maxFields], fieldChange{Field: fmt.Sprintf("and %d more", more)})
	}
	return out, nil
}

// same is whether two texts are one resource, in YAML or JSON.
func same(old, new string) bool {
	if old == new {
		return true
	}
	was, err := bare(old)
	if err != nil {
		return false
	}
	is, err := bare(new)
	return err == nil && reflect.DeepEqual(was, is)
}

// serverSet are the fields that the API server and kubectl add to what was applied.
var serverSet = []string{"uid", "resourceVersion", "generation", "creationTimestamp", "managedFields", "selfLink"}

// bare is a resource as it was applied.
func bare(text string) (doc any, err error) {
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		return nil, err
	}
	object, _ := doc.(map[string]any)
	delete(object, "status")
	meta, _ := object["metadata"].(map[string]any)
	for _, field := range serverSet {
		delete(meta, field)
	}
	notes, ok := meta["annotations"].(map[string]any)
	if delete(notes, "kubectl.kubernetes.io/last-applied-configuration"); ok && len(notes) == 0 {
		delete(meta, "annotations")
	}
	return doc, nil
}

// flat are a resource's values by their paths, such as spec.egress[0].port.number.
func flat(text string) (map[string]json.RawMessage, error) {
	doc, err := bare(text)
	if err != nil {
		return nil, err
	}
	out := map[string]json.RawMessage{}
	var walk func(path string, v any) error
	walk = func(path string, v any) error {
		switch v := v.(type) {
		case map[string]any:
			for _, k := range sortedNames(v) {
				if k == "hosts" && strings.HasPrefix(path, "spec.egress[") {
					continue
				}
				if err := walk(strings.TrimPrefix(path+"."+k, "."), v[k]); err != nil {
					return err
				}
			}
			return nil
		case []any:
			for i, e := range v {
				if err := walk(fmt.Sprintf("%s[%d]", path, i), e); err != nil {
					return err
				}
			}
			return nil
		}
		value, err := json.Marshal(v)
		out[path] = value
		return err
	}
	return out, walk("", doc)
}

func sortedNames(m map[string]any) []string {
	names := make([]string, 0, len(m))
	for k := range m {
		names = append(names, k)
	}
	slices.Sort(names)
	return names
}

// String is "field: old → new".
func (f fieldChange) String() string {
	value := func(v json.RawMessage) string {
		if v == nil {
			return "-"
		}
		return clip(strings.Trim(string(v), `"`), maxName)
	}
	if f.Old == nil && f.New == nil {
		return f.Field
	}
	return clip(f.Field, maxName) + ": " + value(f.Old) + " → " + value(f.New)
}

// lacks is how many rows of a list a document was cut by.
func (d *PlanDocument) lacks(list string) int {
	for _, t := range d.Truncated {
		if t.List == list {
			return max(0, t.Of-t.Kept)
		}
	}
	return 0
}

// untold counts what cannot be compared because one of the documents was cut.
type untold struct {
	Services  int `json:"services"`
	Resources int `json:"resources"`
}

// plus counts one more that side lacks.
func (u *untold) plus(v untold) {
	u.Services, u.Resources = u.Services+v.Services, u.Resources+v.Resources
}

// incomplete warns of documents that were cut, and says what that leaves open.
func (d *Difference) incomplete() {
	for i, x := range []struct {
		name, other string
		doc         *PlanDocument
	}{{"old", "new", &d.Old}, {"new", "old", &d.New}} {
		d.Untold.plus(d.open[i])
		if len(x.doc.Truncated) == 0 {
			continue
		}
		var cut []string
		for _, list := range []struct{ key, what string }{{"resource", "services"}, {"istio_cr", "Istio resources"}, {"sidecars", "services' numbers of pods"}} {
			if n := x.doc.lacks(list.key); n > 0 {
				cut = append(cut, fmt.Sprintf("%d %s", n, list.what))
			}
		}
		if len(cut) == 0 {
			continue // reasons and evidence, which are not compared
		}
		d.Warnings = append(d.Warnings, fmt.Sprintf("the %s plan was cut to fit a document's limit and lacks %s: of %s and %s that the %s plan lists it cannot be told whether they changed, nor of what both lack; compare what 'sluice plan -o json' prints, which is whole",
			x.name, strings.Join(cut, ", "), count(d.open[i].Services, "service"), count(d.open[i].Resources, "Istio resource"), x.other))
	}
}

// compareRows orders the resources of a difference.
func compareRows(a, b resourceChange) int {
	return cmp.Or(strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Name, b.Name))
}
