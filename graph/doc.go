// Package graph turns the lines of an access log and the pods of a request into
// the mesh: a weighted graph of services, rooted at the ingress gateway, with
// the calls of each external request behind it.
//
// # Terms
//
// A Record is one log line, one sidecar's view of one call. A Call is one hop
// from caller to callee, whether one sidecar logged it or both. An Edge is all
// calls between two services. A Trace is the calls of one external request, all
// lines with one request_id. The root is the gateway and all that stands outside
// it: whatever address is no pod's and only ever sends. An external is a callee
// that no pod of the request serves, named by its host.
//
// # From records to the graph
//
//  1. Builder.Add keeps each distinct line as 56 bytes and the addresses and
//     names in it once. Lines that are repeated count once; what tells two events
//     apart is the proxy, direction, request_id, start, duration, addresses and
//     path. Beyond Options.MaxEvents whole requests are sampled, by hash, so that
//     what is kept does not depend on the order of the lines. Two million lines
//     take about 150 MB. Builders that read parts of a log Merge.
//  2. Build finds the two ends of each line (file join.go): by address first,
//     by the name in the cluster, the server name or the authority where an
//     address is the service's own, another's, unknown or missing.
//  3. Each proxy's lines are timed by themselves (file rate.go): a capture holds
//     the head or tail of what each proxy wrote, and clocks differ, so a rate is
//     a proxy's lines over the time between that proxy's own first and last.
//     Rates of pods add up; the two sides of an edge are pooled by exposure. A side
//     that a proxy logs only in part is found out and left aside (file partly.go).
//     Calls that failed before they came to the callee count as sent, not as
//     received (file unreached.go); tries that a sidecar made again within one call
//     count as received, and as one call sent (file again.go).
//  4. Calls per request come from requests followed through a pod (file
//     follow.go), weighed against the ratio of the rates (file visits.go), and
//     multiply down the DAG. Where a pod's own proxy does not log what it
//     receives, its callers' lines are put on its clock (files deaf.go, clock.go).
//     What an application sends under a request_id that it never received is
//     added by its rate, so that one that drops the header is not taken for one
//     that calls nobody.
//  5. Edges that close a cycle are marked Back (file dag.go), in the strongly
//     connected components that dominikbraun/graph finds; Graph.DAG hands a graph
//     to that library's algorithms.
//
// Traces pairs the two sides of each call of a request.
//
// The same records and pods in any order, in one Builder or in several merged,
// give the same Graph bit for bit, as long as MaxAddresses and MaxNames suffice.
// Nor does it depend on how many processors there are: several goroutines do what
// needs no order, and what is summed up is summed up in canonical order (file relay.go).
//
// # What it will not do
//
// It reads no bytes of a log and knows no field names: internal/accesslog does.
// It finds no critical paths, judges no latency (package critical does) and draws no
// pictures. It compares times of two proxies only by what lies within what, never by
// what their clocks say. It shows calls, so what was not logged (plain TCP, calls around
// the sidecars) is not there.
package graph
