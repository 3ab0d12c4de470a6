// Package collect makes a request, the body of POST /optimize, of a live mesh's own
// data: from a Prometheus that scrapes it, or from Kubernetes' API.
//
//	r, warnings, err := collect.Prometheus(ctx, collect.Server{URL: "http://prometheus:9090"}, collect.Options{})
//	err = r.Write(os.Stdout)
//
// Terms: a fleet is the pods that were found, with what their containers used. A pod
// belongs to the mesh when it has a sidecar beside another container; one that is
// nothing but a proxy is a gateway, which is no sidecar, and is left out. Native
// sidecars, which Kubernetes keeps among the init containers, are found too.
//
// A pod's service is the one that selects it, where Kubernetes tells; else the label
// that names it, else its workload. Where limits are not given they are what the
// sidecars have now, together.
//
// The package speaks to no other network than that server, and only reads. It plans
// nothing: what it writes is read again by internal/request.
package collect
