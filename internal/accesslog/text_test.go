package accesslog

import (
	"fmt"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-mesh/sluice/graph"
)

// Lines from Istio's documentation (Envoy Access Logs) and from Envoy's.
const (
	istioOut = `[2020-11-25T21:26:18.409Z] "GET /status/418 HTTP/1.1" 418 - via_upstream - "-" 0 135 4 3 "-" "curl/7.73.0-DEV" "84961386-6d84-929d-98bd-c5aee93b5c88" "httpbin:8000" "10.44.1.27:80" outbound|8000||httpbin.foo.svc.cluster.local 10.44.1.23:37652 10.0.45.184:8000 10.44.1.23:46520 - default`
	istioIn  = `[2020-11-25T21:26:18.409Z] "GET /status/418 HTTP/1.1" 418 - via_upstream - "-" 0 135 3 1 "-" "curl/7.73.0-DEV" "84961386-6d84-929d-98bd-c5aee93b5c88" "httpbin:8000" "127.0.0.1:80" inbound|8000|| 127.0.0.1:41854 10.44.1.27:80 10.44.1.23:37652 outbound_.8000_._.httpbin.foo.svc.cluster.local default`
	istioTCP = `[2020-11-25T21:26:18.409Z] "- - -" 0 - - - "-" 79 12 8 - "-" "-" "-" "-" "10.44.1.30:3306" outbound|3306||mysql.foo.svc.cluster.local 10.44.1.23:37652 10.0.45.190:3306 10.44.1.23:46520 - -`
	istioOld = `[2019-03-06T09:31:27.360Z] "GET /status/418 HTTP/1.1" 418 - "-" "-" 0 135 5 2 "-" "curl/7.60.0" "d209e46f-9ed5-9b61-bbdd-43e22662702a" "httpbin:8000" "127.0.0.1:80" inbound|8000|http|httpbin.default.svc.cluster.local - 172.30.146.73:80 172.30.146.82:38618 outbound_.8000_._.httpbin.default.svc.cluster.local`
	istio12  = `[2019-03-06T09:31:27.360Z] "GET /status/418 HTTP/1.1" 418 - "-" 0 135 5 2 "-" "curl/7.60.0" "d209e46f-9ed5-9b61-bbdd-43e22662702a" "httpbin:8000" "127.0.0.1:80" inbound|8000|http|httpbin.default.svc.cluster.local - 172.30.146.73:80 172.30.146.82:38618 outbound_.8000_._.httpbin.default.svc.cluster.local`
	envoy    = `[2016-04-15T20:17:00.310Z] "POST /api/v1/locations HTTP/2" 204 - 154 0 226 100 "10.0.35.28" "nsq2http" "cc21d9b0-cf5c-432b-8c7e-98aeb7988cd2" "locations" "tcp://10.0.2.1:80"`
)

// all is a sink that keeps every record.
type all struct{ seen []graph.Record }

func (s *all) Add(r *graph.Record) bool {
	c := *r
	for _, f := range []*[]byte{&c.Cluster, &c.Downstream, &c.Upstream, &c.DownstreamLocal, &c.UpstreamLocal, &c.RequestID, &c.Path, &c.Authority, &c.ServerName, &c.Flags} {
		if *f != nil {
			*f = append([]byte(nil), *f...)
		}
	}
	s.seen = append(s.seen, c)
	return true
}

func recordsOf(t *testing.T, log string, o Options) ([]graph.Record, *Reading) {
	t.Helper()
	s := &all{}
	o.Workers = 1
	r, err := Scan(t.Context(), strings.NewReader(log), -1, o, func() Sink { return s })
	if err != nil {
		t.Fatal(err)
	}
	return s.seen, r
}

