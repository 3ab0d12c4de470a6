//go:build linux

package envoylab

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"
	"time"

	networking "istio.io/api/networking/v1beta1"
	"sigs.k8s.io/yaml"

	"github.com/sluice-mesh/sluice/internal/optimize"
	"github.com/sluice-mesh/sluice/internal/request"
)

// requests of one replay: enough for every live workload to be narrowed.
const requests = 600

// TestScopedMesh: a mesh whose proxies are told of nothing but what the generated
// Sidecars list serves every request that it served before.
func TestScopedMesh(t *testing.T) {
	if testing.Short() {
		t.Skip("it starts Envoys")
	}
	envoy := findEnvoy(t)
	for _, n := range []int{10, 100, 1000} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			// The thread is the Envoys' parent: it must live as long as the test.
			runtime.LockOSThread()
			defer runtime.UnlockOSThread()
			l := newLab(t, envoy, n)
			before := l.run(nil)
			scopes := l.scopes()
			after := l.run(scopes)
			l.compare(before, after)
			if n == 10 {
				l.mustMiss(scopes)
			}
		})
	}
}

// lab is one mesh under test.
type lab struct {
	*testing.T
	*mesh
	envoy, dir string
}

func newLab(t *testing.T, envoy string, n int) *lab {
	l := &lab{t, newMesh(n), envoy, t.TempDir()}
	writeCerts(t, l.dir)
	for _, s := range l.services {
		if s.pod != "" {
			startApp(t, s)
		}
	}
	return l
}

// outcome is what one replay showed.
type outcome struct {
	served int
	err    error
	sizes  []size
}

// run starts all sidecars with these scopes (nil for none), replays the requests,
// measures, and stops them.
func (l *lab) run(scopes *applied) outcome {
	l.Helper()
	var proxies []*proxy
	for _, s := range l.live() {
		_ = os.Remove(filepath.Join(l.dir, s.podName()+".log"))
		proxies = append(proxies, l.start(l.T, l.envoy, s, scopes.hosts(s), l.dir))
	}
	for _, p := range proxies {
		p.ready(l.T)
	}
	var o outcome
	o.served, o.err = l.replay(l.T, requests, l.dir)
	for _, p := range proxies {
		o.sizes = append(o.sizes, p.size(l.T))
	}
	for _, p := range proxies {
		p.stop() // which flushes its log
	}
	return o
}

// scopes are the Sidecars that sluice makes of the log of the last run.
func (l *lab) scopes() *applied {
	l.Helper()
	req := &request.Request{AccessLog: l.mergeLogs(l.T, l.dir, "access.log"), CPULimit: 1000, MemoryLimit: 1e12}
	for _, s := range l.services {
		if s.external {
			continue
		}
		row := request.Container{Service: s.name, Namespace: s.namespace, Pod: s.podName(), IP: s.pod, Sidecar: true}
		req.Containers = append(req.Containers, row)
	}
	ctx, cancel := context.WithTimeout(context.Background(), time.Minute)
	defer cancel()
	rep, err := optimize.Run(ctx, req, nil, optimize.Options{})
	if err != nil {
		l.Fatal(err)
	}
	a := &applied{}
	for _, r := range rep.Resources {
		a.apply(l.T, r.YAML)
	}
	for _, s := range rep.Scopes() {
		if live := l.find(s.Namespace, s.Service); live != nil && live.pod != "" && !s.Narrowed {
			l.Errorf("%s/%s is not narrowed: %s", s.Namespace, s.Service, s.Because)
		}
	}
	return a
}

// compare checks the replay with scopes against the one without, and tells the sizes.
func (l *lab) compare(before, after outcome) {
	l.Helper()
	if before.served != requests {
		l.Fatalf("%d of %d requests were served without scopes: %v", before.served, requests, before.err)
	}
	if after.served != requests {
		l.Errorf("%d of %d requests were served with scopes: %v", after.served, requests, after.err)
	}
	b, a := mean(before.sizes), mean(after.sizes)
	if a.clusters >= b.clusters || a.config >= b.config || a.allocated >= b.allocated {
		l.Errorf("scopes made proxies no smaller: %+v, before %+v", a, b)
	}
	const row = "%d services, %s: served %d of %d; a proxy has %d clusters, %d KB of configuration, %.1f MB allocated, %.1f MB resident"
	for _, x := range []struct {
		name string
		o    outcome
		s    size
	}{{"before", before, b}, {"after", after, a}} {
		l.Logf(row, len(l.services), x.name, x.o.served, requests, x.s.clusters, x.s.config/1000, float64(x.s.allocated)/1e6, float64(x.s.resident)/1e6)
	}
}

// mean of the proxies' sizes.
func mean(sizes []size) (m size) {
	for _, s := range sizes {
		m.clusters, m.config, m.allocated, m.resident = m.clusters+s.clusters, m.config+s.config, m.allocated+s.allocated, m.resident+s.resident
	}
	n := max(1, len(sizes))
	return size{m.clusters / n, m.config / n, m.allocated / n, m.resident / n}
}

// mustMiss takes one host out of one scope, the rarely called one: the requests
// that call it must fail, or the lab could not tell a good scope from a bad one.
func (l *lab) mustMiss(scopes *applied) {
	l.Helper()
	taken := 0
	for i := range scopes.sidecars {
		s := &scopes.sidecars[i]
		if s.Spec.WorkloadSelector == nil {
			continue
		}
		hosts := s.Spec.Egress[0].Hosts
		kept := slices.DeleteFunc(slices.Clone(hosts), func(h string) bool { return strings.HasPrefix(h, "web/rare.") })
		taken += len(hosts) - len(kept)
		s.Spec.Egress[0].Hosts = kept
	}
	if o := l.run(scopes); taken != 1 || o.served != requests-requests/10 {
		l.Errorf("without %d host, %d of %d requests were served, want all but a tenth", taken, o.served, requests)
	}
}

// applied are the Sidecars in force.
type applied struct{ sidecars []sidecar }

type sidecar struct {
	Metadata struct{ Name, Namespace string }
	Spec     struct {
		WorkloadSelector *networking.WorkloadSelector
		Egress           []struct{ Hosts []string }
	}
}

func (a *applied) apply(t *testing.T, text string) {
	t.Helper()
	var s sidecar
	if err := yaml.Unmarshal([]byte(text), &s); err != nil {
		t.Fatal(err)
	}
	a.sidecars = append(a.sidecars, s)
}

// hosts of the Sidecar that istiod picks for a service's pod, which carries the
// label app: one that selects it before one that selects nothing; nil for none.
func (a *applied) hosts(s *service) []string {
	if a == nil {
		return nil
	}
	var found []string
	for i := range a.sidecars {
		c := &a.sidecars[i]
		if c.Metadata.Namespace != s.namespace {
			continue
		}
		if w := c.Spec.WorkloadSelector; w == nil {
			if found == nil {
				found = c.Spec.Egress[0].Hosts
			}
		} else if w.Labels["app"] == s.name {
			return c.Spec.Egress[0].Hosts
		}
	}
	return found
}
