package graph

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/klauspost/compress/zstd"
)

// The capture is kept once, for the demo.
const capture = "../internal/demo/capture/"

// sampleLine reads what the capture's lines hold; decoding any log is
// accesslog's work, which imports this package.
type sampleLine struct {
	Start      string `json:"start_time"`
	Duration   int64  `json:"duration"`
	Service    string `json:"upstream_service_time"`
	Cluster    string `json:"upstream_cluster"`
	Up         string `json:"upstream_host"`
	Down       string `json:"downstream_remote_address"`
	DownLocal  string `json:"downstream_local_address"`
	UpLocal    string `json:"upstream_local_address"`
	ID         string `json:"request_id"`
	Path       string `json:"path"`
	Authority  string `json:"authority"`
	ServerName string `json:"requested_server_name"`
	Code       int    `json:"response_code"`
	Sent       int64  `json:"bytes_sent"`
}

func (l *sampleLine) record(tb testing.TB) Record {
	start, err := time.Parse(time.RFC3339Nano, l.Start)
	if err != nil {
		tb.Fatal(err)
	}
	service, err := strconv.ParseInt(l.Service, 10, 64)
	if err != nil {
		tb.Fatal(err)
	}
	r := line{down: l.Down, up: l.Up, downLocal: l.DownLocal, upLocal: l.UpLocal, cluster: l.Cluster, authority: l.Authority, sni: l.ServerName,
		id: l.ID, path: l.Path, code: l.Code, in: strings.HasPrefix(l.Cluster, "inbound|")}.record()
	r.Cluster = []byte(l.Cluster)
	r.Start, r.Duration, r.ServiceTime, r.BytesSent = start.UnixMicro(), l.Duration*1000, service*1000, l.Sent
	return r
}

func sample(tb testing.TB) ([]Record, []Pod) {
	f, err := os.Open(capture + "accesslog.txt.zst")
	if err != nil {
		tb.Fatal(err)
	}
	defer f.Close()
	z, err := zstd.NewReader(f)
	if err != nil {
		tb.Fatal(err)
	}
	defer z.Close()
	var rs []Record
	for sc := bufio.NewScanner(z); sc.Scan(); {
		var l sampleLine
		if err := json.Unmarshal(sc.Bytes(), &l); err != nil {
			tb.Fatal(err)
		}
		rs = append(rs, l.record(tb))
	}
	b, err := os.ReadFile(capture + "pods.json")
	if err != nil {
		tb.Fatal(err)
	}
	var rows []struct {
		Service   string `json:"service_name"`
		Namespace string `json:"namespace"`
		Name      string `json:"pod_name"`
		Address   string `json:"ip"`
	}
	if err := json.Unmarshal(b, &rows); err != nil {
		tb.Fatal(err)
	}
	var pods []Pod
	for _, r := range rows {
		pods = append(pods, Pod{Service: r.Service, Namespace: r.Namespace, Name: r.Name, Address: r.Address})
	}
	return rs, pods
}

// By hand from the capture: each proxy's distinct lines (200), the seconds from
// their first end to their last, and how many are of which edge:
//
//	productpage  1.082 s   58 in from the gateway, 75 out to details, 67 to reviews
//	details      3.177 s  200 in
//	reviews-v1   9.902 s  200 in, v2 4.899 s 100 in 100 out, v3 4.898 s 99 in 101 out
//	ratings      4.898 s  200 in
//
// so that the gateway's rate is 58/1.082×199/200 = 53.3 per second, details'
// (75+200)/(1.082+3.177)×199/200 = 64.2, and so on.
func TestSample(t *testing.T) {
	rs, pods := sample(t)
	g := collect(rs, Options{}).Build(pods, 0)
	check(t, g)
	if got, want := drawn(g), "ingress-gateway>productpage 58, productpage>details 200, productpage>reviews 399, reviews>ratings 201"; got != want {
		t.Errorf("edges\n got %s\nwant %s", got, want)
	}
	if g.Lines != (Lines{Total: 2400, Used: 1200, Repeated: 1200}) || len(g.Warnings) != 0 {
		t.Errorf("lines %+v, warnings %q", g.Lines, g.Warnings)
	}
	for _, w := range []struct {
		from, to         string
		rate, perRequest float64
	}{
		{RootName, "productpage", 53.3, 1}, {"productpage", "details", 64.2, 1},
		{"productpage", "reviews", 60.7, 1}, {"reviews", "ratings", 40.7, 0.668},
	} {
		e := edge(t, g, w.from, w.to)
		near(t, w.to+"'s rate", e.Rate, w.rate, 0.002)
		near(t, w.to+" per request", e.PerRequest, w.perRequest, 0.002)
	}
	if gw := g.Gateway; gw.Requests != 58 || gw.Mean.Round(time.Millisecond) != 328*time.Millisecond || gw.P99 != 500*time.Millisecond {
		t.Errorf("gateway %+v", gw)
	}
	if d := node(t, g, "ratings").Depth; d != 3 {
		t.Errorf("ratings has depth %d", d)
	}
	lines := 0
	for tr := range g.Traces() {
		for _, c := range tr.Calls {
			lines += b2i(c.Out.Logged) + b2i(c.In.Logged)
		}
	}
	if lines != 1200 {
		t.Errorf("traces hold %d lines, want each of the 1200 once", lines)
	}
}

func ExampleBuilder() {
	b := NewBuilder(Options{})
	b.Add(&Record{
		Direction:  Inbound,
		Downstream: []byte("10.0.0.9:0"), Upstream: []byte("10.0.0.1:9080"),
		Cluster: []byte("inbound|9080||"), RequestID: []byte("5f2a"),
		Start: 1_000_000, Duration: 9_000,
	})
	b.Add(&Record{
		Direction:  Outbound,
		Downstream: []byte("10.0.0.1:40022"), Upstream: []byte("10.0.0.2:9080"),
		Cluster: []byte("outbound|9080||reviews.default.svc.cluster.local"), RequestID: []byte("5f2a"),
		Start: 1_002_000, Duration: 4_000,
	})
	g := b.Build([]Pod{
		{Service: "productpage", Name: "productpage-1", Address: "10.0.0.1"},
		{Service: "reviews", Name: "reviews-1", Address: "10.0.0.2"},
	}, 0)
	for _, e := range g.Edges {
		fmt.Printf("%s > %s, %v\n", g.Nodes[e.From].Name, g.Nodes[e.To].Name, e.Mean)
	}
	// Output:
	// ingress-gateway > productpage, 9ms
	// productpage > reviews, 4ms
}
