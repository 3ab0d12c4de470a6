package graph

import (
	"cmp"
	"slices"
	"strconv"
	"strings"
)

// none is no node, pod or edge; several is more than one where one was sought.
const (
	none    int32 = -1
	several int32 = -2
)

// podRef is a pod's place in the nodes. Pods are numbered through all services.
type podRef struct{ node, index int32 }

// mesh is what the request says: the services, their pods and addresses.
type mesh struct {
	nodes []Node // the root, then services by name
	pods  []podRef
	// podsAt lists the pods of an address, by number.
	podsAt map[address][]int32
	// unplaced pods came without an address.
	unplaced int
	// addresses in the order in which pods named them first.
	addresses []address
}

func comparePods(a, b Pod) int {
	return cmp.Or(strings.Compare(a.Service, b.Service), strings.Compare(a.Namespace, b.Namespace),
		strings.Compare(a.Name, b.Name), cmp.Compare(b2i(a.Virtual), b2i(b.Virtual)), strings.Compare(a.Address, b.Address))
}

// newMesh sorts pods into services. A pod may be listed several times, with
// several addresses or none; it keeps the first of its own in order of text.
func newMesh(pods []Pod) *mesh {
	m := &mesh{nodes: []Node{{Name: RootName, Kind: Root}}, podsAt: make(map[address][]int32)}
	sorted := slices.Clone(pods)
	slices.SortFunc(sorted, comparePods)
	var last Pod
	for i, p := range sorted {
		same := i > 0 && last.Service == p.Service && last.Namespace == p.Namespace && last.Name == p.Name
		if !same {
			m.addPod(p)
		}
		m.place(p)
		last = p
	}
	for _, r := range m.pods {
		if m.nodes[r.node].Pods[r.index].Address == "" {
			m.unplaced++
		}
	}
	m.markShared()
	return m
}

func (m *mesh) addPod(p Pod) {
	n := len(m.nodes) - 1
	if n == 0 || m.nodes[n].Name != p.Service {
		m.nodes = append(m.nodes, Node{Name: p.Service, Kind: Service})
		n++
	}
	node := &m.nodes[n]
	m.pods = append(m.pods, podRef{int32(n), int32(len(node.Pods))})
	if p.Virtual {
		p.Address, p.Virtual = "", false
	}
	node.Pods = append(node.Pods, PodTraffic{Pod: p})
	if k := len(node.Namespaces); p.Namespace != "" && (k == 0 || node.Namespaces[k-1] != p.Namespace) {
		node.Namespaces = append(node.Namespaces, p.Namespace) // sorted, as the pods are
	}
}

// place puts the pod added last at an address of its own or its service's.
func (m *mesh) place(at Pod) {
	text := at.Address
	if text == "" {
		return
	}
	pod := int32(len(m.pods) - 1)
	if p := &m.nodes[m.pods[pod].node].Pods[m.pods[pod].index]; p.Address == "" && !at.Virtual {
		p.Address = text
	}
	a := parseAddress(text)
	if m.podsAt[a] == nil {
		m.addresses = append(m.addresses, a)
	}
	if at := m.podsAt[a]; len(at) == 0 || at[len(at)-1] != pod {
		m.podsAt[a] = append(at, pod)
	}
}

// node of a pod, none for none.
func (m *mesh) node(pod int32) int32 {
	if pod < 0 {
		return none
	}
	return m.pods[pod].node
}

// podsOfNode are the numbers of a service's pods, which follow each other.
func (m *mesh) podsOfNode(node int32) []int32 {
	first, _ := slices.BinarySearchFunc(m.pods, node, func(p podRef, node int32) int { return cmp.Compare(p.node, node) })
	numbers := make([]int32, len(m.nodes[node].Pods))
	for i := range numbers {
		numbers[i] = int32(first + i)
	}
	return numbers
}

// maxNamed is how many names a sentence for people lists.
const maxNamed = 3

// markShared makes the services opaque that share an address with others: who
// of them called somebody cannot be told from the address. Services that select the
// same pod are not: whatever it calls, it calls as both.
func (m *mesh) markShared() {
	for _, a := range m.addresses {
		services := m.servicesAt(a)
		if len(services) < 2 || m.onePod(m.podsAt[a]) {
			continue
		}
		for _, n := range services {
			if m.nodes[n].Opaque == "" {
				m.nodes[n].hide("its address " + a.String() + " is also that of " + m.namesBut(services, n))
			}
		}
	}
}

// onePod reports whether pods are one that several services select.
func (m *mesh) onePod(pods []int32) bool {
	at := func(pod int32) Pod { ref := m.pods[pod]; return m.nodes[ref.node].Pods[ref.index].Pod }
	first := at(pods[0])
	return !slices.ContainsFunc(pods, func(pod int32) bool {
		p := at(pod)
		return p.Name != first.Name || p.Namespace != first.Namespace
	})
}

// hide makes a node opaque for a reason, the first that is found.
func (n *Node) hide(why string) {
	if n.Opaque == "" {
		n.Opaque = why
	}
}

func (m *mesh) servicesAt(a address) []int32 {
	var services []int32
	for _, pod := range m.podsAt[a] {
		if n := m.node(pod); len(services) == 0 || services[len(services)-1] != n {
			services = append(services, n)
		}
	}
	return services
}

// namesBut lists the names of all nodes but one, the first few by name.
func (m *mesh) namesBut(nodes []int32, but int32) string {
	var names []string
	for i := 0; i < len(nodes) && len(names) < maxNamed; i++ {
		if nodes[i] != but {
			names = append(names, m.nodes[nodes[i]].Name)
		}
	}
	if more := len(nodes) - 1 - len(names); more > 0 {
		return strings.Join(names, ", ") + " and " + strconv.Itoa(more) + " more"
	}
	return strings.Join(names, ", ")
}
