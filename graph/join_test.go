package graph

import (
	"strings"
	"testing"
)

// Each case is one thing that captures do, and what is made of it.
func TestJoin(t *testing.T) {
	const abc = "a:10.0.0.1 b:10.0.1.1 c:10.0.2.1"
	fromGateway := line{in: true, down: "10.9.9.9:0", up: "10.0.0.1:80", host: fqdn("a"), id: "r", start: 0, dur: 9}
	for _, c := range []struct {
		name, pods string
		lines      []line
		edges      string
		warning    string // a part of the only one, "" for none
	}{
		{name: "gateway and both sides of a call", pods: abc, lines: []line{fromGateway,
			{down: "10.0.0.1:41", up: "10.0.1.1:80", host: fqdn("b"), id: "r", start: 1, dur: 5},
			{in: true, down: "10.0.0.1:42", up: "10.0.1.1:80", host: fqdn("b"), id: "r", start: 2, dur: 3}},
			edges: "a>b 1, ingress-gateway>a 1"},
		{name: "one side each", pods: abc, lines: []line{
			{down: "10.0.0.1:41", up: "10.0.1.1:80", host: fqdn("b"), id: "r"},
			{in: true, down: "10.0.1.1:42", up: "10.0.2.1:80", host: fqdn("c"), id: "r"}},
			edges: "a>b 1, b>c 1", warning: "No line shows a request entering"},
		{name: "without request_id the larger side counts", pods: abc, lines: []line{fromGateway,
			{down: "10.0.0.1:41", up: "10.0.1.1:80", host: fqdn("b"), start: 1},
			{down: "10.0.0.1:41", up: "10.0.1.1:80", host: fqdn("b"), start: 2},
			{in: true, down: "10.0.0.1:42", up: "10.0.1.1:80", host: fqdn("b"), start: 2}},
			edges: "a>b 2, ingress-gateway>a 1"},
		{name: "the service's address instead of the pod's", pods: abc, lines: []line{fromGateway,
			{down: "10.0.0.1:41", up: "192.168.0.7:80", host: fqdn("b"), id: "r", start: 1, dur: 5},
			{in: true, down: "10.0.0.1:42", up: "10.0.1.1:80", host: fqdn("b"), id: "r", start: 2, dur: 3}},
			edges: "a>b 1, ingress-gateway>a 1"},
		{name: "inbound upstream null or the sidecar's own end", pods: abc, lines: []line{
			{in: true, down: "10.9.9.9:0", downLocal: "10.0.0.1:80", id: "r"},
			{in: true, down: "10.0.0.1:0", up: "127.0.0.1:80", downLocal: "10.0.1.1:80", id: "r"},
			{in: true, down: "10.0.0.1:0", up: "127.0.0.6:80", downLocal: "10.0.2.1:80", id: "r"}},
			edges: "a>b 1, a>c 1, ingress-gateway>a 1"},
		{name: "an application that calls its sidecar by loopback", pods: abc, lines: []line{fromGateway,
			{down: "127.0.0.1:41", upLocal: "10.0.0.1:7", up: "10.0.1.1:80", host: fqdn("b"), id: "r"}},
			edges: "a>b 1, ingress-gateway>a 1"},
		{name: "failed before an upstream", pods: abc, lines: []line{fromGateway,
			{down: "10.0.0.1:41", host: fqdn("b"), id: "r", code: 503}},
			edges: "a>b 1, ingress-gateway>a 1"},
		{name: "gateway's own lines, clients outside", pods: abc, lines: []line{
			{down: "203.0.113.5:41", upLocal: "10.9.9.9:7", up: "10.0.0.1:80", host: fqdn("a"), id: "r"},
			{down: "203.0.113.6:41", upLocal: "10.9.9.9:7", up: "10.0.0.1:80", host: fqdn("a"), id: "s"}},
			edges: "ingress-gateway>a 2"},
		{name: "gateway's and the callee's line of one call", pods: abc, lines: []line{
			{down: "203.0.113.5:41", upLocal: "10.9.9.9:7", up: "10.0.0.1:80", host: fqdn("a"), id: "r"}, fromGateway},
			edges: "ingress-gateway>a 1"},
		{name: "gateway that is a pod of the request", pods: "gw:10.9.9.9 a:10.0.0.1", lines: []line{
			{down: "203.0.113.5:41", upLocal: "10.9.9.9:7", up: "10.0.0.1:80", host: fqdn("a"), id: "r"}, fromGateway},
			edges: "gw>a 1, ingress-gateway>gw 1"},
		{name: "gateway that is a pod of the request and logs nothing", pods: "gw:10.9.9.9 a:10.0.0.1 b:10.0.1.1", lines: []line{fromGateway,
			{down: "10.0.0.1:41", up: "10.0.1.1:80", host: fqdn("b"), id: "r", start: 1, dur: 5},
			{in: true, down: "10.9.9.9:0", up: "10.0.0.1:80", host: fqdn("a"), id: "s", start: 20, dur: 9},
			{in: true, down: "10.9.9.9:0", up: "10.0.1.1:80", host: fqdn("b"), start: 30, dur: 9}},
			edges: "a>b 1, gw>a 2, gw>b 1, ingress-gateway>gw 3", warning: "gw wrote no line"},
		{name: "a silent pod that sends for requests seen to enter elsewhere", pods: abc, lines: []line{fromGateway,
			{in: true, down: "10.0.1.1:41", up: "10.0.2.1:80", host: fqdn("c"), id: "r", start: 2, dur: 3}},
			edges: "b>c 1, ingress-gateway>a 1"},
		{name: "gateway that is a pod, whose callee tells the client", pods: "gw:10.9.9.9 a:10.0.0.1", lines: []line{
			{down: "203.0.113.5:41", upLocal: "10.9.9.9:7", up: "10.0.0.1:80", host: fqdn("a"), id: "r", dur: 9},
			{in: true, down: "203.0.113.5:0", up: "10.0.0.1:80", id: "r", start: 1, dur: 8}},
			edges: "gw>a 1, ingress-gateway>gw 1"},
		{name: "gateway that no pod is, whose callee tells the client", pods: "a:10.0.0.1", lines: []line{
			{down: "203.0.113.5:41", upLocal: "10.9.9.9:7", up: "10.0.0.1:80", host: fqdn("a"), id: "r", dur: 9},
			{in: true, down: "203.0.113.5:0", up: "10.0.0.1:80", id: "r", start: 1, dur: 8}},
			edges: "ingress-gateway>a 1"},
		{name: "silent gateway, and an unlisted service that calls on", pods: "gw:10.9.9.9 a:10.0.0.1 b:10.0.1.1", lines: []line{fromGateway,
			{down: "10.0.0.1:41", up: "10.5.5.5:80", host: "legacy.corp", id: "r", start: 1, dur: 5},
			{in: true, down: "10.5.5.5:41", up: "10.0.1.1:80", host: fqdn("b"), id: "r", start: 2, dur: 3}},
			edges: "a>legacy.corp 1, gw>a 1, ingress-gateway>gw 1, legacy.corp>b 1", warning: "gw wrote no line"},
		{name: "an address that is called as more the longer one looks", pods: abc, lines: []line{
			{down: "10.0.0.1:41", up: "10.0.0.77:80", host: fqdn("b"), id: "r", start: 1, dur: 5},
			{in: true, down: "10.0.0.1:42", up: "10.0.0.77:80", host: fqdn("b-canary"), id: "r", start: 1, dur: 5},
			{down: "10.0.0.1:43", up: "10.0.0.77:80", cluster: "PassthroughCluster", authority: "c:80", id: "s", start: 9, dur: 5}},
			edges: "a>b 1, a>b-canary.default.svc.cluster.local 1, a>c 1", warning: "No line shows a request entering"},
		{name: "egress gateway that no pod is", pods: abc, lines: []line{fromGateway,
			{down: "10.0.0.1:41", up: "10.8.8.8:80", host: "egress.istio-system.svc.cluster.local", id: "r"},
			{down: "10.0.0.1:41", upLocal: "10.8.8.8:7", up: "1.2.3.4:443", host: "api.example.com", id: "r"}},
			edges: "a>egress.istio-system.svc.cluster.local 1, egress.istio-system.svc.cluster.local>api.example.com 1, ingress-gateway>a 1"},
		{name: "external host, by cluster", pods: abc, lines: []line{fromGateway,
			{down: "10.0.0.1:41", up: "93.184.216.34:443", host: "API.example.com", authority: "x", id: "r"}},
			edges: "a>api.example.com 1, ingress-gateway>a 1"},
		{name: "external host, by authority, by address", pods: abc, lines: []line{fromGateway,
			{down: "10.0.0.1:41", up: "93.184.216.34:443", cluster: "PassthroughCluster", authority: "api.example.com:443", id: "r"},
			{down: "10.0.0.1:42", up: "93.184.216.35:443", cluster: "PassthroughCluster", id: "r"},
			{down: "10.0.0.1:43", up: "[2001:DB8::1]:443", cluster: "PassthroughCluster", id: "r"},
			{down: "10.0.0.1:44", cluster: "BlackHoleCluster", authority: "gone.example.com", id: "r", code: 502}},
			edges: "a>2001:db8::1 1, a>93.184.216.35 1, a>api.example.com 1, a>gone.example.com 1, ingress-gateway>a 1"},
		{name: "swallowed by the black hole, to a pod's address", pods: abc, lines: []line{fromGateway,
			{down: "10.0.0.1:41", downLocal: "10.0.1.1:3306", cluster: "BlackHoleCluster"},
			{down: "10.0.0.1:42", downLocal: "10.0.1.1:3306", cluster: "BlackHoleCluster", authority: "10.0.1.1:3306", id: "r", code: 502}},
			edges: "a>b 2, ingress-gateway>a 1"},
		{name: "no cluster, to a pod's address", pods: abc, lines: []line{fromGateway, nowhere("10.0.0.1:41", "10.0.1.1:3306", "", "")},
			edges: "a>b 1, ingress-gateway>a 1"},
		{name: "no cluster, to a pod's address, over IPv6", pods: "a:fd00::1 b:fd00::2", lines: []line{
			{down: "9.9.9.9:40", up: "[fd00::1]:80", host: fqdn("a"), id: "r"}, nowhere("[fd00::1]:41", "[fd00:0::2]:3306", "", "")},
			edges: "a>b 1, ingress-gateway>a 1"},
		{name: "no cluster, an address for the host", pods: abc, lines: []line{fromGateway, nowhere("10.0.0.1:41", "", "10.0.1.1:80", "r")},
			edges: "a>b 1, ingress-gateway>a 1"},
		{name: "no cluster, a pod of the caller's own service", pods: "a:10.0.0.1 a:10.0.0.2", lines: []line{fromGateway, nowhere("10.0.0.1:41", "10.0.0.2:5672", "", "")},
			edges: "~a>a 1, ingress-gateway>a 1"},
		{name: "no cluster, and the pod itself", pods: abc, lines: []line{fromGateway, nowhere("10.0.0.1:41", "10.0.0.1:80", "", "")},
			edges: "ingress-gateway>a 1", warning: "1 line does not tell which service was called"},
		{name: "no cluster, to what is no pod's address", pods: abc, lines: []line{fromGateway, nowhere("10.0.0.1:41", "192.168.0.7:80", "", "")},
			edges: "ingress-gateway>a 1", warning: "1 line does not tell which service was called"},
		{name: "a pod's own line of what it refused to a client outside", pods: abc, lines: []line{fromGateway, nowhere("9.9.9.9:41", "10.0.0.1:80", "", "")},
			edges: "ingress-gateway>a 1", warning: "the downstream is no pod"},
		{name: "a pod's own line of what it refused to another", pods: abc, lines: []line{fromGateway,
			{down: "10.0.0.1:41", downLocal: "192.168.0.9:80", upLocal: "10.0.0.1:42", up: "10.0.1.1:80", host: fqdn("b"), id: "r", start: 1, dur: 5, code: 403},
			{in: true, down: "10.0.0.1:40", downLocal: "10.0.1.1:80", upLocal: "127.0.0.6:3", up: "10.0.1.1:80", id: "q"},
			nowhere("10.0.0.1:42", "10.0.1.1:80", "b:80", "r")},
			edges: "a>b 2, ingress-gateway>a 1"},
		{name: "no cluster, but a name in TLS", pods: abc, lines: []line{fromGateway,
			{down: "10.0.0.1:41", downLocal: "192.168.0.7:443", cluster: "BlackHoleCluster", sni: "api.example.com"},
			{down: "10.0.0.1:42", up: "93.184.216.34:443", cluster: "PassthroughCluster", sni: "api.example.com"},
			{down: "10.0.0.1:43", downLocal: "192.168.0.8:443", cluster: "BlackHoleCluster", sni: fqdn("c")}},
			edges: "a>api.example.com 2, a>c 1, ingress-gateway>a 1"},
		{name: "swallowed, to an address of several services", pods: "a:10.0.0.1 b:10.0.1.1 c:10.0.1.1", lines: []line{fromGateway,
			nowhere("10.0.0.1:41", "10.0.1.1:80", "d.example.com", "r"), nowhere("10.0.0.1:42", "10.0.1.1:80", "c:80", "r")},
			edges: "a>c 1, a>d.example.com 1, ingress-gateway>a 1"},
		{name: "passed through to a pod", pods: abc, lines: []line{fromGateway,
			{down: "10.0.0.1:41", up: "10.0.1.1:80", cluster: "PassthroughCluster", authority: "whatever", id: "r"}},
			edges: "a>b 1, ingress-gateway>a 1"},
		{name: "canary Service over the same pods", pods: abc, lines: []line{fromGateway,
			{down: "10.0.0.1:41", up: "10.0.1.1:80", host: fqdn("b-canary"), authority: "b", id: "r"}},
			edges: "a>b 1, ingress-gateway>a 1"},
		{name: "another namespace's service of the same name", pods: abc, lines: []line{fromGateway,
			{down: "10.0.0.1:41", up: "10.7.0.1:80", host: "b.other.svc.cluster.local", id: "r"}},
			edges: "a>b.other.svc.cluster.local 1, ingress-gateway>a 1"},
		{name: "address reused by another service", pods: abc, lines: []line{fromGateway,
			{down: "10.0.0.1:41", up: "10.0.2.1:80", host: fqdn("b"), id: "r"}},
			edges: "a>b 1, ingress-gateway>a 1", warning: "1 line calls a service at the address of another's pod"},
		{name: "pod that is not listed, learned from its callers", pods: abc, lines: []line{fromGateway,
			{down: "10.0.0.1:41", up: "10.0.1.99:80", host: fqdn("b"), id: "r"},
			{down: "10.0.1.99:41", upLocal: "10.0.1.99:41", up: "10.0.2.1:80", host: fqdn("c"), id: "r"},
			{in: true, down: "10.0.1.99:42", up: "10.0.2.1:80", id: "r"}},
			edges: "a>b 1, b>c 1, ingress-gateway>a 1"},
		{name: "unknown that receives and sends", pods: abc, lines: []line{fromGateway,
			{down: "10.0.0.1:41", up: "10.5.5.5:80", host: "legacy.corp", id: "r"},
			{in: true, down: "10.5.5.5:41", up: "10.0.2.1:80", host: fqdn("c"), id: "r"}},
			edges: "a>legacy.corp 1, ingress-gateway>a 1, legacy.corp>c 1"},
		{name: "self-call", pods: abc, lines: []line{fromGateway,
			{down: "10.0.0.1:41", up: "10.0.0.1:80", host: fqdn("a"), id: "r"}},
			edges: "~a>a 1, ingress-gateway>a 1"},
		{name: "cycle", pods: abc, lines: []line{fromGateway,
			{down: "10.0.0.1:41", up: "10.0.1.1:80", host: fqdn("b"), id: "r"},
			{down: "10.0.1.1:41", up: "10.0.2.1:80", host: fqdn("c"), id: "r"},
			{down: "10.0.2.1:41", up: "10.0.0.1:80", host: fqdn("a"), id: "r"}},
			edges: "a>b 1, b>c 1, ~c>a 1, ingress-gateway>a 1"},
		{name: "host network: callee by cluster, caller by request_id", pods: "a:10.0.0.1 b:10.0.1.1 c:10.0.1.1 d:10.0.3.1", lines: []line{fromGateway,
			{down: "10.0.0.1:41", up: "10.0.1.1:80", host: fqdn("b"), id: "r"},
			{in: true, down: "10.0.1.1:41", up: "10.0.3.1:80", host: fqdn("d"), id: "r"},
			{down: "10.0.1.1:43", up: "10.0.3.1:80", host: fqdn("d"), id: "r"}},
			edges: "a>b 1, b>d 1, ingress-gateway>a 1"},
		{name: "host network: caller by the call that contains its own", pods: "b:10.0.1.1 c:10.0.1.1 d:10.0.3.1", lines: []line{
			{in: true, down: "10.9.9.9:0", up: "10.0.1.1:80", host: fqdn("b"), id: "r", start: 0, dur: 100},
			{down: "10.0.1.1:41", up: "10.0.1.1:80", host: fqdn("c"), id: "r", start: 10, dur: 30},
			{in: true, down: "10.0.1.1:42", up: "10.0.1.1:80", host: fqdn("c"), id: "r", start: 11, dur: 28},
			{down: "10.0.1.1:43", up: "10.0.3.1:80", host: fqdn("d"), id: "r", start: 15, dur: 5},
			{in: true, down: "10.0.1.1:44", up: "10.0.3.1:80", host: fqdn("d"), id: "r", start: 86_400_015, dur: 4},
			{down: "10.0.1.1:45", up: "10.0.3.1:80", host: fqdn("d"), id: "r", start: 60, dur: 9},
			{in: true, down: "10.0.1.1:46", up: "10.0.3.1:80", host: fqdn("d"), id: "r", start: 86_400_061, dur: 8}},
			edges: "b>c 1, b>d 1, c>d 1, ingress-gateway>b 1"},
		{name: "host network: what took longer than the other was called", pods: "a:10.0.0.1 b:10.0.1.1 c:10.0.1.1 d:10.0.3.1", lines: []line{
			{in: true, down: "10.9.9.9:0", up: "10.0.1.1:80", host: fqdn("b"), id: "r", start: 0, dur: 100},
			{in: true, down: "10.0.0.1:42", up: "10.0.1.1:80", host: fqdn("c"), id: "r", start: 200, dur: 5},
			{in: true, down: "10.0.1.1:44", up: "10.0.3.1:80", host: fqdn("d"), id: "r", start: 86_400_015, dur: 40}},
			edges: "a>c 1, b>d 1, ingress-gateway>b 1"},
		{name: "host network: callee by server name or authority", pods: "a:10.0.0.1 b:10.0.1.1 c:10.0.1.1", lines: []line{fromGateway,
			{in: true, down: "10.0.0.1:41", up: "10.0.1.1:80", host: fqdn("b"), id: "r"},
			{in: true, down: "10.0.0.1:41", up: "10.0.1.1:80", authority: "c:80", id: "r", start: 1},
			{down: "10.0.0.1:41", up: "10.0.1.1:80", cluster: "PassthroughCluster", authority: "c.default", id: "s"}},
			edges: "a>b 1, a>c 2, ingress-gateway>a 1"},
		{name: "host network: caller unknown", pods: "a:10.0.0.1 b:10.0.1.1 c:10.0.1.1 d:10.0.3.1", lines: []line{fromGateway,
			{in: true, down: "10.0.1.1:41", up: "10.0.3.1:80", host: fqdn("d"), id: "s"}},
			edges: "ingress-gateway>a 1", warning: "1 line comes from an address that several services share"},
		{name: "host network: callee unknown", pods: "a:10.0.0.1 b:10.0.1.1 c:10.0.1.1", lines: []line{fromGateway,
			{down: "10.0.0.1:41", up: "10.0.1.1:80", cluster: "PassthroughCluster", id: "s"}},
			edges: "ingress-gateway>a 1", warning: "1 line does not tell which"},
		{name: "caller absent, but its own line is there", pods: abc, lines: []line{fromGateway,
			{down: "10.0.0.1:41", up: "10.0.1.1:80", host: fqdn("b"), id: "r", start: 1, dur: 5},
			{in: true, up: "10.0.1.1:80", host: fqdn("b"), id: "r", start: 1, dur: 3},
			{down: "10.0.1.1:41", up: "10.0.2.1:80", host: fqdn("c"), id: "r", start: 2, dur: 1},
			{in: true, up: "10.0.2.1:80", host: fqdn("c"), id: "r", start: 2, dur: 1}},
			edges: "a>b 1, b>c 1, ingress-gateway>a 1"},
		{name: "caller absent, one of two: the one of whom no callee tells", pods: abc, lines: []line{fromGateway,
			{down: "10.0.0.1:41", up: "10.0.2.1:80", host: fqdn("c"), id: "r", start: 1, dur: 9},
			{in: true, down: "10.0.0.1:41", up: "10.0.2.1:80", host: fqdn("c"), id: "r", start: 1, dur: 8},
			{down: "10.0.1.1:41", up: "10.0.2.1:80", host: fqdn("c"), id: "r", start: 2, dur: 7},
			{in: true, up: "10.0.2.1:80", host: fqdn("c"), id: "r", start: 2, dur: 6}},
			edges: "a>c 1, b>c 1, ingress-gateway>a 1"},
		{name: "caller absent", pods: abc, lines: []line{fromGateway,
			{in: true, up: "10.0.1.1:80", host: fqdn("b"), id: "s"}},
			edges: "ingress-gateway>a 1", warning: "1 line does not tell who called"},
		{name: "IPv6, in every spelling", pods: "a:fd00::1 b:FD00:0:0::2 c:::ffff:10.0.2.1", lines: []line{
			{in: true, down: "[fd00::99]:0", up: "[FD00::1]:80", id: "r"},
			{down: "fd00::1", up: "[fd00:0::2%eth0]:80", host: fqdn("b"), id: "r"},
			{down: "[fd00::2]:7", up: "10.0.2.1:80", host: fqdn("c"), id: "r"},
			{down: "[::ffff:a00:201]:7", up: "[fd00::1]", host: fqdn("a"), id: "r"}},
			edges: "a>b 1, b>c 1, ~c>a 1, ingress-gateway>a 1"},
		{name: "internal addresses and pipes", pods: abc, lines: []line{fromGateway,
			{down: "10.0.0.1:41", up: "envoy://connect_originate/10.0.1.1:80", host: fqdn("b"), id: "r"},
			{down: "/var/run/app.sock", upLocal: "10.0.1.1:9", up: "10.0.2.1:80", host: fqdn("c"), id: "r"},
			{down: "envoy://internal", up: "/run/x", cluster: "local_agent", id: "r"}},
			edges: "a>b 1, b>c 1, ingress-gateway>a 1", warning: "1 line does not tell which"},
		{name: "service with the root's name", pods: "ingress-gateway:10.0.0.1 b:10.0.1.1", lines: []line{
			{in: true, down: "10.9.9.9:0", up: "10.0.0.1:80", id: "r"},
			{down: "10.0.0.1:41", up: "10.0.1.1:80", host: fqdn("b"), id: "r"}},
			edges: "ingress-gateway>b 1, ingress-gateway>ingress-gateway 1"},
		{name: "pods without addresses, nothing known", pods: "a: b:", lines: []line{
			{down: "10.0.0.1:41", up: "10.0.1.1:80", host: fqdn("b"), id: "r"}},
			edges: "ingress-gateway>b 1", warning: "2 pods of the request have no address"},
		{name: "downstreams that are no addresses", pods: "a:10.0.0.1 b:10.0.1.1", lines: []line{
			{in: true, down: "10.9.9.9:0", up: "10.0.0.1:80", id: "r"},
			{down: "10.0.0.1:41", up: "10.0.1.1:80", host: fqdn("b"), id: "r", dur: 9},
			{in: true, down: "garbage", up: "10.0.1.1:80", id: "r", dur: 5},
			{down: "10.0.0.1:42", up: "10.0.1.1:80", host: fqdn("b"), id: "s", dur: 9},
			{in: true, down: "300.1.1.1:80", up: "10.0.1.1:80", id: "s", dur: 5},
			{down: "10.0.0.1:43", up: "10.0.1.1:80", host: fqdn("b"), id: "t", dur: 9},
			{in: true, down: "10.1.1.1:99999", up: "10.0.1.1:80", id: "t", dur: 5},
			{down: "\x00\n", upLocal: "10.0.0.1:44", up: "10.0.1.1:80", host: fqdn("b"), id: "u", dur: 9}},
			// The caller's own lines tell who called of three; of the fourth its own end does.
			edges: "a>b 4, ingress-gateway>a 1", warning: "4 lines have a downstream_remote_address that is no address"},
		{name: "names where no address is known", pods: "a: b: c:", lines: []line{
			{in: true, down: "10.9.9.9:0", up: "10.0.0.1:80", host: fqdn("a"), id: "r"},
			{down: "10.0.0.1:41", up: "10.0.1.1:80", host: fqdn("b"), id: "r"},
			{down: "10.0.1.1:41", up: "10.0.2.1:80", host: fqdn("c"), id: "r"}},
			edges: "a>b 1, b>c 1, ingress-gateway>a 1", warning: "3 pods"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := buildLines(listPods(c.pods), c.lines...)
			if got := drawn(g); got != c.edges {
				t.Errorf("edges\n got %s\nwant %s", got, c.edges)
			}
			got := strings.Join(g.Warnings, "; ")
			if (c.warning == "") != (got == "") || !strings.Contains(got, c.warning) {
				t.Errorf("warnings %q, want one with %q", got, c.warning)
			}
			check(t, g)
		})
	}
}

