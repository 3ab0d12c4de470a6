package api

import (
	"bufio"
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"strings"
	"sync"
	"testing"
	"time"
)

// dial opens a connection and writes s to it.
func (r *rig) dial(s string) net.Conn {
	r.t.Helper()
	c, err := net.Dial("tcp", r.http.Listener.Addr().String())
	if err != nil {
		r.t.Fatal(err)
	}
	r.t.Cleanup(func() { c.Close() })
	if _, err := io.WriteString(c, s); err != nil {
		r.t.Fatal(err)
	}
	return c
}

// header is a request's header, with a body of that length to come.
func header(length int, more string) string {
	return fmt.Sprintf("POST /optimize HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n%s\r\n", length, more)
}

// answerOn reads one answer from a connection.
func (r *rig) answerOn(c net.Conn) answer {
	r.t.Helper()
	resp, err := http.ReadResponse(bufio.NewReader(c), nil)
	if err != nil {
		r.t.Errorf("no answer: %v", err)
		return answer{}
	}
	defer resp.Body.Close()
	b, err := io.ReadAll(resp.Body)
	if err != nil {
		r.t.Errorf("half an answer: %v", err)
	}
	return answer{resp.StatusCode, resp.Header, b}
}

// idle checks that no place is held by a body that has gone.
func (r *rig) idle() {
	r.t.Helper()
	if n := len(r.server.intake.long); n != 0 {
		r.t.Errorf("%d places for long bodies are held", n)
	}
}

func TestTooLarge(t *testing.T) {
	r := start(t, Options{})
	a := r.do("POST", "/optimize", bytes.NewReader(make([]byte, maxBody+1)))
	r.problem("a byte too long", a, 413, "expected at most")
	// The length alone is enough, and the client has written all before it reads.
	c := r.dial(header(maxBody+1, ""))
	r.problem("claims", r.answerOn(c), 413, "the body")
	// Without a length it is refused when it has come so far.
	a = r.do("POST", "/optimize", io.LimitReader(spaces{}, maxBody+10<<20))
	r.problem("chunked", a, 413, "the body")
	// Who asks before sending is told no, and not to go on.
	c = r.dial(header(maxBody+1, "Expect: 100-continue\r\n"))
	r.problem("asks", r.answerOn(c), 413, "the body")
	r.idle()
}

// spaces is white space without end.
type spaces struct{}

func (spaces) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = ' '
	}
	return len(p), nil
}

func TestExpectContinue(t *testing.T) {
	r := start(t, Options{})
	body := with("", "")
	c := r.dial(header(len(body), "Expect: 100-continue\r\n"))
	line, err := bufio.NewReader(c).ReadString('\n')
	if err != nil || !strings.Contains(line, "100 Continue") {
		t.Fatalf("%q, %v", line, err)
	}
}

// A client that writes all it has before it reads finds its answer nevertheless.
func TestAnswerBeforeTheBody(t *testing.T) {
	r := start(t, Options{})
	for _, path := range []string{"/nowhere", "/rounds", "/optimize/"} {
		a := r.do("POST", path, io.LimitReader(spaces{}, 80<<20))
		if a.status != 404 && a.status != 405 {
			t.Errorf("%s: %d", path, a.status)
		}
	}
}

// A long body waits in a file, which has no name, and is read from its beginning.
func TestLongBody(t *testing.T) {
	for name, dir := range map[string]string{"file": t.TempDir(), "memory": "/nowhere/at/all"} {
		r := start(t, Options{TempDir: dir})
		if broken := r.server.intake.broken != nil; broken != (name == "memory") {
			t.Fatalf("%s: broken is %v", name, r.server.intake.broken)
		}
		req := fleet("/nowhere", 2000, 2, 500, 1e12)
		if len(req) < smallBody {
			t.Fatalf("only %d bytes", len(req))
		}
		feasible(t, req, r.post(req))
		spaced := strings.Repeat(" ", 3<<20) + with("", "")
		if a := r.post(spaced); a.status != 200 {
			t.Errorf("%s: %d %s", name, a.status, a.body)
		}
		r.problem(name, r.post(strings.Repeat(" ", 3<<20)+"x"), 400, "found x")
		r.idle()
		if entries, err := os.ReadDir(dir); err == nil && len(entries) > 0 {
			t.Errorf("%s: %d files are left", name, len(entries))
		}
	}
}

// A slow but steady client is served; one that stops is told so.
func TestSlowBody(t *testing.T) {
	r := start(t, Options{}, func(s *Server) { s.intake.stall = 300 * time.Millisecond })
	body := with("", "")
	c := r.dial(header(len(body), ""))
	for part := range 8 {
		time.Sleep(100 * time.Millisecond)
		n := len(body) / 8
		piece := body[part*n:]
		if part < 7 {
			piece = piece[:n]
		}
		if _, err := io.WriteString(c, piece); err != nil {
			t.Fatal(err)
		}
	}
	if a := r.answerOn(c); a.status != 200 {
		t.Errorf("steady: %d %s", a.status, a.body)
	}
	r.problem("stalled", r.answerOn(r.dial(header(len(body), "")+body[:20])), 408, "found 20 bytes")
	r.problem("silent", r.answerOn(r.dial(header(len(body), ""))), 408, "found 0 bytes")
}

