package optimize

import (
	"context"
	"fmt"
	"math"
	"testing"
	"time"

	"github.com/sluice-mesh/sluice/internal/demo"
	"github.com/sluice-mesh/sluice/internal/request"
)

func holdoutOf(t *testing.T, req *request.Request, fraction float64) map[string]HeldOut {
	t.Helper()
	obs, err := Observe(context.Background(), req, Options{})
	if err != nil {
		t.Fatal(err)
	}
	got := map[string]HeldOut{}
	for _, h := range Holdout(obs, fraction, Options{}) {
		got[h.Service] = h
	}
	return got
}

// TestHoldoutOfTheCapture: nothing that was called in the second half would have
// been cut, and the halves are of all requests.
func TestHoldoutOfTheCapture(t *testing.T) {
	for name, h := range holdoutOf(t, demo.Request(), 0.5) {
		if h.Cut != 0 || len(h.Missing) != 0 {
			t.Errorf("%s: %d of %d later requests are cut: %q", name, h.Cut, h.Later, h.Missing)
		}
		if h.Learned == 0 || h.Later < h.Learned || h.Later > h.Learned+3 {
			t.Errorf("%s: %d requests learned from, %d later", name, h.Learned, h.Later)
		}
	}
}

// TestHoldoutFindsRareCalls: of the later requests, a scope cuts those that call a
// host which chance kept out of the earlier ones: a share p of them with probability
// (1-p)^n, n being the requests that the scope was made of. So the mean over many
// logs is p·(1-p)^n, which is at most 1/(e·n): what is cut often is seen early.
func TestHoldoutFindsRareCalls(t *testing.T) {
	const logs, requests = 20, 400
	cuts := 0
	for _, share := range []float64{0.5, 0.05, 0.02, 0.01, 0.005, 0.002} {
		cut, later := 0, 0
		for seed := range uint64(logs) {
			w := chain(requests, share)
			w.seed = seed
			h := holdoutOf(t, w.request(), 0.5)["middle"]
			if !h.Narrowed {
				t.Errorf("share %g: not narrowed after %d requests", share, h.Learned)
			}
			cut, later = cut+h.Cut, later+h.Later
		}
		expected := share * math.Pow(1-share, requests/2)
		t.Logf("called by 1 request in %3.0f: %2d of %d later requests are cut, %.3f %% (expected %.3f %%)",
			1/share, cut, later, 100*float64(cut)/float64(later), 100*expected)
		if got := float64(cut) / float64(later); got > 4*expected+0.001 {
			t.Errorf("share %g: %.4f of the later requests are cut, expected %.4f", share, got, expected)
		}
		cuts += cut
	}
	if cuts == 0 {
		t.Error("no request was ever cut: the holdout finds nothing")
	}
}

// TestHoldoutCounts: a host that is called only from a moment on is cut in every
// request after it, and a workload with too little evidence cuts nothing.
func TestHoldoutCounts(t *testing.T) {
	early, late := chain(400, 0), chain(200, 1)
	late.first = 400
	req := late.request()
	req.OpenLog = withLog(append(early.log(), late.log()...)).OpenLog
	h := holdoutOf(t, req, 0.5)["middle"]
	if h.Cut != 200 || len(h.Missing) != 1 || h.Missing[0] != "rare.default.svc.cluster.local" {
		t.Errorf("%+v: want requests that call rare to be cut", h)
	}
	if h := holdoutOf(t, chain(60, 0.5).request(), 0.5)["middle"]; h.Narrowed || h.Cut != 0 {
		t.Errorf("%+v: with 30 requests nothing is narrowed or cut", h)
	}
}

// TestHoldoutOfAnApplicationThatDropsRequestIDs: each of 400 requests makes middle call
// back nine times, and from the 381st on rare, all under ids of their own: 20 of the 200
// later requests are cut, a tenth, though the log has 2,020 ids of middle's after them.
func TestHoldoutOfAnApplicationThatDropsRequestIDs(t *testing.T) {
	w := &world{requests: 400, services: []worldService{
		{"middle", []string{"middle-5d-a"}, nil}, {"back", []string{"back-5d-a"}, nil}, {"rare", []string{"rare-5d-a"}, nil},
	}}
	var more []fields
	call := func(n, k, to int, host string) {
		more = append(more, sent(n, w.ip(0, 0), w.ip(to, 0), fields{"request_id": fmt.Sprintf("own-%d-%d", n, k), "duration": 0,
			"upstream_cluster": "outbound|80||" + host + ".default.svc.cluster.local",
			"start_time":       time.UnixMilli(1_700_000_000_001 + int64(n)).UTC().Format("2006-01-02T15:04:05.000Z")}))
	}
	for n := range 400 {
		for k := range 9 {
			call(n, k, 1, "back")
		}
		if n >= 380 {
			call(n, 9, 2, "rare")
		}
	}
	h := holdoutOf(t, w.with(more...), 0.5)["middle"]
	if h.Learned != 200 || h.Later != 200 || h.Cut < 19 || h.Cut > 20 {
		t.Errorf("%+v, want 20 of 200 cut", h)
	}
	// Without what middle receives nothing tells how many requests its calls are of; by
	// what others sent to it there are no more than 400.
	w.outboundOnly = true
	for _, e := range mustRun(t, w.with(more...), nil).Scopes() {
		if e.Service == "middle" && e.Requests != 400 {
			t.Errorf("%d requests, want 400", e.Requests)
		}
	}
}
