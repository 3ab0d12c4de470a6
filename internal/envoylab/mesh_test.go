//go:build linux

package envoylab

import (
	"fmt"
	"strings"
)

// service is an entry of the registry.
type service struct {
	namespace, name string
	// host is name.namespace.svc.cluster.local, but for a ServiceEntry's.
	host string
	// pod is the address of its only pod, "" for a filler.
	pod string
	// canary is the service that a VirtualService sends all its calls to; it needs no
	// pod of its own then.
	canary string
	// external services have no sidecar.
	external bool
	calls    []call
}

// call is one that a service makes in every nth request it gets.
type call struct {
	// authority is what the application writes, short or in full.
	authority string
	every     int
}

// mesh is a registry with its live services first.
type mesh struct{ services []*service }

// newMesh is a mesh of n services, six of them with a sidecar that works: calls within and across
// namespaces, by short and full names, to a host behind a VirtualService, to one
// outside the mesh, and one that is made in every tenth request only.
func newMesh(n int) *mesh {
	m := &mesh{services: []*service{
		{namespace: "web", name: "front", calls: []call{{"cart", 1}, {"search.web", 1}, {"pay.shop.svc.cluster.local", 1}}},
		{namespace: "web", name: "cart", calls: []call{{"stock.shop", 1}, {"rare", 10}}},
		{namespace: "web", name: "search", calls: []call{{"api.example.com", 2}}},
		{namespace: "web", name: "rare"},
		{namespace: "shop", name: "pay", calls: []call{{"stock", 1}}},
		{namespace: "shop", name: "stock", canary: "stock-canary"},
		{namespace: "shop", name: "stock-canary"},
		{namespace: "egress", name: "api", host: "api.example.com", external: true},
	}}
	for i := len(m.services); i < n; i++ {
		namespace := []string{"web", "shop", "bulk"}[i%3]
		m.services = append(m.services, &service{namespace: namespace, name: fmt.Sprintf("filler-%d", i)})
	}
	for i, s := range m.services {
		if s.host == "" {
			s.host = s.name + "." + s.namespace + ".svc.cluster.local"
		}
		if !strings.HasPrefix(s.name, "filler-") && s.canary == "" {
			s.pod = fmt.Sprintf("127.66.%d.1", i+1)
		}
	}
	return m
}

// live are the services with a pod and a sidecar.
func (m *mesh) live() []*service {
	var out []*service
	for _, s := range m.services {
		if s.pod != "" && !s.external {
			out = append(out, s)
		}
	}
	return out
}

func (m *mesh) find(namespace, name string) *service {
	for _, s := range m.services {
		if s.namespace == namespace && s.name == name {
			return s
		}
	}
	return nil
}

// podName is the name of a service's only pod.
func (s *service) podName() string { return s.name + "-5d8f9b7c6d-x2x4z" }

// sees is whether istiod would tell a proxy in namespace own of s, given the hosts
// of its Sidecar: nil means no Sidecar, and all is seen. It is written from Istio's
// documentation of egress hosts, and shares nothing with crgen.
func (s *service) sees(hosts []string, own string) bool {
	if hosts == nil {
		return true
	}
	for _, h := range hosts {
		namespace, name, _ := strings.Cut(h, "/")
		if namespace == "." {
			namespace = own
		}
		if namespace != "*" && namespace != s.namespace {
			continue
		}
		suffix, wild := strings.CutPrefix(name, "*")
		if name == "*" || name == s.host || wild && strings.HasSuffix(s.host, suffix) {
			return true
		}
	}
	return false
}
