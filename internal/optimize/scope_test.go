package optimize

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-mesh/sluice/crgen"
	"github.com/sluice-mesh/sluice/internal/request"
)

// fields of a log line, as Envoy writes them.
type fields map[string]any

// sent is a line of the sidecar at address from, a call that it sent to an upstream at
// to ("" for none) in request n of a world; more replaces fields.
func sent(n int, from, to string, more fields) fields {
	f := fields{
		"upstream_cluster": "PassthroughCluster", "downstream_remote_address": from + ":1234", "upstream_local_address": from + ":4321",
		"upstream_host": to + ":80", "downstream_local_address": to + ":80", "request_id": fmt.Sprintf("r-%d", n), "path": "/x", "duration": 1,
		"start_time": time.UnixMilli(1_700_000_000_003 + int64(n)).UTC().Format("2006-01-02T15:04:05.000Z"), "response_code": 200,
	}
	if to == "" {
		f["upstream_host"], f["upstream_local_address"], f["downstream_local_address"] = nil, nil, "192.168.1.1:80"
	}
	for k, v := range more {
		f[k] = v
	}
	return f
}

// with is the request of a world whose log has more lines.
func (w *world) with(more ...fields) *request.Request {
	req := w.request()
	var b bytes.Buffer
	b.Write(w.log())
	for _, f := range more {
		text, err := json.Marshal(f)
		if err != nil {
			panic(err)
		}
		b.Write(append(text, '\n'))
	}
	req.OpenLog = withLog(b.Bytes()).OpenLog
	return req
}

// scopeOf is the list of a workload's own Sidecar, nil where it has none.
func scopeOf(t *testing.T, req *request.Request, prior *Memory, service string) ([]string, *Report) {
	t.Helper()
	rep := mustRun(t, req, prior)
	for _, r := range rep.Resources {
		if r.Service == service {
			return r.Hosts, rep
		}
	}
	return nil, rep
}

// TestCallsWithoutAHostNameTheService: a connection that names nobody goes to a pod of
// rare; that another call went there by its address changes nothing about it.
func TestCallsWithoutAHostNameTheService(t *testing.T) {
	w := chain(200, 0)
	middle, rare := w.ip(1, 0), w.ip(3, 0)
	tcp := sent(7, middle, rare, fields{"request_id": nil, "path": nil, "response_code": 0})
	byAddress := sent(9, middle, rare, fields{"authority": rare + ":80"})
	const want = "default/rare.default.svc.cluster.local"
	for name, more := range map[string][]fields{"tcp": {tcp}, "address": {byAddress}, "both": {tcp, byAddress}} {
		if hosts, _ := scopeOf(t, w.with(more...), nil, "middle"); !slices.Contains(hosts, want) {
			t.Errorf("%s: %q lacks %s", name, hosts, want)
		}
		// The holdout has the same names: what the first half called stays in sight.
		if h := holdoutOf(t, w.with(more...), 0.5)["middle"]; h.Cut != 0 {
			t.Errorf("%s: %+v", name, h)
		}
	}
	if hosts, _ := scopeOf(t, w.with(), nil, "middle"); slices.Contains(hosts, want) || !strings.Contains(strings.Join(hosts, " "), "back") {
		t.Errorf("without these calls: %q", hosts)
	}
}

// TestHostThatNoRouteLedToIsKept: where the mesh forbids unknown destinations a host
// that a scope lacks shows in lines without a cluster alone. They must bring it back.
func TestHostThatNoRouteLedToIsKept(t *testing.T) {
	w := chain(200, 0)
	var blocked []fields
	middle := w.ip(1, 0)
	for n := range 20 {
		blocked = append(blocked,
			sent(n, middle, "", fields{"upstream_cluster": nil, "authority": "rare.default.svc.cluster.local:80", "response_code": 502, "route_name": "block_all"}),
			sent(20+n, middle, "", fields{"upstream_cluster": "-", "upstream_host": "-", "authority": "api.example.com", "response_code": 404, "response_flags": "NR"}))
	}
	// What clients ask a gateway for is no call of the mesh, nor a host of anybody.
	probe := sent(1, "203.0.113.7", "", fields{"upstream_cluster": nil, "authority": "probe.example.com", "response_code": 404, "response_flags": "NR"})
	hosts, rep := scopeOf(t, w.with(append(blocked, probe)...), nil, "middle")
	for _, want := range []string{"default/rare.default.svc.cluster.local", "default/back.default.svc.cluster.local", "*/api.example.com"} {
		if !slices.Contains(hosts, want) {
			t.Errorf("%q lacks %s", hosts, want)
		}
	}
	g := rep.Graph
	for i := range g.Nodes {
		if strings.Contains(g.Nodes[i].Name, "probe") {
			t.Errorf("%s is a node", g.Nodes[i].Name)
		}
	}
	if g.Gateway.Requests != 200 {
		t.Errorf("%d external requests, want 200", g.Gateway.Requests)
	}
	failed := 0
	for i := range g.Edges {
		if e := &g.Edges[i]; g.Nodes[e.To].Name == "rare" {
			if failed++; e.Calls != 20 || e.ErrorRatio != 1 || g.Nodes[e.From].Name != "middle" {
				t.Errorf("%+v, want 20 failed calls of middle's", e)
			}
		}
	}
	if told := strings.Join(rep.Warnings, "\n"); failed != 1 || !strings.Contains(told, "1 line has no upstream_cluster, reached no upstream") {
		t.Errorf("%d edges to rare, warnings %q", failed, told)
	}
}

