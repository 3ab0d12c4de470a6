package optimize

import (
	"fmt"
	"strings"

	"github.com/sluice-mesh/sluice/budget"
)

// Workers is how many worker threads a sidecar with that limit should run: as many
// as the limit can feed. Istio takes max(1, ⌈limit⌉) when a container starts; more
// workers than cores cost up to a third more CPU per request and throttle sooner,
// fewer cannot use what is given.
func Workers(cpu budget.MilliCPU) int { return int(max(1, (cpu+999)/1000)) }

// Change is what one pod's sidecar has to go through to get from one grant to
// another.
type Change struct {
	Namespace, Pod, Service string
	// From is what the pod is believed to have, zero where nothing tells, To what it
	// is to get.
	From, To Grant
	// Restart is whether the pod must be replaced; otherwise it can be resized in
	// place (Kubernetes 1.33 and later). Because is a sentence for people.
	Restart bool
	Because string
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
	for _, s := range r.Fleet() {
		for _, p := range s.Pods {
			c := Change{Namespace: p.Namespace, Pod: p.Name, Service: s.Name, From: given[s.Name], To: to[s.Name]}
			c.Restart, c.Because = Resize(c.From, c.To, p.SidecarMemory)
			out = append(out, c)
		}
	}
	return out
}

// Resize says whether a sidecar must be restarted to go from one grant to another,
// and why. An amount of from that is 0 is not known; used is the memory that it
// uses, nil when that is not known.
func Resize(from, to Grant, used *float64) (restart bool, because string) {
	if from.CPU == 0 {
		return true, fmt.Sprintf("what limit it has now is not known: it may not run the %s that %s take", workers(to.CPU), cores(to.CPU))
	}
	if was, is := Workers(from.CPU), Workers(to.CPU); was != is {
		return true, fmt.Sprintf("it runs %s since it started and needs %s for %s: a limit that changes in place changes no workers",
			workers(from.CPU), workers(to.CPU), cores(to.CPU))
	}
	if from.Memory == 0 {
		return true, "what memory limit it has now is not known: a smaller one may end it"
	}
	if to.Memory < from.Memory {
		if used == nil {
			return true, "its memory limit shrinks, and what it uses is not known"
		}
		if *used > shrinkRoom*float64(to.Memory) {
			return true, fmt.Sprintf("its memory limit shrinks to %d bytes under a use of %.0f", to.Memory, *used)
		}
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
