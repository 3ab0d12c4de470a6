package report

import (
	"bytes"
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/sluice-mesh/sluice/budget"
	"github.com/sluice-mesh/sluice/internal/optimize"
	"github.com/sluice-mesh/sluice/internal/request"
)

// workload is a Deployment, unless the request tells another kind.
type workload struct{ namespace, kind, name string }

// patched are the kinds whose template a patch can change, with their API.
var patched = map[string]string{
	"Deployment": "apps/v1", "StatefulSet": "apps/v1", "DaemonSet": "apps/v1", "ReplicaSet": "apps/v1",
	"ReplicationController": "v1", "Rollout": "argoproj.io/v1alpha1",
}

// grant is what each sidecar of a workload gets, and what becomes of its pods.
type grant struct {
	optimize.Grant
	pods []optimize.Change
	// services are those that its pods are of, most the largest amounts that one of them
	// is planned, and sum what all are planned together.
	services  []string
	most, sum optimize.Grant
	seen      map[string]bool // pods, by name
}

// Patches is `sluice plan -o patch`: a stream of strategic-merge patches, one a
// workload. Pods whose owner the request does not tell count as a Deployment's, named
// by their names less the generated parts.
//
// All four sidecar.istio.io/proxy* annotations are written: any one of them replaces
// the whole of Istio's default block. Requests equal limits, since the plan divides
// a budget that is to be there when it is needed. The worker count is pinned to what
// the limit can feed, so that it neither exceeds that (concurrency set for the whole
// mesh does) nor lags behind (a limit that is resized in place leaves it). Comments
// say which pods could be resized in place, and why the others have to restart.
func Patches(r *optimize.Report) (yaml []byte, warnings []string) {
	grants, warnings := workloads(r)
	keys := slices.SortedFunc(maps.Keys(grants), func(a, b workload) int {
		return cmp.Or(strings.Compare(a.namespace, b.namespace), strings.Compare(a.name, b.name), strings.Compare(a.kind, b.kind))
	})
	var b bytes.Buffer
	for i, k := range keys {
		if i > 0 {
			b.WriteString("---\n")
		}
		writePatch(&b, k, grants[k])
	}
	return b.Bytes(), warnings
}

// workloads finds what each workload's sidecars get.
func workloads(r *optimize.Report) (map[workload]*grant, []string) {
	grants := make(map[workload]*grant)
	var warnings []string
	warn := func(w string) {
		if w != "" {
			warnings = append(warnings, w)
		}
	}
	for _, c := range optimize.Changes(r) {
		warn(join(grants, c))
	}
	for k, g := range grants {
		warn(g.settle(k))
		if g.pods == nil {
			delete(grants, k)
		}
	}
	slices.Sort(warnings)
	return grants, slices.Compact(warnings)
}

// workloadOf is the workload of a pod.
func workloadOf(c *optimize.Change) workload {
	k := workload{c.Namespace, "Deployment", request.Owner(c.Pod)}
	if c.OwnerKind != "" && c.OwnerName != "" {
		k.kind, k.name = c.OwnerKind, c.OwnerName
	}
	return k
}

// join adds a pod to its workload, unless its name can be none.
func join(grants map[workload]*grant, c optimize.Change) (warning string) {
	k := workloadOf(&c)
	switch {
	case !isDNSName(k.name) || !isDNSName(k.namespace):
		return fmt.Sprintf("no patch for pod %q of %q: %q in namespace %q can be no %s's name (want lower-case letters, digits, '-' and '.')",
			clip(c.Pod, maxName), clip(c.Service, maxName), clip(k.name, maxName), clip(k.namespace, maxName), k.kind)
	case patched[k.kind] == "":
		return fmt.Sprintf("no patch for %s %s/%s of %q: a patch cannot change its pods' template; set the annotations in what makes it",
			k.kind, k.namespace, k.name, clip(c.Service, maxName))
	}
	g := grants[k]
	if g == nil {
		g = &grant{seen: map[string]bool{}}
		grants[k] = g
	}
	if n := len(g.services); n == 0 || g.services[n-1] != c.Service { // they come in order
		g.services = append(g.services, c.Service)
	}
	g.most.CPU, g.most.Memory = max(g.most.CPU, c.To.CPU), max(g.most.Memory, c.To.Memory)
	g.sum.CPU, g.sum.Memory = g.sum.CPU+c.To.CPU, g.sum.Memory+c.To.Memory
	if !g.seen[c.Pod] {
		g.seen[c.Pod] = true
		g.pods = append(g.pods, c)
	}
	return ""
}

