package optimize

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"github.com/sluice-mesh/sluice/crgen"
	"github.com/sluice-mesh/sluice/internal/request"
)

// TestWhatIsCalledStaysInSight: in random meshes of several namespaces, with pods behind
// one address, pods of two services and addresses of both families, whatever the log shows
// a pod to call, by whatever kind of line, is listed by the Sidecar that holds for it, or
// by its namespace's default.
func TestWhatIsCalledStaysInSight(t *testing.T) {
	for seed := range uint64(60) {
		s := newSight(rand.New(rand.NewPCG(seed, 6)))
		rep := mustRun(t, s.request(), nil)
		for _, p := range s.pods {
			in := s.inForce(rep.Resources, p)
			for _, c := range p.calls {
				if want := c.entry(s); !c.sees(in, want, p.namespace) {
					t.Fatalf("seed %d: %s of %s calls %s (%s), and %q does not list it", seed, p.service, p.namespace, want, c.kind, in)
				}
			}
		}
	}
}

// sight is a random mesh, in which every service has one pod.
type sight struct {
	rnd  *rand.Rand
	pods []sightPod
	log  bytes.Buffer
}

type sightPod struct {
	service, namespace, ip, vip string
	twin                        string // another service that selects the pod, "" for none
	calls                       []sightCall
}

// sightCall is a call to pod number to, in a kind of line.
type sightCall struct {
	kind string
	to   int
}

var sightKinds = []string{"cluster", "headless", "passed", "passed to service", "swallowed", "swallowed, to service", "swallowed, TLS", "no cluster", "no cluster, address", "no cluster, name", "external", "external TLS"}

func newSight(rnd *rand.Rand) *sight {
	s := &sight{rnd: rnd}
	for i := range 4 + rnd.IntN(4) {
		p := sightPod{service: fmt.Sprint("s", i), namespace: []string{"shop", "bank", "ops"}[rnd.IntN(3)], ip: fmt.Sprintf("10.1.0.%d", i+1), vip: fmt.Sprintf("10.96.0.%d", i+1)}
		switch rnd.IntN(8) {
		case 0:
			p.ip = "192.168.0.1" // host network
		case 1:
			p.ip = fmt.Sprintf("fd00::%d", i+1)
		case 2:
			p.twin = p.service + "-admin"
		}
		s.pods = append(s.pods, p)
	}
	for i := range s.pods {
		for range rnd.IntN(4) {
			if to := rnd.IntN(len(s.pods)); s.pods[to].ip != s.pods[i].ip {
				s.pods[i].calls = append(s.pods[i].calls, sightCall{sightKinds[rnd.IntN(len(sightKinds))], to})
			}
		}
	}
	return s
}

func fullName(p *sightPod) string { return p.service + "." + p.namespace + ".svc.cluster.local" }

// withPort is an address with a port.
func withPort(ip string, port int) string {
	if strings.Contains(ip, ":") {
		ip = "[" + ip + "]"
	}
	return fmt.Sprint(ip, ":", port)
}

// entry is what a scope has to list for the call.
func (c sightCall) entry(s *sight) string {
	switch c.kind {
	case "external", "external TLS":
		return fmt.Sprintf("*/api%d.example.com", c.to)
	}
	return s.pods[c.to].namespace + "/" + fullName(&s.pods[c.to])
}

func (c sightCall) sees(hosts []string, entry, own string) bool {
	ns, _, _ := strings.Cut(entry, "/")
	return slices.Contains(hosts, entry) || slices.Contains(hosts, ns+"/*") || slices.Contains(hosts, "./*") && ns == own
}

