package crgen

// Nameless is the Host of calls that went nowhere that could be listed, such as a
// connection to an address that nobody is known to have: the caller calls something, so
// that it is no leaf, but no list can have it. No host is spelt so.
const Nameless = "(not named)"

// Upstream is one host a workload was seen to call.
type Upstream struct {
	// Host is the fully qualified name, such as cart.default.svc.cluster.local,
	// or an external host. A short name counts from the caller's namespace. An
	// address stands for itself: no Sidecar can list it. "" says that the log did
	// not name what was called; the caller is then not narrowed.
	Host string
	// Namespace of the Service or ServiceEntry, "" when unknown. It is not needed
	// for hosts under the cluster domain, which carry it.
	Namespace string
	// Calls is how often it was called over the rounds remembered, LastRound
	// the latest round in which it was.
	Calls     int
	LastRound int
	// LastSeen is the start of the latest call on its caller's clock, in µs since
	// 1970; 0 when unknown. It is only told, never compared with another clock's.
	LastSeen int64 `json:",omitempty"`
	// Idle is how many requests the workload handled since it last called the host, and
	// Missed in how many rounds: the evidence that the host is no longer called.
	// Remember keeps count; where they are left 0 the host is never dropped.
	Idle   int `json:",omitempty"`
	Missed int `json:",omitempty"`
}

// Workload is one service's pods in one namespace.
type Workload struct {
	// Namespace may be "" (unknown); Options.Namespace says what follows.
	Service, Namespace string
	// Requests is how many requests its own sidecars logged whole, so that a call
	// made for them would have been seen, over the rounds remembered: the evidence
	// that an upstream not seen is not called.
	Requests int
	// Sample is some of those requests of this round's log, Counted some of the earlier
	// rounds': what a log shows again is not counted again.
	Sample  Sample  `json:"-"`
	Counted History `json:",omitzero"`
	// LastRound is the latest round whose request had the workload, 0 where Remember
	// did not say. One that this round's lacks gets no Sidecar and is remembered.
	LastRound int `json:",omitempty"`
	// Doubt, when not "", says why requests that others saw it handle are not
	// among Requests (its own sidecar logged none of them, say).
	Doubt string `json:",omitempty"`
	// Opaque, when not "", says why the log cannot tell what it calls (an
	// address shared with other services, say); it is then not narrowed.
	Opaque string
	// Upstreams in any order; Generate sorts.
	Upstreams []Upstream
	// Labels are those that shall select its pods; empty means such of Carries as
	// part them from others' pods or, where nothing is known of these, the assumption
	// LabelKey: Service.
	Labels map[string]string `json:",omitempty"`
	// Carries is what its pods are known to carry, each different set once. It is this
	// round's and not remembered.
	Carries []Carried `json:"-"`
	// Pods need only be named where another workload has them too: workloads that
	// share a pod get one Sidecar with what any of them calls, for Istio applies
	// only one of two that match a pod.
	Pods []string `json:",omitempty"`
	// Skip, when not "", says why no Sidecar may speak of it at all: a gateway,
	// which ignores them, or an ambient workload, which has no sidecar.
	Skip string `json:",omitempty"`
}

// Resource is one Kubernetes object.
type Resource struct {
	Kind, Namespace, Name string
	// Service it is for, "" for a namespace's default.
	Service string
	// Merged are further services that it is for, because they share its pods.
	Merged []string
	// Assumed is that nobody said which labels its pods carry: it selects those that
	// carry LabelKey: Service, if there are any.
	Assumed bool
	// Hosts is the egress list, sorted, as in the YAML.
	Hosts []string
	// YAML is the document, ending in a newline, without "---".
	YAML string
	// Reason is a sentence for people.
	Reason string
}

// Generate writes the resources for the workloads, sorted by namespace and
// name; the bytes depend on nothing but the arguments.
//
// Warnings name, quoted, what got no resource and why. Options that Check finds
// wrong give one warning and no resource.
func Generate(ws []Workload, o Options) (rs []Resource, warnings []string) {
	o = o.withDefaults()
	if err := o.Check(); err != nil {
		return nil, []string{err.Error() + "; no resources are generated"}
	}
	var n notes
	why := ""
	for ns := range survey(ws, o) {
		ns.warn(o, &n)
		if ns.barred != "" {
			continue
		}
		for _, r := range ns.resources(o, &n) {
			if r.Reason == why { // namespaces are alike: one text serves them all
				r.Reason = why
			}
			why = r.Reason
			rs = append(rs, r)
		}
	}
	return rs, n.list()
}
