package report

import (
	"fmt"
	"maps"
	"math"
	"slices"

	"sigs.k8s.io/yaml"

	"github.com/sluice-mesh/sluice/budget"
	"github.com/sluice-mesh/sluice/internal/optimize"
)

// PlanDocument is as much of what Plan prints as a comparison needs, or of what prints
// its resources alone.
type PlanDocument struct {
	Round     int           `json:"round"`
	Resource  []planned     `json:"resource"`
	IstioCR   []string      `json:"istio_cr"`
	Totals    *totalsRead   `json:"totals"`
	Predicted gatewayRead   `json:"predicted"`
	Observed  gatewayRead   `json:"observed"`
	Sidecars  []sidecarRead `json:"sidecars"`
	Truncated []truncation  `json:"truncated"`

	// resources by kind, namespace and name.
	resources map[string]appliedCR
	// form is what the document holds.
	form form
}

// planned is one service's row.
type planned struct {
	Service string  `json:"service"`
	CPU     float64 `json:"cpu"`
	Memory  float64 `json:"memory"`
}

type totalsRead struct {
	CPU         float64 `json:"cpu"`
	CPULimit    float64 `json:"cpu_limit"`
	Memory      float64 `json:"memory"`
	MemoryLimit float64 `json:"memory_limit"`
}

type gatewayRead struct {
	MeanMS *float64 `json:"mean_ms"`
	Rate   *float64 `json:"requests_per_second"`
}

type sidecarRead struct {
	Service string `json:"service"`
	Pods    int    `json:"pods"`
}

// appliedCR is one resource of a plan.
type appliedCR struct {
	Kind     string `json:"kind"`
	Metadata struct {
		Name      string `json:"name"`
		Namespace string `json:"namespace"`
	} `json:"metadata"`
	Spec struct {
		Egress []struct {
			Hosts []string `json:"hosts"`
		} `json:"egress"`
	} `json:"spec"`

	text string
}

// index reads the resources, and refuses amounts that no plan has.
func (d *PlanDocument) index() error {
	for _, p := range d.Resource {
		if !(p.CPU >= 0 && p.CPU < 1e9 && p.Memory >= 0 && p.Memory < 1e18) {
			return fmt.Errorf("service %q has %v cores and %v bytes, which no sidecar can", clip(p.Service, maxName), p.CPU, p.Memory)
		}
	}
	d.resources = make(map[string]appliedCR, len(d.IstioCR))
	for i, text := range d.IstioCR {
		cr := appliedCR{text: text}
		if err := yaml.Unmarshal([]byte(text), &cr); err != nil {
			return fmt.Errorf("istio_cr %d is no resource: %w", i, err)
		}
		d.resources[cr.key()] = cr
	}
	return nil
}

// grants by service.
func (d *PlanDocument) grants() map[string]optimize.Grant {
	m := make(map[string]optimize.Grant, len(d.Resource))
	for _, p := range d.Resource {
		m[p.Service] = optimize.Grant{Service: p.Service, CPU: budget.MilliCPU(math.Round(p.CPU * 1000)), Memory: budget.Bytes(p.Memory)}
	}
	return m
}

// pods by service, 0 where the document does not tell.
func (d *PlanDocument) pods() map[string]int {
	m := make(map[string]int, len(d.Sidecars))
	for _, s := range d.Sidecars {
		m[s.Service] = s.Pods
	}
	return m
}

// The ways in which a row of a Difference can differ.
const (
	added   = "added"
	removed = "removed"
	changed = "changed"
)

// Difference is what changes from one plan to another.
type Difference struct {
	Old, New PlanDocument
	// Services that differ, by name; Same is how many do not.
	Services []serviceChange
	Same     int
	// Restarts is how many pods must restart of those that both plans have, InPlace how
	// many can be resized; PodsTold is that the documents tell how many there are.
	Restarts, InPlace int
	PodsTold          bool
	// Come and Go are how many pods there are more, and fewer, of services that both have.
	Come, Go int
	// Resources that differ, by namespace and name; SameResources is how many do not.
	// ResourcesOnly is that one of the documents holds nothing else.
	Resources     []resourceChange
	SameResources int
	ResourcesOnly bool
	// Untold is how many rows only one of the plans has, the other having been cut.
	Untold   untold
	Warnings []string

	// open is Untold by the plan that was cut, the old one first.
	open [2]untold
}

// serviceChange is what becomes of one service's sidecars.
type serviceChange struct {
	Service   string       `json:"service"`
	Change    string       `json:"change"`
	OldPods   *int         `json:"old_pods"` // null where that document does not tell
	Pods      *int         `json:"pods"`     // of the new plan, else of the old; null where neither tells
	OldCPU    cores        `json:"old_cpu"`
	NewCPU    cores        `json:"new_cpu"`
	OldMemory budget.Bytes `json:"old_memory"`
	NewMemory budget.Bytes `json:"new_memory"`
	Restart   bool         `json:"restart"`
	Because   string       `json:"because"`
}

// resourceChange is what becomes of one Istio resource.
type resourceChange struct {
	Kind      string   `json:"kind"`
	Namespace string   `json:"namespace"`
	Name      string   `json:"name"`
	Change    string   `json:"change"`
	Added     []string `json:"added_hosts,omitempty"`
	Removed   []string `json:"removed_hosts,omitempty"`
	// Fields that differ besides, of a resource that changed.
	Fields []fieldChange `json:"fields,omitempty"`
}

