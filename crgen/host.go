package crgen

import (
	"net/netip"
	"slices"
	"strings"
)

// Why a host has no entry in a list of hosts.
const (
	hostUnnamed = "the log does not name what was called"
	hostAddress = "an address: no Sidecar can list it, and it goes the way of unknown destinations as before"
	hostNowhere = "the log names neither a service nor a host: it goes the way of unknown destinations as before"
	hostForeign = "no DNS name: no registry can hold it, and it goes the way of unknown destinations as before"
)

// resolver turns hosts as they were logged into entries.
type resolver struct {
	// domain is the cluster's, namespaces those in which workloads are known.
	domain     string
	namespaces map[string]bool
}

// entries is what the caller in namespace own must list to see the host, as
// namespace/fqdn; more than one where the name can be read in two ways, since
// an entry that matches nothing costs nothing and one that is missing costs
// mutual TLS. When there is none, problem says why.
func (r resolver) entries(u Upstream, own string) (entries []string, problem string) {
	host := bareHost(u.Host)
	switch {
	case host == "":
		return nil, hostUnnamed
	case host == Nameless:
		return nil, hostNowhere
	case isAddress(host):
		return nil, hostAddress
	case !isDomain(strings.TrimPrefix(host, "*.")):
		return nil, hostForeign
	}
	known := u.Namespace
	if !isDNSLabel(known) {
		known = ""
	}
	labels := strings.Split(host, ".")
	n := len(labels)
	switch {
	case n <= 2 && labels[0] != "*":
		entries = r.short(labels, known, own)
	case n > 2 && labels[n-1] == "svc":
		entries = r.full(host+"."+r.domain, known)
	case n == 3 && r.namespaces[labels[2]]:
		entries = r.full(host+".svc."+r.domain, known)
	default:
		entries = r.full(host, known)
	}
	return tooLongOut(entries)
}

// tooLongOut drops what completion made longer than a domain may be.
func tooLongOut(entries []string) (kept []string, problem string) {
	kept = slices.DeleteFunc(entries, func(e string) bool {
		_, host, _ := strings.Cut(e, "/")
		return len(host) > maxDomain
	})
	if len(kept) == 0 {
		return nil, hostForeign
	}
	return kept, ""
}

// short completes "name" and "name.namespace". A dotted name outside the
// namespaces that are known may as well be an external host, so it is listed as
// both: a workload whose scope missed a service shows exactly such a name (the
// call passes through, and only its authority is logged), and must be healed.
func (r resolver) short(labels []string, known, own string) []string {
	service := func(ns string) string {
		return ns + "/" + labels[0] + "." + ns + ".svc." + r.domain
	}
	if len(labels) == 1 {
		if known != "" {
			return []string{service(known)}
		}
		return []string{service(own)}
	}
	if ns := labels[1]; ns == known || ns == own || r.namespaces[ns] {
		return []string{service(ns)}
	} else if known != "" {
		return []string{service(ns), known + "/" + strings.Join(labels, ".")}
	}
	return []string{service(labels[1]), "*/" + strings.Join(labels, ".")}
}

// full lists a fully qualified host. One under the cluster domain carries its
// namespace. Any other is a ServiceEntry's, whose namespace the log does not
// tell: "*" costs istiod a scan of all services (from 1.31) but is never wrong,
// where a guess could lose the host.
func (r resolver) full(host, known string) []string {
	service, ns := r.serviceOf(host)
	if ns == "" {
		if known == "" {
			known = "*"
		}
		return []string{known + "/" + host}
	}
	entries := []string{ns + "/" + host}
	if service != host {
		// A pod of a headless service: Istio knows only the service.
		entries = append(entries, ns+"/"+service)
	}
	if known != "" && known != ns {
		// A ServiceEntry may stand for a host of the cluster domain.
		entries = append(entries, known+"/"+host)
	}
	return entries
}

// serviceOf reads [pod.]name.namespace.svc.domain, the domain being the
// cluster's or that of the multi-cluster services API.
func (r resolver) serviceOf(host string) (service, namespace string) {
	for _, domain := range [...]string{r.domain, "clusterset.local"} {
		rest, ok := strings.CutSuffix(host, ".svc."+domain)
		if !ok {
			continue
		}
		labels := strings.Split(rest, ".")
		n := len(labels)
		if n < 2 || labels[n-1] == "*" {
			continue
		}
		if n != 3 || labels[0] == "*" {
			return host, labels[n-1]
		}
		return strings.Join(labels[n-2:], ".") + ".svc." + domain, labels[n-1]
	}
	return "", ""
}

// bareHost takes off what an authority may carry beside the name, a port and
// the root's dot, and the case, which DNS ignores and the registry lowers.
func bareHost(s string) string {
	if name, port, ok := strings.Cut(s, ":"); ok && isNumber(port) {
		s = name
	}
	return lowerASCII(strings.TrimSuffix(s, "."))
}

// lowerASCII leaves other letters alone: strings.ToLower would turn a Kelvin
// sign into a k, and a name that is no host into one that is.
func lowerASCII(s string) string {
	return strings.Map(func(c rune) rune {
		if 'A' <= c && c <= 'Z' {
			return c + 'a' - 'A'
		}
		return c
	}, s)
}

// isAddress is whether host needs no name to be reached: an IP with or without
// a port, the pod itself, or the clusters that stand for "not in the registry".
func isAddress(host string) bool {
	switch host {
	case "localhost", "passthroughcluster", "blackholecluster":
		return true
	}
	if _, err := netip.ParseAddrPort(host); err == nil {
		return true
	}
	_, err := netip.ParseAddr(strings.Trim(host, "[]"))
	return err == nil
}
