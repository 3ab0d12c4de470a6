package crgen

import (
	"cmp"
	"fmt"
	"slices"
	"strings"
)

// call is one host of a scope and what becomes of it.
type call struct {
	// host as it was called, without port and in lower case.
	host string
	// entries that stand for it, none when problem says why.
	entries []string
	problem string
	// sum of the upstreams that are this host.
	sum Upstream
	// stale is that it is no longer listed.
	stale bool
}

// scope is the workloads of one Sidecar, or one workload that gets none.
type scope struct {
	namespace string
	// services that it is for, the one it is named after first, the others sorted.
	services []string
	// labels that select its pods; assumed is that nobody said what they carry, and
	// inseparable why none select its pods alone.
	labels      map[string]string
	assumed     bool
	inseparable string
	// note is what to tell of its selector.
	note string
	// requests of the member that was seen least, and which that is.
	requests int
	least    string
	doubt    string
	calls    []call
	// hosts is what is called and listed, as entries, sorted, unique.
	hosts []string
	// obstacle is why it is not narrowed, "" when it is.
	obstacle string
	// own is that the obstacle lies in names and gets a warning of its own.
	own bool
	// misnamed is that it is its own name.
	misnamed bool
	// unproved is that too little was seen to say what it calls, whatever the obstacle:
	// the namespace's default must not confine it to what was seen.
	unproved bool
	// skipped is that no Sidecar may speak of it, gone that it is not there now: then
	// it has none, but the namespace's default goes on to list what it called.
	skipped, gone bool
}

// merge makes one scope of a group. Workloads with pods in common add up what their
// sidecars handled; of those that merely carry the same labels the one that was seen
// least counts, for the scope holds for its pods too.
func merge(g *group, r resolver, o Options) scope {
	ws := g.members()
	s := scope{namespace: ws[0].Namespace, labels: g.selector, assumed: g.assumed(), inseparable: g.why, note: g.note}
	s.services = []string{ws[lead(ws)].Service}
	byHost := map[string]*call{}
	opaque := ""
	for _, w := range ws {
		if w.Service != s.services[0] && w.Service != s.services[len(s.services)-1] {
			s.services = append(s.services, w.Service)
		}
		opaque, s.doubt = cmp.Or(opaque, w.Opaque), cmp.Or(s.doubt, w.Doubt)
		for _, u := range w.Upstreams {
			s.add(byHost, u, r)
		}
	}
	for i, u := range g.units {
		if n := u.requests(); i == 0 || n < s.requests {
			s.requests, s.least = n, u.lead
		}
	}
	s.settle(byHost, o)
	s.judge(opaque, o)
	return s
}

// members of all units, sorted by service.
func (g *group) members() []Workload {
	var ws []Workload
	for _, u := range g.units {
		ws = append(ws, u.members...)
	}
	slices.SortStableFunc(ws, compareWorkloads)
	return ws
}

// assumed is that nobody said which labels its pods carry.
func (g *group) assumed() bool {
	return !slices.ContainsFunc(g.units, func(u unit) bool { return u.known })
}

// requests that its sidecars handled.
func (u *unit) requests() (n int) {
	for _, w := range u.members {
		n = addCount(n, w.Requests)
	}
	return n
}

// lead is the workload to name a scope after: one whose name a resource can
// bear, by the fewest labels (they select the most), then the one whose name
// begins the names of its pods, for pods are mostly called after their label.
func lead(ws []Workload) int {
	best := 0
	for i := range ws {
		if compareLead(ws[i], ws[best]) < 0 {
			best = i
		}
	}
	return best
}

func compareLead(a, b Workload) int {
	named := func(w Workload) int {
		if isDNSLabel(w.Service) {
			return 0
		}
		return 1
	}
	return cmp.Or(
		cmp.Compare(named(a), named(b)),
		cmp.Compare(a.labelled(), b.labelled()),
		cmp.Compare(begins(b), begins(a)),
		cmp.Compare(a.Service, b.Service))
}

// labelled is the fewest labels that w's pods are known to carry.
func (w *Workload) labelled() int {
	n := 0
	for i, labels := range w.sets() {
		if i == 0 || len(labels) < n {
			n = len(labels)
		}
	}
	return n
}

// begins is the length of the workload's name when all its named pods begin
// with it, else 0.
func begins(w Workload) int {
	for _, p := range w.Pods {
		if !strings.HasPrefix(p, w.Service+"-") {
			return 0
		}
	}
	if len(w.Pods) == 0 {
		return 0
	}
	return len(w.Service)
}