// TestSwallowedConnectionsAreKept: what a mesh that forbids unknown destinations swallows
// names nobody but the address that it was for: a pod's or, where rows tell it, that of a
// service. A pod's own line of what it refused has such an address too, its own.
func TestSwallowedConnectionsAreKept(t *testing.T) {
	w := chain(200, 0)
	middle, rare := w.ip(1, 0), w.ip(3, 0)
	const vip, want = "10.96.0.7", "default/rare.default.svc.cluster.local"
	to := func(from, ip string, more fields) []fields {
		more["downstream_local_address"], more["request_id"] = ip, nil
		return []fields{sent(5, from, "", more)}
	}
	nothing := func() fields { return fields{"upstream_cluster": nil, "response_flags": "UF", "response_code": 0} }
	for name, c := range map[string]struct {
		lines []fields
		want  bool
	}{
		"black hole":          {to(middle, rare+":3306", fields{"upstream_cluster": "BlackHoleCluster", "response_flags": "UH"}), true},
		"no cluster":          {to(middle, rare+":3306", nothing()), true},
		"address for a host":  {to(middle, rare+":3306", fields{"upstream_cluster": nil, "authority": rare + ":3306"}), true},
		"odd name for a host": {to(middle, rare+":3306", fields{"upstream_cluster": nil, "authority": "legacy.example.com"}), true},
		"service's address":   {to(middle, vip+":3306", nothing()), true},
		"name in TLS":         {to(middle, "10.96.0.8:443", fields{"upstream_cluster": "BlackHoleCluster", "requested_server_name": "rare.default.svc.cluster.local"}), true},
		"nobody's address":    {to(middle, "10.96.0.9:3306", nothing()), false},
		"its own address":     {to(middle, middle+":3306", nothing()), false},
		"from outside":        {to("203.0.113.7", rare+":3306", nothing()), false},
		"from another":        {to(w.ip(2, 0), rare+":3306", nothing()), false},
	} {
		req := w.with(c.lines...)
		for i := range req.Containers {
			if row := &req.Containers[i]; row.Service == "rare" {
				row.Spec = &request.Spec{ClusterIP: "fd00::7," + vip}
			}
		}
		hosts, _ := scopeOf(t, req, nil, "middle")
		if slices.Contains(hosts, want) != c.want || !slices.Contains(hosts, "default/back.default.svc.cluster.local") {
			t.Errorf("%s: %q, want %s among them: %v", name, hosts, want, c.want)
		}
	}
}

// TestNamelessCallsMakeNoLeaf: a pod that connects to an address that nobody has calls
// something. No list can have it, but "~/*" says that there is nothing.
func TestNamelessCallsMakeNoLeaf(t *testing.T) {
	w := chain(200, 0)
	w.services[1].calls[0].only = ""
	swallowed := sent(5, w.ip(2, 0), "", fields{"upstream_cluster": "BlackHoleCluster", "request_id": nil, "response_flags": "UH", "downstream_local_address": "10.96.0.9:3306"})
	if hosts, _ := scopeOf(t, w.with(), nil, "back"); !slices.Equal(hosts, leaf) {
		t.Errorf("back lists %q without that call", hosts)
	}
	hosts, rep := scopeOf(t, w.with(swallowed), nil, "back")
	if !slices.Equal(hosts, []string{"istio-system/*"}) {
		t.Errorf("back lists %q", hosts)
	}
	for _, e := range rep.Scopes() {
		if e.Service == "back" && (len(e.Hosts) != 1 || e.Hosts[0].Calls != 1 || e.Hosts[0].Kept || !strings.Contains(e.Hosts[0].Because, "neither a service nor a host")) {
			t.Errorf("the evidence: %+v", e.Hosts)
		}
	}
}

