package collect

import (
	"bytes"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-mesh/sluice/internal/request"
)

func amount(v float64) *float64 { return &v }

// rows shows a request as "service/pod container ip cpu memory labels".
func rows(r *Request) string {
	var b strings.Builder
	show := func(v *float64) string {
		if v == nil {
			return "?"
		}
		return fmt.Sprintf("%.6g", *v)
	}
	for _, c := range r.Containers {
		fmt.Fprintf(&b, "%s/%s/%s %s %s %s %s", c.Namespace, c.Service, c.Pod, c.Container, c.IP, show(c.CPU), show(c.Memory))
		for _, k := range slices.Sorted(func(yield func(string) bool) {
			for k := range c.Labels {
				if !yield(k) {
					return
				}
			}
		}) {
			fmt.Fprintf(&b, " %s=%s", k, c.Labels[k])
		}
		b.WriteByte('\n')
	}
	return b.String()
}

// mustRows fails unless the request has these rows, and is read back as it was written.
func mustRows(t *testing.T, r *Request, want string) {
	t.Helper()
	if d := cmp.Diff(strings.TrimSpace(want)+"\n", rows(r)); d != "" {
		t.Errorf("rows (-want +got):\n%s", d)
	}
	var b, again bytes.Buffer
	if err := r.Write(&b); err != nil {
		t.Fatal(err)
	}
	back, err := request.Decode(b.Bytes())
	if err != nil {
		t.Fatalf("it is no request: %v\n%s", err, b.String())
	}
	if back.CPULimit != r.CPULimit || back.MemoryLimit != r.MemoryLimit || back.AccessLog != r.AccessLog || len(back.Containers) != len(r.Containers) {
		t.Errorf("it reads back as %+v", back)
	}
	for i, c := range back.Containers {
		if was := r.Containers[i]; c.Service != was.Service || c.Pod != was.Pod || c.IP != was.IP || c.Sidecar != (was.Container == sidecar) || (c.CPU == nil) != (was.CPU == nil) || len(c.Labels) > len(was.Labels) {
			t.Errorf("row %d reads back as %+v, was %+v", i, c, was)
		}
	}
	if err := r.Write(&again); err != nil || again.String() != b.String() {
		t.Error("written again it reads otherwise")
	}
}

// mustWarn fails unless there are as many warnings as wanted, each with its words.
func mustWarn(t *testing.T, warnings []string, want ...string) {
	t.Helper()
	ok := len(warnings) == len(want)
	for i := 0; ok && i < len(want); i++ {
		ok = strings.Contains(warnings[i], want[i])
	}
	if !ok {
		t.Errorf("warnings %q, want %q", warnings, want)
	}
}

func TestService(t *testing.T) {
	f := func(p pod, name_, want string) {
		t.Helper()
		if got := p.service(name{"ns", name_}, "team.example/app"); got != want {
			t.Errorf("%+v is of service %q, want %q", p, got, want)
		}
	}
	labels := map[string]string{"app": "shop", "k8s-app": "other"}
	f(pod{services: []string{"admin", "shop", "web"}, labels: labels}, "x", "shop")           // called as its label
	f(pod{services: []string{"admin", "web"}, owner: "web", labels: labels}, "x", "web")      // or as its workload
	f(pod{services: []string{"admin", "web"}, labels: labels}, "x", "admin")                  // or the first
	f(pod{labels: labels, owner: "web"}, "x", "shop")                                         // no Service tells
	f(pod{labels: map[string]string{"app": "shop", "team.example/app": "mine"}}, "x", "mine") // the label that was asked for
	f(pod{labels: map[string]string{"service.istio.io/canonical-name": "canon", "version": "v1"}, owner: "o"}, "x", "canon")
	f(pod{owner: "web", labels: map[string]string{"version": "v1"}}, "x", "web")
	f(pod{}, "reviews-v2-5ff8d5599f-rhvwg", "reviews-v2") // the pod's name is all there is
}

func TestWorkload(t *testing.T) {
	f := func(kind, called string, labels map[string]string, want string) {
		t.Helper()
		if k, n := workload(kind, called, labels); k+" "+n != want {
			t.Errorf("workload(%q, %q, %q) = %q %q, want %q", kind, called, labels, k, n, want)
		}
	}
	hash := func(key string) map[string]string { return map[string]string{"app": "web", key: "5ff8d5599f"} }
	f("ReplicaSet", "web-5ff8d5599f", hash("pod-template-hash"), "Deployment web")
	f("ReplicaSet", "web-5ff8d5599f", hash("rollouts-pod-template-hash"), "Rollout web")
	f("ReplicaSet", "web-5ff8d5599f", nil, "Deployment web")
	f("ReplicaSet", "web-5ff8d5599f", hash("x"), "Deployment web") // of its form
	f("ReplicaSet", "web", nil, "ReplicaSet web")                  // a bare one
	f("StatefulSet", "db", nil, "StatefulSet db")
	f("<none>", "<none>", nil, " ")
	f("ReplicaSet", "", nil, " ")
}

