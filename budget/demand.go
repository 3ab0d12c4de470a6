package budget

import (
	"math"
	"sort"
)

// idleCores is what a sidecar without traffic uses at most: health checks,
// metrics, configuration.
const idleCores = 0.01

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// coresPerPod is the mean CPU use of a service's sidecars, each measurement
// brought within what its limit allowed; known is false when none was reported.
func (s *Sidecar) coresPerPod() (mean float64, known bool) {
	var all []float64
	most := math.Inf(1)
	if s.Given > 0 {
		// A quota is kept by the kernel: more than it, but for an averaging window
		// that began before, is a wrong number.
		most = 1.1 * float64(s.Given) / 1000
	}
	perCall := s.usualPerCall()
	for _, u := range s.Uses {
		if !u.measured() {
			continue
		}
		cores := min(u.Cores, most)
		if perCall > 0 {
			cores = min(cores, siblingSpread*perCall*u.traffic()+idleCores)
		}
		all = append(all, cores)
	}
	if len(all) == 0 {
		return 0, false
	}
	sort.Float64s(all) // sums must not depend on the order of pods
	sum := 0.0
	for _, c := range all {
		sum += c
	}
	return sum / float64(len(all)), true
}

// mostUse is more cores than any machine has.
const mostUse = 1e4

// measured reports a use that can be one. Nothing uses less than a millionth of a core
// and more than none.
func (u *Use) measured() bool {
	return u.Known && (u.Cores == 0 || u.Cores > 1e-6 && u.Cores < mostUse)
}

// traffic is calls in and out per second.
func (u *Use) traffic() float64 {
	if t := u.Received + u.Sent; finite(t) && t > 0 {
		return t
	}
	return 0
}

// siblingSpread is how many times the CPU of its like a pod may take for a call: more is
// a wrong number.
const siblingSpread = 3

// usualPerCall is the CPU that a call takes at most of the service's pods, the lower of
// two; 0 where there are no others to compare with.
func (s *Sidecar) usualPerCall() float64 {
	var all []float64
	for i := range s.Uses {
		if u := &s.Uses[i]; u.measured() && u.traffic() > 0 {
			all = append(all, u.Cores/u.traffic())
		}
	}
	if len(all) < 2 {
		return 0
	}
	sort.Float64s(all)
	return all[(len(all)-1)/2]
}

// quiet reports that no line names the service and that its sidecars used next
// to nothing: it keeps the floor.
func (s *Sidecar) quiet() bool {
	if s.Seen > 0 {
		return false
	}
	cores, known := s.coresPerPod()
	return !known || cores <= idleCores
}

// trafficPerPod is calls in and out per second and pod, 0 when the log shows none.
func (s *Sidecar) trafficPerPod() float64 {
	sum := 0.0
	for i := range s.Uses {
		sum += s.Uses[i].traffic()
	}
	return sum / float64(s.pods())
}

// sane is the gateway's figures with what cannot be a measurement taken as
// not measured.
func (g Gateway) sane() Gateway {
	if !(g.Rate > 0 && g.Rate < 1e9) || g.Mean <= 0 || g.Requests <= 0 {
		return Gateway{}
	}
	g.P99, g.Bursts = max(g.P99, 0), bounded(g.Bursts)
	return g
}