// line is what the pod's sidecar logs of the call.
func (c sightCall) line(s *sight, p *sightPod, id string) fields {
	to := &s.pods[c.to]
	f := sent(0, "", "", fields{"downstream_remote_address": withPort(p.ip, 1234), "upstream_local_address": withPort(p.ip, 4321), "request_id": id,
		"upstream_host": withPort(to.ip, 80), "downstream_local_address": withPort(to.vip, 80), "upstream_cluster": "outbound|80||" + fullName(to)})
	set := func(kv ...any) {
		for i := 0; i < len(kv); i += 2 {
			f[kv[i].(string)] = kv[i+1]
		}
	}
	switch kind, rest, _ := strings.Cut(c.kind, ", "); kind {
	case "headless":
		set("authority", "s-0."+fullName(to), "upstream_cluster", "outbound|80||s-0."+fullName(to))
	case "passed":
		set("upstream_cluster", "PassthroughCluster", "request_id", nil)
	case "passed to service":
		set("upstream_cluster", "PassthroughCluster", "upstream_host", withPort(to.vip, 80), "request_id", nil)
	case "external":
		set("upstream_host", "52.0.0.1:443", "upstream_cluster", fmt.Sprintf("outbound|443||api%d.example.com", c.to))
	case "external TLS":
		set("upstream_host", "52.0.0.1:443", "upstream_cluster", "PassthroughCluster", "request_id", nil, "requested_server_name", fmt.Sprintf("api%d.example.com", c.to))
	case "swallowed", "no cluster":
		set("upstream_cluster", map[bool]any{true: "BlackHoleCluster"}[kind == "swallowed"], "upstream_host", nil, "upstream_local_address", nil, "request_id", nil, "downstream_local_address", withPort(to.ip, 3306))
		switch rest {
		case "to service":
			set("downstream_local_address", withPort(to.vip, 3306))
		case "TLS":
			set("downstream_local_address", "172.20.0.1:443", "requested_server_name", fullName(to))
		case "address":
			set("authority", withPort(to.ip, 3306), "request_id", id)
		case "name":
			set("authority", to.service+"."+to.namespace+":3306", "downstream_local_address", "172.20.0.1:3306", "request_id", id)
		}
	}
	return f
}

// request is the mesh with the log of 60 requests to each pod.
func (s *sight) request() *request.Request {
	req := withLog(nil)
	req.Containers, req.CPULimit, req.MemoryLimit = nil, 10, 1e10
	write := func(f fields, ms int) {
		f["start_time"] = fmt.Sprintf("2023-11-14T22:%02d:%02d.%03dZ", ms/60_000, ms/1000%60, ms%1000)
		text, err := json.Marshal(f)
		if err != nil {
			panic(err)
		}
		s.log.Write(append(text, '\n'))
	}
	for i := range s.pods {
		p := &s.pods[i]
		for _, service := range []string{p.service, p.twin} {
			if service != "" {
				req.Containers = append(req.Containers, request.Container{Service: service, Namespace: p.namespace, Pod: p.service + "-0", IP: p.ip, Sidecar: true,
					Labels: []request.Label{{Key: "app", Value: p.service}}, Spec: &request.Spec{ClusterIP: p.vip}})
			}
		}
		if p.twin != "" {
			req.Containers[len(req.Containers)-1].Spec = nil
		}
		for n := range 60 {
			id, ms := fmt.Sprint(i, "-", n), 20*(60*i+n)
			write(sent(0, "", "", fields{"upstream_cluster": "inbound|80||", "upstream_host": withPort(p.ip, 80), "downstream_local_address": withPort(p.ip, 80),
				"downstream_remote_address": "10.9.9.9:1", "upstream_local_address": "127.0.0.6:1", "request_id": id, "authority": p.service, "duration": 15}), ms)
			for k, c := range p.calls {
				write(c.line(s, p, id), ms+1+k)
			}
		}
	}
	log := s.log.Bytes()
	req.OpenLog = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(log)), nil }
	return req
}

// inForce is the list that holds for a pod: that of its own Sidecar, else its namespace's.
func (s *sight) inForce(rs []crgen.Resource, p sightPod) (hosts []string) {
	for _, r := range rs {
		if r.Namespace != p.namespace {
			continue
		}
		if r.Service == p.service || slices.Contains(r.Merged, p.service) {
			return r.Hosts
		}
		if r.Service == "" {
			hosts = r.Hosts
		}
	}
	return hosts
}
