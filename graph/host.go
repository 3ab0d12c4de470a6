package graph

import (
	"slices"
	"strconv"
	"strings"
)

// What the first byte of a text in Builder.names says of the rest.
const (
	nameCluster = 'c'
	nameServer  = 's'
)

// calledAs is a parsed text of Builder.names: by what names a callee was called.
type calledAs struct {
	// host and port as the cluster or the server name has them, "" and 0 else.
	host string
	port int
	// authority is the host of the Host header, authorityPort its port.
	authority     string
	authorityPort int
	// service and alias are the nodes that host and authority name, or none.
	service, alias int32
	// external is the node of a callee that is known by name only, or none.
	external int32
	// wished is set where the client's word is all there is, or not even that.
	wished bool
	// namespace of service, as host has it; "" where it has none.
	namespace string
}

func parseName(text string) calledAs {
	c := calledAs{service: none, alias: none, external: none}
	if text == "" {
		c.wished = true
		return c
	}
	primary, authority, _ := strings.Cut(text[1:], "\x00")
	if text[0] == nameServer {
		c.host, c.port = parseServerName(primary)
	} else {
		c.host, c.port = parseCluster(primary)
	}
	c.authority, c.authorityPort = parseAuthority(authority)
	c.wished = primary == ""
	return c
}

// parseCluster reads "outbound|9080|v1|reviews.default.svc.cluster.local". The
// clusters of no service (PassthroughCluster, say) name no host.
func parseCluster(s string) (host string, port int) {
	f := strings.Split(s, "|")
	if len(f) == 4 {
		return normalHost(f[3]), parsePort(f[1])
	}
	if strings.HasPrefix(s, "outbound_.") { // gateways between networks
		return parseServerName(s)
	}
	return "", 0
}

// parseServerName reads "outbound_.9080_.v1_.reviews.default.svc.cluster.local",
// which is how sidecars spell a cluster in TLS, or a plain host.
func parseServerName(s string) (host string, port int) {
	rest, ok := strings.CutPrefix(s, "outbound_.")
	if !ok {
		return normalHost(s), 0
	}
	f := strings.SplitN(rest, "_.", 3)
	if len(f) != 3 {
		return "", 0
	}
	return normalHost(f[2]), parsePort(f[0])
}

func parseAuthority(s string) (host string, port int) {
	h := string(hostOf([]byte(s)))
	if i := strings.LastIndexByte(s, ':'); i >= len(h) {
		port = parsePort(s[i+1:])
	}
	return normalHost(h), port
}

func normalHost(s string) string { return strings.ToLower(strings.TrimSuffix(s, ".")) }

func parsePort(s string) int {
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil {
		return 0
	}
	return int(n)
}

// directory finds a service of the request by the names that it goes by.
type directory struct {
	byName map[string]int32 // also by the lower-cased name, which DNS has
	nodes  []Node
	// open marks services of which the request named a pod without namespace.
	open []bool
}

func newDirectory(nodes []Node) directory {
	d := directory{byName: make(map[string]int32, len(nodes)), nodes: nodes, open: make([]bool, len(nodes))}
	for i := range nodes {
		if nodes[i].Kind == Root {
			continue
		}
		if lower := strings.ToLower(nodes[i].Name); d.byName[lower] == 0 {
			d.byName[lower] = int32(i)
		}
		d.open[i] = slices.ContainsFunc(nodes[i].Pods, func(p PodTraffic) bool { return p.Namespace == "" })
	}
	for i := range nodes { // an exact name goes before another's lower-cased one
		if nodes[i].Kind == Service {
			d.byName[nodes[i].Name] = int32(i)
		}
	}
	return d
}

// service finds the node of host: a service's own name, "name.namespace", or
// "name.namespace.svc" and any domain; a pod of a headless service may stand
// before it. Namespaces count where the request names them.
func (d *directory) service(host string) int32 {
	if host == "" {
		return none
	}
	if n, ok := d.byName[host]; ok {
		return n
	}
	prefix, _, cluster := strings.Cut(host+".", ".svc.")
	if !cluster {
		prefix = host
	}
	dot := strings.LastIndexByte(prefix, '.')
	if dot < 0 || (!cluster && strings.Count(host, ".") > 1) {
		return none
	}
	name, namespace := prefix[:dot], prefix[dot+1:]
	if n := d.in(name, namespace, cluster); n != none {
		return n
	}
	return d.in(name[strings.LastIndexByte(name, '.')+1:], namespace, cluster)
}

// namespaceIn is the namespace in "name.namespace.svc.…", a pod of a headless service
// before it or not; "" for any other host.
func namespaceIn(host string) string {
	name, _, cluster := strings.Cut(host, ".svc.")
	dot := strings.LastIndexByte(name, '.')
	if !cluster || dot < 0 {
		return ""
	}
	return name[dot+1:]
}

// in finds a service by name and namespace. Without ".svc" behind it a host of
// two labels is as likely a domain, so its namespace must be one that is named.
func (d *directory) in(name, namespace string, cluster bool) int32 {
	n, ok := d.byName[name]
	if !ok {
		return none
	}
	if slices.Contains(d.nodes[n].Namespaces, namespace) || cluster && d.open[n] {
		return n
	}
	return none
}