func TestJoinPods(t *testing.T) {
	pods := []Pod{
		{Service: "b", Namespace: "y", Name: "b-2", Address: "10.0.1.2"},
		{Service: "a", Name: "a-1"},
		{Service: "b", Namespace: "x", Name: "b-1", Address: "10.0.1.1"},
		{Service: "a", Name: "a-1", Address: "10.0.0.1"},
		{Service: "a", Name: "a-1", Address: "fd00::1"},
		{Service: "b", Namespace: "x", Name: "b-1", Address: "10.0.1.1"},
	}
	g := buildLines(pods, line{in: true, down: "[fd00::1]:4", up: "10.0.1.2:80"}, line{in: true, down: "10.0.0.1:4", up: "10.0.1.1:80"})
	a, b := node(t, g, "a"), node(t, g, "b")
	if len(a.Pods) != 1 || a.Pods[0].Address != "10.0.0.1" || a.Pods[0].Sent != 2 {
		t.Errorf("a's pods %+v: want one, with both addresses and both calls", a.Pods)
	}
	if len(b.Pods) != 2 || b.Pods[0].Name != "b-1" || b.Pods[1].Received != 1 || strings.Join(b.Namespaces, " ") != "x y" {
		t.Errorf("b's pods %+v in %v: want b-1 of x, b-2 of y", b.Pods, b.Namespaces)
	}
}

