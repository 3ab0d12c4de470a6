// Package request turns the body of POST /optimize, which is REQUEST.json of the
// commands, into a Request:
//
//	body → scanner (JSON, comments and trailing commas forgiven) → rows → fleet
//
// A row is one element of containers: what one container of a pod used. Rows
// come in two forms, {container, cpu, memory} and the older {app, sidecar}, which
// makes two Containers of one row. The fleet (Request.Services) groups the rows
// by service and pod, whatever their order.
//
//	req, err := request.Decode([]byte(`{"containers": [
//		{"service_name": "web", "pod_name": "web-1", "app": 1, "sidecar": 0.1}, // a comment
//	], "accesslog_path": "access.log", "cpu_limit": 2, "memory_limit": 512000000}`))
//
// Bodies are not trusted: nesting, the length of names and the number of rows
// are bounded, a body is read as a stream so that what is refused is never held,
// and every refusal is an *Error that names the field, what was found and what
// was expected. The package opens no file and judges no limit against another:
// a cpu_limit of zero is well formed here and infeasible later.
package request
