package request

import (
	"cmp"
	"math"
	"strings"
)

// Spec is what a row tells of how its container is specified, beyond what it used. None
// of it is in the contest's form: what is absent, or of another type, is not known.
type Spec struct {
	// Limits and requests, in cores and bytes, finite and not negative.
	CPULimit, MemoryLimit, CPURequest, MemoryRequest *float64
	// OwnerKind and OwnerName are the pod's workload, such as Deployment and cart.
	OwnerKind, OwnerName string
	// QoS is the pod's class: Guaranteed, Burstable or BestEffort.
	QoS string
	// OthersGuaranteed is whether all other containers of the pod have requests equal
	// to limits, so that this one alone decides on the class.
	OthersGuaranteed *bool
	// Init is that the container is among the initContainers (a native sidecar).
	Init bool
}

// specField reads a field of a Spec, or passes one that means nothing here.
func (d *decoder) specField(r *row, key string) error {
	var text *string
	var number **float64
	var flag func(*Spec, bool)
	s := Spec{}
	if r.spec != nil {
		s = *r.spec
	}
	switch key {
	case "cpu_limit":
		number = &s.CPULimit
	case "memory_limit":
		number = &s.MemoryLimit
	case "cpu_request":
		number = &s.CPURequest
	case "memory_request":
		number = &s.MemoryRequest
	case "owner_kind":
		text = &s.OwnerKind
	case "owner_name":
		text = &s.OwnerName
	case "qos_class":
		text = &s.QoS
	case "others_guaranteed":
		flag = func(s *Spec, b bool) { s.OthersGuaranteed = &b }
	case "init_container":
		flag = func(s *Spec, b bool) { s.Init = b }
	default:
		return d.ignore()
	}
	v, err := d.scalar(maxOwner, d.names)
	switch {
	case err != nil:
		return err
	case text != nil && v.kind == quoted && !v.over && fits(key, v.text):
		*text = v.text
	case number != nil && v.kind == amount && v.number >= 0 && v.number <= math.MaxFloat64:
		*number = &v.number
	case flag != nil && v.kind == boolean:
		flag(&s, v.text == "true")
	}
	if s != (Spec{}) {
		r.spec = &s
	}
	return nil
}

// fits tells whether text can be what the field of a Spec says: it is printed into
// scripts.
func fits(key, text string) bool {
	switch key {
	case "qos_class":
		return text == "Guaranteed" || text == "Burstable" || text == "BestEffort"
	case "owner_kind":
		return len(text) <= maxLabelValue && only(strings.ToLower(text), dnsLetters)
	}
	return only(text, dnsLetters+"-.")
}

// maxOwner is the longest name that Kubernetes allows.
const maxOwner = 253

// with is what both rows about one container tell: s first, where they disagree the
// larger amount and the first text in order.
func (s *Spec) with(t *Spec) *Spec {
	if s == nil || t == nil {
		return cmp.Or(s, t)
	}
	first := func(a, b string) string {
		if a == "" || b != "" && b < a {
			return b
		}
		return a
	}
	all := &Spec{
		CPULimit: larger(s.CPULimit, t.CPULimit), MemoryLimit: larger(s.MemoryLimit, t.MemoryLimit),
		CPURequest: larger(s.CPURequest, t.CPURequest), MemoryRequest: larger(s.MemoryRequest, t.MemoryRequest),
		OwnerKind: s.OwnerKind, OwnerName: s.OwnerName, QoS: first(s.QoS, t.QoS), Init: s.Init || t.Init,
		OthersGuaranteed: s.OthersGuaranteed,
	}
	if s.OwnerName == "" || t.OwnerName != "" && cmp.Or(cmp.Compare(t.OwnerKind, s.OwnerKind), cmp.Compare(t.OwnerName, s.OwnerName)) < 0 {
		all.OwnerKind, all.OwnerName = t.OwnerKind, t.OwnerName
	}
	if all.OthersGuaranteed == nil || t.OthersGuaranteed != nil && !*t.OthersGuaranteed {
		all.OthersGuaranteed = t.OthersGuaranteed
	}
	return all
}
