package report

import (
	"bytes"
	"encoding/json"
	"fmt"

	"sigs.k8s.io/yaml"

	"github.com/sluice-mesh/sluice/internal/optimize"
)

// ResourceStream is `sluice crs`: one YAML document for each resource, as many as
// Answer has strings, for kubectl apply -f -.
func ResourceStream(r *optimize.Report) []byte {
	docs := make([]string, 0, len(r.Resources))
	for _, res := range r.Resources {
		docs = append(docs, res.YAML)
	}
	return Stream(docs)
}

// Stream joins YAML documents to one stream.
func Stream(docs []string) []byte {
	var b bytes.Buffer
	for i, doc := range docs {
		if i > 0 {
			b.WriteString("---\n")
		}
		b.WriteString(doc)
	}
	return b.Bytes()
}

// ResourceList is `sluice crs -o json`: the same as one Kubernetes List, which
// kubectl applies as well.
func ResourceList(r *optimize.Report) ([]byte, error) {
	items := make([]json.RawMessage, 0, len(r.Resources))
	for _, res := range r.Resources {
		item, err := yaml.YAMLToJSON([]byte(res.YAML))
		if err != nil {
			return nil, fmt.Errorf("report: resource %s/%s: %w", res.Namespace, res.Name, err)
		}
		items = append(items, item)
	}
	var d document
	d.set("apiVersion", "v1")
	d.set("kind", "List")
	d.list("items", 1, rowsOf(items, nil))
	return d.finish(0)
}
