package budget

import "fmt"

// Unplayed says why the mesh is not rehearsed, in words that a clause can begin with,
// "" where it is.
func (s *Study) Unplayed() string {
	b := s.b
	switch {
	case s.played:
		return ""
	case !b.traced():
		return "the log shows too little of how requests go through the mesh for a rehearsal"
	case len(b.sidecars) > mostRehearsed:
		return fmt.Sprintf("the mesh has %d services, and up to %d are rehearsed", len(b.sidecars), mostRehearsed)
	case b.servers() > mostServers:
		return fmt.Sprintf("the mesh has %d pods, and up to %d are rehearsed", b.servers(), mostServers)
	}
	return fmt.Sprintf("%.0f requests in flight that pass %.0f times through sidecars each are more than is rehearsed", b.inFlight, b.steps)
}
