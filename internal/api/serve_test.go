package api

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/sirupsen/logrus"
)

// serving runs Serve and returns its address, and stop, which waits for its end.
func serving(t *testing.T, s *Server) (addr string, stop context.CancelFunc, ended chan error) {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(context.Background())
	ended = make(chan error, 1)
	go func() { ended <- s.Serve(ctx, l) }()
	return l.Addr().String(), cancel, ended
}

// A stop answers what is under way: what works, what waits, and whose body is
// still coming; then it ends without an error.
func TestStop(t *testing.T) {
	s, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	addr, stop, ended := serving(t, s)
	leave, err := s.gate.enter(t.Context(), true) // so that they wait
	if err != nil {
		t.Fatal(err)
	}
	body := with("", "")
	const n = 10
	got := make(chan string, n+1)
	for range n {
		go func() { got <- posted("http://"+addr, strings.NewReader(body)) }()
	}
	r, w := io.Pipe()
	go func() { got <- posted("http://"+addr, r) }()
	fmt.Fprint(w, body[:50])
	until(t, func() bool {
		return strings.Contains(metricsOf("http://"+addr), fmt.Sprintf("sluice_requests_waiting %d", n))
	})
	stop()
	until(t, func() bool { _, err := net.Dial("tcp", addr); return err != nil })
	fmt.Fprint(w, body[50:])
	w.Close()
	leave()
	for range n + 1 {
		if a := <-got; a != "200 OK" {
			t.Errorf("under way: %s", a)
		}
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func posted(url string, body io.Reader) string {
	resp, err := http.Post(url+"/optimize", "application/json", body)
	if err != nil {
		return err.Error()
	}
	defer resp.Body.Close()
	if _, err := io.ReadAll(resp.Body); err != nil {
		return err.Error()
	}
	return resp.Status
}

func metricsOf(url string) string {
	resp, err := http.Get(url + "/metrics")
	if err != nil {
		return ""
	}
	defer resp.Body.Close()
	b, _ := io.ReadAll(resp.Body)
	return string(b)
}

// until waits for what must come sooner or later.
func until(t *testing.T, f func() bool) {
	t.Helper()
	for range 1000 {
		if f() {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Fatal("it never came")
}

func TestServeNeedsItsListener(t *testing.T) {
	s, err := New(Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	l.Close()
	if err := s.Serve(t.Context(), l); err == nil {
		t.Error("no error")
	}
}

// Rounds outlive the server, to the byte, and their numbers go on.
func TestStateOutlives(t *testing.T) {
	dir := t.TempDir()
	log := mesh(t, t.TempDir(), 100)
	paths := []string{"", "/graph", "/graph.dot"}
	docs := make(map[string][]byte)
	for life := range 3 {
		r := start(t, Options{StateDir: dir, Demo: true}) // the demo is round 1 once
		for path, want := range docs {
			if got := r.get(path); !bytes.Equal(got.body, want) {
				t.Errorf("life %d: %s is another", life, path)
			}
		}
		r.post(fleet(log, 2+life, 2, 2, 2e9))
		latest := r.server.store.Latest()
		if latest != life+2 {
			t.Fatalf("life %d: round %d", life, latest)
		}
		for _, p := range paths {
			path := fmt.Sprintf("/rounds/%d%s", latest, p)
			docs[path] = r.get(path).body
		}
		r.close()
	}
}

// What a restart plans is what the server would have planned without it.
func TestStatePlansOn(t *testing.T) {
	log := mesh(t, t.TempDir(), 100)
	dir := t.TempDir()
	a, b := start(t, Options{}), start(t, Options{StateDir: dir})
	for i := range 6 {
		req := strings.ReplaceAll(fleet(log, 3, 2, 2, 2e9), `"cpu": 0.0`, fmt.Sprintf(`"cpu": 0.%d`, i%4))
		if i > 2 {
			b.close()
			b = start(t, Options{StateDir: dir})
		}
		if x, y := a.post(req), b.post(req); !bytes.Equal(x.body, y.body) {
			t.Errorf("round %d:\n%s\n%s", i+1, x.body, y.body)
		}
	}
}

func TestNewRefusesItsState(t *testing.T) {
	dir := t.TempDir()
	r := start(t, Options{StateDir: dir})
	if s, err := New(Options{StateDir: dir}); err == nil {
		s.Close()
		t.Error("two servers keep rounds in one folder")
	}
	r.close()
	s, err := New(Options{StateDir: dir})
	if err != nil {
		t.Fatal(err)
	}
	s.Close()
}

// Many clients at once, of two meshes: each answer is a round of its own.
func TestAtOnce(t *testing.T) {
	r := start(t, Options{StateDir: t.TempDir()})
	log := mesh(t, t.TempDir(), 100)
	var wg sync.WaitGroup
	const n = 64
	for i := range n {
		wg.Go(func() {
			req := fleet(log, 3+5*(i%2), 1+i%3, 9, 9e9)
			feasible(t, req, r.post(req))
			path := []string{"/", "/rounds", "/rounds/latest/graph", "/metrics", "/ready"}[i%5]
			if a := r.get(path); a.status != 200 {
				t.Errorf("%s: %d", path, a.status)
			}
		})
	}
	wg.Wait()
	if latest := r.server.store.Latest(); latest != n {
		t.Errorf("%d rounds, want %d", latest, n)
	}
}

// busy is a listener that at first has no file left for a connection.
type busy struct {
	net.Listener
	times int
}

func (b *busy) Accept() (net.Conn, error) {
	if b.times--; b.times >= 0 {
		return nil, &net.OpError{Op: "accept", Net: "tcp", Err: syscall.EMFILE}
	}
	return b.Listener.Accept()
}

// What net/http complains about is a line of JSON like all others.
func TestComplaintsAreLogged(t *testing.T) {
	var log safeBuffer
	logger := logrus.New()
	logger.SetOutput(&log)
	logger.SetFormatter(&logrus.JSONFormatter{})
	s, err := New(Options{Log: logger})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- s.Serve(ctx, &busy{l, 3}) }()
	if a, err := http.Get("http://" + l.Addr().String() + "/ready"); err != nil || a.StatusCode != 200 {
		t.Errorf("after three complaints: %v", err)
	}
	stop()
	<-ended
	complaints := 0
	for line := range strings.Lines(log.String()) {
		var f struct{ Level, Msg, From string }
		if err := json.Unmarshal([]byte(line), &f); err != nil {
			t.Errorf("no JSON: %q", line)
		}
		if f.From == "net/http" && f.Level == "warning" && strings.Contains(f.Msg, "too many open files") && strings.TrimSpace(f.Msg) == f.Msg {
			complaints++
		}
	}
	if complaints != 3 {
		t.Errorf("%d complaints of 3: %s", complaints, log.String())
	}
}
