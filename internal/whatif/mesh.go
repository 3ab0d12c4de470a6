package whatif

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/sluice-mesh/sluice/budget"
)

// Mesh is a round with changes. It does not change itself.
type Mesh struct {
	study  *budget.Study
	names  *names
	limits budget.Limits
	// fixed is the allocation in the order of the services; nil while it is planned.
	fixed []budget.MilliCPU
}

// names finds services by name.
type names struct {
	at  map[string]int
	all []string
	// podOf is the service of a pod.
	podOf map[string]int
}

// NewMesh is the round as it was. pods names the pods of each service, in the order
// of the study's services; it may be nil.
func NewMesh(study *budget.Study, pods [][]string) *Mesh {
	n := &names{at: make(map[string]int, study.Len()), podOf: map[string]int{}}
	for i := range study.Len() {
		n.at[study.Service(i)] = i
		n.all = append(n.all, study.Service(i))
	}
	for i, list := range pods {
		for _, p := range list {
			n.podOf[p] = i
		}
	}
	return &Mesh{study: study, names: n, limits: study.Limits()}
}

// service is the index of a service by its name.
func (m *Mesh) service(name string) (int, error) {
	if i, ok := m.names.at[name]; ok {
		return i, nil
	}
	hint := ""
	if s := nearest(name, m.names.all); s != "" {
		hint = fmt.Sprintf(", did you mean %q?", s)
	} else if len(m.names.all) <= 12 {
		hint = ": there are " + strings.Join(m.names.all, ", ")
	}
	return 0, fmt.Errorf("service %q is not in this mesh%s", cut(name, 80), hint)
}

// with is m over another study.
func (m *Mesh) with(s *budget.Study, err error) (*Mesh, error) {
	if err != nil {
		return nil, err
	}
	c := *m
	c.study = s
	return &c, nil
}

// of is m after a change of one service.
func (m *Mesh) of(service string, change func(i int) (*budget.Study, error)) (*Mesh, error) {
	i, err := m.service(service)
	if err != nil {
		return nil, err
	}
	return m.with(change(i))
}

// WithBudget has other limits; memory 0 leaves it as it is.
func (m *Mesh) WithBudget(cores, memory float64) (*Mesh, error) {
	const most = 1e9
	if !(cores > 0 && cores <= most) || !(memory >= 0 && memory <= 1e17) {
		return nil, fmt.Errorf("budget: found %v cores and %v bytes, expected numbers over 0", cores, memory)
	}
	c := *m
	c.limits.CPU = milli(cores)
	if memory > 0 {
		c.limits.Memory = budget.Bytes(memory)
	}
	return &c, nil
}

// milli rounds cores down to whole millicores, a part in 1e12 forgiven.
func milli(cores float64) budget.MilliCPU { return budget.MilliCPU(cores * 1000 * (1 + 1e-12)) }

// WithReplicas gives a service that many pods. Memory for more of them is added to
// the budget as far as their floors need it: it is CPU that is asked about.
func (m *Mesh) WithReplicas(service string, pods int) (*Mesh, error) {
	c, err := m.of(service, func(i int) (*budget.Study, error) { return m.study.Replicas(i, pods) })
	if err == nil {
		c.limits.Memory = max(c.limits.Memory, c.study.Floors().Memory)
	}
	return c, err
}

// Scaled has x times the load.
func (m *Mesh) Scaled(x float64) (*Mesh, error) { return m.with(m.study.Scaled(x)) }

// Allocated fixes the allocation to what it is now with other amounts for some.
func (m *Mesh) Allocated(cores map[string]float64) (*Mesh, error) {
	c, err := m.Applied()
	if err != nil {
		return nil, err
	}
	keys := make([]string, 0, len(cores))
	for name := range cores {
		keys = append(keys, name)
	}
	slices.Sort(keys)
	for _, name := range keys {
		i, err := m.service(name)
		if err != nil {
			return nil, err
		}
		if x := cores[name]; !(x >= 0.001 && x <= 1e6) {
			return nil, fmt.Errorf("limit of %q: found %v, expected cores from 0.001 on", cut(name, 80), x)
		}
		c.fixed[i] = milli(cores[name])
	}
	return c, nil
}