// TestDoubtsStayInSight: two services behind one address (host networking) have no Sidecar
// of their own, what either may have called counts as called by both, and it is in sight of
// their namespaces' defaults.
func TestDoubtsStayInSight(t *testing.T) {
	w := chain(200, 0)
	rare, back := w.ip(3, 0), w.ip(2, 0)
	req := w.with(sent(5, back, w.ip(0, 0), fields{"request_id": nil, "upstream_cluster": "outbound|80||front.web.svc.cluster.local"}))
	for i := range req.Containers {
		row := &req.Containers[i]
		switch row.Namespace = "web"; row.Service {
		case "back":
			row.Namespace = "data"
		case "rare":
			if row.Namespace = "ops"; row.IP == rare {
				row.IP = back
			}
		}
	}
	rep := mustRun(t, req, nil)
	open := map[string]bool{}
	for _, r := range rep.Resources {
		if r.Service == "" {
			open[r.Namespace] = slices.Contains(r.Hosts, "web/*")
		}
		if r.Service == "back" || r.Service == "rare" {
			t.Errorf("%s has a Sidecar: %q", r.Service, r.Hosts)
		}
	}
	if !open["data"] || !open["ops"] {
		t.Errorf("in sight by namespace: %v, want of data and ops, for the call may be either's", open)
	}
	for _, e := range rep.Scopes() {
		if doubted := e.Service == "back" || e.Service == "rare"; doubted && (len(e.Hosts) != 1 || e.Hosts[0].Host != "front.web.svc.cluster.local") {
			t.Errorf("%s: %+v, want front, for the call may be its", e.Service, e.Hosts)
		}
	}
}

// TestTooLittleSeenIsNotNarrowed: of late and rare no request was seen, so nothing tells
// what they call. back, in another namespace, is in their sight: they have no Sidecar, and
// neither does their namespace's default keep them from what the rows name. front, of
// which 200 were seen, calls middle alone.
func TestTooLittleSeenIsNotNarrowed(t *testing.T) {
	w := chain(200, 0)
	req := w.with()
	for i := range req.Containers {
		if row := &req.Containers[i]; row.Service == "back" {
			row.Namespace = "data"
		}
	}
	req.Containers = append(req.Containers, request.Container{Service: "late", Namespace: "default", Pod: "late-5d-a", IP: "10.1.77.1", Sidecar: true})
	rep := mustRun(t, req, nil)
	reach := crgen.NewReach(rep.Memory.Scope, crgen.Options{Round: 1})
	for service, want := range map[string]bool{"late": true, "rare": true, "front": false} {
		if got := reach.Sees(crgen.Workload{Service: service, Namespace: "default"}, "back.data.svc.cluster.local"); got != want {
			t.Errorf("%s sees back of data: %v, want %v", service, got, want)
		}
	}
}

