package optimize

import (
	"fmt"
	"strings"

	"github.com/sluice-mesh/sluice/budget"
	"github.com/sluice-mesh/sluice/crgen"
	"github.com/sluice-mesh/sluice/graph"
	"github.com/sluice-mesh/sluice/internal/request"
)

// Workers is how many worker threads a sidecar with that limit should run: as many
// as the limit can feed. Istio takes max(1, ⌈limit⌉) when a container starts; more
// workers than cores cost up to a third more CPU per request and throttle sooner,
// fewer cannot use what is given.
func Workers(cpu budget.MilliCPU) int { return int(max(1, (cpu+999)/1000)) }

// NoLimit stands for an amount of a Grant that is known to be without a limit.
const NoLimit = -1

// Change is what one pod's sidecar has to go through to get from one grant to
// another.
type Change struct {
	// Namespace is that of the pod's rows, else the one where the Istio resources have it.
	Namespace, Pod, Service string
	// OwnerKind and OwnerName are the pod's workload, "" where nobody told.
	OwnerKind, OwnerName string
	// Init is whether the sidecar is among the initContainers, where Told.
	Init bool
	// From is what the pod has, or is believed to have: Told says which. Amounts that
	// nothing tells are 0. To is what it is to get.
	From, To Grant
	Told     bool
	// Same is that nothing changes.
	Same bool
	// Restart is whether the pod must be replaced; otherwise it can be resized in
	// place (Kubernetes 1.33 and later). Because is a sentence for people.
	Restart bool
	Because string

	pod *request.Pod
}

// Changes says for every pod of a round whether what the plan gives it can be given
// in place, in the order of the services and their pods.
func Changes(r *Report) []Change {
	given := map[string]Grant{}
	for _, g := range r.Was {
		given[g.Service] = g
	}
	to := map[string]Grant{}
	for _, a := range r.Plan.Allotments {
		to[a.Service] = Grant{a.Service, a.CPU, a.Memory}
	}
	var out []Change
	fleet, home := r.Fleet(), r.podHomes()
	for i := range fleet {
		s := &fleet[i]
		for k := range s.Pods {
			p := &s.Pods[k]
			c := Change{Namespace: home(s.Name, p), Pod: p.Name, Service: s.Name, From: given[s.Name], pod: p}
			if spec := p.Spec; spec != nil {
				c.OwnerKind, c.OwnerName, c.Init = spec.OwnerKind, spec.OwnerName, spec.Init
				c.told(spec, p.Whole)
			}
			out = append(out, c.Towards(to[s.Name]))
		}
	}
	return out
}

// podHomes tells in which namespace each pod lives, by the one rule that the Istio
// resources follow: a patch for another namespace would patch nothing, or another's.
func (r *Report) podHomes() func(service string, p *request.Pod) string {
	type key struct{ service, pod string }
	called := map[key]string{} // by the hosts of those who called it
	for i := range r.Graph.Nodes {
		n := &r.Graph.Nodes[i]
		for k := range n.Pods {
			if p := &n.Pods[k]; n.Kind == graph.Service && p.Namespace == "" {
				called[key{n.Name, p.Name}] = homeOf(p, r.told)
			}
		}
	}
	var home func(crgen.Workload) string
	return func(service string, p *request.Pod) string {
		if p.Namespace != "" {
			return p.Namespace
		}
		if home == nil {
			home = crgen.Homes(nil, crgen.Options{})
			if r.homes != nil {
				home = r.homes()
			}
		}
		return home(crgen.Workload{Service: service, Namespace: called[key{service, p.Name}]})
	}
}

// told takes the limits that a row tells for what the sidecar has; all is that the rows
// tell all there is: what they lack is no limit.
func (c *Change) told(s *request.Spec, all bool) {
	if s.CPULimit == nil && s.MemoryLimit == nil && !all {
		return
	}
	c.Told = true
	if s.CPULimit != nil {
		c.From.CPU = budget.MilliCPU(whole(*s.CPULimit * 1000))
	}
	if s.MemoryLimit != nil {
		c.From.Memory = budget.Bytes(whole(*s.MemoryLimit))
	}
	if all && s.CPULimit == nil {
		c.From.CPU = NoLimit
	}
	if all && s.MemoryLimit == nil {
		c.From.Memory = NoLimit
	}
}

