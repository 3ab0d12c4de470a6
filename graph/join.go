package graph

import (
	"cmp"
	"slices"
	"strings"
)

// place is what is known of one address.
type place struct {
	address address
	local   bool
	// odd is text that is no address, and no pod's either: Envoy writes none of a
	// client, so the line is damaged, and does not tell who called.
	odd bool
	// pods of the request that have it; node is their service, none without
	// any, several where they belong to more than one.
	pods []int32
	node int32
	// services are the first of several; twins is that they all select the one pod that
	// has the address.
	services []int32
	twins    bool
	// receives is set once a line shows a call to it.
	receives bool
	// learned are the nodes it was called as, where no pod has it: at most
	// manyNodes, past which crowded is set.
	learned []int32
	crowded bool
	// external is the node named by the address itself, or none.
	external int32
}

// manyNodes is how many nodes one unlisted address may be told apart as.
const manyNodes = 16

// join turns the two sides of an event, which are addresses and names, into
// nodes and pods. It holds for one list of pods and is not changed after
// newJoin: Build and Traces read it.
type join struct {
	*mesh
	places []place // of each id in Builder.addresses; ids of one address share an index by canon
	canon  []uint32
	names  []calledAs
	// externals by name while they are collected; their numbers are final only
	// after settle.
	externals map[string]int32
	texts     []string
	calls     []int // to each of them
	// lumped externals were made one, OtherHosts.
	lumped int
	// parted is set when an unlisted address is called as one node more.
	parted bool
	// podReceives marks pods that a line shows being called.
	podReceives []bool
	// sends and attended mark nodes until the entrances are found.
	sends, attended []bool
	// entrances marks the nodes at which requests enter unlogged; nil without any.
	entrances []bool
	// calling counts calls whose callers are certain, by caller and callee, where
	// several services share an address.
	calling map[[2]int32]int
	// sure is set for a side of which a line is sure to be (see Record.guess).
	sure [2]bool
}

func newJoin(b *Builder, es *events, pods []Pod) *join {
	j := &join{mesh: newMesh(pods), externals: make(map[string]int32)}
	j.podReceives = make([]bool, len(j.pods))
	j.sends, j.attended = make([]bool, len(j.nodes)), make([]bool, len(j.nodes))
	j.locate(b.addresses.texts)
	j.readNames(b.names.texts)
	j.learn(b, false)
	j.learn(b, true)
	// An address that turned out to be called as several takes lines apart that were
	// one node's before, and may name more: until none does, and no longer than that.
	for range manyNodes {
		if !j.parted {
			break
		}
		j.parted = false
		j.learn(b, false)
		j.learn(b, true)
	}
	j.settle()
	j.findEntrances(es)
	j.learnCallers(es)
	return j
}

// locate makes one place of each address, whatever texts it was written in.
func (j *join) locate(texts []string) {
	j.canon = make([]uint32, len(texts))
	j.places = make([]place, firstID, len(texts))
	j.places[absent] = place{local: true, node: none, external: none}
	j.places[overflow] = place{node: none, external: none}
	j.canon[overflow] = overflow
	seen := make(map[address]uint32, len(texts))
	for id := int(firstID); id < len(texts); id++ {
		a := parseAddress(texts[id])
		at, ok := seen[a]
		if !ok {
			at = uint32(len(j.places))
			seen[a] = at
			j.places = append(j.places, j.placeOf(a))
		}
		j.canon[id] = at
	}
}

func (j *join) placeOf(a address) place {
	p := place{address: a, pods: j.podsAt[a], node: none, external: none}
	for i, pod := range p.pods {
		if n := j.node(pod); i == 0 {
			p.node = n
		} else if p.node != n {
			p.node = several
		}
	}
	if p.node == several {
		p.services = j.servicesAt(a)
		p.services = p.services[:min(len(p.services), manyNodes)]
		p.twins = j.onePod(p.pods)
	}
	p.local = len(p.pods) == 0 && a.local()
	p.odd = len(p.pods) == 0 && !p.local && !a.ip.IsValid()
	return p
}

