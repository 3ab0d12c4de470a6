package rounds

import (
	"fmt"
	"time"

	"github.com/sluice-mesh/sluice/internal/optimize"
)

// Documents are the outward forms of a round. They never change once answered.
type Documents struct {
	// Plan is `sluice plan -o json`, Graph `sluice graph -o json`, DOT the graph
	// for Graphviz.
	Plan, Graph, DOT []byte
}

// Round is one answered round.
type Round struct {
	// Number from 1 upward.
	Number int
	// Time at which it was answered.
	Time time.Time
	// Mesh is the same number for rounds of the same mesh: that of its first.
	Mesh int
	Documents
	// Unsaved says why it is in memory alone, though there is a folder: it is written
	// with a later round, when it can be. nil when all is well.
	Unsaved error
	// Untaught says why it taught nothing; nil when it did.
	Untaught error
}

// Draft is a round that has been planned and has no number yet of its own.
type Draft struct {
	Documents
	// Memory is what the next round of the mesh should start from.
	Memory *optimize.Memory
	// Study is what the round's plan was made of, nil where nobody may ask.
	Study *optimize.Study
}

// GoneError says that there is no round of that number to show.
type GoneError struct {
	Number int
	// First and Last are the numbers of the rounds kept, 0 when there is none.
	First, Last int
	// Cause is set where the round's file is there but cannot be read.
	Cause error
}

// Error names the rounds that there are.
func (e *GoneError) Error() string {
	switch {
	case e.Last == 0:
		return "there has been no round yet: POST a request to /optimize"
	case e.Cause != nil:
		return fmt.Sprintf("round %d cannot be read from the state folder", e.Number)
	case e.Number > 0 && e.Number < e.First:
		return fmt.Sprintf("round %d is no longer kept: rounds %d to %d are", e.Number, e.First, e.Last)
	}
	return fmt.Sprintf("there is no round %d: rounds %d to %d are kept", e.Number, e.First, e.Last)
}

// Unwrap is the reason why the file cannot be read.
func (e *GoneError) Unwrap() error { return e.Cause }
