package crgen

import (
	"fmt"
	"math"
	"strings"
)

// MissedOneIn says what n requests prove: a host called by at least 1 request in
// MissedOneIn(n), independently of each other, is missing from n of them with
// probability under 2 %. It is the largest k with (1-1/k)^n < 0.02, so about
// n/3.9, and 13 for n = 50, 51 for n = 200. 0 means that nothing is proved.
func MissedOneIn(n int) int {
	if n <= 0 {
		return 0
	}
	// 1/k > 1 - 0.02^(1/n); Expm1 keeps the digits when n is large.
	return int(-1 / math.Expm1(math.Log(0.02)/float64(n)))
}

// reason is the sentence for a narrowed scope.
func (s scope) reason(o Options) string {
	var b strings.Builder
	b.WriteString(s.finding())
	if s.assumed {
		fmt.Fprintf(&b, "; it selects pods by %s=%s, which is assumed", o.LabelKey, s.services[0])
	}
	if len(s.services) > 1 {
		fmt.Fprintf(&b, "; it is for %s too, whose pods it selects as well", names(s.services[1:]))
	}
	return b.String()
}

// finding is what was seen of a narrowed scope and what that proves.
func (s scope) finding() string {
	var b strings.Builder
	proof := fmt.Sprintf("%s; a host that 1 in %d calls would have been missed with probability under 2 %%",
		count(s.requests, "request"), MissedOneIn(s.requests))
	if s.leaf() {
		fmt.Fprintf(&b, "called nothing in %s", proof)
	} else {
		fmt.Fprintf(&b, "calls %s, seen in %s", count(len(s.hosts), "host"), proof)
	}
	if u := s.unlisted(); u > 0 {
		fmt.Fprintf(&b, "; %s cannot be listed and goes the way of unknown destinations as before", count(u, "address or odd host"))
	}
	return b.String()
}

// unlisted counts the hosts that are called and have no entry.
func (s scope) unlisted() (n int) {
	for _, c := range s.calls {
		if c.problem != "" && !c.stale {
			n++
		}
	}
	return n
}

// warn tells what of the namespace gets no Sidecar of its own: one warning that
// names all whose names are unfit, one for all that is not narrowed.
func (ns namespace) warn(o Options, n *notes) {
	here := ns.here()
	if ns.barred != "" && here > 0 {
		n.addf("no Sidecar for %s of namespace %s: %s", count(here, "workload"), wholeName(ns.name), ns.barred)
	}
	if ns.barred != "" || here == 0 {
		return
	}
	if len(ns.guessed) > 0 {
		without := ""
		if ns.allGuessed && !o.NoDefault {
			without = ", which gets no default Sidecar for that"
		}
		n.addf("neither a row nor a host tells in which namespace %s %s, and others live in several: %q is taken%s; name it in the rows, or say with Options.Namespace (--namespace) what to take",
			names(ns.guessed), plural(len(ns.guessed), "lives", "live"), ns.name, without)
	}
	keeps := "keep what the namespace's default allows"
	switch {
	case ns.crowded:
		keeps = fmt.Sprintf("see the whole mesh, whose namespaces are too many to list (over %d), without a default (delete one that was applied)", maxWide)
	case ns.fallback == nil:
		keeps = "see the whole mesh"
	case ns.unproved > 0:
		keeps += ", all namespaces that rows or hosts name"
	}
	if ns.without != "" {
		n.addf("no default Sidecar for namespace %q: %s; what is not narrowed sees the whole mesh", ns.name, ns.without)
	}
	var wide, blind, misnamed []string
	for _, s := range ns.scopes {
		if s.obstacle == "" && s.note != "" {
			n.addf("in namespace %q %s", ns.name, s.note)
		}
		switch {
		case s.obstacle == "" && s.leaf() && len(o.Providers) > 0:
			blind = append(blind, quote(s.services[0]))
		case s.obstacle == "" || s.skipped || s.gone:
		case s.misnamed:
			misnamed = append(misnamed, s.services...)
		case s.own:
			n.addf("no Sidecar for service %s of namespace %q: %s; its pods %s",
				quote(s.services[0]), ns.name, s.obstacle, keeps)
		default:
			wide = append(wide, fmt.Sprintf("%s (%s)", quote(s.services[0]), s.obstacle))
		}
	}
	n.misnamed(misnamed, ns.name, keeps)
	if len(blind) > 0 {
		n.addf("%s in namespace %q call nothing and list %q alone, so that their own proxies cannot call the providers either: where each request needs one (ext_authz), do not apply the Sidecars of %s",
			count(len(blind), "workload"), ns.name, nothing, shorten(blind))
	}
	if len(wide) > 0 {
		n.addf("%d of %s in namespace %q not narrowed, they %s: %s",
			len(wide), count(here, "workload"), ns.name, keeps, shorten(wide))
	}
}

// here counts the workloads that this round's request has.
func (ns namespace) here() (n int) {
	for _, s := range ns.scopes {
		if !s.gone {
			n++
		}
	}
	return n
}

// names quotes and lists services.
func names(services []string) string {
	quoted := make([]string, len(services))
	for i, s := range services {
		quoted[i] = quote(s)
	}
	return shorten(quoted)
}

// shorten joins texts, the first ten of many.
func shorten(texts []string) string {
	const most = 10
	if len(texts) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(texts[:most], ", "), len(texts)-most)
	}
	return strings.Join(texts, ", ")
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}

// count is "1 host", "2 hosts".
func count(n int, what string) string {
	if n == 1 {
		return "1 " + what
	}
	return fmt.Sprintf("%d %ss", n, what)
}
