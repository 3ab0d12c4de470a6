package graph

import (
	"bytes"
	"net/netip"
	"strings"
)

// hostOf is an address less its port: of "10.0.0.1:80", "[::1]:80", "::1" or
// "host". What is no host and port (a pipe, an Envoy internal address) stays
// whole.
func hostOf(addr []byte) []byte {
	if n := plainHost(addr); n > 0 {
		return addr[:n]
	}
	addr = bytes.TrimSpace(addr)
	if len(addr) == 0 || addr[0] == '/' || addr[0] == '@' || bytes.Contains(addr, []byte("://")) {
		return addr
	}
	if addr[0] == '[' {
		if i := bytes.IndexByte(addr, ']'); i > 0 {
			return addr[1:i]
		}
		return addr
	}
	i := bytes.IndexByte(addr, ':')
	if i < 0 || bytes.IndexByte(addr[i+1:], ':') >= 0 { // none, or IPv6 without brackets
		return addr
	}
	return addr[:i]
}

// plainHost is the length of the host in an IPv4 address with a port that there may be,
// as nearly all addresses are; 0 for others.
func plainHost(addr []byte) int {
	n := 0
	for n < len(addr) && (addr[n]-'0' <= 9 || addr[n] == '.') {
		n++
	}
	if n == 0 || n == len(addr) || addr[n] != ':' || len(addr)-n > len(":65535") {
		return 0
	}
	port := 0
	for _, c := range addr[n+1:] {
		if c-'0' > 9 {
			return 0
		}
		port = port*10 + int(c-'0')
	}
	if port > 65535 {
		return 0
	}
	return n
}

// noAddress stands for what is damaged: text that nothing has as its address.
var noAddress = []byte{0}

// clientOf is hostOf for where a connection came from, noAddress where the port is none
// (over 65535).
func clientOf(addr []byte) []byte {
	if n := plainHost(addr); n > 0 {
		return addr[:n]
	}
	addr = bytes.TrimSpace(addr)
	host := hostOf(addr)
	const last = ":65535"
	port := addr[len(addr)-min(len(addr)-len(host), len(last)+1):] // more than fits is over it too
	if len(port) < len(last) || addr[0] == '[' || len(port) == len(last) && string(port) <= last {
		return host
	}
	return noAddress
}

// address is a host in the form that compares: an IP without zone, IPv4 never
// mapped into IPv6, or the lower-cased text of what is no IP.
type address struct {
	ip   netip.Addr
	text string
}

// parseAddress takes a host, or an address with a port, as requests write them.
func parseAddress(s string) address {
	h := string(hostOf([]byte(s)))
	if ip, err := netip.ParseAddr(h); err == nil {
		return address{ip: ip.WithZone("").Unmap()}
	}
	return address{text: strings.ToLower(h)}
}

func (a address) String() string {
	if a.ip.IsValid() {
		return a.ip.String()
	}
	return a.text
}

// The addresses that Istio's sidecars use towards their own pod's application.
var ownEnds = map[netip.Addr]bool{
	netip.MustParseAddr("127.0.0.1"): true,
	netip.MustParseAddr("127.0.0.6"): true,
	netip.MustParseAddr("::1"):       true,
	netip.MustParseAddr("::6"):       true,
}

// local reports whether the address tells nothing of where it is: the same in
// every pod. Other loopback addresses do tell: whole meshes run on them in labs.
func (a address) local() bool {
	if a.ip.IsValid() {
		return ownEnds[a.ip] || a.ip.IsUnspecified()
	}
	return a.text == "" || a.text == "localhost" || a.text[0] == '/' || a.text[0] == '@' || strings.Contains(a.text, "://")
}
