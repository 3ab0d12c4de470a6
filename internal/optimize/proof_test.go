package optimize

import (
	"bytes"
	"encoding/json"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-mesh/sluice/crgen"
	"github.com/sluice-mesh/sluice/internal/request"
)

// only are the hosts of a scope that calls these services.
func only(services ...string) []string {
	var hosts []string
	for _, s := range services {
		hosts = append(hosts, "default/"+s+".default.svc.cluster.local")
	}
	return append(hosts, "istio-system/*")
}

var leaf = []string{"~/*"}

// TestProof: a workload is narrowed by what its own sidecars logged, and by their
// silence only in a log that accounts for itself.
func TestProof(t *testing.T) {
	all := map[string][]string{"front": only("middle"), "middle": only("back", "rare"), "back": leaf, "rare": leaf}
	f := func(name string, change func(*world), wide ...string) {
		t.Run(name, func(t *testing.T) {
			w := chain(600, 0.5)
			change(w)
			got := w.hosts(t)
			delete(got, "default")
			want := map[string][]string{}
			for s, hosts := range all {
				if !slices.Contains(wide, s) {
					want[s] = hosts
				}
			}
			if diff := cmp.Diff(want, got); diff != "" {
				t.Error(diff)
			}
		})
	}
	f("both sides", func(w *world) {})
	f("both sides, heads", func(w *world) { w.head = 120 })
	f("both sides, tails", func(w *world) { w.tail = 120 })
	f("both sides, heads too short", func(w *world) { w.head = 20 }, "front", "middle", "back", "rare")
	f("both sides, a leaf's log is lost", func(w *world) { w.lost = []string{"back-5d-a"} }, "back")
	f("both sides, a version's log is lost", func(w *world) { w.lost = []string{"middle-v2-5d-a"} }, "middle")
	f("both sides, one replica's log is lost", func(w *world) { w.lost = []string{"middle-v1-5d-a"} })
	f("outbound only", func(w *world) { w.outboundOnly = true })
	f("outbound only, heads", func(w *world) { w.outboundOnly, w.head = true, 120 })
	f("outbound only, tails", func(w *world) { w.outboundOnly, w.tail = true, 120 })
	// Whoever is silent may have lost its log when a replica's is missing, …
	f("outbound only, a replica's log is lost", func(w *world) {
		w.outboundOnly, w.lost = true, []string{"middle-v1-5d-a"}
	}, "back", "rare")
	// … or a service's only caller.
	f("outbound only, all callers of a service are lost", func(w *world) {
		w.outboundOnly = true
		w.lost = []string{"middle-v1-5d-a", "middle-v1-5d-b", "middle-v2-5d-a"}
	}, "middle", "back", "rare")
	f("the gateway's lines only", func(w *world) {
		w.outboundOnly = true
		w.lost = []string{"front-5d-a", "middle-v1-5d-a", "middle-v1-5d-b", "middle-v2-5d-a"}
	}, "front", "middle", "back", "rare")
}

// TestRequestsWithoutUsableTimes: a log that brings no times, or the same for all its lines,
// shows its requests all the same. Times that tell of a burst count less, and the reason
// says so: of 60 calls to back one begins a second after the others end, so that 1 lies
// within the lines and 2 at most count.
func TestRequestsWithoutUsableTimes(t *testing.T) {
	w := chain(60, 0)
	w.services[1].calls[0].only = ""
	for name, c := range map[string]struct {
		start func(n int) string
		want  int
		says  string
	}{
		"none":      {func(int) string { return `null` }, 60, "called nothing in 60 requests"},
		"all alike": {func(int) string { return `"2026-01-02T03:04:05.000Z"` }, 60, "called nothing in 60 requests"},
		"a burst": {func(n int) string {
			if n == 59 {
				return `"2026-01-02T03:04:06.000Z"`
			}
			return `"2026-01-02T03:04:05.000Z"`
		}, 2, "seen in 2 requests, 50 are needed: its sidecars logged 60, of which by start_time and duration no more lie within"},
	} {
		var log [][]byte
		for line := range bytes.Lines(w.log()) {
			var f map[string]json.RawMessage
			if err := json.Unmarshal(line, &f); err != nil {
				t.Fatal(err)
			}
			n, _ := strconv.Atoi(strings.Trim(string(f["request_id"]), `"r-`))
			f["start_time"], f["duration"] = json.RawMessage(c.start(n)), json.RawMessage("5")
			line, _ = json.Marshal(f)
			log = append(log, line)
		}
		req := w.request()
		req.OpenLog = withLog(bytes.Join(log, []byte("\n"))).OpenLog
		for _, s := range mustRun(t, req, nil).Scopes() {
			if s.Service == "back" && (s.Requests != c.want || !strings.HasPrefix(s.Because, c.says)) {
				t.Errorf("%s: %d requests, %q; want %d, %q", name, s.Requests, s.Because, c.want, c.says)
			}
		}
	}
}

