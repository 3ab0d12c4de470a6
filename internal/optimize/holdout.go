package optimize

import (
	"cmp"
	"slices"
	"strings"

	"github.com/sluice-mesh/sluice/crgen"
	"github.com/sluice-mesh/sluice/graph"
)

// HeldOut says how one workload's scope would have fared, had it been made of the
// earlier requests alone.
type HeldOut struct {
	Namespace, Service string
	// Narrowed is whether it would have had a Sidecar of its own.
	Narrowed bool
	// Learned is how many requests the scope was made of, Later how many came after
	// them, and Cut how many of these call a host that the scope lacks.
	Learned, Later, Cut int
	// Missing are the hosts of the requests that were cut, sorted.
	Missing []string
}

// Share of the later requests that the scope would have cut.
func (h HeldOut) Share() float64 {
	if h.Later == 0 {
		return 0
	}
	return float64(h.Cut) / float64(h.Later)
}

// Holdout makes scopes of the first fraction (0 to 1) of each proxy's requests, in
// the order in which they began on its own clock, and tries them on the rest: how
// often would they have been wrong? Workloads come by namespace and service; those
// whose sidecars logged nothing have nothing to try.
func Holdout(obs *Observation, fraction float64, o Options) []HeldOut {
	h := newHoldout(obs, o.Resources)
	h.collect()
	var ws []crgen.Workload
	for i := range h.cases {
		ws = append(ws, h.learn(&h.cases[i], fraction))
	}
	o.Resources.Round = 0
	reach := crgen.NewReach(ws, o.Resources)
	out := make([]HeldOut, 0, len(ws))
	for i := range h.cases {
		out = append(out, h.try(&h.cases[i], ws[i], reach))
	}
	slices.SortFunc(out, func(a, b HeldOut) int {
		return cmp.Or(strings.Compare(a.Namespace, b.Namespace), strings.Compare(a.Service, b.Service))
	})
	return out
}

// holdout is the work of one Holdout.
type holdout struct {
	obs *Observation
	// cases are the workloads of observedScope, with what their pods did.
	cases []heldCase
	// at is the case of a node's pod.
	at map[[2]int]int
	// sets of hosts that were called for one request, and their numbers.
	sets   [][]string
	number map[string]int32
}

// heldCase is one workload.
type heldCase struct {
	crgen.Workload
	// pods by what each did.
	pods  [][]done
	later []done
	// learned requests.
	learned int
}

// done is one request at one pod: when it began and, where its coming in was logged,
// ended, and which set of hosts it called.
type done struct {
	start, end graph.Micros
	received   bool
	set        int32
}

func compareDone(a, b done) int {
	return cmp.Or(cmp.Compare(a.start, b.start), cmp.Compare(a.end, b.end), cmp.Compare(a.set, b.set))
}

func newHoldout(obs *Observation, o crgen.Options) *holdout {
	h := &holdout{obs: obs, at: map[[2]int]int{}, number: map[string]int32{}}
	byName := map[[2]string]int{}
	for _, w := range observedScope(obs, o.Namespace) {
		byName[[2]string{w.Service, w.Namespace}] = len(h.cases)
		h.cases = append(h.cases, heldCase{Workload: w})
	}
	for i := range obs.Graph.Nodes {
		n := &obs.Graph.Nodes[i]
		for k := range n.Pods {
			c, ok := byName[[2]string{n.Name, homeOf(&n.Pods[k], o.Namespace)}]
			if n.Kind != graph.Service || !ok {
				continue
			}
			h.at[[2]int{i, k}] = c
		}
	}
	return h
}

// collect notes what each pod did.
func (h *holdout) collect() {
	byPod := map[[2]int][]done{}
	for v := range h.obs.Graph.Visits() {
		k := [2]int{v.Node, v.Pod}
		byPod[k] = append(byPod[k], done{v.Start, v.End, v.Received, h.set(v.Hosts)})
	}
	for i := range h.obs.Graph.Nodes {
		for k := range h.obs.Graph.Nodes[i].Pods {
			pod := [2]int{i, k}
			if c, ok := h.at[pod]; ok && len(byPod[pod]) > 0 {
				h.cases[c].pods = append(h.cases[c].pods, byPod[pod])
			}
		}
	}
}

