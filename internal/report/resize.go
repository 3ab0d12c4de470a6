package report

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/sluice-mesh/sluice/internal/optimize"
)

const resizeHead = `#!/bin/sh
# Resizes in place, without restarts, the sidecars that can be (Kubernetes 1.33 and
# later). Kubernetes refuses what would change a pod's QoS class: where that is assumed
# to stay, a pod whose other containers all have requests equal to limits must be
# restarted instead. New pods still come as their workload has it: see sluice plan -o
# patch.
set -u
# A command that is refused does not stop the others; the end names those that were, and
# the exit status is then 1.
refused= failed=0
refuse() { failed=$((failed + 1)) refused="$refused $1"; }
# Native sidecars (Istio's default from 1.27 on) stand among the initContainers.
list=${LIST:-containers}
`

const resizeTail = `if [ "$failed" -gt 0 ]; then
  echo "$failed of %d sidecars were not resized:$refused" >&2
  exit 1
fi
`

// Resizes is ` + "`sluice plan -o resize`" + `: a script that resizes in place what can be, and
// says in comments which pods must be restarted instead, and why.
func Resizes(r *optimize.Report) (script []byte, warnings []string) {
	var b bytes.Buffer
	b.WriteString(resizeHead)
	changes := optimize.Changes(r)
	largest := largestGrants(changes)
	done, same, resized := make(map[podName]bool), 0, 0
	for _, c := range changes {
		k := podOf(&c)
		if to := largest[k]; to != c.To {
			c = c.Towards(to)
		}
		switch {
		case !isDNSName(k.name) || !isDNSName(k.namespace):
			warnings = append(warnings, fmt.Sprintf("no resize for pod %q in namespace %q of %q: that can be no pod's name",
				clip(c.Pod, maxName), clip(c.Namespace, maxName), clip(c.Service, maxName)))
		case done[k]:
			warnings = append(warnings, fmt.Sprintf("pod %s/%s is listed under several services, such as %q: its sidecar gets the largest of their amounts",
				k.namespace, k.name, clip(c.Service, maxName)))
		case c.Same:
			same++
		case c.Restart:
			fmt.Fprintf(&b, "# %s/%s must restart: %s\n", k.namespace, k.name, c.Because)
		default:
			writeResize(&b, k.namespace, k.name, c)
			resized++
		}
		done[k] = true
	}
	if same > 0 {
		fmt.Fprintf(&b, "# %s as before.\n", count(same, "sidecar"))
	}
	if resized > 0 {
		fmt.Fprintf(&b, resizeTail, resized)
	}
	return b.Bytes(), warnings
}

// podName tells pods apart.
type podName struct{ namespace, name string }

func podOf(c *optimize.Change) podName { return podName{c.Namespace, c.Pod} }

// largestGrants is what each pod is to get: of several services the larger amounts, as
// its workload's patch has them.
func largestGrants(changes []optimize.Change) map[podName]optimize.Grant {
	m := make(map[podName]optimize.Grant, len(changes))
	for i := range changes {
		c := &changes[i]
		to, met := m[podOf(c)]
		if !met {
			to = c.To
		}
		to.CPU, to.Memory = max(to.CPU, c.To.CPU), max(to.Memory, c.To.Memory)
		m[podOf(c)] = to
	}
	return m
}

// writeResize writes one command, whose patch is in double quotes for $list's sake.
// Names are DNS names, which no shell reads as anything else. Where a row tells in which
// list the sidecar is, that one is written.
func writeResize(b *bytes.Buffer, namespace, pod string, c optimize.Change) {
	list := "$list"
	if c.Init {
		list = "initContainers"
	}
	amounts := fmt.Sprintf(`{"cpu":"%dm","memory":"%d"}`, c.To.CPU, c.To.Memory)
	patch := fmt.Sprintf(`{"spec":{"%s":[{"name":"istio-proxy","resources":{"requests":%s,"limits":%s}}]}}`, list, amounts, amounts)
	fmt.Fprintf(b, "# %s\nkubectl -n %s patch pod %s --subresource resize -p \"%s\" || refuse %s/%s\n",
		c.Because, namespace, pod, strings.ReplaceAll(patch, `"`, `\"`), namespace, pod)
}
