package request

import (
	"cmp"
	"slices"
	"sort"
	"strings"
)

// Service is one service of the request with its pods.
type Service struct {
	Name string
	// Pods sorted by name, then namespace. There is at least one.
	Pods []Pod
}

// Pod is one pod, with what all rows about it say.
type Pod struct {
	Namespace, Name string
	// Addresses that its rows named, sorted, without repeats; more than one
	// where rows disagree (an address changed, or a pod has two).
	Addresses []string
	// SidecarCPU in cores and SidecarMemory in bytes, nil when no row told. Of
	// several rows about one sidecar the largest counts: a pod restarted in the
	// window is reported twice, and too little is the costlier mistake.
	SidecarCPU, SidecarMemory *float64
	// Labels that its rows brought, by key: the first in order where they disagree.
	Labels []Label
	// Spec is what its rows tell of its sidecar and of itself, nil for nothing.
	Spec *Spec
	// Whole is that a row about its sidecar told the pod's class, too: such rows tell all
	// there is, and a limit that they lack is none.
	Whole bool
	// AppCPU in cores is what the busiest of its other containers used, nil when
	// no row told.
	AppCPU *float64
}

// podKey tells pods apart. The contest's harness counts distinct pod names per
// service; counting a name once for each namespace can only count more pods, so
// a plan that holds here holds there.
type podKey struct{ service, namespace, name string }

// Pods is the number of pods of all services.
func (r *Request) Pods() int {
	seen := make(map[podKey]struct{})
	home := r.namespaces()
	for i := range r.Containers {
		seen[r.Containers[i].pod(home)] = struct{}{}
	}
	return len(seen)
}

// pod tells which pod the row is about; home is what namespaces has found.
func (c *Container) pod(home map[podKey]string) podKey {
	k := podKey{c.Service, c.Namespace, c.Pod}
	if k.namespace == "" {
		k.namespace = home[podKey{service: c.Service, name: c.Pod}]
	}
	return k
}

// Services groups the rows: services by name, each with its pods. Every pod has
// one sidecar whether or not a row for it came.
func (r *Request) Services() []Service {
	pods := make(map[podKey]*Pod)
	home := r.namespaces()
	for i := range r.Containers {
		c := &r.Containers[i]
		k := c.pod(home)
		p := pods[k]
		if p == nil {
			p = &Pod{Namespace: k.namespace, Name: c.Pod}
			pods[k] = p
		}
		p.add(c)
	}
	return group(pods)
}

// namespaces finds, for each pod, the first namespace that any of its rows
// names: a row that names none is about the same pod.
func (r *Request) namespaces() map[podKey]string {
	home := make(map[podKey]string)
	if !slices.ContainsFunc(r.Containers, func(c Container) bool { return c.Namespace == "" }) {
		return home // nobody will ask
	}
	for i := range r.Containers {
		c := &r.Containers[i]
		if c.Namespace == "" {
			continue
		}
		k := podKey{service: c.Service, name: c.Pod}
		if ns := home[k]; ns == "" || c.Namespace < ns {
			home[k] = c.Namespace
		}
	}
	return home
}

// add takes one row about p; the order of rows does not matter.
func (p *Pod) add(c *Container) {
	if n := len(p.Addresses); c.IP != "" && (n == 0 || p.Addresses[n-1] != c.IP) {
		p.Addresses = append(p.Addresses, c.IP) // group sorts: a pod may have 300,000 rows
	}
	if c.Labels != nil && (p.Labels == nil || slices.CompareFunc(c.Labels, p.Labels, compareLabels) < 0) {
		p.Labels = c.Labels
	}
	if c.Sidecar {
		p.Spec = p.Spec.with(c.Spec)
		p.Whole = p.Whole || c.Spec != nil && c.Spec.QoS != ""
		p.SidecarCPU = larger(p.SidecarCPU, c.CPU)
		p.SidecarMemory = larger(p.SidecarMemory, c.Memory)
		return
	}
	p.Spec = p.Spec.with(c.Spec.ofPod())
	p.AppCPU = larger(p.AppCPU, c.CPU)
}

func compareLabels(a, b Label) int {
	return cmp.Or(strings.Compare(a.Key, b.Key), strings.Compare(a.Value, b.Value))
}

// larger of two amounts that may be unknown.
func larger(a, b *float64) *float64 {
	if a == nil || b != nil && *b > *a {
		return b
	}
	return a
}

func group(pods map[podKey]*Pod) []Service {
	keys := make([]podKey, 0, len(pods))
	for k := range pods {
		keys = append(keys, k)
	}
	sort.Slice(keys, func(i, j int) bool {
		a, b := keys[i], keys[j]
		if a.service != b.service {
			return a.service < b.service
		}
		if a.name != b.name {
			return a.name < b.name
		}
		return a.namespace < b.namespace
	})
	var out []Service
	for _, k := range keys {
		if len(out) == 0 || out[len(out)-1].Name != k.service {
			out = append(out, Service{Name: k.service})
		}
		s, p := &out[len(out)-1], pods[k]
		slices.Sort(p.Addresses)
		p.Addresses = slices.Compact(p.Addresses)
		s.Pods = append(s.Pods, *p)
	}
	return out
}
