//go:build linux

package envoylab

import (
	"context"
	"crypto/tls"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"testing"
	"time"
)

// entryIP is the address that requests enter from: the gateway's.
const entryIP = "127.66.0.1"

// startApp runs the application of a service until the test ends. It makes its
// calls through its own sidecar, and answers 200 when all of them were answered so.
func startApp(t *testing.T, s *service) {
	t.Helper()
	l, err := net.Listen("tcp", fmt.Sprintf("%s:%d", s.pod, appPort))
	if err != nil {
		t.Fatal(err)
	}
	client := newClient(s.pod, fmt.Sprintf("%s:%d", s.pod, outPort), nil)
	server := &http.Server{ReadHeaderTimeout: 10 * time.Second, Handler: http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		number, _ := strconv.Atoi(r.Header.Get("X-Number"))
		for _, c := range s.calls {
			if number%c.every != 0 {
				continue
			}
			if err := get(client, "http://"+c.authority+"/", r.Header); err != nil {
				http.Error(w, err.Error(), http.StatusBadGateway)
				return
			}
		}
		fmt.Fprintln(w, s.name)
	})}
	go func() { _ = server.Serve(l) }()
	t.Cleanup(func() {
		_ = server.Close()
		client.CloseIdleConnections()
	})
}

// newClient sends everything to one address, from another.
func newClient(from, to string, config *tls.Config) *http.Client {
	dialer := &net.Dialer{LocalAddr: &net.TCPAddr{IP: net.ParseIP(from)}, Timeout: 5 * time.Second}
	dial := func(ctx context.Context, network, _ string) (net.Conn, error) {
		return dialer.DialContext(ctx, network, to)
	}
	return &http.Client{Timeout: 20 * time.Second, Transport: &http.Transport{DialContext: dial, TLSClientConfig: config, MaxIdleConnsPerHost: 8}}
}

// get asks for url, handing on what a trace needs.
func get(client *http.Client, url string, h http.Header) error {
	req, err := http.NewRequest(http.MethodGet, url, nil)
	if err != nil {
		return err
	}
	for _, k := range []string{"X-Request-Id", "X-Number"} {
		req.Header.Set(k, h.Get(k))
	}
	resp, err := client.Do(req)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	if _, err := io.Copy(io.Discard, resp.Body); err != nil {
		return err
	}
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("%s: %s", url, resp.Status)
	}
	return nil
}

// replay sends n requests in at the first service, as a gateway would, and returns
// how many were served and the first error.
func (m *mesh) replay(t *testing.T, n int, dir string) (served int, first error) {
	t.Helper()
	cert, err := tls.LoadX509KeyPair(filepath.Join(dir, "leaf.pem"), filepath.Join(dir, "leaf.key"))
	if err != nil {
		t.Fatal(err)
	}
	entry := m.services[0]
	client := newClient(entryIP, fmt.Sprintf("%s:%d", entry.pod, inPort), &tls.Config{
		Certificates: []tls.Certificate{cert}, ServerName: "outbound_.80_._." + entry.host,
		InsecureSkipVerify: true, // the lab's certificate names nobody
	})
	defer client.CloseIdleConnections()
	for i := range n {
		h := http.Header{}
		h.Set("X-Request-Id", fmt.Sprintf("request-%d", i))
		h.Set("X-Number", strconv.Itoa(i))
		if err := get(client, "https://"+entry.host+"/", h); err != nil {
			if first == nil {
				first = err
			}
			continue
		}
		served++
	}
	return served, first
}

// mergeLogs joins what the sidecars logged, in blocks by proxy.
func (m *mesh) mergeLogs(t *testing.T, dir, name string) string {
	t.Helper()
	path := filepath.Join(dir, name)
	var all []byte
	for _, s := range m.live() {
		text, err := os.ReadFile(filepath.Join(dir, s.podName()+".log"))
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, text...)
	}
	if err := os.WriteFile(path, all, 0o600); err != nil {
		t.Fatal(err)
	}
	return path
}