// TestSpecIsReadBack: what Kubernetes tells of a sidecar gets into the request and out of it.
func TestSpecIsReadBack(t *testing.T) {
	f := func(others string, want bool) {
		t.Helper()
		s := &apiServer{answers: map[string]any{"/api/v1/services": []any{
			object(`{'metadata': {'name': 'db', 'namespace': 'shop'}, 'spec': {'selector': {'app': 'db'}, 'clusterIP': '10.96.0.7', 'clusterIPs': ['10.96.0.7', 'fd00::7']}}`),
			object(`{'metadata': {'name': 'db-pods', 'namespace': 'shop'}, 'spec': {'selector': {'app': 'db'}, 'clusterIP': 'None', 'clusterIPs': ['None']}}`),
		}, "/api/v1/pods": []any{object(`{'metadata': {'name': 'db-0', 'namespace': 'shop', 'labels': {'app': 'db'}, 'ownerReferences': [{'kind': 'StatefulSet', 'name': 'db', 'controller': true}]},
			'spec': {'initContainers': [{'name': 'istio-proxy', 'restartPolicy': 'Always', 'resources': {'limits': {'cpu': '2', 'memory': '1Gi'}, 'requests': {'cpu': '100m', 'memory': '128Mi'}}}],
				'containers': [%s]}, 'status': {'phase': 'Running', 'qosClass': 'Burstable'}}`, others)}}}
		r, _, err := Kube(t.Context(), Cluster{Kubeconfig: s.kubeconfig(t), Context: "mine"}, Options{Log: "/log"})
		if err != nil {
			t.Fatal(err)
		}
		var b bytes.Buffer
		if err := r.Write(&b); err != nil {
			t.Fatal(err)
		}
		back, err := request.Decode(b.Bytes())
		if err != nil {
			t.Fatal(err)
		}
		num := func(f float64) *float64 { return &f }
		for _, c := range back.Containers {
			spec := &request.Spec{CPULimit: num(2), MemoryLimit: num(1 << 30), CPURequest: num(0.1), MemoryRequest: num(128 << 20),
				OwnerKind: "StatefulSet", OwnerName: "db", QoS: "Burstable", OthersGuaranteed: &want, Init: true, ClusterIP: "10.96.0.7,fd00::7"}
			if !c.Sidecar {
				spec = nil
			}
			if d := cmp.Diff(spec, c.Spec); d != "" {
				t.Errorf("%s (-want +got):\n%s", c.Service, d)
			}
		}
	}
	f(`{'name': 'db', 'resources': {'limits': {'cpu': '1', 'memory': '1Gi'}, 'requests': {'cpu': '1000m', 'memory': '1Gi'}}}`, true)
	f(`{'name': 'db', 'resources': {'limits': {'cpu': '1', 'memory': '1Gi'}, 'requests': {'cpu': '1', 'memory': '2Gi'}}}`, false)
	f(`{'name': 'db'}`, false)
}

// The limits that were not given are the sums of what sidecars have, and no guess.
func TestLimits(t *testing.T) {
	make_ := func(cpu, memory *float64) fleet {
		f := fleet{}
		for _, n := range []string{"a", "b"} {
			p := f.pod(name{"ns", n})
			p.container("app")
			*p.container(sidecar) = container{cpuLimit: amount(0.1), memoryLimit: amount(128e6)}
		}
		*f.pod(name{"ns", "c"}).container(sidecar) = container{cpuLimit: cpu, memoryLimit: memory}
		f.pod(name{"ns", "c"}).container("app")
		return f
	}
	r, _, err := make_(amount(0.2), amount(1)).request(Options{Log: "l"}.withDefaults(), nil)
	if err != nil || r.CPULimit != 0.4 || r.MemoryLimit != 256000001 { // 0.1+0.1+0.2 is 0.4, not 0.4000…01
		t.Errorf("%v: limits %v and %v", err, r.CPULimit, r.MemoryLimit)
	}
	if _, _, err := make_(nil, amount(1)).request(Options{Log: "l"}, nil); err == nil || !strings.Contains(err.Error(), "1 of 3 sidecars have none") || !strings.Contains(err.Error(), "--cpu-limit") {
		t.Errorf("a sidecar without a limit: %v", err)
	}
	if r, _, err := make_(nil, nil).request(Options{Log: "l", CPULimit: 7, MemoryLimit: 8}, nil); err != nil || r.CPULimit != 7 || r.MemoryLimit != 8 {
		t.Errorf("given limits: %v", err)
	}
}
