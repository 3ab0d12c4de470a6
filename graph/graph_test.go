package graph

import (
	"bufio"
	"bytes"
	"encoding/json"
	"os"
	"strconv"
	"strings"
	"testing"
	"time"
)

type rawLine struct {
	Start      *string `json:"start_time"`
	Duration   *int64  `json:"duration"`
	UST        *string `json:"upstream_service_time"`
	Cluster    *string `json:"upstream_cluster"`
	Up         *string `json:"upstream_host"`
	Down       *string `json:"downstream_remote_address"`
	DownLocal  *string `json:"downstream_local_address"`
	UpLocal    *string `json:"upstream_local_address"`
	RID        *string `json:"request_id"`
	Path       *string `json:"path"`
	Authority  *string `json:"authority"`
	ServerName *string `json:"requested_server_name"`
	Flags      *string `json:"response_flags"`
	Code       int     `json:"response_code"`
	Sent       *int64  `json:"bytes_sent"`
	Recv       *int64  `json:"bytes_received"`
}

func decodeLine(t testing.TB, line []byte) Record {
	var l rawLine
	if err := json.Unmarshal(line, &l); err != nil {
		t.Fatal(err)
	}
	by := func(s *string) []byte {
		if s == nil || *s == "-" {
			return nil
		}
		return []byte(*s)
	}
	n := func(v *int64, f int64) int64 {
		if v == nil {
			return Missing
		}
		return *v * f
	}
	r := Record{Cluster: by(l.Cluster), Upstream: by(l.Up), Downstream: by(l.Down), DownstreamLocal: by(l.DownLocal), UpstreamLocal: by(l.UpLocal),
		RequestID: by(l.RID), Path: by(l.Path), Authority: by(l.Authority), ServerName: by(l.ServerName), Flags: by(l.Flags), Code: l.Code,
		Duration: n(l.Duration, 1000), BytesSent: n(l.Sent, 1), BytesReceived: n(l.Recv, 1), Start: Missing, ServiceTime: Missing}
	if l.Start != nil {
		at, err := time.Parse(time.RFC3339Nano, *l.Start)
		if err != nil {
			t.Fatal(err)
		}
		r.Start = at.UnixMicro()
	}
	if l.UST != nil {
		if v, err := strconv.ParseInt(*l.UST, 10, 64); err == nil {
			r.ServiceTime = v * 1000
		}
	}
	switch {
	case strings.HasPrefix(string(r.Cluster), "inbound|"):
		r.Direction = Inbound
	case strings.HasPrefix(string(r.Cluster), "outbound|"):
		r.Direction = Outbound
	}
	return r
}

func load(t testing.TB, dir string) ([]Record, []Pod) {
	b, err := os.ReadFile(dir + "/accesslog.txt")
	if err != nil {
		t.Skip(err)
	}
	var rs []Record
	sc := bufio.NewScanner(bytes.NewReader(b))
	for sc.Scan() {
		rs = append(rs, decodeLine(t, sc.Bytes()))
	}
	b, _ = os.ReadFile(dir + "/pods.json")
	var cs []struct {
		S string `json:"service_name"`
		N string `json:"namespace"`
		P string `json:"pod_name"`
		I string `json:"ip"`
	}
	if err := json.Unmarshal(b, &cs); err != nil {
		t.Fatal(err)
	}
	var pods []Pod
	for _, c := range cs {
		pods = append(pods, Pod{c.S, c.N, c.P, c.I})
	}
	return rs, pods
}

func TestScratch(t *testing.T) {
	dir := os.Getenv("DIR")
	if dir == "" {
		dir = "/work/shared/contest-sample"
	}
	rs, pods := load(t, dir)
	b := NewBuilder(Options{})
	for i := range rs {
		b.Add(&rs[i])
	}
	g := b.Build(pods, 0)
	for _, n := range g.Nodes {
		t.Logf("%s kind %d rate %.2f visits %.3f depth %d opaque %q ns %v", n.Name, n.Kind, n.Rate, n.Visits, n.Depth, n.Opaque, n.Namespaces)
		for _, p := range n.Pods {
			t.Logf("    %+v", p)
		}
	}
	for _, e := range g.Edges {
		t.Logf("%s -> %s: %+v", g.Nodes[e.From].Name, g.Nodes[e.To].Name, e)
	}
	t.Logf("%+v %+v %q", g.Gateway, g.Lines, g.Warnings)
	n := 0
	for tr := range g.Traces() {
		n++
		if n < 3 || len(tr.Calls) == 4 && n < 40 {
			for _, c := range tr.Calls {
				t.Logf("%+v", c)
			}
			t.Log("--")
		}
	}
	t.Log(n, "traces")
}
