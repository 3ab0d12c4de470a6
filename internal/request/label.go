package request

import (
	"slices"
	"strings"
)

const (
	// maxLabels of one pod are kept, and maxSets different sets of them: fleets have
	// as many sets as workloads, and memory must be bounded.
	maxLabels = 32
	maxSets   = maxInterned
	// maxLabelValue is what Kubernetes allows.
	maxLabelValue = 63
)

// labels reads the labels of a pod, as Kubernetes has them: an object of strings.
// The field is no part of the contest's form, so anything else is ignored, as
// unknown fields are.
func (d *decoder) labels() ([]Label, error) {
	c, err := d.next("a value")
	if err != nil || c != '{' {
		if err == nil {
			err = d.ignore()
		}
		return nil, err
	}
	var found []Label
	err = d.object(func(key string) error {
		v, err := d.scalar(maxLabelValue, d.names)
		if err == nil && v.kind == quoted && !v.over && !v.half && len(key) < maxKey && len(found) < maxLabels && !generated(key) {
			found = append(found, Label{interned(d.names, []byte(key)), v.text})
		}
		return err
	})
	return d.labelSet(found), err
}

// generated labels are each pod's or each revision's own: they select no workload.
func generated(key string) bool {
	switch key {
	case "pod-template-hash", "controller-revision-hash", "pod-template-generation",
		"statefulset.kubernetes.io/pod-name", "apps.kubernetes.io/pod-index":
		return true
	}
	return false
}

// labelSet is the one slice for all rows with the same labels, sorted by key; the
// last of repeated keys counts, as for any field.
func (d *decoder) labelSet(found []Label) []Label {
	if len(found) == 0 {
		return nil
	}
	slices.Reverse(found)
	slices.SortStableFunc(found, func(a, b Label) int { return strings.Compare(a.Key, b.Key) })
	found = slices.CompactFunc(found, func(a, b Label) bool { return a.Key == b.Key })
	var b strings.Builder
	for _, l := range found {
		b.WriteString(l.Key + "\x00" + l.Value + "\x00")
	}
	set, ok := d.sets[b.String()]
	if !ok && len(d.sets) < maxSets {
		set = slices.Clip(found)
		d.sets[b.String()] = set
	}
	return set
}
