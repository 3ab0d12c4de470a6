package graph

import (
	"cmp"
	"maps"
	"slices"
	"strconv"
	"strings"
)

// maxHosts bounds an edge's Hosts.
const maxHosts = 256

// limitHosts keeps the most called of an edge's hosts where there are too many;
// the caller is opaque then, for its list is not complete.
func (g *Graph) limitHosts(e *Edge) {
	if len(e.Hosts) <= maxHosts {
		return
	}
	slices.SortStableFunc(e.Hosts, func(a, b Host) int { return cmp.Compare(b.Calls, a.Calls) })
	e.Hosts = slices.Clone(e.Hosts[:maxHosts])
	slices.SortFunc(e.Hosts, compareHosts)
	g.Nodes[e.From].hide("it calls " + g.Nodes[e.To].Name + " by more than " + strconv.Itoa(maxHosts) + " names")
}

func compareHosts(a, b Host) int {
	return cmp.Or(strings.Compare(a.Name, b.Name), cmp.Compare(a.Port, b.Port))
}

// hosts lists by what names an edge's callee was called, of those that were counted on
// one side: the cluster's host and, where the client used another, the authority; and
// sums up the calls that have no name at all, by an address at most.
func (s *survey) hosts(t *edgeTally, counted map[uint32]hostTally) (named []Host, unnamed Host) {
	type key struct {
		name string
		port int
	}
	sum := make(map[key]hostTally)
	add := func(k key, h hostTally) {
		if k.name != "" {
			was := sum[k]
			sum[k] = hostTally{was.calls + h.calls, max(was.last, h.last)}
		}
	}
	for id, h := range counted {
		c := &s.names[id]
		add(key{c.host, c.port}, h)
		if c.nameless(t.to) {
			unnamed.Calls += h.calls
			unnamed.Last = max(unnamed.Last, h.last)
		}
		if a := c.alsoCalled(t.from); a != c.host {
			add(key{a, c.authorityPort}, h)
		}
	}
	if len(sum) == 0 && s.nodes[t.to].Kind == External {
		for _, h := range counted {
			add(key{name: s.nodes[t.to].Name}, h)
		}
	}
	out := make([]Host, 0, len(sum))
	for k, h := range sum {
		out = append(out, Host{Name: k.name, Port: k.port, Calls: h.calls, Last: h.last})
	}
	slices.SortFunc(out, compareHosts)
	return out, unnamed
}

// nameless is whether a callee was called by no name of its own, but by an address and
// at most a name that the client knows it by.
func (c *calledAs) nameless(to int32) bool { return c.host == "" && c.alias != to }

// alsoCalled is the name in the Host header where it may differ from the
// cluster's: a VirtualService sends what asks for reviews to reviews-canary,
// and the caller needs both in its scope. What enters at the gateway may ask
// for anything, so there it says nothing.
func (c *calledAs) alsoCalled(from int32) string {
	switch {
	case c.authority == "" || from == 0 && c.host != "":
		return ""
	case c.host == "":
		return c.authority
	case parseAddress(c.authority).ip.IsValid():
		return ""
	case strings.HasPrefix(c.host, "*.") && strings.HasSuffix(c.authority, c.host[1:]):
		return "" // the wildcard of a ServiceEntry is the host, of however many tenants
	}
	return qualify(c.authority, c.host)
}

// qualify completes a short name by the domain of a full one that the same
// call went to.
func qualify(name, host string) string {
	_, domain, _ := strings.Cut(host, ".")
	namespace, rest, inCluster := strings.Cut(domain, ".")
	switch {
	case !inCluster || !strings.HasPrefix(rest, "svc"):
		return name
	case !strings.Contains(name, "."):
		return name + "." + domain
	case strings.HasSuffix(name, "."+namespace):
		return name + "." + rest
	case strings.HasSuffix(name, "."+namespace+".svc"):
		return strings.TrimSuffix(name, ".svc") + "." + rest
	}
	return name
}

func sortedKeys[V any](m map[string]V) []string { return slices.Sorted(maps.Keys(m)) }