func (j *join) readNames(texts []string) {
	d := newDirectory(j.nodes)
	j.names = make([]calledAs, len(texts))
	for id, text := range texts {
		c := parseName(text)
		c.service, c.alias = d.service(c.host), d.service(c.authority)
		if c.service >= 0 {
			c.namespace = namespaceIn(c.host)
		}
		j.names[id] = c
	}
}

func (j *join) at(id uint32) *place { return &j.places[j.canon[id]] }

// podsOf are the pods at p that belong to node. Pods are numbered by service,
// so those of one lie together: an address that 100,000 pods share costs no
// more than a search.
func (j *join) podsOf(p *place, node int32) []int32 {
	order := func(pod, node int32) int { return cmp.Compare(j.node(pod), node) }
	i, _ := slices.BinarySearchFunc(p.pods, node, order)
	n, _ := slices.BinarySearchFunc(p.pods[i:], node+1, order)
	return p.pods[i : i+n]
}

// podOf is the pod at p that belongs to node; none where there are several.
func (j *join) podOf(p *place, node int32) int32 {
	if len(p.pods) == 1 && p.node == node { // nearly always
		return p.pods[0]
	}
	if pods := j.podsOf(p, node); len(pods) == 1 {
		return pods[0]
	}
	return none
}

// learn goes through all events to see who receives, and as what. The first
// pass takes what a cluster or server name says, the second what an authority
// says of addresses that are still unknown.
func (j *join) learn(b *Builder, weak bool) {
	b.each(func(e *event) {
		if !j.either(e) {
			j.sure[b2i(e.inbound())] = true
		}
		if strong := j.names[e.name].host != ""; strong != weak {
			j.learnFrom(e)
		}
	})
}

// aimless is an outbound event that no route led anywhere and that comes from no pod:
// clients ask gateways for anything, and what they wished for is no call of the mesh.
func (j *join) aimless(e *event) bool {
	return e.up == absent && !e.inbound() && j.names[e.name].wished && len(j.at(e.down).pods) == 0
}

func (j *join) learnFrom(e *event) {
	if j.aimless(e) {
		return
	}
	p := j.calledAt(e)
	node, pod := j.callee(e, p)
	j.attend(e, node)
	if pod != none && !e.aimed() { // it was not reached
		j.podReceives[pod] = true
	}
	if int(node) >= len(j.nodes) {
		j.calls[int(node)-len(j.nodes)]++
	}
	if p.local || len(p.pods) > 0 || p == &j.places[overflow] {
		return
	}
	p.receives = true
	if node == none || slices.Contains(p.learned, node) {
		return
	}
	if len(p.learned) == manyNodes {
		p.crowded = true
		return
	}
	j.parted = j.parted || len(p.learned) > 0
	p.learned = append(p.learned, node)
}

// calledAt is the place of the callee. A sidecar's inbound line has it as the
// upstream or, where the upstream is its own end, as the address it listens on; one
// that reached no upstream as the address that was asked for.
func (j *join) calledAt(e *event) *place {
	if p := j.aim(e); p != nil {
		return p
	}
	up := j.at(e.up)
	if !e.inbound() || len(up.pods) > 0 {
		return up
	}
	if own := j.at(e.local); up.local || len(own.pods) > 0 {
		return own
	}
	return up
}

// callee is the node that was called at p and its pod, none where the event
// cannot tell.
func (j *join) callee(e *event, p *place) (node, pod int32) {
	c := &j.names[e.name]
	switch {
	case c.service >= 0: // an address may be reused; the cluster says who was meant
		return c.service, j.podOf(p, c.service)
	case p.node >= 0:
		return p.node, j.podOf(p, p.node)
	case p.node == several:
		if c.alias >= 0 && len(j.podsOf(p, c.alias)) > 0 {
			return c.alias, j.podOf(p, c.alias)
		}
		if e.aimed() && !parseAddress(c.authority).ip.IsValid() { // the client's word may still tell
			return j.stranger(e, c, &j.places[absent]), none
		}
		return none, none
	}
	return j.stranger(e, c, p), none
}

