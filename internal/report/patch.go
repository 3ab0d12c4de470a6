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

// workload is a Deployment, as far as a request can tell.
type workload struct{ namespace, name string }

// grant is what each sidecar of a workload gets, and what becomes of its pods.
type grant struct {
	service string
	cpu     budget.MilliCPU
	memory  budget.Bytes
	pods    []optimize.Change
}

// Patches is `sluice plan -o patch`: a stream of strategic-merge patches, one a
// workload. The request names no owners, so every workload counts as a
// Deployment, named by its pods' names less their generated parts.
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
		return cmp.Or(strings.Compare(a.namespace, b.namespace), strings.Compare(a.name, b.name))
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
	used := make(map[workload]*float64)
	for _, s := range r.Fleet() {
		for _, p := range s.Pods {
			used[workload{p.Namespace, p.Name}] = p.SidecarMemory
		}
	}
	grants := make(map[workload]*grant)
	var warnings []string
	for _, c := range optimize.Changes(r) {
		if w := join(grants, c); w != "" {
			warnings = append(warnings, w)
		}
	}
	for _, g := range grants {
		for i := range g.pods {
			c := &g.pods[i]
			c.To.CPU, c.To.Memory = g.cpu, g.memory // of several services the larger
			c.Restart, c.Because = optimize.Resize(c.From, c.To, used[workload{c.Namespace, c.Pod}])
		}
	}
	slices.Sort(warnings)
	return grants, slices.Compact(warnings)
}

// join adds a pod to its workload, unless its name can be none. Pods of two services
// in one workload share one template, and so get the larger of the two grants; the
// plan counted those pods twice, so the limits hold.
func join(grants map[workload]*grant, c optimize.Change) (warning string) {
	k := workload{cmp.Or(c.Namespace, "default"), request.Owner(c.Pod)}
	if !isDNSName(k.name) || !isDNSName(k.namespace) {
		return fmt.Sprintf("no patch for pod %q of %q: %q in namespace %q can be no Deployment's name (want lower-case letters, digits, '-' and '.')",
			clip(c.Pod, maxName), clip(c.Service, maxName), clip(k.name, maxName), clip(k.namespace, maxName))
	}
	g := grants[k]
	if g == nil {
		g = &grant{service: c.Service}
		grants[k] = g
	}
	if g.service != c.Service {
		warning = fmt.Sprintf("Deployment %s/%s runs pods of %q and %q: its sidecars get the larger of both amounts",
			k.namespace, k.name, clip(g.service, maxName), clip(c.Service, maxName))
	}
	g.service, g.cpu, g.memory = c.Service, max(g.cpu, c.To.CPU), max(g.memory, c.To.Memory)
	if !slices.ContainsFunc(g.pods, func(p optimize.Change) bool { return p.Pod == c.Pod }) {
		g.pods = append(g.pods, c)
	}
	return warning
}

// maxName is how much of a name a warning quotes.
const maxName = 100

// isDNSName tells whether a Deployment may be named s (RFC 1123: a subdomain of
// 253 letters at most).
func isDNSName(s string) bool {
	ends := s != "" && strings.Contains(dnsLetters, s[:1]) && strings.Contains(dnsLetters, s[len(s)-1:])
	return ends && len(s) <= 253 && strings.Trim(s, dnsLetters+"-.") == ""
}

const dnsLetters = "abcdefghijklmnopqrstuvwxyz0123456789"

// writePatch writes one patch. Names are DNS names and amounts numbers, so that
// quoting them is all the escaping there is.
func writePatch(b *bytes.Buffer, k workload, g *grant) {
	n := optimize.Workers(g.cpu)
	fmt.Fprintf(b, "# %s/%s: %s, each %s cores, %d bytes, %s.\n", k.namespace, k.name, count(len(g.pods), "pod"), cores(g.cpu), g.memory, count(n, "worker"))
	writeChanges(b, g.pods)
	fmt.Fprintf(b, `apiVersion: apps/v1
kind: Deployment
metadata:
  name: %q
  namespace: %q
spec:
  template:
    metadata:
      annotations:
        proxy.istio.io/config: "concurrency: %[3]d"
        sidecar.istio.io/proxyCPU: "%[4]dm"
        sidecar.istio.io/proxyCPULimit: "%[4]dm"
        sidecar.istio.io/proxyMemory: "%[5]d"
        sidecar.istio.io/proxyMemoryLimit: "%[5]d"
`, k.name, k.namespace, n, g.cpu, g.memory)
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
