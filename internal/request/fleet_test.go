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

// TestSpecOnTheOtherContainersRow: a row about the business container tells of the pod,
// too, in either order; its limits and what it says of its own neighbours are not the
// sidecar's.
func TestSpecOnTheOtherContainersRow(t *testing.T) {
	yes := true
	app := Container{Service: "a", Pod: "a-0", CPU: amountOf(1), Spec: &Spec{CPULimit: amountOf(4), MemoryLimit: amountOf(8e9), CPURequest: amountOf(1),
		OwnerKind: "StatefulSet", OwnerName: "aset", QoS: "Burstable", OthersGuaranteed: &yes, Init: true, ClusterIP: "10.0.0.9"}}
	sidecar := Container{Service: "a", Pod: "a-0", Sidecar: true, Spec: &Spec{CPULimit: amountOf(0.2)}}
	want := Pod{Name: "a-0", AppCPU: amountOf(1), Spec: &Spec{CPULimit: amountOf(0.2), OwnerKind: "StatefulSet", OwnerName: "aset", QoS: "Burstable", ClusterIP: "10.0.0.9"}}
	for _, rows := range [][]Container{{app, sidecar}, {sidecar, app}} {
		r := &Request{Containers: rows}
		if d := cmp.Diff([]Service{{Name: "a", Pods: []Pod{want}}}, r.Services()); d != "" {
			t.Errorf("-want +got\n%s", d)
		}
	}
	sidecar.Spec = &Spec{QoS: "Burstable"} // it tells the class and no limits: it has none
	if p := (&Request{Containers: []Container{app, sidecar}}).Services()[0].Pods[0]; !p.Whole {
		t.Errorf("%+v, want Whole", p)
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
