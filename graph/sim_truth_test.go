package graph

import (
	"fmt"
	"testing"
)

// The generator knows how often each edge was called; the graph must find it
// from what the captures leave of it.
func TestTruth(t *testing.T) {
	for _, c := range []struct {
		name string
		log  func(*simMesh)
	}{
		{"whole log", func(*simMesh) {}},
		{"heads of 3000 lines, twice", func(m *simMesh) { m.head, m.repeat = 3000, 2 }},
		{"tails of 3000 lines", func(m *simMesh) { m.head, m.tail = 3000, true }},
		{"clocks a day apart", func(m *simMesh) { m.head, m.skew = 3000, true }},
		{"outbound lines only", func(m *simMesh) { m.head, m.noIn, m.gateway = 3000, true, true }},
		{"inbound lines only", func(m *simMesh) { m.head, m.noOut = 3000, true }},
		{"service addresses upstream", func(m *simMesh) { m.head, m.vip = 3000, true }},
		{"service addresses and outbound only", func(m *simMesh) { m.head, m.vip, m.noIn, m.gateway = 3000, true, true, true }},
		{"no request ids", func(m *simMesh) { m.head, m.noID = 3000, true }},
		{"a line of each proxy a day off", func(m *simMesh) { m.head, m.stray = 3000, true }},
		{"two captures an hour apart", func(m *simMesh) { m.head, m.twice = 3000, true }},
		{"the gateway's lines too", func(m *simMesh) { m.head, m.gateway = 3000, true }},
		{"no downstream addresses", func(m *simMesh) { m.gateway, m.noDown = true, true }},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := shop()
			c.log(&m)
			g := collect(m.run(), Options{}).Build(m.pods(), 0)
			check(t, g)
			if holes := m.stray || m.twice; len(g.Edges) != 6 || len(g.Warnings) != b2i(holes) {
				t.Errorf("edges %s, warnings %q", drawn(g), g.Warnings)
			}
			external := float64(m.made[" front"])
			m.eachEdge(g, func(name string, e *Edge, made float64) {
				near(t, name+" rate", e.Rate, made/m.seconds, 0.1)
				near(t, name+" per request", e.PerRequest, made/external, 0.05)
			})
			near(t, "gateway's rate", g.Gateway.Rate, external/m.seconds, 0.1)
			for _, n := range g.Nodes {
				var pods float64
				for _, p := range n.Pods {
					pods += p.ReceivedRate
				}
				if n.Kind == Service {
					near(t, n.Name+"'s pods together", pods, n.Rate, 0.1)
					near(t, n.Name+"'s visits", n.Visits, n.Rate/g.Gateway.Rate, 0.1)
				}
			}
		})
	}
}

// Entries without a gateway's lines: who calls and is not called.
func TestHeadless(t *testing.T) {
	m := shop()
	m.noIn, m.head = true, 3000
	g := collect(m.run(), Options{}).Build(m.pods(), 0)
	near(t, "rate", g.Gateway.Rate, m.rate, 0.1)
	near(t, "front's visits", node(t, g, "front").Visits, 1, 1e-9)
	near(t, "ads per request", edge(t, g, "front", "ads").PerRequest, 1, 0.05)
	near(t, "store's visits", node(t, g, "store").Visits, 1.8, 0.06)
	check(t, g)
}

// A service that no pod of the request has is one node all the same.
func TestUnlistedService(t *testing.T) {
	m := shop()
	m.noListed = "cart"
	g := collect(m.run(), Options{}).Build(m.pods(), 0)
	if e := edge(t, g, fqdn("cart"), "store"); e.Calls != m.made["cart store"] {
		t.Errorf("%d calls, want %d", e.Calls, m.made["cart store"])
	}
	if n := node(t, g, fqdn("cart")); n.Kind != External {
		t.Errorf("kind %d", n.Kind)
	}
	check(t, g)
}

// One request that calls a service many times: what belongs to a call whose own
// line is not yet written must not count for those before it.
func TestManyCallsOfOneRequest(t *testing.T) {
	m := simMesh{entry: "front", rate: 30, seconds: 20, seed: 5, head: 300, services: []simService{
		{name: "front", pods: 1, work: 5, calls: []simCall{{to: "mid", times: 8}}},
		{name: "mid", pods: 2, work: 20, calls: []simCall{{to: "leaf", times: 3}}},
		{name: "leaf", pods: 2, work: 5},
	}}
	g := collect(m.run(), Options{}).Build(m.pods(), 0)
	near(t, "mid per front", edge(t, g, "front", "mid").PerCall, 8, 0.01)
	near(t, "leaf per mid", edge(t, g, "mid", "leaf").PerCall, 3, 0.01)
	near(t, "leaf per request", edge(t, g, "mid", "leaf").PerRequest, 24, 0.02)
}

// Captures of outbound lines have no line of what a pod received. What it sent
// for one request tells as much, where its requests call it once.
func TestOutboundOnlyFollowed(t *testing.T) {
	m := simMesh{entry: "front", rate: 100, seconds: 20, seed: 6, head: 400, noIn: true, gateway: true, services: []simService{
		{name: "front", pods: 2, work: 5, calls: []simCall{{to: "mid"}, {to: "rare", chance: 0.1}}},
		{name: "mid", pods: 2, work: 5, calls: []simCall{{to: "leaf", times: 3}}},
		{name: "leaf", pods: 2, work: 1},
		{name: "rare", pods: 1, work: 1, calls: []simCall{{to: "leaf"}}},
	}}
	for _, vip := range []bool{false, true} {
		m.vip = vip
		g := collect(m.run(), Options{}).Build(m.pods(), 0)
		near(t, "mid per front", edge(t, g, "front", "mid").PerCall, 1, 0.01)
		near(t, "leaf per mid", edge(t, g, "mid", "leaf").PerCall, 3, 0.01)
		near(t, "leaf per rare", edge(t, g, "rare", "leaf").PerCall, 1, 0.01)
	}
}

