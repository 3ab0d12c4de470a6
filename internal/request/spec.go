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
	// ClusterIP is the virtual address of the pod's service, or several with commas
	// between them; "" where it has none (headless).
	ClusterIP string
}

// specField reads a field of a Spec, or passes one that means nothing here.
func (d *decoder) specField(r *row, key string) error {
	s := Spec{}
	if r.spec != nil {
		s = *r.spec
	}
	take := s.field(key)
	if take == nil {
		return d.ignore()
	}
	v, err := d.scalar(maxOwner, d.names)
	if err != nil {
		return err
	}
	if take(v); s != (Spec{}) {
		r.spec = &s
	}
	return nil
}

// field takes the value of one of s's fields if it is of its kind; nil for no field.
func (s *Spec) field(key string) func(value) {
	number := func(to **float64) func(value) {
		return func(v value) {
			if v.kind == amount && v.number >= 0 && v.number <= math.MaxFloat64 {
				*to = &v.number
			}
		}
	}
	text := func(to *string) func(value) {
		return func(v value) {
			if v.kind == quoted && !v.over && fits(key, v.text) {
				*to = v.text
			}
		}
	}
	switch key {
	case "cpu_limit":
		return number(&s.CPULimit)
	case "memory_limit":
		return number(&s.MemoryLimit)
	case "cpu_request":
		return number(&s.CPURequest)
	case "memory_request":
		return number(&s.MemoryRequest)
	case "owner_kind":
		return text(&s.OwnerKind)
	case "owner_name":
		return text(&s.OwnerName)
	case "qos_class":
		return text(&s.QoS)
	case "cluster_ip":
		return text(&s.ClusterIP)
	}
	return s.flag(key)
}

// flag is field for those that are true or false.
func (s *Spec) flag(key string) func(value) {
	switch key {
	case "others_guaranteed":
		return func(v value) {
			if yes := v.text == "true"; v.kind == boolean {
				s.OthersGuaranteed = &yes
			}
		}
	case "init_container":
		return func(v value) { s.Init = s.Init || v.kind == boolean && v.text == "true" }
	}
	return nil
}

// fits tells whether text can be what the field of a Spec says: it is printed into
// scripts.
func fits(key, text string) bool {
	switch key {
	case "qos_class":
		return text == "Guaranteed" || text == "Burstable" || text == "BestEffort"
	case "cluster_ip":
		return only(strings.ToLower(text), "0123456789abcdef.:,")
	case "owner_kind":
		return len(text) <= maxLabelValue && only(strings.ToLower(text), dnsLetters)
	}
	return only(text, dnsLetters+"-.")
}

// ofPod is what a row about another container tells of the pod: its workload, its class
// and its service's address, but neither limits nor in which list the container stands,
// nor whether all others than that one have requests equal to limits.
func (s *Spec) ofPod() *Spec {
	if s == nil {
		return nil
	}
	of := Spec{OwnerKind: s.OwnerKind, OwnerName: s.OwnerName, QoS: s.QoS, ClusterIP: s.ClusterIP}
	switch of {
	case Spec{}:
		return nil
	case *s:
		return s // most rows: nothing need be made
	}
	return &of
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
		OthersGuaranteed: s.OthersGuaranteed, ClusterIP: first(s.ClusterIP, t.ClusterIP),
	}
	if s.OwnerName == "" || t.OwnerName != "" && cmp.Or(cmp.Compare(t.OwnerKind, s.OwnerKind), cmp.Compare(t.OwnerName, s.OwnerName)) < 0 {
		all.OwnerKind, all.OwnerName = t.OwnerKind, t.OwnerName
	}
	if all.OthersGuaranteed == nil || t.OthersGuaranteed != nil && !*t.OthersGuaranteed {
		all.OthersGuaranteed = t.OthersGuaranteed
	}
	return all
}
