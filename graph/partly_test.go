package graph

import (
	"math/rand/v2"
	"reflect"
	"slices"
	"testing"
)

// logs of one mesh of which one direction, or some of its lines, is there in part. The
// figures are those of the whole.
var partialLogs = []struct {
	name string
	keep func(*partial, *Record) bool
}{
	{"one inbound line of cart", func(p *partial, r *Record) bool { return !in(r) || p.of(r) == "cart" && p.nth(r, 1000) == 0 }},
	{"three of store, in the midst", func(p *partial, r *Record) bool { return !in(r) || p.of(r) == "store" && p.between(r, 2000, 2003) }},
	{"20 of front", func(p *partial, r *Record) bool { return !in(r) || p.of(r) == "front" && p.between(r, 1000, 1020) }},
	{"5 in 100 inbound", func(p *partial, r *Record) bool { return !in(r) || p.chance.IntN(20) == 0 }},
	{"half of the inbound", func(p *partial, r *Record) bool { return !in(r) || p.chance.IntN(2) == 0 }},
	{"a filter of the rare", func(p *partial, r *Record) bool { return !in(r) || p.chance.IntN(500) == 0 }},
	{"inbound switched on late", func(p *partial, r *Record) bool { return !in(r) || p.part(r) > 0.75 }},
	{"outbound switched on late", func(p *partial, r *Record) bool { return in(r) || p.part(r) > 0.75 }},
	{"the gateway's lines, outbound switched on late", func(p *partial, r *Record) bool { return in(r) || p.of(r) == "" || p.part(r) > 0.75 }},
	{"the first 300 inbound of each", func(p *partial, r *Record) bool { return !in(r) || p.nth(r, 1) < 300 }},
	{"the first 800 outbound of each, 600 inbound", func(p *partial, r *Record) bool { return p.nth(r, 1) < 600 || !in(r) && p.nth(r, 0) < 800 }},
	{"one outbound line", func(p *partial, r *Record) bool { return in(r) || p.of(r) == "cart" && p.nth(r, 1) == 500 }},
	{"5 in 100 outbound", func(p *partial, r *Record) bool { return in(r) || p.of(r) == "" || p.chance.IntN(20) == 0 }},
	{"a tenth of all lost", func(p *partial, _ *Record) bool { return p.chance.IntN(10) > 0 }},
}

// partial picks the lines that are kept.
type partial struct {
	*simMesh
	chance *rand.Rand
	count  map[string]int
}

func in(r *Record) bool { return r.Direction == Inbound }

// pod is the address of who wrote a line.
func (p *partial) pod(r *Record) string {
	if in(r) {
		return string(hostOf(r.Upstream))
	}
	return string(hostOf(r.UpstreamLocal))
}

func (p *partial) of(r *Record) string {
	for _, s := range p.services {
		for i := range s.pods {
			if p.ip(s.name, i) == p.pod(r) {
				return s.name
			}
		}
	}
	return ""
}

// nth is which line of its direction and pod it is; step 0 looks without counting.
func (p *partial) nth(r *Record, step int) int {
	k := string(rune('0'+r.Direction)) + p.pod(r)
	n := p.count[k]
	p.count[k] += b2i(step > 0)
	if step > 1 {
		return n - step
	}
	return n
}

func (p *partial) between(r *Record, from, to int) bool {
	n := p.nth(r, 1)
	return from <= n && n < to
}

func (p *partial) part(r *Record) float64 {
	return float64(r.Start+r.Duration-simEpoch) / 1e6 / p.seconds
}