// Applied fixes the allocation to what it is now.
func (m *Mesh) Applied() (*Mesh, error) {
	c := *m
	if m.fixed != nil {
		c.fixed = slices.Clone(m.fixed)
		return &c, nil
	}
	o, err := m.study.Foresee(m.limits)
	if err != nil {
		return nil, err
	}
	c.fixed = o.Given
	return &c, nil
}

// InForce fixes the allocation to that under which the round was observed.
func (m *Mesh) InForce() (*Mesh, error) {
	given, known := m.study.InForce()
	if !known {
		return nil, fmt.Errorf("it is not known what was in force in this round: fix an allocation by hand")
	}
	c := *m
	c.fixed = given
	return &c, nil
}

// feasible returns *budget.InfeasibleError where a plan is asked for and the
// budget does not hold the floors.
func (m *Mesh) feasible() error {
	floors := m.study.Floors()
	if m.fixed == nil && (m.limits.CPU < floors.CPU || m.limits.Memory < floors.Memory) {
		return &budget.InfeasibleError{Limits: m.limits, Needed: floors, Pods: int(floors.CPU / budget.FloorCPU)}
	}
	return nil
}

// Answer is what is foreseen of a Mesh.
type Answer struct {
	budget.Outcome
	mesh *Mesh
}

// Predict foresees the mesh under its allocation.
func (m *Mesh) Predict() (*Answer, error) {
	if m.fixed != nil {
		return &Answer{m.study.Predict(m.fixed), m}, nil
	}
	o, err := m.study.Foresee(m.limits)
	return &Answer{o, m}, err
}

// Plan foresees the mesh under the plan for its budget.
func (m *Mesh) Plan() (*Answer, error) {
	c := *m
	c.fixed = nil
	return c.Predict()
}

// first is the name of the service whose sidecars throttle first, "" for none.
func (a *Answer) first() string {
	if a.First < 0 {
		return ""
	}
	return a.mesh.study.Service(a.First)
}

func (a *Answer) utilization() float64 {
	if a.First < 0 {
		return 0
	}
	return a.Sidecars[a.First].Utilization
}

// unplayed says why figures are not those of a rehearsal.
func (a *Answer) unplayed() string {
	if why := a.mesh.study.Unplayed(); why != "" {
		return why
	}
	return "too few requests came through in the seconds that are rehearsed, for some sidecar is given next to nothing of what it needs"
}

// warnings say what weakens the prediction.
func (a *Answer) warnings() []string {
	var out []string
	switch {
	case a.Mean == 0:
		return []string{"no external request was seen in the log: there is no latency to predict"}
	case !a.Played && a.P99 > 0:
		out = append(out, a.unplayed()+": figures are the closed form's, which knows no waiting before a sidecar is full; p99 keeps the observed ratio to the mean and p50 is not told")
	case !a.Played:
		out = append(out, a.unplayed()+": figures are the closed form's, which knows no waiting before a sidecar is full; percentiles are not told")
	}
	if why := a.mesh.study.Doubt(); why != "" {
		out = append(out, "figures may be off by half or more: "+why)
	}
	if a.Flooded {
		out = append(out, fmt.Sprintf("an open load is more than the mesh lets through: latency grows without end, and the figures are those of its first %d s", int(budget.FloodTime/time.Second)))
	}
	if a.mesh.fixed != nil && a.CPU > a.mesh.limits.CPU {
		out = append(out, "an allocation that is fixed takes more CPU than the budget (cpu is over cpu_limit): the figures are what it would bring if it could be given")
	}
	return out
}

func millis(d time.Duration) float64 { return float64(d) / 1e6 }

// Feasible returns *budget.InfeasibleError where no plan can be made: of the budgets
// of a list such as Flags.Budgets, or where it is empty of the mesh's own.
func (m *Mesh) Feasible(budgets string) error {
	c := *m
	if text, err := numbers("budget", budgets); budgets != "" && err == nil {
		most := 0.0
		for _, f := range strings.FieldsFunc(text, func(r rune) bool { return r != '.' && (r < '0' || r > '9') }) {
			if x, err := strconv.ParseFloat(f, 64); err == nil {
				most = max(most, x)
			}
		}
		c.limits.CPU = milli(min(most, 1e9))
	}
	return c.feasible()
}