// An address of a service's own names it, whatever pods it has, and is none of theirs.
func TestVirtualAddresses(t *testing.T) {
	pods := append(listPods("a:10.0.0.1 b:10.0.1.1 b:10.0.1.2 c:"), Pod{Service: "c", Namespace: "default", Name: "c-3", Address: "fd00::c", Virtual: true})
	for _, p := range pods[1:3] {
		p.Address, p.Virtual = "1.0.0.7", true // before their own, as texts go
		pods = append(pods, p)
	}
	g := buildLines(pods,
		line{down: "10.9.9.9:4", up: "10.0.0.1:80", host: fqdn("a")},
		line{down: "10.0.0.1:4", downLocal: "1.0.0.7:3306", cluster: "BlackHoleCluster"},
		line{down: "10.0.0.1:5", downLocal: "1.0.0.7:3306", up: "1.0.0.7:3306", upLocal: "10.0.0.1:6", cluster: "PassthroughCluster", start: 1},
		nowhere("10.0.0.1:7", "[fd00:0::c]:80", "", ""))
	if want := "a>b 2, a>c 1, ingress-gateway>a 1"; drawn(g) != want {
		t.Errorf("edges %s, want %s", drawn(g), want)
	}
	b, c := node(t, g, "b"), node(t, g, "c")
	if len(b.Pods) != 2 || b.Pods[0].Address != "10.0.1.1" || b.Pods[1].Address != "10.0.1.2" || b.Opaque != "" || len(c.Pods) != 1 || c.Pods[0].Address != "" {
		t.Errorf("pods %+v, opaque for %q, and %+v: want their own addresses alone", b.Pods, b.Opaque, c.Pods)
	}
	if w := strings.Join(g.Warnings, "\n"); !strings.Contains(w, "1 pod of the request has no address") {
		t.Errorf("warnings %q, want one of c's pod", w)
	}
}

