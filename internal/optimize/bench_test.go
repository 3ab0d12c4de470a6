package optimize

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/sluice-mesh/sluice/internal/request"
)

// BenchmarkScopes is a round of a mesh of 10,000 services, each of which calls the three
// that follow it, from the log to the resources: the time that `sluice crs` takes beyond
// reading its files. Five requests are evidence enough here, or the log would be what is
// measured.
func BenchmarkScopes(b *testing.B) {
	const services, requests = 10_000, 5
	ip := func(s int) string { s %= services; return fmt.Sprintf("10.1.%d.%d", s/250, s%250+1) }
	req := &request.Request{AccessLog: "log", CPULimit: 0.3 * services, MemoryLimit: 2e8 * services}
	var log bytes.Buffer
	for s := range services {
		name := fmt.Sprintf("service-%d", s)
		req.Containers = append(req.Containers, request.Container{Service: name, Namespace: "shop", Pod: name + "-5d-a", IP: ip(s), Sidecar: true,
			Labels: []request.Label{{Key: "app", Value: name}}})
		for r := range requests {
			fmt.Fprintf(&log, `{"start_time":"2023-11-14T22:13:%02d.000Z","duration":5,"upstream_cluster":"inbound|80||","upstream_host":"%s:80","downstream_local_address":"%[2]s:80","downstream_remote_address":"10.9.9.9:1","upstream_local_address":"127.0.0.6:1","request_id":"%d-%d","path":"/"}`+"\n", r, ip(s), s, r)
			for k := 1; k <= 3; k++ {
				fmt.Fprintf(&log, `{"start_time":"2023-11-14T22:13:%02d.001Z","duration":1,"upstream_cluster":"outbound|80||service-%d.shop.svc.cluster.local","upstream_host":"%s:80","downstream_remote_address":"%s:1","upstream_local_address":"%[4]s:2","request_id":"%d-%d","path":"/"}`+"\n",
					r, (s+k)%services, ip(s+k), ip(s), s, r)
			}
		}
	}
	req.OpenLog = withLog(log.Bytes()).OpenLog
	var o Options
	o.Resources.MinRequests = requests
	b.ReportAllocs()
	for b.Loop() {
		rep, err := Run(b.Context(), req, nil, o)
		if err != nil || len(rep.Resources) != services+1 {
			b.Fatalf("%v, %d resources", err, len(rep.Resources))
		}
	}
	b.ReportMetric(float64(bytes.Count(log.Bytes(), []byte("\n"))), "lines")
}
