package api

import (
	"bytes"
	"fmt"
	"net"
	"net/http"
	"strconv"
	"strings"
)

// net/http refuses by itself what no handler gets to see: a request without a Host, a
// header that is too long, a transfer encoding that nobody knows. It writes such an
// answer in one piece, with this header and as plain text; here it becomes a problem
// like all others. Should net/http write otherwise some day it stays as it is, and the
// tests say so.
const plainHeader = "\r\nContent-Type: text/plain; charset=utf-8\r\nConnection: close\r\n\r\n"

// speaking is a listener whose connections say in problems what net/http refuses.
type speaking struct {
	net.Listener
	// refused is told of each status.
	refused func(status int)
}

func (l speaking) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if tcp, ok := c.(*net.TCPConn); ok {
		// By its type, for net/http closes a TCP connection one side at a time.
		return &speakingConn{tcp, l.refused}, err
	}
	return c, err
}

type speakingConn struct {
	*net.TCPConn
	refused func(status int)
}

func (c *speakingConn) Write(p []byte) (int, error) {
	status, text, ok := plainRefusal(p)
	if !ok {
		return c.TCPConn.Write(p)
	}
	c.refused(status)
	if _, err := c.TCPConn.Write(refusalOf(status, text)); err != nil {
		return 0, err
	}
	return len(p), nil
}

// plainRefusal reads an answer of net/http's own: its status, and what it says beyond
// the status's name, which is none of the request's text.
func plainRefusal(p []byte) (status int, text string, ok bool) {
	line, body, ok := bytes.Cut(p, []byte(plainHeader))
	code, isHTTP := bytes.CutPrefix(line, []byte("HTTP/1.1 "))
	if !ok || !isHTTP || len(code) < 3 || bytes.ContainsAny(line, "\r\n") {
		return 0, "", false
	}
	status, err := strconv.Atoi(string(code[:3]))
	if _, said, more := strings.Cut(string(body), ": "); more {
		text = said
	}
	return status, text, err == nil && status >= 400
}

// refusalOf is the same answer as a problem.
func refusalOf(status int, text string) []byte {
	detail := "the request: found what is not HTTP/1.1, expected a request line, a header and a body by RFC 9112"
	switch {
	case status == http.StatusRequestHeaderFieldsTooLarge:
		detail = fmt.Sprintf("the request's header: found more than %d bytes, expected fewer", maxHeader)
	case status == http.StatusNotImplemented:
		detail = "Transfer-Encoding: found one that is not known here, expected chunked or none"
	case text != "":
		detail = "the request's header: " + text
	}
	body, err := marshal(problem{Title: http.StatusText(status), Status: status, Detail: detail})
	if err != nil {
		panic(err) // text and a number
	}
	head := fmt.Sprintf("HTTP/1.1 %d %s\r\nContent-Type: application/problem+json\r\nContent-Length: %d\r\nCache-Control: no-store\r\nX-Content-Type-Options: nosniff\r\nConnection: close\r\n\r\n",
		status, http.StatusText(status), len(body))
	return append([]byte(head), body...)
}