// add counts an upstream towards its host. Hosts are one when they are spelt the
// same but for case and port and live in the same namespace.
func (s *scope) add(byHost map[string]*call, u Upstream, r resolver) {
	entries, problem := r.entries(u, s.namespace)
	host := bareHost(u.Host)
	key := host + "\x00" + strings.Join(entries, "\x00")
	if c, ok := byHost[key]; ok {
		c.sum = c.sum.plus(u)
	} else {
		byHost[key] = &call{host: host, entries: entries, problem: problem, sum: Upstream{LastRound: u.LastRound, Idle: u.Idle, Missed: u.Missed}.plus(u)}
	}
}

// settle orders the calls and lists the hosts of those that are not stale.
func (s *scope) settle(byHost map[string]*call, o Options) {
	for _, c := range byHost {
		c.stale = stale(c.sum, o.KeepRounds, o)
		s.calls = append(s.calls, *c)
		if !c.stale {
			s.hosts = append(s.hosts, c.entries...)
		}
	}
	slices.SortFunc(s.calls, func(a, b call) int {
		return cmp.Or(cmp.Compare(a.host, b.host), slices.Compare(a.entries, b.entries))
	})
	s.hosts = exactWins(s.hosts)
}

// exactWins sorts, and drops */host where the same host's namespace is known.
func exactWins(entries []string) []string {
	slices.Sort(entries)
	entries = slices.Compact(entries)
	exact := map[string]bool{}
	for _, e := range entries {
		if ns, host, _ := strings.Cut(e, "/"); ns != "*" {
			exact[host] = true
		}
	}
	return slices.DeleteFunc(entries, func(e string) bool {
		ns, host, _ := strings.Cut(e, "/")
		return ns == "*" && exact[host]
	})
}

// stale is whether a host that was missed in more than keep rounds, and in as many
// requests as evidence takes, is dropped: neither a quiet night nor one busy round
// drops it.
func stale(u Upstream, keep int, o Options) bool {
	return o.Round > 0 && u.Missed > keep && u.Idle >= o.MinRequests
}

// badName is the obstacle of a service that no resource can be named after.
const badName = `its name is no DNS label (a-z, 0-9 and "-", at most 63 characters)`

// judge decides whether the scope is narrowed.
func (s *scope) judge(opaque string, o Options) {
	unnamed := slices.ContainsFunc(s.calls, func(c call) bool { return c.problem == hostUnnamed })
	s.unproved = opaque != "" || unnamed || s.requests < o.MinRequests
	switch {
	case !isDNSLabel(s.services[0]):
		s.obstacle, s.own, s.misnamed = badName, true, true
	case badLabels(s.labels) != "":
		s.obstacle, s.own = badLabels(s.labels), true
	case s.inseparable != "":
		s.obstacle, s.own = s.inseparable, true
	case opaque != "":
		s.obstacle = opaque
	case unnamed:
		s.obstacle = hostUnnamed
	case s.requests < o.MinRequests:
		s.obstacle = fmt.Sprintf("seen in %s, %d are needed", count(s.requests, "request"), o.MinRequests)
		if s.least != s.services[0] {
			s.obstacle = quote(s.least) + ", whose pods cannot be told from its own, was " + s.obstacle
		}
		if s.doubt != "" {
			s.obstacle += ": " + s.doubt
		}
	case len(s.hosts) > o.MaxHosts:
		s.obstacle = fmt.Sprintf("it calls %d hosts, a scope lists at most %d", len(s.hosts), o.MaxHosts)
	}
}

// badLabels says what makes labels unfit to select pods, "" for nothing.
func badLabels(labels map[string]string) string {
	if len(labels) > maxSelected {
		return fmt.Sprintf("%d labels select its pods, at most %d are supported", len(labels), maxSelected)
	}
	for _, k := range sortedKeys(labels) {
		if !isLabelKey(k) || !isQualified(labels[k]) {
			return fmt.Sprintf("%s: %s is no label of a pod", quote(k), quote(labels[k]))
		}
	}
	return ""
}

// addCount adds what may come from a file anyone can edit: never negative, never
// wrapped around.
func addCount(a, b int) int {
	a, b = max(a, 0), max(b, 0)
	if sum := a + b; sum >= a {
		return sum
	}
	return int(^uint(0) >> 1)
}
