// Package api is sluice over HTTP: POST /optimize and what can be asked about the
// rounds that it makes.
//
//	srv, err := api.New(api.Options{StateDir: "/var/lib/sluice", Log: log})
//	err = srv.Serve(ctx, listener) // until ctx ends; then what is under way is answered
//
// A request goes through these rooms, each of which bounds something:
//
//  1. intake receives the body: its length, its pace, and how many long ones are
//     received at once. Long ones wait in a file, so that no client, slow or fast,
//     holds memory.
//  2. gate lets as many requests work as there are processors, the large ones
//     alone. Others wait; none is refused.
//  3. internal/request decodes; logRoot says whether the log may be read.
//  4. optimize observes, then, one round at a time, plans from what the mesh has
//     taught; rounds keeps the documents, on the disk before the answer goes out.
//  5. every answer, and every refusal as an RFC 9457 problem, goes out by send.
//
// GET /ready and /healthz pass none of them. The package decides nothing about the
// plan, and what it shows of a round it reads from the round's own documents.
package api