// A long body has to keep a pace, for others wait for its place.
func TestSlowLongBody(t *testing.T) {
	r := start(t, Options{TempDir: t.TempDir()}, func(s *Server) { s.intake.longGrace, s.intake.longPace = 100*time.Millisecond, 1<<30 })
	c := r.dial(header(maxBody, "") + strings.Repeat(" ", smallBody+1000))
	go func() {
		for {
			if _, err := io.WriteString(c, " "); err != nil {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
	}()
	r.problem("slow", r.answerOn(c), 408, "sooner")
	r.idle()
}

func TestBodyThatEnds(t *testing.T) {
	r := start(t, Options{})
	c := r.dial(header(100, "") + `{"containers"`)
	if err := c.(*net.TCPConn).CloseWrite(); err != nil {
		t.Fatal(err)
	}
	r.problem("half closed", r.answerOn(c), 400, "found 13 bytes, expected 100")
	c = r.dial("POST /optimize HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n")
	r.problem("a bad chunk", r.answerOn(c), 400, "cannot be read")
}

// Many slow clients, with short and long bodies, hold no processor and little
// memory: others are answered meanwhile.
func TestSlowClientsHoldNobodyUp(t *testing.T) {
	r := start(t, Options{TempDir: t.TempDir()})
	for i := range 120 {
		r.dial([]string{
			"POST /optimize HTTP/1.1\r\nHost:",
			header(1000, "") + `{"containers": [`,
			header(maxBody, "") + strings.Repeat(" ", smallBody-1),
			header(maxBody, "") + strings.Repeat(" ", smallBody+1),
		}[i%4])
	}
	body := with("", "")
	var wg sync.WaitGroup
	for range 64 {
		wg.Go(func() {
			if a := r.post(body); a.status != 200 {
				t.Errorf("%d %s", a.status, a.body)
			}
			if a := r.get("/ready"); a.status != 200 {
				t.Errorf("/ready: %d", a.status)
			}
		})
	}
	wg.Wait()
	r.http.CloseClientConnections()
}

// More long bodies than there are places wait for one, and all are answered.
func TestLongBodiesWait(t *testing.T) {
	r := start(t, Options{TempDir: t.TempDir()}, func(s *Server) { s.intake.long = make(chan struct{}, 2) })
	body := strings.Repeat(" ", smallBody*2) + with("", "")
	var wg sync.WaitGroup
	for range 20 {
		wg.Go(func() {
			if a := r.post(body); a.status != 200 {
				t.Errorf("%d %s", a.status, a.body)
			}
		})
	}
	wg.Wait()
	r.idle()
}

// A client that leaves while it waits gives its turn back and makes no round.
func TestClientThatLeaves(t *testing.T) {
	r := start(t, Options{})
	leave, err := r.server.gate.enter(context.Background(), true)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	req, _ := http.NewRequestWithContext(ctx, "POST", r.http.URL+"/optimize", strings.NewReader(with("", "")))
	ended := make(chan error)
	go func() {
		resp, err := http.DefaultClient.Do(req)
		if err == nil {
			resp.Body.Close()
		}
		ended <- err
	}()
	waiting := func(want string) {
		t.Helper()
		for range 500 {
			if strings.Contains(string(r.get("/metrics").body), want) {
				return
			}
			time.Sleep(10 * time.Millisecond)
		}
		t.Errorf("the metrics never say %s", want)
	}
	waiting("sluice_requests_waiting 1")
	cancel()
	if err := <-ended; !errors.Is(err, context.Canceled) {
		t.Errorf("%v", err)
	}
	waiting(`sluice_rounds_total{outcome="gone"} 1`)
	leave()
	if a := r.post(with("", "")); a.status != 200 || r.server.store.Latest() != 1 {
		t.Errorf("%d, round %d", a.status, r.server.store.Latest())
	}
}

// A large request works alone, and is not overtaken for ever.
func TestGate(t *testing.T) {
	g := newGate()
	small, err := g.enter(t.Context(), false)
	if err != nil {
		t.Fatal(err)
	}
	order := make(chan string, 2)
	go func() {
		leave, _ := g.enter(context.Background(), true)
		order <- "large"
		leave()
	}()
	for { // until the large one stands in the queue, small ones pass
		ctx, cancel := context.WithTimeout(t.Context(), 10*time.Millisecond)
		leave, err := g.enter(ctx, false)
		cancel()
		if err != nil {
			break
		}
		leave()
	}
	go func() {
		leave, _ := g.enter(context.Background(), false)
		order <- "small"
		leave()
	}()
	select {
	case who := <-order:
		t.Fatalf("the %s one came in beside another", who)
	case <-time.After(20 * time.Millisecond):
	}
	small()
	if first := <-order; first != "large" {
		t.Errorf("the %s one came first", first)
	}
	<-order
}