// Diff compares two documents as far as both tell the same. It is an error if they have
// nothing in common.
func Diff(old, new *PlanDocument) (*Difference, error) {
	only, err := inCommon(old, new)
	if err != nil {
		return nil, err
	}
	d := &Difference{Old: *old, New: *new, ResourcesOnly: only, PodsTold: len(old.Sidecars)+len(new.Sidecars) > 0}
	if !only {
		d.compareServices()
	}
	for i, doc := range []*PlanDocument{old, new} {
		if doc.form == ofNothing {
			d.Warnings = append(d.Warnings, [...]string{"OLD", "NEW"}[i]+" is empty: it is taken for an output without resources")
		}
	}
	d.compareResources()
	d.incomplete()
	return d, nil
}

// union of the keys of two maps, sorted.
func union[V any](a, b map[string]V) []string {
	keys := slices.AppendSeq(slices.Collect(maps.Keys(a)), maps.Keys(b))
	slices.Sort(keys)
	return slices.Compact(keys)
}

func (d *Difference) compareServices() {
	was, is := d.Old.grants(), d.New.grants()
	oldPods, newPods := d.Old.pods(), d.New.pods()
	for _, name := range union(was, is) {
		from, before := was[name]
		to, after := is[name]
		pods := podCount{oldPods[name], newPods[name]}
		if from == to && !pods.differ() {
			d.Same++
			continue
		}
		if d.cannotTell("resource", before, after, untold{Services: 1}) {
			continue
		}
		c := serviceChange{Service: name, Change: changed,
			OldCPU: cores(from.CPU), NewCPU: cores(to.CPU), OldMemory: from.Memory, NewMemory: to.Memory}
		switch {
		case !before:
			c.Change, c.Because = added, "its pods are new or were not planned before"
			pods.old = 0
		case !after:
			c.Change, c.Because = removed, "the new plan says nothing of it"
			pods.new = 0
		default:
			d.change(&c, from, to, pods)
		}
		c.tellPods(pods, d.PodsTold)
		d.Services = append(d.Services, c)
	}
}

// podCount is how many pods a service has in both plans, 0 where a plan does not tell.
type podCount struct{ old, new int }

func (p podCount) differ() bool { return p.old > 0 && p.new > 0 && p.old != p.new }

// stay is how many of them are there under both plans.
func (p podCount) stay() int {
	if p.old == 0 || p.new == 0 {
		return max(p.old, p.new)
	}
	return min(p.old, p.new)
}

// change is what becomes of the pods of a service that both plans have. Pods that come
// start with what their workload then has, and those that go need nothing.
func (d *Difference) change(c *serviceChange, from, to optimize.Grant, pods podCount) {
	if from != to {
		c.Restart, c.Because = optimize.Resize(from, to, nil)
		if c.Restart {
			d.Restarts += pods.stay()
		} else {
			d.InPlace += pods.stay()
		}
	}
	var more string
	switch n := pods.new - pods.old; {
	case !pods.differ():
		return
	case n > 0:
		d.Come += n
		more = fmt.Sprintf("%s more, which start with what their workload has", count(n, "pod"))
	default:
		d.Go -= n
		more = count(-n, "pod") + " fewer"
	}
	if c.Because != "" {
		more = c.Because + "; " + more
	}
	c.Because = more
}

// tellPods fills in the numbers of pods, as far as the documents tell any.
func (c *serviceChange) tellPods(pods podCount, told bool) {
	if pods.old > 0 {
		c.OldPods = &pods.old
	}
	if now := pods.new; told {
		if now == 0 {
			now = pods.old
		}
		c.Pods = &now
	}
}

// cannotTell counts a row that one plan lacks whose list was cut.
func (d *Difference) cannotTell(list string, before, after bool, one untold) bool {
	switch {
	case !before && d.Old.lacks(list) > 0:
		d.open[0].plus(one)
	case !after && d.New.lacks(list) > 0:
		d.open[1].plus(one)
	default:
		return false
	}
	return true
}

func (d *Difference) compareResources() {
	for _, key := range union(d.Old.resources, d.New.resources) {
		was, before := d.Old.resources[key]
		is, after := d.New.resources[key]
		if before && after && same(was.text, is.text) {
			d.SameResources++
			continue
		}
		if d.cannotTell("istio_cr", before, after, untold{Resources: 1}) {
			continue
		}
		one := is
		c := resourceChange{Change: changed, Added: without(is.hosts(), was.hosts()), Removed: without(was.hosts(), is.hosts())}
		switch {
		case !before:
			c.Change, c.Removed = added, nil
		case !after:
			c.Change, c.Added, one = removed, nil, was
		default:
			c.tell(was.text, is.text)
		}
		c.Kind, c.Namespace, c.Name = one.Kind, one.Metadata.Namespace, one.Metadata.Name
		d.Resources = append(d.Resources, c)
	}
	slices.SortStableFunc(d.Resources, compareRows)
}

// tell names the fields that differ. The texts were read before, so that they are YAML.
func (c *resourceChange) tell(was, is string) {
	c.Fields, _ = fieldsBetween(was, is)
	if len(c.Fields)+len(c.Added)+len(c.Removed) == 0 {
		c.Fields = []fieldChange{{Field: "the order of hosts, or spelling alone"}}
	}
}

// hosts of all listeners, sorted.
func (r appliedCR) hosts() []string {
	var all []string
	for _, e := range r.Spec.Egress {
		all = append(all, e.Hosts...)
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// without is what of a sorted list another sorted one lacks.
func without(a, b []string) []string {
	var out []string
	for _, s := range a {
		if _, ok := slices.BinarySearch(b, s); !ok {
			out = append(out, s)
		}
	}
	return out
}
