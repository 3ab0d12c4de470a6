package graph

import (
	"cmp"
	"fmt"
	"math/rand/v2"
	"slices"
	"strconv"
)

// simCall is a call that a service makes for each call it receives, with a
// probability, after those listed before it have ended unless alongside.
type simCall struct {
	to        string
	times     int
	chance    float64
	alongside bool
}

type simService struct {
	name  string
	pods  int
	work  float64 // ms, mean
	calls []simCall
}

// simMesh generates the log of a mesh with known truth, deterministic by seed.
type simMesh struct {
	services []simService
	entry    string
	rate     float64 // external requests per second, Poisson
	seconds  float64
	seed     uint64

	head     int    // lines kept of each proxy, 0 all
	tail     bool   // the last ones instead of the first
	repeat   int    // times that each line stands there, 0 once
	noIn     bool   // outbound lines only
	noOut    bool   // inbound lines only
	gateway  bool   // the gateway's own lines too
	vip      bool   // outbound lines show the service's address
	skew     bool   // clocks up to a day apart
	noID     bool   // no request ids
	sameID   bool   // one for all
	noDown   bool   // no downstream addresses
	stray    bool   // one line of each proxy a day off
	twice    bool   // heads of two captures, an hour apart
	noListed string // a service whose pods the request does not list
	// drops is, by service, the part of its calls that get another request_id.
	drops map[string]float64
	// onHosts are services whose pods use the addresses of the hosts they run on,
	// the first pods of each on the first host.
	onHosts []string

	r     *rand.Rand
	byPod map[string][]simLine
	skews map[string]Micros
	ports int
	made  map[string]int // calls by "from to"
	ids   int            // made up by services that drop theirs
}

type simLine struct {
	end Micros
	r   Record
}

const simEpoch = Micros(1_657_261_200_000_000)

func (m *simMesh) service(name string) *simService {
	for i := range m.services {
		if m.services[i].name == name {
			return &m.services[i]
		}
	}
	panic("no service " + name)
}

func (m *simMesh) ip(service string, pod int) string {
	if slices.Contains(m.onHosts, service) {
		return fmt.Sprintf("10.254.0.%d", pod+1)
	}
	for i := range m.services {
		if m.services[i].name == service {
			return fmt.Sprintf("10.%d.%d.%d", i/200, i%200, pod+1)
		}
	}
	return "10.255.0.1" // the gateway
}

func (m *simMesh) pods() []Pod {
	var ps []Pod
	for _, s := range m.services {
		for p := range s.pods {
			if s.name != m.noListed {
				ps = append(ps, Pod{Service: s.name, Namespace: "default", Name: fmt.Sprintf("%s-%d", s.name, p), Address: m.ip(s.name, p)})
			}
		}
	}
	return ps
}

// run returns the log's records, proxy by proxy as captures hold them.
func (m *simMesh) run() []Record {
	m.r = rand.New(rand.NewPCG(m.seed, 1))
	m.byPod, m.skews, m.made = map[string][]simLine{}, map[string]Micros{}, map[string]int{}
	t, n := 0.0, 0
	for {
		t += m.r.ExpFloat64() / m.rate
		if t > m.seconds {
			break
		}
		n++
		id := fmt.Sprintf("%08d-0000-4000-8000-%012d", m.seed, n)
		m.call("", 0, m.entry, id, simEpoch+Micros(t*1e6))
	}
	return m.log()
}

func (m *simMesh) log() []Record {
	var proxies []string
	for p := range m.byPod {
		proxies = append(proxies, p)
	}
	slices.Sort(proxies)
	m.r.Shuffle(len(proxies), func(i, k int) { proxies[i], proxies[k] = proxies[k], proxies[i] })
	var out []Record
	for round := 0; round < max(1, m.repeat); round++ {
		for _, p := range proxies {
			ls := m.byPod[p]
			slices.SortStableFunc(ls, func(a, b simLine) int { return cmp.Compare(a.end, b.end) })
			if m.head > 0 && len(ls) > m.head {
				if m.tail {
					ls = ls[len(ls)-m.head:]
				} else {
					ls = ls[:m.head]
				}
			}
			for i, l := range ls {
				if m.stray && i == len(ls)/2 {
					l.r.Start -= 86_400_000_000
				}
				if m.twice && i > len(ls)/2 {
					l.r.Start += 3_600_000_000
				}
				out = append(out, l.r)
			}
		}
	}
	return out
}

