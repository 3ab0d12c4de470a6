package accesslog

import (
	"bytes"
	"context"
	"fmt"
	"math/rand/v2"
	"strings"
	"syscall"
	"testing"

	"github.com/sluice-mesh/sluice/graph"
	"github.com/sluice-mesh/sluice/internal/decode"
)

// generate writes n lines with the 25 fields of Istio's format, in an order that
// differs from line to line, as in real captures. Even lines are inbound.
func generate(n int, seed uint64) []byte {
	r := rand.New(rand.NewPCG(seed, 0))
	var orders [199][]int
	for i := range orders {
		orders[i] = r.Perm(25)
	}
	var b bytes.Buffer
	for i := range n {
		members := strings.Split(generated(r, i), "\x00")
		for j, k := range orders[r.IntN(len(orders))] {
			b.WriteByte("{,"[min(j, 1)])
			b.WriteString(members[k])
		}
		b.WriteString("}\n")
	}
	return b.Bytes()
}

// generated is the members of a line, separated by zeros.
func generated(r *rand.Rand, i int) string {
	from, to, port, svc := r.IntN(200), r.IntN(200), 32768+r.IntN(28000), r.IntN(50)
	cluster, name, local := "inbound|9080||", fmt.Sprintf(`"outbound_.9080_._.svc%d.default.svc.cluster.local"`, svc), "127.0.0.6"
	if i%2 == 1 {
		cluster, name, local = fmt.Sprintf("outbound|9080||svc%d.default.svc.cluster.local", svc), "null", "172.16.0.9"
	}
	d := r.IntN(60)
	ms := i / 4
	return strings.ReplaceAll(fmt.Sprintf(`"response_code":200
"authority_for":"svc%[1]d:9080"
"authority":"svc%[1]d:9080"
"response_flags":"-"
"trace_id":"%016[2]x"
"start_time":"2022-07-08T06:%02[3]d:%02[4]d.%03[5]dZ"
"bytes_received":%[6]d
"upstream_local_address":"%[7]s:%[8]d"
"route_name":"default"
"upstream_host":"172.16.0.%[9]d:9080"
"upstream_cluster":"%[10]s"
"downstream_local_address":"192.168.0.%[9]d:9080"
"upstream_service_time":"%[11]d"
"x_forwarded_for":null
"requested_server_name":%[12]s
"downstream_remote_address":"172.16.0.%[13]d:%[8]d"
"path":"/svc%[1]d/%[11]d"
"user_agent":"fortio.org/fortio-1.34.1"
"istio_policy_status":null
"request_id":"%08[2]x-d20a-4ce3-823d-a6bf3d%06[14]x"
"method":"GET"
"protocol":"HTTP/1.1"
"bytes_sent":%[14]d
"upstream_transport_failure_reason":null
"duration":%[11]d`, svc, r.Uint32(), ms/60000%60, ms/1000%60, ms%1000, r.IntN(3)*100, local, port, to, cluster, d, name, from, 150+r.IntN(4000)), "\n", "\x00")
}

// void is a sink that costs nothing.
type void struct{ n int }

func (v *void) Add(*graph.Record) bool { v.n++; return true }

const benchLines = 20_000

// perLine reports the CPU time, of all threads, that a line took: unlike elapsed
// time it can be compared between runs on a machine that does other work too.
func perLine(b *testing.B) func() {
	from := cpuTime()
	return func() {
		b.ReportMetric(float64(cpuTime()-from)/float64(b.N)/benchLines, "cpu-ns/line")
	}
}

func cpuTime() int64 {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		panic(err)
	}
	return u.Utime.Nano() + u.Stime.Nano()
}

// BenchmarkDecode is the decoder alone. Its peer is BenchmarkGoccy.
func BenchmarkDecode(b *testing.B) {
	log := generate(benchLines, 1)
	padded := append(bytes.Clone(log), make([]byte, padding)...)
	d := &decoder{sink: &void{}, maxLine: 1 << 20}
	b.SetBytes(int64(len(log)))
	b.ReportAllocs()
	defer perLine(b)()
	for b.Loop() {
		d.lines(padded, len(log), 1)
	}
	if d.tally.total() == 0 || d.tally.used != d.tally.total() {
		b.Fatalf("used %d of %d lines", d.tally.used, d.tally.total())
	}
}

// goccy is the same fields as a struct: what one would write without a scanner.
type goccy struct {
	Downstream      string `json:"downstream_remote_address"`
	DownstreamLocal string `json:"downstream_local_address"`
	Upstream        string `json:"upstream_host"`
	UpstreamLocal   string `json:"upstream_local_address"`
	Cluster         string `json:"upstream_cluster"`
	RequestID       string `json:"request_id"`
	Path            string `json:"path"`
	Authority       string `json:"authority"`
	AuthorityFor    string `json:"authority_for"`
	ServerName      string `json:"requested_server_name"`
	Start           string `json:"start_time"`
	Duration        int64  `json:"duration"`
	ServiceTime     string `json:"upstream_service_time"`
	Code            int    `json:"response_code"`
	Flags           string `json:"response_flags"`
	Sent            int64  `json:"bytes_sent"`
	Received        int64  `json:"bytes_received"`
}

func BenchmarkGoccy(b *testing.B) {
	log := generate(benchLines, 1)
	b.SetBytes(int64(len(log)))
	b.ReportAllocs()
	defer perLine(b)()
	for b.Loop() {
		for line := range bytes.Lines(log) {
			var v goccy
			if err := decode.JSON(line, &v); err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkRead is everything but the graph, over a log that workers share.
func BenchmarkRead(b *testing.B) {
	log := generate(benchLines, 1)
	for _, workers := range []int{1, 2} {
		b.Run(fmt.Sprintf("workers=%d", workers), func(b *testing.B) {
			o := Options{Workers: workers}.withDefaults()
			b.SetBytes(int64(len(log)))
			b.ReportAllocs()
			defer perLine(b)()
			for b.Loop() {
				_, err := read(context.Background(), bytes.NewReader(log), -1, o, func() Sink { return &void{} })
				if err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
