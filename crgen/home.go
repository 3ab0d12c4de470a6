package crgen

import (
	"cmp"
	"strings"
)

// homes tells in which namespace a workload lives that names none.
type homes struct {
	byService map[string]string
	// rest is for the services that nothing is known of; guessed is that workloads are
	// known to live elsewhere, so that nothing speaks for it.
	rest    string
	guessed bool
}

// of is the namespace of w, and whether it is no more than a guess.
func (h homes) of(w Workload) (home string, guessed bool) {
	if w.Namespace != "" {
		return w.Namespace, false
	}
	if ns := h.byService[w.Service]; ns != "" && ns != ambiguous {
		return ns, false
	}
	return h.rest, h.guessed
}

// Homes tells in which namespace Generate takes a workload to live, of the same arguments:
// for whoever writes other objects about its pods.
func Homes(ws []Workload, o Options) func(Workload) string {
	o = o.withDefaults()
	h := findHomes(ws, resolver{domain: o.ClusterDomain}, o)
	return func(w Workload) string {
		home, _ := h.of(w)
		return home
	}
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
	homeless, others := map[string]bool{}, map[string]bool{}
	for _, w := range ws {
		if w.Namespace == "" {
			homeless[w.Service] = true
		} else {
			others[w.Namespace] = true
		}
	}
	if len(homeless) == 0 {
		return h
	}
	for _, w := range ws {
		for _, u := range w.Upstreams {
			host, ns := r.serviceOf(bareHost(u.Host))
			service, _, _ := strings.Cut(host, ".")
			if isDNSLabel(ns) && homeless[service] {
				others[ns] = true
				h.learn(service, ns)
			}
		}
	}
	if len(others) == 1 {
		h.rest = sortedKeys(others)[0]
	}
	h.guessed = len(others) > 1
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
