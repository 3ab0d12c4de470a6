package request

import (
	"bytes"
	"io"
)

// Container is one row of the request: what one container of a pod used.
type Container struct {
	Service, Namespace, Pod, IP string
	// Sidecar is true for a row about the pod's sidecar (container istio-proxy,
	// or the "sidecar" field of the older form).
	Sidecar bool
	// CPU in cores and Memory in bytes, finite and not negative; nil when unknown.
	CPU, Memory *float64
	// Labels of the pod, by key; nil when the row brought none. Rows share them:
	// they must not be changed.
	Labels []Label
	// Spec is what the row tells of how the container is specified, nil for nothing.
	Spec *Spec
}

// Label is one label of a pod.
type Label struct{ Key, Value string }

// Request is one round's input.
type Request struct {
	// Containers in the order of the body; there is at least one.
	Containers []Container
	// AccessLog is the path of the log as the body has it.
	AccessLog string
	// CPULimit in cores and MemoryLimit in bytes, finite and not negative.
	CPULimit, MemoryLimit float64
	// OpenLog, where it is set, opens the log in place of AccessLog: one that is
	// embedded, or that was found to lie where logs may. No body can set it.
	OpenLog func() (io.ReadCloser, error)
}

// Bounds on what is read. Rows and pods are what Kubernetes itself is made for in one
// cluster, 300,000 containers in 150,000 pods; of Services it names 10,000.
const (
	// MaxRows is how many elements containers may have.
	MaxRows = 300_000
	// MaxPods and MaxServices are how many pods and services there may be. Each
	// service takes some 2.5 KB while its round is made, whatever its pods: this many
	// are answered in the memory and the time that the server promises.
	MaxPods     = 150_000
	MaxServices = 100_000
	// MaxName is the length of a name or path in bytes. Kubernetes stops at 253;
	// the contract accepts any name, so this only keeps memory bounded.
	MaxName = 1 << 20
	// maxDepth is the nesting that is followed, that of encoding/json.
	maxDepth = 10_000
	// maxNumber is the length in bytes up to which a number is held as it is written,
	// and read by strconv, which is right for fewer than 800 digits.
	maxNumber = 1 << 9
	// maxKey is longer than any field name that means something.
	maxKey = 64
)

// Decode reads a whole body. Its errors are *Error.
func Decode(body []byte) (*Request, error) { return Read(bytes.NewReader(body)) }

// Read reads a body from a stream, holding only a window of it and the rows.
// Errors are *Error, or r's own.
func Read(r io.Reader) (*Request, error) {
	d := decoder{scanner: newScanner(r), names: make(map[string]string), sets: make(map[string][]Label), services: make(map[string]struct{})}
	if err := d.body(); err != nil {
		return nil, err
	}
	return &d.req, nil
}
