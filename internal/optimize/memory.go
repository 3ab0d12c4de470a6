package optimize

import (
	"sort"

	"github.com/sluice-mesh/sluice/budget"
	"github.com/sluice-mesh/sluice/crgen"
)

// Memory is what a mesh's earlier rounds left: a plain value that survives JSON.
// The nil Memory is that of a mesh not seen before. A Memory is never changed;
// Plan makes a new one.
type Memory struct {
	// Round is the number of observations that went in.
	Round int `json:"round"`
	// Services that the mesh had, sorted, by which it is recognised.
	Services  []string          `json:"services"`
	Knowledge *budget.Knowledge `json:"knowledge,omitempty"`
	// Scope is what each workload was seen to call, over the rounds.
	Scope []crgen.Workload `json:"scope,omitempty"`
	// Given is what the last plan gave each service's sidecars, sorted by service.
	Given []Grant `json:"given,omitempty"`
	// Traffic is the latest that a log told, for rounds whose log does not.
	Traffic *Traffic `json:"traffic,omitempty"`
	// Since is what the mesh has learned in all, where this is the memory of before an
	// earlier round whose evidence is asked again; nil where this is all. The amounts
	// are then those of that round, and the scopes keep what was seen since.
	Since *Memory `json:"-"`
}

// Latest is all that the mesh has learned: Since where it is set, else m itself.
func (m *Memory) Latest() *Memory {
	if m == nil || m.Since == nil {
		return m
	}
	return m.Since
}

// Grant is what one service's sidecars got.
type Grant struct {
	Service string          `json:"service"`
	CPU     budget.MilliCPU `json:"cpu"`
	Memory  budget.Bytes    `json:"memory"`
}

// round is 0 for the nil Memory.
func (m *Memory) round() int {
	if m == nil {
		return 0
	}
	return m.Round
}

// given finds what the last plan gave a service.
func (m *Memory) given(service string) (Grant, bool) {
	if m == nil {
		return Grant{}, false
	}
	i := sort.Search(len(m.Given), func(i int) bool { return m.Given[i].Service >= service })
	if i == len(m.Given) || m.Given[i].Service != service {
		return Grant{}, false
	}
	return m.Given[i], true
}

// Recall finds the memory that belongs to the mesh with these services (sorted)
// among those given: the one that shares most services with it, provided that
// they share at least half of all the services that either has (a Jaccard index
// of 0.5), so that a mesh may grow, shrink and rename without being forgotten,
// and two meshes that merely have a gateway or a database in common do not mix.
// It returns -1 for a mesh not seen before; of equals the first wins.
func Recall(memories []*Memory, services []string) int {
	best, bestShare := -1, 0.0
	for i, m := range memories {
		if share := jaccard(m.Services, services); share >= 0.5 && share > bestShare {
			best, bestShare = i, share
		}
	}
	return best
}

// jaccard is |a∩b| / |a∪b| of two sorted lists without repeats.
func jaccard(a, b []string) float64 {
	common := 0
	for i, j := 0, 0; i < len(a) && j < len(b); {
		switch {
		case a[i] == b[j]:
			common++
			i++
			j++
		case a[i] < b[j]:
			i++
		default:
			j++
		}
	}
	union := len(a) + len(b) - common
	if union == 0 {
		return 0
	}
	return float64(common) / float64(union)
}

// remember is the Memory after a round. What an earlier round showed teaches nothing
// about costs when it is asked again, and its requests count no second time.
func remember(obs *Observation, prior *Memory, plan budget.Plan, o crgen.Options) *Memory {
	latest := prior.Latest()
	next := &Memory{Round: latest.round() + 1, Services: obs.Services, Knowledge: plan.Learned}
	if o.Again = latest != prior; o.Again {
		next.Knowledge, next.Traffic = latest.Knowledge, latest.Traffic
	}
	for _, a := range plan.Allotments {
		next.Given = append(next.Given, Grant{Service: a.Service, CPU: a.CPU, Memory: a.Memory})
	}
	var known []crgen.Workload
	if latest != nil {
		known = latest.Scope
	}
	o.Round = next.Round
	next.Scope = crgen.Remember(known, observedScope(obs, o.Namespace), o)
	return next
}

// unlearned is what a round leaves whose log was cut because the server stops: all
// that was known, and what its plan gives, for that is in force now.
func unlearned(prior, next *Memory) *Memory {
	var kept Memory
	if latest := prior.Latest(); latest != nil {
		kept = *latest
	}
	kept.Services, kept.Given = next.Services, next.Given
	return &kept
}