// call makes one call at time t and returns when it has ended.
func (m *simMesh) call(from string, fromPod int, to, id string, t Micros) Micros {
	m.made[from+" "+to]++
	s := m.service(to)
	pod := m.r.IntN(s.pods)
	net := Micros(200 + m.r.IntN(600))
	in := t + net
	end := m.serve(s, pod, id, in)
	back := end + net
	m.ports++
	port := strconv.Itoa(32768 + m.ports%28000)
	caller, callee := m.ip(from, fromPod), m.ip(to, pod)
	if !m.noIn {
		m.write(callee, Record{Direction: Inbound, Cluster: []byte("inbound|9080||"), Upstream: []byte(callee + ":9080"), Downstream: []byte(caller + ":" + port),
			DownstreamLocal: []byte(callee + ":9080"), UpstreamLocal: []byte("127.0.0.6:" + port), RequestID: m.id(id), Path: []byte("/" + to), Authority: []byte(to + ":9080"),
			ServerName: []byte("outbound_.9080_._." + to + ".default.svc.cluster.local"), Start: in, Duration: end - in, ServiceTime: end - in, Code: 200, BytesSent: 100})
	}
	if !m.noOut && (from != "" || m.gateway) {
		up, down := callee, caller
		if m.vip {
			up = "192.168.0." + strconv.Itoa(slices.IndexFunc(m.services, func(x simService) bool { return x.name == to })+1)
		}
		if from == "" {
			down = fmt.Sprintf("203.0.113.%d", m.r.IntN(250))
		}
		m.write(caller, Record{Direction: Outbound, Cluster: []byte("outbound|9080||" + to + ".default.svc.cluster.local"), Upstream: []byte(up + ":9080"), Downstream: []byte(down + ":" + port),
			DownstreamLocal: []byte("192.168.7.7:9080"), UpstreamLocal: []byte(caller + ":" + port), RequestID: m.id(id), Path: []byte("/" + to), Authority: []byte(to + ":9080"),
			Start: t, Duration: back - t, ServiceTime: back - t, Code: 200, BytesSent: 100})
	}
	return back
}

func (m *simMesh) id(id string) []byte {
	if m.noID {
		return nil
	}
	if m.sameID {
		return []byte("same")
	}
	return []byte(id)
}

// serve is the callee's own work and its calls.
func (m *simMesh) serve(s *simService, pod int, id string, t Micros) Micros {
	work := Micros(1000 * s.work * m.r.ExpFloat64() / 2)
	t += work
	end := t
	for _, c := range s.calls {
		for range max(1, c.times) {
			if c.chance > 0 && m.r.Float64() >= c.chance {
				continue
			}
			if !c.alongside {
				t = end
			}
			end = max(end, m.call(s.name, pod, c.to, m.pass(s.name, id), t))
		}
	}
	return end + work
}

// pass is the request_id under which a service sends on.
func (m *simMesh) pass(service, id string) string {
	if p := m.drops[service]; p == 0 || m.r.Float64() >= p {
		return id
	}
	m.ids++
	return fmt.Sprintf("made-up-%08d-%012d", m.seed, m.ids)
}

func (m *simMesh) write(proxy string, r Record) {
	if m.skew {
		if _, ok := m.skews[proxy]; !ok {
			m.skews[proxy] = Micros(m.r.IntN(2*86_400_000)-86_400_000) * 1000
		}
		r.Start += m.skews[proxy]
	}
	if m.noDown {
		r.Downstream = nil
	}
	// Logs hold whole milliseconds.
	end := r.Start + r.Duration
	r.Start = r.Start / 1000 * 1000
	r.Duration = r.Duration / 1000 * 1000
	m.byPod[proxy] = append(m.byPod[proxy], simLine{end, r})
}

func collect(rs []Record, o Options) *Builder {
	b := NewBuilder(o)
	for i := range rs {
		b.Add(&rs[i])
	}
	return b
}

func shop() simMesh {
	return simMesh{
		entry: "front", rate: 200, seconds: 60, seed: 1,
		services: []simService{
			{name: "front", pods: 2, work: 4, calls: []simCall{{to: "cart", chance: 0.5}, {to: "catalog"}, {to: "ads", alongside: true}}},
			{name: "cart", pods: 3, work: 3, calls: []simCall{{to: "store", times: 2}}},
			{name: "catalog", pods: 2, work: 2, calls: []simCall{{to: "store", chance: 0.8}}},
			{name: "ads", pods: 1, work: 5},
			{name: "store", pods: 3, work: 1},
		},
	}
}

// lines is a log of that many lines.
func (m *simMesh) lines(n int) []Record {
	m.seconds = float64(n) / m.rate / 9
	rs := m.run()
	return rs[:min(n, len(rs))]
}

// eachEdge calls check with each edge, its name, and how many calls were made along it.
func (m *simMesh) eachEdge(g *Graph, check func(name string, e *Edge, made float64)) {
	for i := range g.Edges {
		e := &g.Edges[i]
		from, to := g.Nodes[e.From].Name, g.Nodes[e.To].Name
		if e.From == 0 {
			from = ""
		}
		check(from+">"+to, e, float64(m.made[from+" "+to]))
	}
}
