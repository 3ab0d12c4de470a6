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

// grant is what each sidecar of a workload gets.
type grant struct {
	service string
	cpu     budget.MilliCPU
	memory  budget.Bytes
}

// Patches is `sluice plan -o patch`: a stream of strategic-merge patches, one a
// workload. The request names no owners, so every workload counts as a
// Deployment, named by its pods' names less their generated parts.
//
// All four annotations are written: any one of them replaces the whole of Istio's
// default block. Requests equal limits, since the plan divides a budget that is to
// be there when it is needed.
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
func workloads(r *optimize.Report) (map[workload]grant, []string) {
	given := make(map[string]grant, len(r.Plan.Allotments))
	for _, a := range r.Plan.Allotments {
		given[a.Service] = grant{a.Service, a.CPU, a.Memory}
	}
	grants := make(map[workload]grant)
	var warnings []string
	for _, s := range r.Request.Services() {
		for _, p := range s.Pods {
			if w := join(grants, &p, given[s.Name]); w != "" {
				warnings = append(warnings, w)
			}
		}
	}
	slices.Sort(warnings)
	return grants, slices.Compact(warnings)
}

// join gives p's workload g, unless its name can be none. Pods of two services in
// one workload share one template, and so get the larger of the two grants; the
// plan counted those pods twice, so the limits hold.
func join(grants map[workload]grant, p *request.Pod, g grant) (warning string) {
	k := workload{cmp.Or(p.Namespace, "default"), owner(p.Name)}
	if !isDNSName(k.name) || !isDNSName(k.namespace) {
		return fmt.Sprintf("no patch for pod %q of %q: %q in namespace %q can be no Deployment's name (want lower-case letters, digits, '-' and '.')",
			clip(p.Name, maxName), clip(g.service, maxName), clip(k.name, maxName), clip(k.namespace, maxName))
	}
	before, shared := grants[k]
	if shared && before.service != g.service {
		warning = fmt.Sprintf("Deployment %s/%s runs pods of %q and %q: its sidecars get the larger of both amounts",
			k.namespace, k.name, clip(before.service, maxName), clip(g.service, maxName))
	}
	grants[k] = grant{g.service, max(before.cpu, g.cpu), max(before.memory, g.memory)}
	return warning
}

// maxName is how much of a name a warning quotes.
const maxName = 100

// isDNSName tells whether a Deployment may be named s (RFC 1123: a subdomain of
// 253 letters at most).
func isDNSName(s string) bool {
	ends := s != "" && only(s[:1], dnsLetters) && only(s[len(s)-1:], dnsLetters)
	return ends && len(s) <= 253 && strings.Trim(s, dnsLetters+"-.") == ""
}

const dnsLetters = "abcdefghijklmnopqrstuvwxyz0123456789"

// writePatch writes one patch. Names are DNS names and amounts numbers, so that
// quoting them is all the escaping there is.
func writePatch(b *bytes.Buffer, k workload, g grant) {
	fmt.Fprintf(b, `apiVersion: apps/v1
kind: Deployment
metadata:
  name: %q
  namespace: %q
spec:
  template:
    metadata:
      annotations:
        sidecar.istio.io/proxyCPU: "%[3]dm"
        sidecar.istio.io/proxyCPULimit: "%[3]dm"
        sidecar.istio.io/proxyMemory: "%[4]d"
        sidecar.istio.io/proxyMemoryLimit: "%[4]d"
`, k.name, k.namespace, g.cpu, g.memory)
}
