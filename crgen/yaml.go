package crgen

import (
	"strings"

	"sigs.k8s.io/yaml"
)

// render writes the resource as YAML. labels select its pods; a default has none,
// and then no selector at all: an empty one would select every pod and come
// before the default. The egress has one listener without a port, which would
// bind the hosts to that port, and there is no outboundTrafficPolicy, since an
// empty one means REGISTRY_ONLY.
//
// It is written line by line: from Istio's own types by way of sigs.k8s.io/yaml one
// takes 94 µs and 70 KB, so that a mesh of 100,000 services would keep all others
// waiting for ten seconds. The tests hold it to what those give, byte for byte.
func render(r Resource, labels map[string]string, o Options) (string, error) {
	w := writer{}
	w.Grow(256)
	w.line("apiVersion: networking.istio.io/" + o.APIVersion)
	w.line("kind: " + r.Kind)
	w.line("metadata:")
	w.line("  labels:")
	w.line("    " + managerKey + ": " + manager)
	w.entry("  name: ", r.Name)
	w.entry("  namespace: ", r.Namespace)
	w.line("spec:")
	w.line("  egress:")
	w.line("  - hosts:")
	for _, h := range r.Hosts {
		w.entry("    - ", h)
	}
	if len(labels) > 0 {
		w.line("  workloadSelector:")
		w.line("    labels:")
		w.labels("      ", labels)
	}
	return w.String(), w.err
}

// writer writes lines of YAML and keeps the first error.
type writer struct {
	strings.Builder
	err error
}

func (w *writer) line(s string) {
	w.WriteString(s)
	w.WriteByte('\n')
}

// entry writes text as the value behind head.
func (w *writer) entry(head, text string) {
	w.WriteString(head)
	switch {
	case plain(text):
		w.line(text)
	case isNumber(text):
		w.line(`"` + text + `"`)
	default:
		w.block("", text)
	}
}

// labels writes a map. More labels than one are sorted by the library, as it has its
// own order ("a10" after "a9").
func (w *writer) labels(indent string, labels map[string]string) {
	if len(labels) == 1 {
		for k, v := range labels {
			if plain(k) && len(k) <= maxLabel { // the library writes very long keys in another way
				w.entry(indent+k+": ", v)
				return
			}
		}
	}
	w.block(indent, labels)
}

// block writes what the library makes of v, each line behind indent.
func (w *writer) block(indent string, v any) {
	text, err := yaml.Marshal(v)
	if err != nil && w.err == nil {
		w.err = err
	}
	for line := range strings.Lines(string(text)) {
		w.WriteString(indent)
		w.WriteString(line)
	}
}

// plain tells that s needs no quotes: made of characters that mean nothing to YAML,
// and sure to be read as text. What it is not sure of it leaves to the library.
func plain(s string) bool {
	if s == ownNamespace || s == nothing {
		return true
	}
	if s == "" || !isAlnum(s[0]) {
		return false
	}
	word := false // holds what no number and no date does
	for i := range len(s) {
		switch c := s[i]; {
		case 'g' <= c && c <= 'y' && c != 'o' && c != 't' && c != 'x', c == '/', c == '*':
			word = true
		case !isAlnum(c) && c != '-' && c != '_' && c != '.':
			return false
		}
	}
	if '0' <= s[0] && s[0] <= '9' {
		return word
	}
	return !reserved[strings.ToLower(s)]
}

// reserved words stand for something else than text in YAML 1.1.
var reserved = map[string]bool{
	"y": true, "n": true, "yes": true, "no": true, "on": true, "off": true,
	"true": true, "false": true, "null": true,
}
