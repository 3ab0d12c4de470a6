package report

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"sigs.k8s.io/yaml"
)

// form is what a document that is compared holds.
type form uint8

const (
	// ofPlan is amounts and resources: a plan or round, or an answer of /optimize.
	ofPlan form = iota
	// ofResources is Istio resources alone.
	ofResources
	// ofPatches is patches of workloads alone.
	ofPatches
	// ofNothing is a stream without documents: of resources or of patches, as the other is.
	ofNothing
)

// String is the form in a sentence.
func (f form) String() string {
	return [...]string{"a plan", "Istio resources", "patches of workloads", "nothing"}[f]
}

// ReadPlan reads what Plan, Answer, ResourceStream, ResourceList or Patches printed, or
// what kubectl tells of resources that are applied.
func ReadPlan(text []byte) (*PlanDocument, error) {
	text = bytes.TrimSpace(bytes.TrimPrefix(text, []byte("\xef\xbb\xbf")))
	switch {
	case len(text) == 0: // what crs and patch print where there is nothing to print
		return &PlanDocument{form: ofNothing}, nil
	case bytes.HasPrefix(text, []byte("#!")):
		return nil, errors.New("it is a script: compare what 'sluice plan -o json' or '-o patch' prints")
	case text[0] == '{' || text[0] == '[':
		return readJSON(text)
	}
	d := &PlanDocument{form: ofResources}
	return d, d.indexStream(text)
}

// wanted is what can be compared.
const wanted = "expected what 'sluice plan' prints with -o json, contest or patch, what 'sluice crs' prints, or what GET /rounds/N answers"

func readJSON(text []byte) (*PlanDocument, error) {
	var keys map[string]json.RawMessage
	if err := json.Unmarshal(text, &keys); err != nil {
		return nil, fmt.Errorf("it is no JSON object (%w): %s", err, wanted)
	}
	has := func(key string) bool { _, ok := keys[key]; return ok }
	switch {
	case has("containers"):
		return nil, errors.New("it is a request, not a plan: 'sluice plan REQUEST.json -o json' makes one of it")
	case has("scopes") && !has("resource"), has("workloads") && has("fraction"):
		return nil, errors.New("it is what 'sluice crs' tells with --explain or --holdout, not the resources: leave these flags out")
	case has("kind") && !has("resource"):
		d := &PlanDocument{form: ofResources}
		return d, d.indexObject(text, 1)
	case !has("resource"):
		return nil, errors.New(`it has no "resource": ` + wanted)
	}
	d := &PlanDocument{}
	if err := json.Unmarshal(text, d); err != nil {
		return nil, fmt.Errorf("it is no plan: %w", err)
	}
	return d, d.index()
}

// indexStream reads the documents of a YAML stream.
func (d *PlanDocument) indexStream(text []byte) error {
	for i, doc := range splitDocuments(text) {
		if err := d.indexObject(doc, i+1); err != nil {
			return err
		}
	}
	if len(d.resources) == 0 {
		d.form = ofNothing
	}
	return nil
}

// splitDocuments splits a stream at the lines that begin "---"; what is comments or
// blank alone is left out.
func splitDocuments(text []byte) [][]byte {
	var docs [][]byte
	var doc []byte
	content := false
	end := func() {
		if content {
			docs = append(docs, doc)
		}
		doc, content = nil, false
	}
	for line := range bytes.Lines(text) {
		if bytes.HasPrefix(line, []byte("---")) {
			end()
			line = line[3:]
		}
		bare := bytes.TrimSpace(line)
		content = content || len(bare) > 0 && bare[0] != '#'
		doc = append(doc, line...)
	}
	end()
	return docs
}

// indexObject reads one Kubernetes object, or a List of them.
func (d *PlanDocument) indexObject(text []byte, number int) error {
	var list struct {
		Kind  string            `json:"kind"`
		Items []json.RawMessage `json:"items"`
	}
	asJSON, err := yaml.YAMLToJSON(text)
	if err == nil {
		err = json.Unmarshal(asJSON, &list)
	}
	switch {
	case err != nil:
		return fmt.Errorf("document %d is no Kubernetes object (%w): %s", number, err, wanted)
	case list.Items == nil && !strings.HasSuffix(list.Kind, "List"):
		return d.add(string(text), asJSON, number)
	}
	if d.resources == nil {
		d.resources = map[string]appliedCR{} // a List may be of none
	}
	for i, item := range list.Items {
		if err := d.add(string(item), item, i+1); err != nil {
			return err
		}
	}
	return nil
}

// add indexes one object. A document holds patches or Istio resources, not both.
func (d *PlanDocument) add(text string, asJSON []byte, number int) error {
	cr := appliedCR{text: text}
	if err := json.Unmarshal(asJSON, &cr); err != nil || cr.Kind == "" || cr.Metadata.Name == "" {
		return fmt.Errorf("document %d is no Kubernetes object with a kind and a name: %s", number, wanted)
	}
	is := ofResources
	if patched[cr.Kind] != "" {
		is = ofPatches
	}
	if d.resources == nil {
		d.form, d.resources = is, map[string]appliedCR{}
	}
	switch _, twice := d.resources[cr.key()]; {
	case twice:
		return fmt.Errorf("it holds %s %s/%s twice: compare one round with one other", clip(cr.Kind, maxName), clip(cr.Metadata.Namespace, maxName), clip(cr.Metadata.Name, maxName))
	case is != d.form && len(d.resources) > 0:
		return fmt.Errorf("it holds both Istio resources and patches of workloads: compare them apart")
	}
	d.form = is
	d.resources[cr.key()] = cr
	return nil
}

func (r *appliedCR) key() string {
	return r.Kind + "\x00" + r.Metadata.Namespace + "\x00" + r.Metadata.Name
}

// inCommon says what two documents have in common: all, or their resources alone.
func inCommon(old, new *PlanDocument) (resourcesOnly bool, err error) {
	switch {
	case old.form == ofPlan && new.form == ofNothing, old.form == ofNothing && new.form == ofPlan:
		// No plan prints nothing: something failed before.
		return false, errors.New("one holds a plan and the other is empty: " + wanted + " ('sluice crs -o json' prints a List where there are no resources)")
	case old.form == ofNothing, new.form == ofNothing:
		return true, nil
	}
	if (old.form == ofPatches) != (new.form == ofPatches) {
		return false, fmt.Errorf("OLD holds %s and NEW %s, which have nothing in common: compare patches with patches, and Istio resources with those of a plan or others", old.form, new.form)
	}
	return old.form != ofPlan || new.form != ofPlan, nil
}
