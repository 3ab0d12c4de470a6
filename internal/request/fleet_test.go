package request

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/google/go-cmp/cmp"
)

func TestServices(t *testing.T) {
	r := &Request{Containers: []Container{
		{Service: "b", Pod: "b-2", IP: "10.0.0.2", Sidecar: true, CPU: amountOf(0.1)},
		{Service: "b", Pod: "b-1", Namespace: "y", CPU: amountOf(1)},
		{Service: "b", Pod: "b-1", Namespace: "x", Sidecar: true},
		{Service: "b", Pod: "b-2", IP: "10.0.0.1", Sidecar: true, CPU: amountOf(0.3), Memory: amountOf(7)},
		{Service: "b", Pod: "b-2", IP: "10.0.0.2", Namespace: "z", Sidecar: true, CPU: amountOf(0.2)},
		{Service: "a", Pod: "b-2"},
	}}
	want := []Service{
		{Name: "a", Pods: []Pod{{Name: "b-2"}}}, // a name under two services is two pods, each with a sidecar
		{Name: "b", Pods: []Pod{
			{Name: "b-1", Namespace: "x"}, // a name in two namespaces likewise
			{Name: "b-1", Namespace: "y", AppCPU: amountOf(1)},
			// Rows without a namespace are about the pod whose other row has one;
			// the largest use counts, and both addresses are its own.
			{Name: "b-2", Namespace: "z", Addresses: []string{"10.0.0.1", "10.0.0.2"}, SidecarCPU: amountOf(0.3), SidecarMemory: amountOf(7)},
		}},
	}
	for range 20 {
		if d := cmp.Diff(want, r.Services()); d != "" {
			t.Fatalf("-want +got\n%s", d)
		}
		if r.Pods() != 4 { // b-2 of a; b-1 of b twice, b-2 of b
			t.Fatalf("%d pods, want 4", r.Pods())
		}
		rand.Shuffle(len(r.Containers), func(i, j int) { r.Containers[i], r.Containers[j] = r.Containers[j], r.Containers[i] })
	}
}

// One pod with very many addresses must not cost their square.
func TestServicesOfOnePod(t *testing.T) {
	const n = 50_000
	r := &Request{}
	for i := range n {
		r.Containers = append(r.Containers, Container{Service: "a", Pod: "a-1", IP: fmt.Sprint((i * 7919) % n)})
	}
	if got := r.Services(); len(got) != 1 || len(got[0].Pods) != 1 || len(got[0].Pods[0].Addresses) != n {
		t.Errorf("%d services", len(got))
	}
}

func ExampleDecode() {
	req, err := Decode([]byte(`{
		"containers": [{"service_name": "web", "pod_name": "web-1", "app": 1, "sidecar": 0.1}], // two containers
		"accesslog_path": "access.log",
		"cpu_limit": 2,
		"memory_limit": 512000000,
	}`))
	fmt.Println(len(req.Containers), req.CPULimit, err)

	_, err = Decode([]byte(`{"containers": [{"service_name": "web", "pod_name": "web-1", "cpu": "many"}]}`))
	fmt.Println(err)
	// Output:
	// 2 2 <nil>
	// containers[0].cpu: found "many", expected a number of cores
}
