package api

import (
	"bufio"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"testing"
)

// What net/http refuses before any handler sees it is a problem, too, and counted.
func TestRefusedByHTTP(t *testing.T) {
	s, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	addr, stop, ended := serving(t, s)
	for _, c := range []struct {
		name, request string
		status        int
		says          string
	}{
		{"no Host", "GET /ready HTTP/1.1\r\n\r\n", 400, "missing required Host header"},
		{"two Hosts", "GET /ready HTTP/1.1\r\nHost: a\r\nHost: b\r\n\r\n", 400, "found what is not HTTP/1.1"},
		{"an odd Host", "GET /ready HTTP/1.1\r\nHost: a b\r\n\r\n", 400, "malformed Host header"},
		{"an odd name", "GET /ready HTTP/1.1\r\nHost: a\r\nx y: 1\r\n\r\n", 400, "invalid header name"},
		{"no HTTP", "hello\r\n\r\n", 400, "found what is not HTTP/1.1"},
		{"two lengths", "POST /optimize HTTP/1.1\r\nHost: a\r\nContent-Length: 1\r\nContent-Length: 2\r\n\r\nab", 400, "expected a request line"},
		{"HTTP of the future", "GET /ready HTTP/3.7\r\nHost: a\r\n\r\n", 505, "unsupported protocol version"},
		{"a long header", "GET /ready HTTP/1.1\r\nHost: a\r\nX: " + strings.Repeat("x", 64<<10) + "\r\n\r\n", 431, "more than 32768 bytes"},
		{"an unknown encoding", "POST /optimize HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: gzip\r\n\r\n", 501, "Transfer-Encoding: found one that is not known"},
		{"a good one", "GET /ready HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 200, "ok"},
		{"one of ours", "GET /none HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n", 404, "there is nothing there"},
	} {
		conn, err := net.Dial("tcp", addr)
		if err != nil {
			t.Fatal(err)
		}
		go io.WriteString(conn, c.request)
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			conn.Close()
			continue
		}
		body, err := io.ReadAll(answer.Body)
		conn.Close()
		if err != nil || answer.StatusCode != c.status || !strings.Contains(string(body), c.says) || !answer.Close {
			t.Errorf("%s: %d %q, %v", c.name, answer.StatusCode, body, err)
		}
		if c.status == 200 {
			continue
		}
		var p problem
		if err := json.Unmarshal(body, &p); err != nil || p.Status != c.status || p.Title != http.StatusText(c.status) || answer.Header.Get("Content-Type") != "application/problem+json" {
			t.Errorf("%s: %s %q is no problem: %v", c.name, answer.Header, body, err)
		}
	}
	counted := metricsOf("http://" + addr)
	for status, n := range map[int]int{400: 6, 404: 1, 431: 1, 501: 1, 505: 1} {
		if want := fmt.Sprintf(`sluice_http_requests_total{code="%d",route="other"} %d`, status, n); !strings.Contains(counted, want) {
			t.Errorf("the metrics lack %s", want)
		}
	}
	stop()
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

// Only what net/http writes by itself is taken for that: an answer whose body looks
// like one is left as it is.
func TestPlainRefusal(t *testing.T) {
	for _, p := range []string{
		"", "HTTP/1.1 200 OK" + plainHeader + "ok", "HTTP/1.1 404" + plainHeader[2:], "HTTP/1.1 4" + plainHeader,
		"HTTP/1.1 200 OK\r\nX: y" + plainHeader, "HTTP/1.1 404 Not Found\r\nContent-Length: 3\r\n\r\nHTTP/1.1 400 Bad Request" + plainHeader, "some text" + plainHeader,
	} {
		if status, text, ok := plainRefusal([]byte(p)); ok {
			t.Errorf("%q is taken for %d %q", p, status, text)
		}
	}
}