func TestOpaque(t *testing.T) {
	g := buildLines(listPods("a:10.0.0.1 b:10.0.1.1 c:10.0.1.1 d:10.0.1.1 e:10.0.1.1 f:10.0.1.1 a:10.0.0.1"))
	want := map[string]string{"a": "", "b": "its address 10.0.1.1 is also that of c, d, e and 1 more", "f": "its address 10.0.1.1 is also that of b, c, d and 1 more"}
	for name, why := range want {
		if got := node(t, g, name).Opaque; got != why {
			t.Errorf("%s is opaque for %q, want %q", name, got, why)
		}
	}
}

func TestHosts(t *testing.T) {
	a := func(l line) line {
		l.down, l.up = "10.0.0.1:4", "10.0.1.1:80"
		return l
	}
	g := buildLines(listPods("a:10.0.0.1 b:10.0.1.1"),
		line{down: "203.0.113.1:9", upLocal: "10.9.9.9:8", up: "10.0.0.1:80", host: fqdn("a"), authority: "shop.example.com"},
		a(line{host: fqdn("b"), authority: "b:80", id: "1", start: 1}),
		a(line{host: fqdn("b"), authority: "b.default:80", id: "2", start: 3}),
		a(line{host: fqdn("b-canary"), authority: "b.default.svc:80", id: "3", start: 2}),
		a(line{host: fqdn("b-canary"), authority: "10.0.1.1:80", id: "4", start: 4}),
		line{in: true, down: "10.0.0.1:4", up: "10.0.1.1:80", host: "unseen.example.com", id: "5"})
	if hosts := edge(t, g, RootName, "a").Hosts; len(hosts) != 1 || hosts[0].Name != fqdn("a") {
		t.Errorf("the gateway's hosts are %+v: what clients ask for is no host of the mesh", hosts)
	}
	want := []Host{{Name: fqdn("b-canary"), Port: 80, Calls: 2, Last: simEpoch + 4000}, {Name: fqdn("b"), Port: 80, Calls: 3, Last: simEpoch + 3000}}
	got := edge(t, g, "a", "b").Hosts
	if len(got) != 2 || got[0] != want[0] || got[1] != want[1] {
		t.Errorf("hosts\n got %+v\nwant %+v", got, want)
	}
}