// A service that sends for some requests only is found out by its rates, even
// if every request that it is seen to send for makes one call.
func TestSilentRequests(t *testing.T) {
	m := simMesh{entry: "front", rate: 200, seconds: 30, seed: 7, noIn: true, gateway: true, services: []simService{
		{name: "front", pods: 1, work: 2, calls: []simCall{{to: "mid", chance: 0.3}}},
		{name: "mid", pods: 1, work: 1},
	}}
	g := collect(m.run(), Options{}).Build(m.pods(), 0)
	near(t, "mid per front", edge(t, g, "front", "mid").PerCall, 0.3, 0.05)
}

// An application that gives what it sends another request_id, always or now and then,
// does not lower its calls per request: what is sent under no known one is seen to be.
// Of whole logs little is left to chance; 3,000 lines of each proxy leave about 2 %.
func TestDroppedRequestID(t *testing.T) {
	for _, part := range []float64{0.1, 0.3, 0.5, 1} {
		for _, log := range []struct {
			name   string
			set    func(*simMesh)
			within float64
		}{
			{"both sides", func(*simMesh) {}, 0.02},
			{"outbound lines only", func(m *simMesh) { m.noIn, m.gateway, m.skew = true, true, true }, 0.03},
			{"service addresses and outbound only", func(m *simMesh) { m.noIn, m.gateway, m.vip = true, true, true }, 0.03},
			{"heads", func(m *simMesh) { m.head = 3000 }, 0.05},
			{"tails and outbound only", func(m *simMesh) { m.noIn, m.gateway, m.head, m.tail = true, true, 3000, true }, 0.07},
		} {
			m := shop()
			m.seconds = 15
			m.drops = map[string]float64{"front": part, "cart": part / 2}
			log.set(&m)
			g := collect(m.run(), Options{}).Build(m.pods(), 0)
			check(t, g)
			m.eachEdge(g, func(name string, e *Edge, made float64) {
				want := made / float64(m.made[" front"])
				near(t, fmt.Sprintf("%s, %v dropped: %s per request", log.name, part, name), e.PerRequest, want, log.within)
			})
		}
	}
}

// A service that calls on for most requests, by outbound lines alone: whether it was
// called and sent nothing only its callers' lines tell, whose clocks are hours off. In
// a chain an error grows by every hop. Each log leaves 300 lines of each proxy, 5 s;
// chance has the ratio of one hop by √(0.1·0.9/300)/0.9 = 2 %, the mean of eight logs of
// the last of four by half of that.
func TestBranchesOfHighProbability(t *testing.T) {
	for _, p := range []float64{0.98, 0.95, 0.9, 0.85, 0.6} {
		for _, vip := range []bool{false, true} {
			off := 0.0
			for seed := range uint64(8) {
				m := simMesh{entry: "s0", rate: 60, seconds: 20, seed: 20 + seed, head: 300, tail: seed%2 == 1, noIn: true, gateway: true, skew: true, vip: vip}
				for i := range 4 {
					m.services = append(m.services, simService{name: fmt.Sprint("s", i), pods: 1, work: 3, calls: []simCall{{to: fmt.Sprint("s", i+1), chance: p}}})
				}
				m.services = append(m.services, simService{name: "s4", pods: 1, work: 3})
				g := collect(m.run(), Options{}).Build(m.pods(), 0)
				off += edge(t, g, "s3", "s4").PerRequest / (float64(m.made["s3 s4"]) / float64(m.made[" s0"])) / 8
			}
			near(t, fmt.Sprintf("%v, by service address %v: found of what was made", p, vip), off, 1, 0.03)
		}
	}
}

// Services on the network of their hosts share its addresses. What came from there is
// told apart, and where it is not, the interval of its rate is wide enough.
func TestHostNetwork(t *testing.T) {
	for _, hosts := range [][]string{{"front", "store"}, {"front", "cart"}, {"front", "cart", "catalog"}, {"front", "cart", "catalog", "ads", "store"}} {
		for _, log := range []struct {
			name string
			set  func(*simMesh)
		}{
			{"both sides", func(*simMesh) {}},
			{"outbound lines only", func(m *simMesh) { m.noIn, m.gateway, m.skew = true, true, true }},
			{"inbound lines only", func(m *simMesh) { m.noOut = true }},
		} {
			t.Run(fmt.Sprint(log.name, hosts), func(t *testing.T) {
				m := shop()
				m.seconds, m.onHosts = 20, hosts
				log.set(&m)
				g := collect(m.run(), Options{}).Build(m.pods(), 0)
				check(t, g)
				if len(g.Edges) != 6 {
					t.Errorf("edges %s", drawn(g))
				}
				m.eachEdge(g, func(name string, e *Edge, made float64) {
					near(t, name+" rate", e.Rate, made/m.seconds, 0.1)
					near(t, name+" per request", e.PerRequest, made/float64(m.made[" front"]), 0.07)
					if rate := made / m.seconds; rate < e.RateLow || rate > e.RateHigh {
						t.Errorf("%s: %v/s is not in %v to %v", name, rate, e.RateLow, e.RateHigh)
					}
				})
			})
		}
	}
}
