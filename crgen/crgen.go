package crgen

// Upstream is one host a workload was seen to call.
type Upstream struct {
	// Host is the fully qualified name, such as reviews.default.svc.cluster.local,
	// or an external host.
	Host string
	// Namespace of the Service or ServiceEntry, "" when unknown.
	Namespace string
	// Calls is how often it was called over the rounds remembered, LastRound
	// the latest round in which it was.
	Calls     int
	LastRound int
	// External is true for a host that no service of the request serves.
	External bool
}

// Workload is one service's pods in one namespace.
type Workload struct {
	Service, Namespace string
	// Requests is how many requests its sidecars were seen to handle, over the
	// rounds remembered: the evidence that an upstream not seen is not called.
	Requests int
	// Opaque, when not "", says why the log cannot tell what it calls (an
	// address shared with other services, say); it is then not narrowed.
	Opaque string
	// Upstreams in any order; Generate sorts.
	Upstreams []Upstream
}

// Options of the resources; the zero value means the defaults.
type Options struct {
	// APIVersion is "v1beta1" (the default) or "v1".
	APIVersion string
	// LabelKey is the pod label that holds the service's name, "app" by default.
	LabelKey string
	// ClusterDomain is "cluster.local" by default.
	ClusterDomain string
	// MinRequests is how many requests a workload must have been seen to handle
	// before it is narrowed, 50 by default.
	MinRequests int
	// Round is the present round, from 1; with Upstream.LastRound it tells how
	// long an upstream has not been called.
	Round int
}

// Resource is one Kubernetes object.
type Resource struct {
	Kind, Namespace, Name string
	// Service it is for, "" for a namespace's default.
	Service string
	// YAML is the document, ending in a newline, without "---".
	YAML string
	// Reason is a sentence for people.
	Reason string
}

// Generate writes the resources for the workloads, sorted by namespace and
// name; the bytes depend on nothing but the arguments.
func Generate(ws []Workload, o Options) (rs []Resource, warnings []string) { return nil, nil }
