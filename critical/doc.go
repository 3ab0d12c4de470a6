// Package critical turns a graph into what each service has in the latency of
// external requests: its own time, how often it lies on the critical path, and
// the delay at its sidecars, kept apart from the application's time.
//
// It works in four steps:
//
//  1. The survey reads all traces once: how far the clocks of pods that call one
//     another are apart, and from when to when each sidecar's lines are in the log.
//  2. The evidence reads them again. Each trace becomes a tree: what a pod sent
//     hangs under the call that the pod was serving then, by containment on that
//     pod's own clock. Times of two pods are compared only by an offset that both
//     sides of their calls agree on or, where only one side is logged, that
//     containment leaves; adding a day to a pod's clock changes no figure, but for
//     logs of callees' lines alone, where clocks that may agree are taken to. From
//     the tree come each call's own time, which is its duration less the union of
//     what it waited for, and its role: critical when its caller waited for it
//     and for nothing that ended later.
//  3. A call counts only where the log holds whatever its callee sent meanwhile
//     (file cover.go): a call of which that is cut off looks like one that waited for
//     nobody. So lost lines cost calls and not truth, and where too few are left the
//     graph's means serve. What goes on under another request_id, or none, is not
//     seen under a call; of as much as the graph knows more of, the mean time is
//     taken off. The figures are then carried
//     along the graph: critical calls of an edge are its calls per external
//     request, times the part of its caller's calls that are critical, times the
//     part of its calls that their caller waited for last.
//  4. Delay at sidecars is what lies above the usual (see usual for what that
//     is): on the inbound side the own time (excess, charged to the callee);
//     between the sides the start lag (charged to the callee) and the reply lag
//     (charged to the caller). Where the callee's line is never there, duration
//     less upstream_service_time takes the place of the lags, and of a late
//     answer the caller takes what its own delay explains.
//
// For example, a call of 100 ms at service a, during which a called b for 30 ms
// and c for 50 ms side by side, is 50 ms own time of a and 50 ms on the critical
// path at c; b is beside it and held nobody up.
//
// The package does no I/O, decides nothing about resources, and does not model
// what another allocation would do; that is budget's.
package critical