// A callee that was found by its address alone is to be listed as itself, whatever the
// client calls it: by no name, an address, localhost, a domain, another service's name.
func TestUnnamed(t *testing.T) {
	pods := listPods("a:10.0.0.1 b:10.0.1.1 c:10.0.2.1")
	for authority, want := range map[string]int{"": 2, "10.0.1.1:80": 2, "localhost": 2, "b.example.com": 2, "c": 2, "b": 0, "b.default:80": 0} {
		g := buildLines(pods,
			line{down: "10.0.0.1:4", up: "10.0.1.1:80", cluster: "PassthroughCluster", authority: authority, start: 3},
			line{down: "10.0.0.1:4", downLocal: "10.0.1.1:80", cluster: "BlackHoleCluster", authority: authority, start: 7})
		if u := edge(t, g, "a", "b").Unnamed; u.Calls != want || want > 0 && u.Last != simEpoch+7000 {
			t.Errorf("authority %q: unnamed %+v, want %d calls, the last of them at 7 ms", authority, u, want)
		}
	}
}

// What was only meant for a pod did not reach it: it wrote no line of that, received
// nothing, and is not one of those that are silent though they are called.
func TestAimedIsNotReached(t *testing.T) {
	g := buildLines(listPods("a:10.0.0.1 b:10.0.1.1 b:10.0.1.2"),
		line{in: true, down: "10.9.9.9:4", up: "10.0.0.1:80", downLocal: "10.0.0.1:80", id: "r", dur: 9},
		line{down: "10.0.0.1:4", up: "10.0.1.1:80", upLocal: "10.0.0.1:5", host: fqdn("b"), id: "r", start: 1, dur: 5},
		line{in: true, down: "10.0.0.1:5", up: "10.0.1.1:80", downLocal: "10.0.1.1:80", host: fqdn("b"), id: "r", start: 2, dur: 3},
		nowhere("10.0.0.1:4", "10.0.1.2:80", "", "s"))
	e, b := edge(t, g, "a", "b"), node(t, g, "b")
	near(t, "error ratio", e.ErrorRatio, 0.5, 1e-9) // one of two outbound lines
	if b.Pods[1].Received != 0 || b.Pods[1].Inbound != 0 || b.Pods[0].Received != 1 {
		t.Errorf("b's pods %+v, want one call received by the first", b.Pods)
	}
	for _, w := range g.Warnings {
		if strings.Contains(w, "wrote no line") {
			t.Errorf("warning %q of a pod that was not reached", w)
		}
	}
}

