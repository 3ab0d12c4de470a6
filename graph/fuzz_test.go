package graph

import (
	"bytes"
	"reflect"
	"testing"
)

// FuzzBuild reads text as records, a line each and fields between tabs, and
// asks of the graph what check asks of all, and that the order does not matter.
func FuzzBuild(f *testing.F) {
	f.Add([]byte("i\t10.9.9.9:1\t10.0.0.1:80\t\t\ta\tr\t\x01\nO\t10.0.0.1:4\t10.0.1.1:80\t10.0.0.1:4\toutbound|80||b.default.svc.cluster.local\tb\tr\t\x02"))
	f.Add([]byte("O\t10.0.0.2:4\t\t10.9.9.9:4\toutbound|80||x.example.com\tx\tr\t\x03\nO\t[::1]:4\tenvoy://x\t10.0.0.2:4\tPassthroughCluster\t10.0.0.1\ts\t\xff"))
	f.Fuzz(func(t *testing.T, text []byte) {
		rs := fuzzRecords(text)
		pods := listPods("a:10.0.0.1 a:10.0.0.2 b:10.0.1.1 c:10.0.0.2 d:127.0.0.1 e:")
		o := Options{MaxEvents: 50, MaxTrace: 4}
		g := collect(rs, o).Build(pods, 0)
		check(t, g)
		for i, k := 0, len(rs)-1; i < k; i, k = i+1, k-1 {
			rs[i], rs[k] = rs[k], rs[i]
		}
		if back := collect(rs, o).Build(pods, 0); !reflect.DeepEqual(g, back) {
			t.Errorf("backwards the lines give another graph:\n%s\n%s", drawn(g), drawn(back))
		}
	})
}

func fuzzRecords(text []byte) []Record {
	var rs []Record
	for _, l := range bytes.Split(text, []byte("\n")) {
		fs := bytes.Split(l, []byte("\t"))
		field := func(i int) []byte {
			if i < len(fs) {
				return fs[i]
			}
			return nil
		}
		r := Record{Direction: Outbound, Downstream: field(1), Upstream: field(2), UpstreamLocal: field(3), DownstreamLocal: field(3),
			Cluster: field(4), ServerName: field(4), Authority: field(5), RequestID: field(6)}
		if bytes.HasPrefix(l, []byte("i")) {
			r.Direction = Inbound
		}
		for i, c := range field(7) {
			r.Start = r.Start<<7 ^ Micros(c)<<(i%8)
		}
		r.Duration, r.ServiceTime, r.Code, r.BytesSent = r.Start>>3, r.Start>>5, int(r.Start&1023), r.Start>>9
		rs = append(rs, r)
	}
	return rs
}