// stranger is the node of a callee at an address that no pod has, under a name
// that no service has.
func (j *join) stranger(e *event, c *calledAs, p *place) int32 {
	if c.host == "" && c.alias >= 0 {
		return c.alias
	}
	if n := j.called(p); n >= 0 && e.inbound() {
		return n
	}
	if j.externals != nil {
		j.name(c, p)
	}
	if c.external != none || p.local {
		return c.external
	}
	return p.external
}

// name numbers a stranger, as long as externals are collected: several goroutines ask for
// strangers afterwards.
func (j *join) name(c *calledAs, p *place) {
	switch {
	case c.external != none:
	case c.host != "":
		c.external = j.external(c.host)
	case c.authority != "":
		c.external = j.external(c.authority)
	}
	if c.external == none && !p.local && p.external == none && p != &j.places[overflow] {
		p.external = j.external(p.address.String())
	}
}

// called is the node that an unlisted address was called as: a service before
// externals, several where that does not tell.
func (j *join) called(p *place) int32 {
	if p.crowded {
		return several
	}
	service, other := none, none
	for _, n := range p.learned {
		to := &other
		if int(n) < len(j.nodes) && j.nodes[n].Kind == Service {
			to = &service
		}
		if *to == none {
			*to = n
		} else {
			*to = several
		}
	}
	if service != none {
		return service
	}
	return other
}

// external numbers an external callee by its name, behind the services.
func (j *join) external(name string) int32 {
	if n, ok := j.externals[name]; ok {
		return n
	}
	n := int32(len(j.nodes) + len(j.texts))
	j.externals[name] = n
	j.texts = append(j.texts, name)
	j.calls = append(j.calls, 0)
	return n
}

// maxExternals bounds the external nodes: a crawler calls more hosts than
// anybody can look at. The most called stay, the others are OtherHosts.
const maxExternals = 1000

// OtherHosts is the name of the node that stands for the external hosts called
// least, where there are too many for a node each.
const OtherHosts = "other-hosts"

// settle makes nodes of the externals, in the order of their names, and
// renumbers them wherever they were noted in the order of arrival.
func (j *join) settle() {
	first := int32(len(j.nodes))
	node := make(map[string]int32)
	for _, name := range j.keptExternals() {
		node[name] = int32(len(j.nodes))
		j.nodes = append(j.nodes, Node{Name: name, Kind: External})
	}
	renumber := func(n *int32) {
		if *n < first {
			return
		}
		to, ok := node[j.texts[*n-first]]
		if !ok {
			to = node[OtherHosts]
		}
		*n = to
	}
	for i := range j.names {
		renumber(&j.names[i].external)
	}
	for i := range j.places {
		p := &j.places[i]
		renumber(&p.external)
		for k := range p.learned {
			renumber(&p.learned[k])
		}
		slices.Sort(p.learned)
		p.learned = slices.Compact(p.learned)
	}
	j.externals, j.texts, j.calls = nil, nil, nil
}

// keptExternals are the names that get a node, sorted.
func (j *join) keptExternals() []string {
	byCalls := slices.Clone(j.texts)
	if len(byCalls) > maxExternals {
		first := int32(len(j.nodes))
		slices.SortFunc(byCalls, func(a, b string) int {
			return cmp.Or(cmp.Compare(j.calls[j.externals[b]-first], j.calls[j.externals[a]-first]), strings.Compare(a, b))
		})
		j.lumped = len(byCalls) - maxExternals
		byCalls = append(byCalls[:maxExternals], OtherHosts)
	}
	slices.Sort(byCalls)
	return slices.Compact(byCalls)
}
