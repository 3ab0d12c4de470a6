package api

import (
	"bytes"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/sluice-mesh/sluice/internal/accesslog"
	"github.com/sluice-mesh/sluice/internal/optimize"
)

// A log that is being read when the server is told to stop is read to its end: the
// round is the one that there would have been.
func TestStopReadsLogsToTheirEnd(t *testing.T) {
	// 3 lines of some 350 bytes for each request: several blocks of 256 KiB.
	body := fleet(mesh(t, t.TempDir(), 4000), 2, 2, 2, 2e9)
	whole := start(t, Options{})
	whole.post(body)
	want := whole.get("/rounds/1/graph").body

	reading, stopped := make(chan struct{}), make(chan struct{})
	var once sync.Once
	s, err := New(Options{Run: optimize.Options{Log: accesslog.Options{OnProgress: func(accesslog.Progress) {
		once.Do(func() { close(reading); <-stopped })
	}}}})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	addr, stop, ended := serving(t, s)
	got := make(chan string, 1)
	go func() { got <- posted("http://"+addr, strings.NewReader(body)) }()
	<-reading
	stop()
	<-s.stopping.Done()
	close(stopped)
	if a := <-got; a != "200 OK" {
		t.Fatal(a)
	}
	if r, err := s.store.Get(1); err != nil || !bytes.Equal(r.Graph, want) {
		t.Errorf("%v: a server that stops saw\n%.300s\nwant what one sees that does not:\n%.300s", err, r.Graph, want)
	}
	if err := <-ended; err != nil {
		t.Error(err)
	}
}

func TestLastCallLeavesTimeForAllThatWait(t *testing.T) {
	c := newLastCall()
	if c.due(2001*time.Millisecond, planTime) || !c.due(2*time.Second, planTime) {
		t.Error("with nobody else, not due at 2 s before the end alone")
	}
	// Ten requests whose rounds take 300 ms one after the other: 2 s + 10·0.3 s = 5 s.
	c.under.Store(10)
	c.took(300 * time.Millisecond)
	if c.due(5001*time.Millisecond, planTime) || !c.due(5*time.Second, planTime) {
		t.Error("with ten in wait, not due at 5 s before the end")
	}
	// A round that is quicker lets an eighth be forgotten: 262.5 ms, 4.625 s in all.
	c.took(time.Millisecond)
	if c.due(4626*time.Millisecond, planTime) || !c.due(4625*time.Millisecond, planTime) {
		t.Error("after a quick round, not due at 4.625 s before the end")
	}
}

func TestLastCallComesForLargeLogsFirst(t *testing.T) {
	c := newLastCall()
	began := time.Now()
	done := make(chan struct{})
	go func() { c.run(began.Add(planTime+300*time.Millisecond), nil); close(done) }()
	<-c.large // its 4 s are more than there is: at once
	select {
	case <-c.small:
		t.Error("small logs were called in with large ones")
	default:
	}
	<-done
	if <-c.small; time.Since(began) < 300*time.Millisecond {
		t.Error("small logs were called in before their time")
	}
}
