package collect

import (
	"cmp"
	"fmt"
	"maps"
	"math"
	"slices"
	"strings"

	"github.com/sluice-mesh/sluice/internal/request"
)

// name tells pods apart.
type name struct{ namespace, pod string }

// fleet is the pods that were found.
type fleet map[name]*pod

// pod is what was found of one.
type pod struct {
	ip     string
	labels map[string]string
	// listed is that kube-state-metrics tell of it now.
	listed bool
	// services that select it, sorted; none where nobody told.
	services []string
	// clusterIPs of the services of its namespace that have any, by name.
	clusterIPs map[string]string
	// owner is its workload, of that kind, "" where nobody told.
	ownerKind, owner string
	// qos is its class, othersGuaranteed whether all containers but the sidecar have
	// requests equal to limits.
	qos              string
	othersGuaranteed *bool
	containers       map[string]*container
}

// container is what one used, and what its limits are; nil where nobody told.
type container struct {
	cpu, memory               *float64
	cpuLimit, memoryLimit     *float64
	cpuRequest, memoryRequest *float64
	// init is that it is among the initContainers.
	init bool
}

// pod finds one or adds it.
func (f fleet) pod(n name) *pod {
	p := f[n]
	if p == nil {
		p = &pod{containers: map[string]*container{}}
		f[n] = p
	}
	return p
}

// container finds one of p's or adds it.
func (p *pod) container(called string) *container {
	c := p.containers[called]
	if c == nil {
		c = new(container)
		p.containers[called] = c
	}
	return c
}

// meshed tells whether p has a sidecar, and whether it has anything for it to stand
// beside.
func (p *pod) meshed() (has, beside bool) {
	for called := range p.containers {
		switch called {
		case sidecar:
			has = true
		case setup:
		default:
			beside = true
		}
	}
	return has, has && beside
}

// identities are labels that name a service, in the order in which they are tried.
var identities = []string{"app", "app.kubernetes.io/name", "service.istio.io/canonical-name", "k8s-app"}

// service is the name of n's service.
func (p *pod) service(n name, labelKey string) string {
	label := ""
	for _, key := range append([]string{labelKey}, identities...) {
		if label = p.labels[key]; label != "" {
			break
		}
	}
	if len(p.services) > 0 {
		// Of several, the one that the pod itself is called by, or the first.
		for _, s := range []string{label, p.owner} {
			if slices.Contains(p.services, s) {
				return s
			}
		}
		return p.services[0]
	}
	return cmp.Or(label, p.owner, request.Owner(n.pod))
}

// request is the request for those of f that belong to a mesh.
func (f fleet) request(o Options, warnings []string) (*Request, []string, error) {
	r := &Request{AccessLog: o.Log, CPULimit: o.CPULimit, MemoryLimit: o.MemoryLimit}
	gateways, silent, named := 0, 0, 0
	var mesh []*pod
	for _, n := range f.names() {
		p := f[n]
		has, beside := p.meshed()
		service := p.service(n, o.LabelKey)
		if has && (!beside || request.IsGateway(service, p.labels)) {
			gateways++
			continue
		}
		if !beside {
			continue
		}
		mesh = append(mesh, p)
		if p.containers[sidecar].cpu == nil {
			silent++
		}
		if p.ip != "" {
			named++
		}
		r.add(n, p, service)
	}
	if len(mesh) == 0 {
		return nil, nil, fmt.Errorf("collect: none of %d pods %shas a container %s beside another: is the mesh in other namespaces, or without sidecars?", len(f), within(o.Namespaces), sidecar)
	}
	if gateways > 0 {
		warnings = append(warnings, fmt.Sprintf("%s nothing but a proxy, or a gateway by name or labels, and left out: gateways are no sidecars", count(gateways, "pod is", "pods are")))
	}
	if silent > 0 {
		warnings = append(warnings, fmt.Sprintf("of %d of %d sidecars nobody told what CPU they use: their use counts as unknown", silent, len(mesh)))
	}
	if named < len(mesh) {
		warnings = append(warnings, fmt.Sprintf("%d of %d pods have no address: an access log cannot show what they do", len(mesh)-named, len(mesh)))
	}
	return r, warnings, r.bound(mesh)
}

// count is "1 pod is", "2 pods are".
func count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return fmt.Sprintf("%d %s", n, many)
}

func (f fleet) names() []name {
	return slices.SortedFunc(maps.Keys(f), func(a, b name) int {
		return cmp.Or(strings.Compare(a.namespace, b.namespace), strings.Compare(a.pod, b.pod))
	})
}

// within says which namespaces were looked into, "" for all.
func within(namespaces []string) string {
	if len(namespaces) == 0 {
		return ""
	}
	return "in " + strings.Join(namespaces, ", ") + " "
}

// add adds p's containers.
func (r *Request) add(n name, p *pod, service string) {
	for _, called := range slices.Sorted(maps.Keys(p.containers)) {
		if called == setup {
			continue
		}
		c := p.containers[called]
		row := Row{Service: service, Pod: n.pod, Namespace: n.namespace, Container: called, IP: p.ip, CPU: c.cpu, Memory: c.memory}
		if called == sidecar {
			row.specify(p, c)
			row.ClusterIP = p.clusterIPs[service]
		}
		r.Containers = append(r.Containers, row)
	}
}

// specify adds what is told of a sidecar beyond its use.
func (r *Row) specify(p *pod, c *container) {
	r.Labels, r.QoSClass, r.OthersGuaranteed, r.InitContainer = p.labels, p.qos, p.othersGuaranteed, c.init
	r.CPULimit, r.MemoryLimit, r.CPURequest, r.MemoryRequest = c.cpuLimit, c.memoryLimit, c.cpuRequest, c.memoryRequest
	if p.ownerKind != "" && p.owner != "" {
		r.OwnerKind, r.OwnerName = p.ownerKind, p.owner
	}
}

// bound takes for limits that were not given what the sidecars have now.
func (r *Request) bound(mesh []*pod) error {
	for _, l := range []struct {
		of   *float64
		flag string
		get  func(*container) *float64
	}{
		{&r.CPULimit, "--cpu-limit", func(c *container) *float64 { return c.cpuLimit }},
		{&r.MemoryLimit, "--memory-limit", func(c *container) *float64 { return c.memoryLimit }},
	} {
		if *l.of > 0 {
			continue
		}
		sum, without := 0.0, 0
		for _, p := range mesh {
			if limit := l.get(p.containers[sidecar]); limit != nil {
				sum += *limit
			} else {
				without++
			}
		}
		if without > 0 {
			return fmt.Errorf("%w: %d of %d sidecars have none that was told: say with %s what all of them together may use", ErrLimits, without, len(mesh), l.flag)
		}
		*l.of = math.Round(sum*1e6) / 1e6 // sums of decimals are not quite decimals
	}
	return nil
}