// TestNoSidecarForGatewaysAndAmbientPods: gateways are known by their labels, in any
// namespace, by Istio's own names where nobody told labels, and by passing on what pods
// send to them; ambient pods by theirs.
func TestNoSidecarForGatewaysAndAmbientPods(t *testing.T) {
	// f wants rare (its 200 requests are evidence enough) to be named or left out.
	f := func(why string, change func(*request.Container), more ...fields) {
		t.Helper()
		w := chain(200, 1)
		req := w.with(more...)
		for i := range req.Containers {
			if c := &req.Containers[i]; c.Service == "rare" && change != nil {
				change(c)
			}
		}
		rep := mustRun(t, req, nil)
		for _, e := range rep.Scopes() {
			if (e.Service == "rare" || e.Service == "istio-egressgateway") && (e.Narrowed != (why == "") || !strings.Contains(e.Because, why)) {
				t.Errorf("%s: narrowed %v, %s, want %s", e.Service, e.Narrowed, e.Because, why)
			}
		}
	}
	labelled := func(kv ...string) func(*request.Container) {
		return func(c *request.Container) {
			c.Labels = []request.Label{{Key: "app", Value: "rare"}}
			for i := 0; i < len(kv); i += 2 {
				c.Labels = append(c.Labels, request.Label{Key: kv[i], Value: kv[i+1]})
			}
		}
	}
	app := func(name string) func(*request.Container) {
		return func(c *request.Container) { c.Labels = []request.Label{{Key: "app", Value: name}} }
	}
	f("", nil)
	f("", labelled("istio.io/dataplane-mode", "none", "istio", "pilot"))
	f(isAmbient, labelled("istio.io/dataplane-mode", "ambient"))
	f(isGateway, labelled("istio", "egressgateway"))
	f(isGateway, labelled("istio", "ingressgateway"))
	f(isGateway, labelled("istio", "rare")) // Istio's chart "gateway", released as rare
	f(isGateway, app("istio-egressgateway"))
	f("", app("istio-egressgateway-client"))
	f("", app("istiod"))
	f(isGateway, labelled("gateway.networking.k8s.io/gateway-name", "g"))
	f(isGateway, labelled("gateway.istio.io/managed", "istio.io-gateway-controller"))
	f(isGateway, labelled("operator.istio.io/component", "EgressGateways"))
	// One of two pods is ambient: the other one's Sidecar stands.
	f("", func(c *request.Container) {
		if strings.HasSuffix(c.Pod, "-a") {
			labelled("istio.io/dataplane-mode", "ambient")(c)
		}
	})
	// An egress gateway without labels: what middle sends to it goes on from it in one line.
	w := chain(0, 0)
	middle, rare := w.ip(1, 0), w.ip(3, 0)
	f(isGateway, nil, sent(3, rare, "93.1.1.1", fields{"downstream_remote_address": middle + ":5", "downstream_local_address": rare + ":8443",
		"upstream_cluster": "outbound|443||api.example.com"}))
	req := w.request()
	for i := range req.Containers {
		if c := &req.Containers[i]; c.Service == "rare" {
			c.Service = "istio-egressgateway"
		}
	}
	if e := mustRun(t, req, nil).Scopes()[0]; !slices.ContainsFunc(mustRun(t, req, nil).Scopes(), func(s crgen.Evidence) bool { return s.Because == isGateway }) {
		t.Errorf("by Istio's own name: %+v", e)
	}
}

// TestOneNameInTwoNamespaces: web of shop calls cart, web of blog calls posts. Which of
// the two a call is of, the pods' addresses tell, named or not; which namespace a pod is
// in, its row or else the host by which it is called.
func TestOneNameInTwoNamespaces(t *testing.T) {
	const gateway = "10.9.9.9"
	pods := map[string][3]string{ // address: service, namespace, pod
		"10.2.0.1": {"web", "shop", "web-1"}, "10.2.0.2": {"web", "blog", "web-2"},
		"10.2.0.3": {"cart", "shop", "cart-1"}, "10.2.0.4": {"posts", "blog", "posts-1"}, "10.2.0.5": {"db", "data", "db-1"},
	}
	to := func(n int, from, ip string) fields {
		p := pods[ip]
		return sent(n, from, ip, fields{"upstream_cluster": "outbound|80||" + p[0] + "." + p[1] + ".svc.cluster.local"})
	}
	var log []fields
	for n := range 100 {
		log = append(log, to(n, gateway, "10.2.0.1"), to(n, "10.2.0.1", "10.2.0.3"),
			to(n+100, gateway, "10.2.0.2"), to(n+100, "10.2.0.2", "10.2.0.4"))
	}
	log = append(log, sent(7, "10.2.0.2", "10.2.0.5", fields{"request_id": nil}), // blog's alone; no host tells db's namespace
		to(8, gateway, "10.2.0.5"))
	world := &world{}
	for _, named := range []bool{true, false} {
		req := world.with(log...)
		for ip, p := range pods {
			c := request.Container{Service: p[0], Pod: p[2], IP: ip, Sidecar: true}
			if named {
				c.Namespace = p[1]
			}
			req.Containers = append(req.Containers, c)
		}
		got := map[string][]string{}
		for _, r := range mustRun(t, req, nil).Resources {
			got[r.Namespace+"/"+r.Name] = r.Hosts
		}
		for name, want := range map[string][]string{
			"shop/web": {"istio-system/*", "shop/cart.shop.svc.cluster.local"},
			"blog/web": {"blog/posts.blog.svc.cluster.local", "data/db.data.svc.cluster.local", "istio-system/*"},
		} {
			if !slices.Equal(got[name], want) {
				t.Errorf("named %v: %s lists %q, want %q", named, name, got[name], want)
			}
		}
	}
}
