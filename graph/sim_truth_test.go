package graph

import "testing"

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
		{"the gateway's lines too", func(m *simMesh) { m.head, m.gateway = 3000, true }},
	} {
		t.Run(c.name, func(t *testing.T) {
			m := shop()
			c.log(&m)
			g := collect(m.run(), Options{}).Build(m.pods(), 0)
			check(t, g)
			if len(g.Edges) != 6 || len(g.Warnings) != 0 {
				t.Errorf("edges %s, warnings %q", drawn(g), g.Warnings)
			}
			external := float64(m.made[" front"])
			for i := range g.Edges {
				e := &g.Edges[i]
				from, to := g.Nodes[e.From].Name, g.Nodes[e.To].Name
				if e.From == 0 {
					from = ""
				}
				made := float64(m.made[from+" "+to])
				near(t, from+">"+to+" rate", e.Rate, made/m.seconds, 0.1)
				near(t, from+">"+to+" per request", e.PerRequest, made/external, 0.05)
			}
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