// Of a direction that is there in part, nothing is made up: calls per request stay within
// 5 % of the truth and rates within 10 %. A log cut to a quarter leaves 1,500 requests:
// √(0.5·0.5/1500)/0.5 = 2.6 % of chance at the edge that half of them take.
func TestDirectionsInPart(t *testing.T) {
	m := shop()
	m.gateway, m.rate, m.seconds = true, 100, 60
	all := m.run()
	for _, c := range partialLogs {
		t.Run(c.name, func(t *testing.T) {
			p := partial{&m, rand.New(rand.NewPCG(5, 6)), map[string]int{}}
			log := slices.DeleteFunc(slices.Clone(all), func(r Record) bool { return !c.keep(&p, &r) })
			g := collect(log, Options{}).Build(m.pods(), 0)
			check(t, g)
			m.eachEdge(g, func(name string, e *Edge, made float64) {
				near(t, name+" per request", e.PerRequest, made/float64(m.made[" front"]), 0.05)
				if c.name != "a tenth of all lost" {
					near(t, name+" rate", e.Rate, made/m.seconds, 0.1)
				}
			})
			p.chance.Shuffle(len(log), func(i, k int) { log[i], log[k] = log[k], log[i] })
			if other := collect(log, Options{}).Build(m.pods(), 0); !reflect.DeepEqual(g.Edges, other.Edges) || !reflect.DeepEqual(g.Nodes, other.Nodes) {
				t.Error("the order of lines matters")
			}
		})
	}
}

// What a proxy logs in part proves nothing of what its pod does not call, and it is told.
func TestDirectionsInPartAreTold(t *testing.T) {
	m := shop()
	m.gateway, m.seconds = true, 20
	chance := rand.New(rand.NewPCG(1, 1))
	log := slices.DeleteFunc(m.run(), func(r Record) bool {
		return !in(&r) && string(hostOf(r.UpstreamLocal)) != "10.255.0.1" && chance.IntN(20) > 0
	})
	g := collect(log, Options{}).Build(m.pods(), 0)
	for _, p := range node(t, g, "cart").Pods {
		if p.Logged != 0 {
			t.Errorf("%s: %d requests prove what it does not call", p.Name, p.Logged)
		}
	}
	// Those that send: two of front, three of cart, two of catalog.
	want := "7 proxies log what they receive, or what they send, only in part; what else tells of those calls serves in its place, where it does. Log each direction wholly or not at all."
	if !slices.Contains(g.Warnings, want) {
		t.Errorf("warnings %q, want %q", g.Warnings, want)
	}
}

// One of front's two pods writes no line, and callees do not log who called: what the
// other sent stands for both. Half of the requests are seen to be sent for by nobody,
// which is not laid to those that are.
func TestSilentPod(t *testing.T) {
	m := shop()
	m.noIn, m.gateway, m.seconds = true, true, 30
	log := slices.DeleteFunc(m.run(), func(r Record) bool { return string(hostOf(r.UpstreamLocal)) == m.ip("front", 1) })
	g := collect(log, Options{}).Build(m.pods(), 0)
	check(t, g)
	m.eachEdge(g, func(name string, e *Edge, made float64) {
		near(t, name+" per request", e.PerRequest, made/float64(m.made[" front"]), 0.05)
		near(t, name+" rate", e.Rate, made/m.seconds, 0.1)
	})
	want := "1 pod was called and wrote no line, though others of the service did, whose lines stand for those as well; log them all."
	if !slices.Contains(g.Warnings, want) {
		t.Errorf("warnings %q, want %q", g.Warnings, want)
	}
}

// Lines of which nothing is left but who was called, in a log of outbound lines: they are
// no line of the callee's. Three of 27,000 made of 2.4 calls 36.
func TestLinesThatNameNobody(t *testing.T) {
	m := shop()
	m.noIn, m.gateway, m.seconds = true, true, 20
	log := m.run()
	for n, i := 0, 0; n < 3; i++ {
		if r := &log[i]; string(hostOf(r.UpstreamLocal)) == m.ip("cart", 0) {
			r.Direction, r.Cluster, r.Downstream, r.DownstreamLocal = Unknown, nil, nil, nil
			n++
		}
	}
	g := collect(log, Options{}).Build(m.pods(), 0)
	check(t, g)
	near(t, "store per request", edge(t, g, "cart", "store").PerRequest, float64(m.made["cart store"])/float64(m.made[" front"]), 0.02)
	if len(g.Warnings) > 0 {
		t.Errorf("warnings %q", g.Warnings)
	}
}