// The wildcard host of a ServiceEntry is one host, whatever it is asked for.
func TestWildcardHosts(t *testing.T) {
	var lines []line
	for i := range 2 * maxHosts {
		lines = append(lines, line{down: "10.0.0.1:4", up: "1.2.3.4:443", host: "*.example.com", authority: "tenant-" + itoa(i) + ".Example.com:443", start: int64(i)})
	}
	lines = append(lines, line{down: "10.0.0.1:4", up: "1.2.3.4:443", host: "*.example.com", authority: "notexample.com", start: 9999})
	g := buildLines(listPods("a:10.0.0.1"), lines...)
	hosts := edge(t, g, "a", "*.example.com").Hosts
	if len(hosts) != 2 || hosts[0].Name != "*.example.com" || hosts[0].Calls != len(lines) || hosts[1].Name != "notexample.com" || node(t, g, "a").Opaque != "" {
		t.Errorf("%d hosts, the first %+v, opaque for %q", len(hosts), hosts[0], node(t, g, "a").Opaque)
	}
}

func TestManyHosts(t *testing.T) {
	lines := []line{{in: true, down: "10.9.9.9:0", up: "10.0.0.1:80", id: "r"}}
	for i := range 3 * maxExternals {
		lines = append(lines, line{down: "10.0.0.1:4", up: "1.2.3.4:443", host: "h" + strings.Repeat("x", i%7) + itoa(i) + ".example.com", id: "r", start: int64(i)})
	}
	g := buildLines(listPods("a:10.0.0.1"), append(lines, lines[1500])...)
	if n := len(g.Nodes); n != 2+maxExternals+1 {
		t.Fatalf("%d nodes, want the root, a, %d hosts and the one for all others", n, maxExternals)
	}
	if e := edge(t, g, "a", OtherHosts); e.Calls != 2*maxExternals || len(e.Hosts) != maxHosts {
		t.Errorf("%d calls of %d hosts to others, want %d of %d", e.Calls, len(e.Hosts), 2*maxExternals, maxHosts)
	}
	if node(t, g, "a").Opaque == "" {
		t.Error("a's upstreams are not all listed, so it must be opaque")
	}
}

