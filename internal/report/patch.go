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
	service string
	cpu     budget.MilliCPU
	memory  budget.Bytes
	pods    []optimize.Change
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
	for _, c := range optimize.Changes(r) {
		if w := join(grants, c); w != "" {
			warnings = append(warnings, w)
		}
	}
	for _, g := range grants {
		for i, c := range g.pods { // of several services the larger
			g.pods[i] = c.Towards(optimize.Grant{Service: c.Service, CPU: g.cpu, Memory: g.memory})
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

// join adds a pod to its workload, unless its name can be none. Pods of two services
// in one workload share one template, and so get the larger of the two grants; the
// plan counted those pods twice, so the limits hold.
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
		g = &grant{service: c.Service}
		grants[k] = g
	}
	if g.service != c.Service {
		warning = fmt.Sprintf("%s %s/%s runs pods of %q and %q: its sidecars get the larger of both amounts",
			k.kind, k.namespace, k.name, clip(g.service, maxName), clip(c.Service, maxName))
	}
	g.service, g.cpu, g.memory = c.Service, max(g.cpu, c.To.CPU), max(g.memory, c.To.Memory)
	if !slices.ContainsFunc(g.pods, func(p optimize.Change) bool { return p.Pod == c.Pod }) {
		g.pods = append(g.pods, c)
	}
	return warning
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
	n := optimize.Workers(g.cpu)
	fmt.Fprintf(b, "# %s/%s: %s, each %s cores, %d bytes, %s.\n", k.namespace, k.name, count(len(g.pods), "pod"), cores(g.cpu), g.memory, count(n, "worker"))
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
`, k.name, k.namespace, n, g.cpu, g.memory, patched[k.kind], k.kind)
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
