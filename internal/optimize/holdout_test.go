package optimize

import (
	"context"
	"math"
	"testing"

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