// nowhere is a line of a connection that no route led anywhere: it has no cluster and no
// upstream, only where it came from and where it was to go.
func nowhere(down, downLocal, authority, id string) line {
	return line{down: down, downLocal: downLocal, authority: authority, id: id, start: 1, unknown: true}
}

// One pod of two services: whatever it calls is theirs, also what no request tells of.
// Pods of two services at one address that are not one stay apart.
func TestTwins(t *testing.T) {
	lines := []line{
		{down: "9.9.9.9:4", up: "10.0.1.1:80", host: fqdn("b"), id: "r", dur: 9},
		{down: "10.0.1.1:4", up: "10.0.2.1:80", host: fqdn("d"), id: "r", start: 1, dur: 5},
		{down: "10.0.1.1:5", up: "10.0.2.1:80", host: fqdn("d"), start: 20, dur: 5},
		{down: "10.0.1.1:6", downLocal: "172.20.0.1:80", cluster: "BlackHoleCluster", start: 30}, // to nobody that is known
	}
	pods := []Pod{{Service: "b", Name: "b-0", Address: "10.0.1.1"}, {Service: "a", Name: "b-0", Address: "10.0.1.1"}, {Service: "d", Name: "d-0", Address: "10.0.2.1"}}
	g := buildLines(pods, lines...)
	if want := "a>d 1, b>d 1, ingress-gateway>b 1"; drawn(g) != want || node(t, g, "a").Opaque+node(t, g, "b").Opaque != "" {
		t.Errorf("edges %s, want %s, and nobody opaque", drawn(g), want)
	}
	if e := edge(t, g, "a", "d"); e.RateLow != 0 {
		t.Errorf("rate of a to d from %v: nothing says that it is not b's", e.RateLow)
	}
	pods[1].Name = "a-0"
	g = buildLines(pods, lines...)
	if want := "b>d 1, ingress-gateway>b 1"; drawn(g) != want || node(t, g, "a").Opaque == "" {
		t.Errorf("edges %s, want %s", drawn(g), want)
	}
}
