package crgen

import (
	"fmt"
	"hash/fnv"
	"strconv"
	"strings"
	"unicode/utf8"
)

// maxNotes bounds the warnings: a page of thousands is read by nobody, and names
// come from outside.
const maxNotes = 1000

// notes collects warnings in the order in which they arise.
type notes struct {
	texts []string
	more  int
	// named is the bytes of names that misnamed has listed.
	named int
}

func (n *notes) addf(format string, args ...any) {
	if len(n.texts) == maxNotes {
		n.more++
		return
	}
	n.texts = append(n.texts, "crgen: "+fmt.Sprintf(format, args...))
}

func (n *notes) list() []string {
	if n.more > 0 {
		return append(n.texts, fmt.Sprintf("crgen: and %d more warnings of this kind", n.more))
	}
	return n.texts
}

const (
	// maxTogether is how many names one warning lists, maxNamed how many bytes of them
	// all warnings do: 30,000 of usual length, and half of what a document may hold.
	maxTogether = 100
	maxNamed    = 1 << 20
	// maxWhole is the longest name that is told whole, four times what Kubernetes allows
	// in any name.
	maxWhole = 1024
)

// misnamed names every service of a namespace that gets no resource for its name.
func (n *notes) misnamed(services []string, namespace, keeps string) {
	for len(services) > 0 {
		var list []string
		for len(list) < min(maxTogether, len(services)) && n.named <= maxNamed {
			one := wholeName(services[len(list)])
			n.named += len(one)
			list = append(list, one)
		}
		rest := services[len(list):]
		switch {
		case len(list) == 0:
			n.addf("no Sidecar for %s of namespace %q more, for the same reason; the evidence names them ('sluice crs --explain')", count(len(services), "service"), namespace)
			return
		case len(services) == 1:
			n.addf("no Sidecar for service %s of namespace %q: %s; its pods %s", list[0], namespace, badName, keeps)
		default:
			n.addf("no Sidecar for %s of namespace %q: the name of each is no DNS label (a-z, 0-9 and \"-\", at most 63 characters); their pods %s: %s",
				count(len(list), "service"), namespace, keeps, strings.Join(list, ", "))
		}
		services = rest
	}
}

// wholeName quotes a name in full or, of one that no Kubernetes object has, its beginning
// with what tells it from others that begin alike.
func wholeName(s string) string {
	if len(s) <= maxWhole {
		return strconv.Quote(s)
	}
	cut := maxWhole
	for cut > 0 && !utf8.RuneStart(s[cut]) {
		cut--
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(s)) // a hash takes all
	return fmt.Sprintf("%q… (%d bytes, FNV-1a %016x)", s[:cut], len(s), h.Sum64())
}