func TestIstioText(t *testing.T) {
	b := func(s string) []byte { return []byte(s) }
	want := []graph.Record{
		{Direction: graph.Outbound, Cluster: b("outbound|8000||httpbin.foo.svc.cluster.local"), Downstream: b("10.44.1.23:46520"), Upstream: b("10.44.1.27:80"),
			DownstreamLocal: b("10.0.45.184:8000"), UpstreamLocal: b("10.44.1.23:37652"), RequestID: b("84961386-6d84-929d-98bd-c5aee93b5c88"), Path: b("/status/418"),
			Authority: b("httpbin:8000"), Start: 1606339578409000, Duration: 4000, ServiceTime: 3000, Code: 418, BytesSent: 135},
		{Direction: graph.Inbound, Cluster: b("inbound|8000||"), Downstream: b("10.44.1.23:37652"), Upstream: b("127.0.0.1:80"),
			DownstreamLocal: b("10.44.1.27:80"), UpstreamLocal: b("127.0.0.1:41854"), RequestID: b("84961386-6d84-929d-98bd-c5aee93b5c88"), Path: b("/status/418"),
			Authority: b("httpbin:8000"), ServerName: b("outbound_.8000_._.httpbin.foo.svc.cluster.local"), Start: 1606339578409000, Duration: 3000, ServiceTime: 1000, Code: 418, BytesSent: 135},
		{Direction: graph.Outbound, Cluster: b("outbound|3306||mysql.foo.svc.cluster.local"), Downstream: b("10.44.1.23:46520"), Upstream: b("10.44.1.30:3306"),
			DownstreamLocal: b("10.0.45.190:3306"), UpstreamLocal: b("10.44.1.23:37652"), Start: 1606339578409000, Duration: 8000, ServiceTime: graph.Missing, BytesSent: 12, BytesReceived: 79},
		{Direction: graph.Inbound, Cluster: b("inbound|8000|http|httpbin.default.svc.cluster.local"), Downstream: b("172.30.146.82:38618"), Upstream: b("127.0.0.1:80"),
			DownstreamLocal: b("172.30.146.73:80"), RequestID: b("d209e46f-9ed5-9b61-bbdd-43e22662702a"), Path: b("/status/418"),
			Authority: b("httpbin:8000"), ServerName: b("outbound_.8000_._.httpbin.default.svc.cluster.local"), Start: 1551864687360000, Duration: 5000, ServiceTime: 2000, Code: 418, BytesSent: 135},
	}
	want = append(want, want[3]) // the same before 1.3, with a field less
	got, r := recordsOf(t, strings.Join([]string{istioOut, istioIn + "\r", istioTCP, istioOld, istio12, ""}, "\n"), Options{})
	if diff := cmp.Diff(want, got); diff != "" || r.Skipped() != 0 {
		t.Errorf("%+v\n%s", r.Skips, diff)
	}
}

// Istio 1.23 and 1.24 end the cluster with a semicolon, in JSON and in text: it is no part
// of the name, by which Sidecar resources are written.
func TestClustersThatEndInASemicolon(t *testing.T) {
	out, in := "outbound|8000||httpbin.foo.svc.cluster.local", "inbound|8000||"
	lines := []string{
		strings.Replace(istioOut, out, out+";", 1), strings.Replace(istioIn, in, in+";", 1),
		`{"upstream_cluster":"` + out + `;"}`, `{"upstream_cluster":"inbound\u007c8000||;"}`, `{"upstream_cluster":"PassthroughCluster;"}`,
	}
	got, _ := recordsOf(t, strings.Join(lines, "\n"), Options{})
	var clusters []string
	for _, r := range got {
		clusters = append(clusters, string(r.Cluster))
	}
	if diff := cmp.Diff([]string{out, in, out, in, "PassthroughCluster"}, clusters); diff != "" {
		t.Error(diff)
	}
}

// What BlackHoleCluster swallowed, or no filter chain took, tells where it was to go by
// its original destination alone: in Istio's text of TCP, of HTTP, over IPv6, in JSON.
func TestSwallowed(t *testing.T) {
	lines := []string{
		`[2020-11-25T21:26:18.409Z] "- - -" 0 UH - - "-" 0 0 0 - "-" "-" "-" "-" "-" BlackHoleCluster - 10.44.1.30:3306 10.44.1.23:46520 - -`,
		`[2020-11-25T21:26:18.409Z] "- - -" 0 NR filter_chain_not_found - "-" 0 0 0 - "-" "-" "-" "-" "-" - - [fd00::30]:3306 [fd00::23]:46520 - -`,
		`[2020-11-25T21:26:18.409Z] "- - -" 0 UH - - "-" 0 0 0 - "-" "-" "-" "-" "-" BlackHoleCluster; - 10.0.45.190:443 10.44.1.23:46520 api.example.com -`,
		`[2020-11-25T21:26:18.409Z] "GET / HTTP/1.1" 502 - direct_response - "-" 0 0 0 - "-" "curl/7" "id" "10.44.1.30:80" "-" - - 10.44.1.30:80 10.44.1.23:46520 - block_all`,
		`{"upstream_cluster":null,"upstream_host":null,"authority":null,"downstream_local_address":"10.44.1.30:3306","downstream_remote_address":"10.44.1.23:46520","response_flags":"UF","start_time":"2020-11-25T21:26:18.409Z","duration":0}`,
	}
	var got []string
	records, r := recordsOf(t, strings.Join(lines, "\n"), Options{})
	for _, r := range records {
		got = append(got, fmt.Sprintf("%s > %s %s|%s%s%s", r.Downstream, r.DownstreamLocal, r.Cluster, r.Authority, r.ServerName, r.Upstream))
	}
	want := []string{
		"10.44.1.23:46520 > 10.44.1.30:3306 BlackHoleCluster|",
		"[fd00::23]:46520 > [fd00::30]:3306 |",
		"10.44.1.23:46520 > 10.0.45.190:443 BlackHoleCluster|api.example.com",
		"10.44.1.23:46520 > 10.44.1.30:80 |10.44.1.30:80",
		"10.44.1.23:46520 > 10.44.1.30:3306 |",
	}
	if diff := cmp.Diff(want, got); diff != "" || r.Skipped() != 0 {
		t.Errorf("%+v\n%s", r.Skips, diff)
	}
}