// settle decides what each sidecar of a workload gets: its pods share one template. Those
// of several services get the largest of their amounts where that is no more than the
// plan gives them together, as for pods that are listed once for each service: it counted
// them as often. Else, as for a StatefulSet with a Service for each pod, they get an equal
// part of that sum, so that the limits hold. It is no workload any more where that would
// have the kernel end a sidecar that the plan gives what it uses.
func (g *grant) settle(k workload) (warning string) {
	n := len(g.pods)
	g.CPU = min(g.most.CPU, g.sum.CPU/budget.MilliCPU(n))
	g.Memory = min(g.most.Memory, g.sum.Memory/budget.Bytes(n))
	of := fmt.Sprintf("%s %s/%s runs pods of %s (%s)", k.kind, k.namespace, k.name, count(len(g.services), "service"), quoted(g.services))
	const apart = "'sluice plan -o resize' gives each pod its own"
	for i, c := range g.pods {
		if used := c.Uses(); c.To.Memory > g.Memory && used > float64(g.Memory) && used <= float64(c.To.Memory) {
			g.pods = nil
			return fmt.Sprintf("no patch for %s: one patch for all of them can give each %d bytes within the limits, and pod %s uses %.0f; %s",
				of, g.Memory, c.Pod, used, apart)
		}
		g.pods[i] = c.Towards(optimize.Grant{Service: c.Service, CPU: g.CPU, Memory: g.Memory})
	}
	switch {
	case len(g.services) == 1:
		return ""
	case g.CPU < g.most.CPU || g.Memory < g.most.Memory:
		return fmt.Sprintf("%s: one patch is for all of them, and %s cores and %d bytes each is what fits the limits, where the plan gives up to %s cores and %d bytes; %s",
			of, cores(g.CPU), g.Memory, cores(g.most.CPU), g.most.Memory, apart)
	}
	return of + ": its sidecars get the largest of their amounts"
}

// quoted lists the first of many names.
func quoted(names []string) string {
	short := make([]string, 0, len(names))
	for _, n := range names {
		short = append(short, fmt.Sprintf("%q", clip(n, maxName)))
	}
	return few(short)
}

// maxName is how much of a name a warning quotes.
const maxName = 100

// isDNSName tells whether a workload may be named s (RFC 1123: a subdomain of
// 253 letters at most).
func isDNSName(s string) bool {
	ends := s != "" && strings.Contains(dnsLetters, s[:1]) && strings.Contains(dnsLetters, s[len(s)-1:])
	return ends && len(s) <= 253 && strings.Trim(s, dnsLetters+"-.") == ""
}

const dnsLetters = "abcdefghijklmnopqrstuvwxyz0123456789"

// writePatch writes one patch. Names are DNS names and amounts numbers, so that
// quoting them is all the escaping there is.
func writePatch(b *bytes.Buffer, k workload, g *grant) {
	n := optimize.Workers(g.CPU)
	fmt.Fprintf(b, "# %s/%s: %s, each %s cores, %d bytes, %s.\n", k.namespace, k.name, count(len(g.pods), "pod"), cores(g.CPU), g.Memory, count(n, "worker"))
	writeChanges(b, g.pods)
	fmt.Fprintf(b, `apiVersion: %[6]s
kind: %[7]s
metadata:
  name: %[1]q
  namespace: %[2]q
spec:
  template:
    metadata:
      annotations:
        proxy.istio.io/config: "concurrency: %[3]d"
        sidecar.istio.io/proxyCPU: "%[4]dm"
        sidecar.istio.io/proxyCPULimit: "%[4]dm"
        sidecar.istio.io/proxyMemory: "%[5]d"
        sidecar.istio.io/proxyMemoryLimit: "%[5]d"
`, k.name, k.namespace, n, g.CPU, g.Memory, patched[k.kind], k.kind)
}

// writeChanges tells in comments what becomes of the pods, those alike together.
func writeChanges(b *bytes.Buffer, pods []optimize.Change) {
	var order []string
	alike := make(map[string][]string)
	for _, c := range pods {
		how := "in place"
		if c.Restart {
			how = "restart"
		}
		text := how + ": " + c.Because
		if alike[text] == nil {
			order = append(order, text)
		}
		alike[text] = append(alike[text], c.Pod)
	}
	for _, text := range order {
		fmt.Fprintf(b, "# %s (%s)\n", text, few(alike[text]))
	}
}

// few lists the first of many names.
func few(names []string) string {
	const most = 5
	if len(names) > most {
		return fmt.Sprintf("%s and %d more", strings.Join(names[:most], ", "), len(names)-most)
	}
	return strings.Join(names, ", ")
}
