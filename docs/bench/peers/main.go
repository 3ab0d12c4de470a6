// Command peers does what docs/benchmarks.md compares: it reads a log and sums
// calls and milliseconds per edge, with the decoder that its first argument names.
//
//	peers (goccy|goccydecode|sluice) LOG
//
// goccy is what one writes without a decoder of one's own: the file by lines
// through bufio, github.com/goccy/go-json into a struct of the same fields.
// Each runs on one goroutine; CPU is for /usr/bin/time to tell.
package main

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"

	"github.com/goccy/go-json"

	"github.com/sluice-mesh/sluice/graph"
	"github.com/sluice-mesh/sluice/internal/accesslog"
)

func main() {
	if len(os.Args) != 3 {
		fatal("usage: peers (goccy|goccydecode|sluice) LOG")
	}
	f, err := os.Open(os.Args[2])
	if err != nil {
		fatal(err)
	}
	defer f.Close()
	var e edges = make(map[string]*sum)
	switch os.Args[1] {
	case "goccy":
		err = lines(f, e.line)
	case "goccydecode":
		err = lines(f, func(*line) {})
	case "sluice":
		_, err = accesslog.Scan(context.Background(), f, -1, accesslog.Options{Workers: 1}, func() accesslog.Sink { return e })
	default:
		fatal(fmt.Sprintf("no peer %q", os.Args[1]))
	}
	if err != nil {
		fatal(err)
	}
	var all sum
	for _, s := range e {
		all.calls += s.calls
		all.micros += s.micros
	}
	fmt.Println(len(e), "edges,", all.calls, "calls,", all.micros/1000, "ms")
}

func fatal(why any) {
	fmt.Fprintln(os.Stderr, "peers:", why)
	os.Exit(1)
}

// line is the fields that a graph needs, as a struct.
type line struct {
	Downstream      string `json:"downstream_remote_address"`
	DownstreamLocal string `json:"downstream_local_address"`
	Upstream        string `json:"upstream_host"`
	UpstreamLocal   string `json:"upstream_local_address"`
	Cluster         string `json:"upstream_cluster"`
	RequestID       string `json:"request_id"`
	Path            string `json:"path"`
	Authority       string `json:"authority"`
	ServerName      string `json:"requested_server_name"`
	Start           string `json:"start_time"`
	Duration        int64  `json:"duration"`
	ServiceTime     string `json:"upstream_service_time"`
	Code            int    `json:"response_code"`
	Flags           string `json:"response_flags"`
	Sent            int64  `json:"bytes_sent"`
	Received        int64  `json:"bytes_received"`
}

// lines decodes with the library.
func lines(f *os.File, use func(*line)) error {
	sc := bufio.NewScanner(f)
	sc.Buffer(make([]byte, 1<<20), 1<<20)
	for sc.Scan() {
		var l line
		if err := json.Unmarshal(sc.Bytes(), &l); err != nil {
			return err
		}
		use(&l)
	}
	return sc.Err()
}

// sum of one edge.
type sum struct{ calls, micros int64 }

// edges by the addresses of both ends, without ports.
type edges map[string]*sum

func (e edges) line(l *line) { e.add([]byte(l.Downstream), []byte(l.Upstream), l.Duration*1000) }

// Add is for accesslog.Scan.
func (e edges) Add(r *graph.Record) bool {
	e.add(r.Downstream, r.Upstream, r.Duration)
	return true
}

func (e edges) add(from, to []byte, micros int64) {
	var room [128]byte
	key := append(append(append(room[:0], host(from)...), ' '), host(to)...)
	s := e[string(key)]
	if s == nil {
		s = new(sum)
		e[string(key)] = s
	}
	s.calls++
	s.micros += micros
}

func host(address []byte) []byte {
	if i := bytes.LastIndexByte(address, ':'); i >= 0 {
		return address[:i]
	}
	return address
}
