// Package crgen turns who was seen to call whom into Istio Sidecar resources
// that are safe to apply.
//
// # From what to what
//
//	[]Workload  what each service's pods were seen to call, and in how many requests
//	→ scopes    workloads that select the same pods become one
//	→ verdict   narrowed, or not and why
//	→ hosts     every observed host as namespace/fqdn
//	→ YAML      one Sidecar per narrowed workload, one default per namespace
//
// Generate gives the resources, Explain the evidence behind every host, and
// Remember carries what was seen from one round into the next. All three are
// pure: the same arguments give the same bytes, in whatever order workloads and
// upstreams come.
//
// # Terms
//
// A workload is one service's pods in one namespace. Its scope is the list of
// hosts that its sidecars are told about. A workload is narrowed when it gets a
// Sidecar of its own with exact hosts; a workload that is not keeps what its
// namespace's default Sidecar allows. An entry is one line of that list,
// "namespace/fqdn".
//
// # Example
//
// A service web that was seen to call cart in 812 requests gives
//
//	apiVersion: networking.istio.io/v1beta1
//	kind: Sidecar
//	metadata:
//	  labels:
//	    app.kubernetes.io/managed-by: sluice
//	  name: web
//	  namespace: default
//	spec:
//	  egress:
//	  - hosts:
//	    - default/cart.default.svc.cluster.local
//	    - istio-system/*
//	  workloadSelector:
//	    labels:
//	      app: web
//
// # What it will not do
//
// Refuse traffic: no outboundTrafficPolicy is written, so the mesh's own stays.
// A short window never proves that a call is not made, and a Sidecar is no
// firewall.
//
// Guess or mangle names: a service whose name is no DNS label gets no Sidecar
// and a warning.
//
// Write into the mesh's root namespace, where a Sidecar without a selector rules
// the whole mesh, or select pods with an empty selector.
//
// Write an EnvoyFilter. What it could change for the latency has a better API
// (Telemetry, DestinationRule, ProxyConfig), what is left (buffer limits, statistics)
// bounds memory and was never shown to shorten a request, and every one of them
// breaks when Envoy renames a filter. istiod itself warns of each: it "exposes
// internal implementation details". Removing the access log or the istio.stats
// filter would take away the very input that the next plan is made from.
package crgen
