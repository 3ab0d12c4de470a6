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
	"time"

	"github.com/sluice-mesh/sluice/internal/request"
)

// world is a small mesh that handles requests and logs them as Envoy does.
type world struct {
	services []worldService
	// requests that enter at the first service, one every millisecond, numbered
	// from first on.
	requests, first int
	// seed of the chances.
	seed uint64
	// outboundOnly leaves inbound lines out, in the way of the contest's statement.
	outboundOnly bool
	// head keeps that many lines of each proxy, tail the last ones; 0 keeps all.
	head, tail int
	// lost proxies have no lines at all.
	lost []string
}

// worldService runs pods that call others, in a share of the requests each.
type worldService struct {
	name  string
	pods  []string
	calls []worldCall
}

type worldCall struct {
	to    string
	share float64
	// only is the pod prefix that makes this call, "" for all.
	only string
}

// line is one access log line.
type line struct {
	proxy string
	end   int64
	text  []byte
}

// log makes the lines, in blocks by proxy, as captures are.
func (w *world) log() []byte {
	rnd := rand.New(rand.NewPCG(7, w.seed))
	byProxy := map[string][]line{}
	for i := w.first; i < w.first+w.requests; i++ {
		w.call(rnd, byProxy, "gateway", "10.9.9.9", 0, fmt.Sprintf("r-%d", i), int64(1_700_000_000_000+i), 0)
	}
	var names []string
	for n := range byProxy {
		names = append(names, n)
	}
	slices.Sort(names)
	var b bytes.Buffer
	for _, n := range names {
		ls := byProxy[n]
		slices.SortStableFunc(ls, func(x, y line) int { return int(x.end - y.end) })
		if w.head > 0 {
			ls = ls[:min(w.head, len(ls))]
		}
		if w.tail > 0 {
			ls = ls[max(0, len(ls)-w.tail):]
		}
		if slices.Contains(w.lost, n) {
			continue
		}
		for _, l := range ls {
			b.Write(append(l.text, '\n'))
		}
	}
	return b.Bytes()
}

// call is one call to service number to, at ms; it returns when it ended.
func (w *world) call(rnd *rand.Rand, out map[string][]line, from, fromIP string, to int, id string, at int64, depth int) int64 {
	s := &w.services[to]
	pod := rnd.IntN(len(s.pods))
	ip := w.ip(to, pod)
	end := at + 2
	for _, c := range s.calls {
		if rnd.Float64() < c.share && strings.HasPrefix(s.pods[pod], c.only) && depth < 8 {
			end = w.call(rnd, out, s.pods[pod], ip, w.number(c.to), id, end, depth+1) + 1
		}
	}
	add := func(proxy, cluster, down, local, up string, from, till int64, sni string) {
		text, err := json.Marshal(map[string]any{
			"upstream_cluster": cluster, "downstream_remote_address": down, "upstream_local_address": local, "upstream_host": up,
			"request_id": id, "start_time": time.UnixMilli(from).UTC().Format("2006-01-02T15:04:05.000Z"), "duration": till - from,
			"path": "/" + s.name, "authority": s.name + ":80", "requested_server_name": sni, "response_code": 200, "protocol": "HTTP/1.1",
			"bytes_sent": 10, "downstream_local_address": up,
		})
		if err != nil {
			panic(err)
		}
		out[proxy] = append(out[proxy], line{proxy, till, text})
	}
	host := s.name + ".default.svc.cluster.local"
	add(from, "outbound|80||"+host, fromIP+":1234", fromIP+":4321", ip+":80", at, end+1, "")
	if !w.outboundOnly {
		add(s.pods[pod], "inbound|80||", fromIP+":4321", "127.0.0.6:99", ip+":80", at, end, "outbound_.80_._."+host)
	}
	return end
}

func (w *world) ip(service, pod int) string { return fmt.Sprintf("10.1.%d.%d", service, pod) }

func (w *world) number(name string) int {
	i := slices.IndexFunc(w.services, func(s worldService) bool { return s.name == name })
	if i < 0 {
		panic(name)
	}
	return i
}

// request is the world's log and its pods.
func (w *world) request() *request.Request {
	log := w.log()
	req := &request.Request{CPULimit: 1000, MemoryLimit: 1e12}
	req.OpenLog = func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(log)), nil }
	for i, s := range w.services {
		for k, p := range s.pods {
			req.Containers = append(req.Containers, request.Container{Service: s.name, Namespace: "default", Pod: p, IP: w.ip(i, k), Sidecar: true})
		}
	}
	return req
}

// hosts are the resources of a world, by name.
func (w *world) hosts(t *testing.T) map[string][]string {
	t.Helper()
	got := map[string][]string{}
	for _, r := range mustRun(t, w.request(), nil).Resources {
		got[r.Name] = r.Hosts
	}
	return got
}

// chain is front → middle → back, and middle → rare in a share of the requests.
func chain(requests int, rare float64) *world {
	return &world{requests: requests, services: []worldService{
		{"front", []string{"front-5d-a"}, []worldCall{{"middle", 1, ""}}},
		{"middle", []string{"middle-v1-5d-a", "middle-v1-5d-b", "middle-v2-5d-a"}, []worldCall{{"back", 1, "middle-v2"}, {"rare", rare, ""}}},
		{"back", []string{"back-5d-a"}, nil},
		{"rare", []string{"rare-5d-a", "rare-5d-b"}, nil},
	}}
}