// What clients choose cannot move the fields that they do not.
func TestIstioTextOddities(t *testing.T) {
	want, _ := recordsOf(t, istioOut, Options{})
	for _, agent := range []string{``, `a "quoted" agent`, `" "x" "y`, `ends in a quote"`, "\xff\xfe", `"`, `[2020-11-25T21:26:18.409Z] "GET / HTTP/1.1" 200 - `} {
		got, r := recordsOf(t, strings.Replace(istioOut, "curl/7.73.0-DEV", agent, 1), Options{})
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("agent %q: %v\n%s", agent, r.Skips, diff)
		}
	}
	got, _ := recordsOf(t, strings.Replace(istioOut, "/status/418", "/a\xff \"b\" c", 1), Options{})
	if len(got) != 1 || string(got[0].Path) != "/a\uFFFD \"b\" c" {
		t.Errorf("an odd path: %+v", got)
	}
	for n := range len(istioOut) - len(" default") { // what is cut is not used, and never more than that
		if got, r := recordsOf(t, istioOut[:n], Options{}); len(got) != 0 && r.Total != 1 {
			t.Errorf("cut after %d bytes: %+v", n, got)
		}
	}
}

// Envoy's own format does not say who called whom; the log is told as such.
func TestOtherKinds(t *testing.T) {
	for _, c := range []struct{ log, want string }{
		{"\n" + envoy + "\n" + envoy, "line 2, is told by: " + ReasonNoClusterText},
		{"10.0.0.1 - - [10/Oct/2000:13:55:36 -0700] \"GET /secret HTTP/1.0\" 200 2326\n", "line 1, is told by: " + ReasonNotObject},
		{`[2016-04-15T20:17:00.310Z] warning something secret` + "\n", "line 1, is told by: " + ReasonNotObject},
		{`{"time":"secret","msg":"secret"}` + "\n", "line 1, is told by: " + ReasonNoCluster},
		{"<?xml version=\"1.0\"?>\n<secret/>\n", "line 1, is told by: " + ReasonNotObject},
	} {
		got, r := recordsOf(t, c.log, Options{})
		if said := strings.Join(r.Warnings, "|"); len(got) != 0 || !strings.Contains(said, "of another kind") || !strings.Contains(said, c.want) || strings.Contains(said, "secret") {
			t.Errorf("%q: %d records, warnings %q, want %q", c.log, len(got), r.Warnings, c.want)
		}
	}
}

func TestRenamedFields(t *testing.T) {
	log := `{"dst":"10.0.0.2:80","src":"10.0.0.1:9","cluster":"outbound|80||b","ts":"2022-07-08T06:20:16.632Z","took":5,"path":"/a","duration":77,"sr\u0063":"10.0.0.3:9"}` + "\n" +
		`{"x":` + strings.Repeat("[", 99) + strings.Repeat("]", 99) + `,"dst":"10.0.0.2:80","src":"10.0.0.3:9","cluster":"outbound|80||b","ts":"2022-07-08T06:20:16.632Z","took":5,"path":"/a","duration":77}`
	got, r := recordsOf(t, log, Options{Fields: map[string]string{
		"dst": "upstream_host", "src": "downstream_remote_address", "cluster": "upstream_cluster", "ts": "start_time", "took": "duration"}})
	if len(got) != 2 || r.Skipped() != 0 || cmp.Diff(got[0], got[1]) != "" {
		t.Fatalf("%+v %+v", got, r)
	}
	if g := got[0]; string(g.Downstream) != "10.0.0.3:9" || string(g.Upstream) != "10.0.0.2:80" || g.Duration != 5000 || string(g.Path) != "/a" || g.Start != 1657261216632000 {
		t.Errorf("%+v", g)
	}
	if err := CheckField("dst", "upstream_host"); err != nil {
		t.Error(err)
	}
	if err := CheckField("dst", "nonsense"); err == nil || !strings.Contains(err.Error(), "upstream_cluster") {
		t.Errorf("%v", err)
	}
}

// FuzzText: no line of any kind breaks the reader, and none is lost count of.
func FuzzText(f *testing.F) {
	for _, l := range []string{istioOut, istioIn, istioTCP, istioOld, envoy} {
		f.Add([]byte(l))
	}
	f.Fuzz(func(t *testing.T, line []byte) {
		log := "[2" + strings.ReplaceAll(string(line), "\n", " ") + "\n"
		got, r := recordsOf(t, log, Options{Fields: map[string]string{"a": "path"}})
		if r.Total != 1 || int64(len(got)) != r.Total-r.Skipped() {
			t.Fatalf("%d records of %d lines, %d skipped", len(got), r.Total, r.Skipped())
		}
		for _, g := range got {
			for _, text := range [][]byte{g.Cluster, g.Downstream, g.Upstream, g.RequestID, g.Path, g.Authority, g.ServerName} {
				if !strings.Contains(strings.ToValidUTF8(log, "\uFFFD"), string(text)) && !strings.Contains(string(text), "\uFFFD") {
					t.Fatalf("%q is not of the line", text)
				}
			}
		}
	})
}
