package optimize

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-mesh/sluice/internal/request"
)

// fields of a log line, as Envoy writes them.
type fields map[string]any

// sent is a line of the sidecar at address from, a call that it sent to an upstream at
// to ("" for none) in request n of a world; more replaces fields.
func sent(n int, from, to string, more fields) fields {
	f := fields{
		"upstream_cluster": "PassthroughCluster", "downstream_remote_address": from + ":1234", "upstream_local_address": from + ":4321",
		"upstream_host": to + ":80", "downstream_local_address": to + ":80", "request_id": fmt.Sprintf("r-%d", n), "path": "/x", "duration": 1,
		"start_time": time.UnixMilli(1_700_000_000_003 + int64(n)).UTC().Format("2006-01-02T15:04:05.000Z"), "response_code": 200,
	}
	if to == "" {
		f["upstream_host"], f["upstream_local_address"], f["downstream_local_address"] = nil, nil, "192.168.1.1:80"
	}
	for k, v := range more {
		f[k] = v
	}
	return f
}

// with is the request of a world whose log has more lines.
func (w *world) with(more ...fields) *request.Request {
	req := w.request()
	var b bytes.Buffer
	b.Write(w.log())
	for _, f := range more {
		text, err := json.Marshal(f)
		if err != nil {
			panic(err)
		}
		b.Write(append(text, '\n'))
	}
	req.OpenLog = withLog(b.Bytes()).OpenLog
	return req
}

// scopeOf is the list of a workload's own Sidecar, nil where it has none.
func scopeOf(t *testing.T, req *request.Request, prior *Memory, service string) ([]string, *Report) {
	t.Helper()
	rep := mustRun(t, req, prior)
	for _, r := range rep.Resources {
		if r.Service == service {
			return r.Hosts, rep
		}
	}
	return nil, rep
}

// TestCallsWithoutAHostNameTheService: a connection that names nobody goes to a pod of
// rare; that another call went there by its address changes nothing about it.
func TestCallsWithoutAHostNameTheService(t *testing.T) {
	w := chain(200, 0)
	middle, rare := w.ip(1, 0), w.ip(3, 0)
	tcp := sent(7, middle, rare, fields{"request_id": nil, "path": nil, "response_code": 0})
	byAddress := sent(9, middle, rare, fields{"authority": rare + ":80"})
	const want = "default/rare.default.svc.cluster.local"
	for name, more := range map[string][]fields{"tcp": {tcp}, "address": {byAddress}, "both": {tcp, byAddress}} {
		if hosts, _ := scopeOf(t, w.with(more...), nil, "middle"); !slices.Contains(hosts, want) {
			t.Errorf("%s: %q lacks %s", name, hosts, want)
		}
		// The holdout has the same names: what the first half called stays in sight.
		if h := holdoutOf(t, w.with(more...), 0.5)["middle"]; h.Cut != 0 {
			t.Errorf("%s: %+v", name, h)
		}
	}
	if hosts, _ := scopeOf(t, w.with(), nil, "middle"); slices.Contains(hosts, want) || !strings.Contains(strings.Join(hosts, " "), "back") {
		t.Errorf("without these calls: %q", hosts)
	}
}
