package collect

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"time"
)

// Options of what is collected; the zero value means all namespaces, the last five
// minutes, and the limits that the sidecars have.
type Options struct {
	// Namespaces to look into; none for all.
	Namespaces []string
	// Window that use is averaged over and logs go back, 5 minutes by default.
	Window time.Duration
	// LabelKey is the label that holds a service's name, before those that are
	// usual; "app" by default.
	LabelKey string
	// CPULimit in cores and MemoryLimit in bytes; 0 for what the sidecars have now.
	CPULimit, MemoryLimit float64
	// Log is the path of the access log that the request shall name.
	Log string
}

// sidecar is the name that Istio gives the sidecar's container, and setup those of the
// init container that is gone before anything runs.
const (
	sidecar = "istio-proxy"
	setup   = "istio-init"
)

func (o Options) withDefaults() Options {
	if o.Window <= 0 {
		o.Window = 5 * time.Minute
	}
	if o.LabelKey == "" {
		o.LabelKey = "app"
	}
	return o
}

// ErrLimits says that a limit was not given and cannot be told.
var ErrLimits = errors.New("the limits are not known")

// Row is one container of a pod of the mesh, as a request has it.
type Row struct {
	Service   string `json:"service_name"`
	Pod       string `json:"pod_name"`
	Namespace string `json:"namespace"`
	Container string `json:"container"`
	IP        string `json:"ip,omitempty"`
	// CPU in cores and Memory in bytes; absent where nobody told.
	CPU    *float64 `json:"cpu,omitempty"`
	Memory *float64 `json:"memory,omitempty"`
	// What follows is on the sidecar's row alone, absent where nobody told: the labels
	// of the pod, what its container may use and is promised, the pod's workload and
	// QoS class, whether all other containers have requests equal to limits, whether
	// it is among the initContainers, and its service's virtual addresses with commas
	// between them.
	Labels           map[string]string `json:"labels,omitempty"`
	CPULimit         *float64          `json:"cpu_limit,omitempty"`
	MemoryLimit      *float64          `json:"memory_limit,omitempty"`
	CPURequest       *float64          `json:"cpu_request,omitempty"`
	MemoryRequest    *float64          `json:"memory_request,omitempty"`
	OwnerKind        string            `json:"owner_kind,omitempty"`
	OwnerName        string            `json:"owner_name,omitempty"`
	QoSClass         string            `json:"qos_class,omitempty"`
	OthersGuaranteed *bool             `json:"others_guaranteed,omitempty"`
	InitContainer    bool              `json:"init_container,omitempty"`
	ClusterIP        string            `json:"cluster_ip,omitempty"`
}

// Request is the body of POST /optimize.
type Request struct {
	// Containers by namespace, pod and name.
	Containers  []Row
	AccessLog   string
	CPULimit    float64
	MemoryLimit float64
}

// Write writes r as JSON, a line for each row. Equal requests are equal bytes.
func (r *Request) Write(w io.Writer) error {
	b := bufio.NewWriter(w)
	b.WriteString("{\n\"containers\": [")
	for i, row := range r.Containers {
		text, err := json.Marshal(row)
		if err != nil {
			return fmt.Errorf("collect: %w", err)
		}
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteString("\n  ")
		b.Write(text)
	}
	rest, err := json.Marshal(r.AccessLog)
	if err != nil {
		return fmt.Errorf("collect: %w", err)
	}
	fmt.Fprintf(b, "\n],\n\"accesslog_path\": %s,\n\"cpu_limit\": %s,\n\"memory_limit\": %s\n}\n", rest, number(r.CPULimit), number(r.MemoryLimit))
	return b.Flush() // it keeps the first error
}

// number is f as JSON has it.
func number(f float64) string {
	text, err := json.Marshal(f)
	if err != nil {
		return "null" // no limit is infinite: read would refuse it
	}
	return string(text)
}
