package report

import (
	"fmt"

	"github.com/sluice-mesh/sluice/budget"
	"github.com/sluice-mesh/sluice/internal/optimize"
)

// memoryUsed is the largest use among each service's sidecars, of those that
// reported any.
func memoryUsed(r *optimize.Report) map[string]float64 {
	used := make(map[string]float64)
	for _, s := range r.Fleet() {
		for _, p := range s.Pods {
			if p.SidecarMemory != nil && *p.SidecarMemory > used[s.Name] {
				used[s.Name] = *p.SidecarMemory
			}
		}
	}
	return used
}

// memoryReason is why a's sidecars get that much memory, "" for the floor that is
// enough; used is what the largest of them used, 0 where none told.
func memoryReason(a *budget.Allotment, used float64) string {
	given := float64(a.Memory)
	switch {
	case used > given:
		return fmt.Sprintf("used up to %s, more than the %s that the limit leaves for it: the proxy may be killed", megabytes(used), megabytes(given))
	case a.Killed > 0 && given > float64(budget.FloorMemory):
		return "fell lately from close to its limit to what a proxy uses that has just started, so it was killed there, and gets more"
	case a.Memory <= budget.FloorMemory:
		return ""
	case used == 0:
		return fmt.Sprintf("%s over the floor, for what earlier rounds saw it use", megabytes(given-float64(budget.FloorMemory)))
	case a.Growth > 0:
		return fmt.Sprintf("used up to %s, is expected to grow by %s, and gets %.3g times what it used, so that a push of configuration has room", megabytes(used), megabytes(float64(a.Growth)), given/used)
	}
	return fmt.Sprintf("used up to %s and gets %.3g times that, or what earlier rounds asked for, so that a push of configuration has room", megabytes(used), given/used)
}

// memoryWarnings tells of sidecars that used more than they get.
func memoryWarnings(r *optimize.Report) []string {
	used := memoryUsed(r)
	short, first := 0, -1
	for i, a := range r.Plan.Allotments {
		if used[a.Service] > float64(a.Memory) {
			if short++; first < 0 {
				first = i
			}
		}
	}
	if short == 0 {
		return nil
	}
	a := r.Plan.Allotments[first]
	return []string{fmt.Sprintf("the sidecars of %s used more memory than they get, such as %s (%s used, %s given): raise memory_limit, or they may be killed",
		count(short, "service"), clip(a.Service, maxWarning/4), megabytes(used[a.Service]), megabytes(float64(a.Memory)))}
}