// set numbers a set of hosts.
func (h *holdout) set(hosts []string) int32 {
	key := strings.Join(hosts, "\x00")
	n, ok := h.number[key]
	if !ok {
		n = int32(len(h.sets))
		h.number[key] = n
		h.sets = append(h.sets, slices.Clone(hosts))
	}
	return n
}

// learn is the workload as the first requests of its pods show it. Its evidence is
// the same share of all that the log proves.
func (h *holdout) learn(c *heldCase, fraction float64) crgen.Workload {
	calls := map[string]int{}
	total := 0
	for _, pod := range c.pods {
		pod = h.gathered(pod)
		first := int(fraction * float64(len(pod)))
		for _, d := range pod[:first] {
			for _, host := range h.sets[d.set] {
				calls[host]++
			}
		}
		c.learned += first
		total += len(pod)
		c.later = append(c.later, pod[first:]...)
	}
	w := c.Workload
	w.Requests = int(fraction * float64(w.Requests))
	if total > 0 {
		w.Requests = min(c.learned, int(float64(c.Requests)*float64(c.learned)/float64(total)))
	}
	w.Upstreams = nil
	for host, n := range calls {
		w.Upstreams = append(w.Upstreams, crgen.Upstream{Host: host, Calls: n})
	}
	return w
}

// gathered are the requests of one pod, sorted. Where its sidecar logs what it receives,
// calls under a request_id that never came in are no requests of their own (its
// application does not pass it on): each is of the latest one under way when it began,
// or of the one before it. Counted by themselves they would water down every share. What
// began after all that came in had ended is of requests that the log's end cut off.
func (h *holdout) gathered(pod []done) []done {
	slices.SortFunc(pod, compareDone)
	var in, strays, cut []done
	end := graph.Micros(graph.Missing)
	for _, d := range pod {
		if d.received {
			in, end = append(in, d), max(end, d.end)
		}
	}
	for _, d := range pod {
		switch {
		case d.received:
		case d.start > end:
			cut = append(cut, d)
		default:
			strays = append(strays, d)
		}
	}
	if len(in) == 0 || len(strays) == 0 {
		return pod
	}
	sets := make([]map[int32]bool, len(in))
	for _, d := range strays {
		i := during(in, d.start)
		if sets[i] == nil {
			sets[i] = map[int32]bool{in[i].set: true}
		}
		sets[i][d.set] = true
	}
	for i, of := range sets {
		if of == nil {
			continue
		}
		var hosts []string
		for set := range of {
			hosts = append(hosts, h.sets[set]...)
		}
		slices.Sort(hosts)
		in[i].set = h.set(slices.Compact(hosts))
	}
	return append(in, cut...)
}

// during is the place of the latest of the requests (sorted) that was under way at that
// time, among the last few that had begun; else of the last that had.
func during(in []done, at graph.Micros) int {
	const few = 64
	n, _ := slices.BinarySearchFunc(in, at, func(d done, at graph.Micros) int {
		if d.start <= at {
			return -1
		}
		return 1
	})
	for i := n - 1; i >= max(0, n-few); i-- {
		if in[i].end >= at {
			return i
		}
	}
	return max(0, n-1)
}

// try counts the later requests that the scope would have cut.
func (h *holdout) try(c *heldCase, w crgen.Workload, reach *crgen.Reach) HeldOut {
	out := HeldOut{Namespace: reach.Home(w), Service: w.Service, Narrowed: reach.Narrowed(w), Learned: c.learned, Later: len(c.later)}
	unseen := map[int32][]string{} // hosts out of sight, by set
	for _, d := range c.later {
		missing, tried := unseen[d.set]
		if !tried {
			missing = slices.DeleteFunc(slices.Clone(h.sets[d.set]), func(host string) bool { return reach.Sees(w, host) })
			unseen[d.set] = missing
			out.Missing = append(out.Missing, missing...)
		}
		if len(missing) > 0 {
			out.Cut++
		}
	}
	slices.Sort(out.Missing)
	out.Missing = slices.Compact(out.Missing)
	return out
}