// Towards is the change to another grant.
func (c Change) Towards(to Grant) Change {
	c.To = to
	c.Restart, c.Because = Resize(c.From, to, c.pod.SidecarMemory)
	c.Same = c.From.CPU == to.CPU && c.From.Memory == to.Memory && c.requestsAre(to)
	if c.Same {
		return c
	}
	class, assumed := c.classAfter()
	switch {
	case class != "" && !c.Restart:
		c.Restart, c.Because = true, class
	case class != "":
		c.Because += "; and " + class
	case c.From.CPU == to.CPU && c.From.Memory == to.Memory:
		c.Because = "its requests change to its limits"
	}
	var guesses []string
	if !c.Told && c.From.CPU > 0 && c.From.Memory > 0 {
		guesses = append(guesses, "its limits now are assumed")
	}
	if assumed && !c.Restart {
		guesses = append(guesses, "that its QoS class stays is assumed")
	}
	if len(guesses) > 0 {
		c.Because += "; " + strings.Join(guesses, ", ")
	}
	return c
}

// requestsAre is whether its requests, as far as they are told, are what to gives.
func (c *Change) requestsAre(to Grant) bool {
	is := func(have *float64, want float64) bool { return have == nil || whole(*have) == int64(want) }
	s := c.pod.Spec
	if s == nil {
		return true
	}
	milli := s.CPURequest
	if milli != nil {
		m := *milli * 1000
		milli = &m
	}
	return is(milli, float64(to.CPU)) && is(s.MemoryRequest, float64(to.Memory))
}

// Uses is the memory that its sidecar uses, in bytes, 0 where no row tells.
func (c *Change) Uses() float64 {
	if c.pod == nil || c.pod.SidecarMemory == nil {
		return 0
	}
	return *c.pod.SidecarMemory
}

// classAfter says what QoS class a resize would give the pod, "" where it stays: with
// requests equal to limits in the sidecar the other containers decide. assumed is that
// they are not known.
func (c *Change) classAfter() (problem string, assumed bool) {
	const guaranteed, burstable = "Guaranteed", "Burstable"
	s := c.pod.Spec
	if s == nil || s.QoS == "" || s.OthersGuaranteed == nil && s.QoS == burstable {
		return "", true
	}
	after := burstable // of a pod whose containers had neither requests nor limits, too
	if s.QoS == guaranteed || s.OthersGuaranteed != nil && *s.OthersGuaranteed {
		after = guaranteed
	}
	if after == s.QoS {
		return "", false
	}
	return fmt.Sprintf("its QoS class would change from %s to %s, which Kubernetes refuses", s.QoS, after), false
}

// Resize says whether a sidecar must be restarted to go from one grant to another,
// and every reason why. An amount of from that is 0 is not known; used is the memory
// that it uses, nil when that is not known.
func Resize(from, to Grant, used *float64) (restart bool, because string) {
	var why []string
	was, is := Workers(from.CPU), Workers(to.CPU)
	switch {
	case from.CPU == 0:
		why = append(why, fmt.Sprintf("what limit it has now is not known: it may not run the %s that %s take", workers(to.CPU), cores(to.CPU)))
	case from.CPU < 0:
		why = append(why, fmt.Sprintf("it has no CPU limit, and so runs a worker for each core of its node: %s take %s", cores(to.CPU), workers(to.CPU)))
	case was != is:
		why = append(why, fmt.Sprintf("it runs %s since it started and needs %s for %s: a limit that changes in place changes no workers",
			workers(from.CPU), workers(to.CPU), cores(to.CPU)))
	}
	switch {
	case from.Memory == 0:
		why = append(why, "what memory limit it has now is not known: a smaller one may end it")
	case from.Memory > 0 && to.Memory >= from.Memory:
	case used == nil:
		why = append(why, "its memory limit shrinks, and what it uses is not known")
	case *used > shrinkRoom*float64(to.Memory):
		why = append(why, fmt.Sprintf("its memory limit shrinks to %d bytes under a use of %.0f", to.Memory, *used))
	}
	if len(why) > 0 {
		return true, strings.Join(why, "; and ")
	}
	return false, inPlace(from, to)
}

// shrinkRoom is how full a memory limit may be that is lowered in place: the kernel
// ends what is over it, and a proxy's use swings by the connections it holds.
const shrinkRoom = 0.9

// inPlace says what changes in place and on what conditions.
func inPlace(from, to Grant) string {
	var parts []string
	switch {
	case to.CPU != from.CPU:
		parts = append(parts, fmt.Sprintf("from %s to %s it keeps %s", cores(from.CPU), cores(to.CPU), workers(to.CPU)))
	case to.Memory == from.Memory:
		return "nothing changes"
	}
	switch {
	case to.Memory > from.Memory:
		parts = append(parts, "its memory limit grows")
	case to.Memory < from.Memory:
		parts = append(parts, "its memory limit shrinks with room to spare (Kubernetes 1.33 refuses that, later ones do not)")
	}
	return strings.Join(parts, ", ")
}

func cores(c budget.MilliCPU) string { return fmt.Sprintf("%g cores", float64(c)/1000) }

func workers(c budget.MilliCPU) string {
	if n := Workers(c); n != 1 {
		return fmt.Sprintf("%d workers", n)
	}
	return "1 worker"
}