// TestDoubtIsSaid: who is not narrowed for want of its own log is told so.
func TestDoubtIsSaid(t *testing.T) {
	w := chain(600, 0.5)
	w.lost = []string{"back-5d-a"}
	for _, s := range mustRun(t, w.request(), nil).Scopes() {
		if s.Service == "back" && !strings.Contains(s.Because, "its sidecar logged nothing") {
			t.Errorf("back: %s", s.Because)
		}
	}
}

// TestGatewayAmongTheServices: a gateway that the request lists as a service gets
// no Sidecar.
func TestGatewayAmongTheServices(t *testing.T) {
	w := chain(600, 0.5)
	req := w.request()
	entry := req.Containers[0]
	entry.Service, entry.Pod, entry.IP = "entry", "entry-5d-a", "10.9.9.9"
	req.Containers = append(req.Containers, entry)
	// A gateway logs its clients as downstream, and itself as the local end.
	log := bytes.ReplaceAll(w.log(), []byte(`"downstream_remote_address":"10.9.9.9:1234"`), []byte(`"downstream_remote_address":"192.0.2.7:1234"`))
	req.OpenLog = withLog(log).OpenLog
	rep := mustRun(t, req, nil)
	for _, r := range rep.Resources {
		if r.Service == "entry" {
			t.Errorf("a Sidecar for a gateway, with %q", r.Hosts)
		}
	}
	for _, s := range rep.Scopes() {
		if s.Service == "entry" && s.Because != isGateway {
			t.Errorf("entry: %s", s.Because)
		}
	}
}

// TestSharedPodsAreOneScope: services that select the same pods get one Sidecar with what
// either of them calls, be it called for a request to one of them or for none.
func TestSharedPodsAreOneScope(t *testing.T) {
	w := chain(600, 0.5)
	req := w.request()
	twin := req.Containers[len(req.Containers)-3]
	if twin.Service != "back" {
		t.Fatal(twin.Service)
	}
	twin.Service = "back-admin"
	req.Containers = append(req.Containers, twin)
	// A third of the 600 requests come to back, by one of middle's three pods.
	lone := sent(3, twin.IP, w.ip(3, 0), fields{"request_id": nil, "path": nil, "upstream_cluster": "outbound|80||db.data.svc.cluster.local"})
	text, err := json.Marshal(lone)
	if err != nil {
		t.Fatal(err)
	}
	req.OpenLog = withLog(append(w.log(), text...)).OpenLog
	merged := false
	for _, s := range mustRun(t, req, nil).Scopes() {
		if s.Service != "back" || !slices.Equal(s.Merged, []string{"back-admin"}) {
			continue
		}
		merged = true
		if !s.Narrowed || s.Requests < 150 || !slices.ContainsFunc(s.Hosts, func(h crgen.HostEvidence) bool { return h.Host == "db.data.svc.cluster.local" }) {
			t.Errorf("%+v", s)
		}
	}
	if !merged {
		t.Error("back and back-admin, which share a pod, have a scope each")
	}
}

// TestEvidenceIsEachNamespacesOwn: a service that lives in two namespaces is
// narrowed only where its own pods prove it.
func TestEvidenceIsEachNamespacesOwn(t *testing.T) {
	w := chain(600, 0.5)
	req := w.request()
	idle := req.Containers[0]
	idle.Service, idle.Namespace, idle.Pod, idle.IP = "back", "other", "back-5d-z", "10.1.99.1"
	req.Containers = append(req.Containers, idle)
	for _, r := range mustRun(t, req, nil).Resources {
		if r.Namespace == "other" && r.Service == "back" {
			t.Errorf("back in namespace other has %q, though it was never seen there", r.Hosts)
		}
	}
}

// TestLabelsOfTheRequest: what the rows tell of pods' labels gets to the selector.
func TestLabelsOfTheRequest(t *testing.T) {
	w := chain(600, 0.5)
	req := w.request()
	for i := range req.Containers {
		req.Containers[i].Labels = []request.Label{{Key: "k8s-app", Value: "the-" + req.Containers[i].Service}}
	}
	for _, r := range mustRun(t, req, nil).Resources {
		if want := "      k8s-app: the-" + r.Service + "\n"; r.Service != "" && !strings.Contains(r.YAML, want) {
			t.Errorf("want%s in\n%s", want, r.YAML)
		}
	}
}
