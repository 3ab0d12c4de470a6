package request

import "testing"

func TestOwner(t *testing.T) {
	f := func(pod, want string) {
		t.Helper()
		if got := Owner(pod); got != want {
			t.Errorf("Owner(%q) = %q, want %q", pod, got, want)
		}
	}
	// Deployments: a hash of the digits 4–9, b, c, d, f and a suffix without vowels.
	f("reviews-v2-5ff8d5599f-rhvwg", "reviews-v2")
	f("reviews-v3-8447f489d-798tq", "reviews-v3")
	f("web-6b5c4f-x2x4z", "web")
	f("nginx-2035384211-7ci7o", "nginx")     // before Kubernetes 1.8
	f("svc3-v1-0a1b2c3d4e-f00ba", "svc3-v1") // hexadecimal, as generators write
	// DaemonSets, Jobs, bare ReplicaSets.
	f("agent-x2x4z", "agent")
	f("agent-v2-x2x4z", "agent-v2")
	f("web-1-x2x4z", "web-1") // 1 is no hash
	// StatefulSets and the contest statement's own example.
	f("db-0", "db")
	f("db-v1-12", "db-v1")
	f("productpage-12345", "productpage")
	// Names without generated parts stay whole.
	f("web", "web")
	f("payment-service2-proxy", "payment-service2-proxy") // words have vowels and few digits
	f("api-gateway", "api-gateway")
	f("cart-v2", "cart-v2")
	// Nothing is left to be a name.
	f("12345", "12345")
	f("-12345", "-12345")
	f("", "")
	f("-", "-")
	f("a-", "a-")
}
