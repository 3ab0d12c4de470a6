package api

import (
	"bytes"
	"encoding/json"
	"fmt"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/sluice-mesh/sluice/internal/request"
)

// services is a request of n services of one pod each, each in a namespace of its own.
func services(n int) string {
	var b bytes.Buffer
	b.WriteString(`{"containers":[`)
	for i := range n {
		fmt.Fprintf(&b, `{"service_name":"s%d","pod_name":"s%d-1","namespace":"n%d","ip":"10.%d.%d.%d","container":"istio-proxy","cpu":0.1,"memory":5e7},`,
			i, i, i, i>>16, i>>8&255, i&255)
	}
	b.WriteString(`],"accesslog_path":"/no/such/log","cpu_limit":1e9,"memory_limit":1e30}`)
	return b.String()
}

// What a round allocates for each service must not be such that very many keep the
// server, and so everybody else, busy for long. It is some 25 KB, this test's client
// included; the way of each resource through a library for YAML took 70 more.
func TestManyServices(t *testing.T) {
	const n, most = 10_000, 45_000
	r := start(t, Options{})
	body := services(n)
	r.post(with("", "")) // what is made once is not counted
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	a := r.post(body)
	runtime.ReadMemStats(&after)
	var got struct {
		Resource []json.RawMessage `json:"resource"`
		CR       []string          `json:"istio_cr"`
	}
	if err := json.Unmarshal([]byte(a.body), &got); err != nil || a.status != 200 || len(got.Resource) != n || len(got.CR) != 0 {
		// Of so many namespaces that nothing was seen of none gets a default.
		t.Fatalf("%d, %v, %d services and %d resources of %d and none", a.status, err, len(got.Resource), len(got.CR), n)
	}
	each := (after.TotalAlloc - before.TotalAlloc) / n
	t.Logf("%d bytes a service", each)
	if each > most {
		t.Errorf("a round allocates %d bytes for each service, at most %d are in order", each, most)
	}
}

// More than can be answered in the memory and time that are promised is refused in
// words, and nothing of it is a round.
func TestTooManyServices(t *testing.T) {
	r := start(t, Options{})
	r.problem("too many", r.post(services(request.MaxServices+1)), 413, "containers: found more than 100000 services")
	if r.server.store.Latest() != 0 {
		t.Error("it became a round")
	}
}

// A small request waits for one large one at most, though several are there.
func TestSmallBesideLarge(t *testing.T) {
	if testing.Short() {
		t.Skip("it takes seconds")
	}
	const large = 4
	r := start(t, Options{})
	body := services(20_000)
	if len(body) <= largeBody {
		t.Fatalf("the body has %d bytes and is not large", len(body))
	}
	ended := make(chan time.Time, large)
	for i := range large {
		go func() {
			r.post(strings.ReplaceAll(body, `:"s`, fmt.Sprintf(`:"t%d-`, i)))
			ended <- time.Now()
		}()
	}
	for r.server.store.Latest() == 0 { // until one is done, and the others wait or work
		time.Sleep(time.Millisecond)
	}
	r.post(with("", ""))
	small, before := time.Now(), 0
	for range large {
		if (<-ended).Before(small) {
			before++
		}
	}
	if before > 2 {
		t.Errorf("%d of %d large requests were answered before the small one, which came after the first", before, large)
	}
}
