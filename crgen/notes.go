package crgen

import "fmt"

// maxNotes bounds the warnings: a page of thousands is read by nobody, and names
// come from outside.
const maxNotes = 1000

// notes collects warnings in the order in which they arise.
type notes struct {
	texts []string
	more  int
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
