package crgen

import (
	"cmp"
	"strings"
)

// homes tells in which namespace a workload lives that names none.
type homes struct {
	byService map[string]string
	// rest is for the services that nothing is known of.
	rest string
}

// of is the namespace of w.
func (h homes) of(w Workload) string {
	if ns := h.byService[w.Service]; w.Namespace == "" && ns != ambiguous {
		return cmp.Or(ns, h.rest)
	}
	return cmp.Or(w.Namespace, h.rest)
}

// findHomes reads the namespaces off the hosts by which the services are called,
// where Options name none: a Sidecar in the wrong namespace selects nothing, and
// the default beside it rules pods that have no part in this. A service that is
// called in one namespace lives there; one that is not called by any workload
// lives where the others do, when they agree.
func findHomes(ws []Workload, r resolver, o Options) homes {
	h := homes{byService: map[string]string{}, rest: cmp.Or(o.Namespace, DefaultNamespace)}
	if o.Namespace != "" {
		return h
	}
	homeless := map[string]bool{}
	for _, w := range ws {
		if w.Namespace == "" {
			homeless[w.Service] = true
		}
	}
	seen, agreed := "", true
	for _, w := range ws {
		for _, u := range w.Upstreams {
			host, ns := r.serviceOf(bareHost(u.Host))
			service, _, _ := strings.Cut(host, ".")
			if !isDNSLabel(ns) || !homeless[service] {
				continue
			}
			agreed = agreed && (seen == "" || seen == ns)
			seen = ns
			h.learn(service, ns)
		}
	}
	if seen != "" && agreed {
		h.rest = seen
	}
	return h
}

// ambiguous is no namespace: it marks a service that is called in several.
const ambiguous = "*"

func (h homes) learn(service, ns string) {
	if known, ok := h.byService[service]; ok && known != ns {
		ns = ambiguous
	}
	h.byService[service] = ns
}
