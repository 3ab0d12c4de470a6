package rounds

import (
	"encoding/json"
	"fmt"

	"github.com/sluice-mesh/sluice/internal/optimize"
)

// maxStudy is the most bytes of a study that are kept: those of 10,000 services with
// 50,000 pods. Packed with the round they take a tenth.
const maxStudy = 12 << 20

// writeStudy is a study as a section, empty when it is nil, too large to be kept, or
// holds what JSON cannot: rounds without one are rounds all the same.
func writeStudy(s *optimize.Study) []byte {
	if s == nil || leastStudy(s) > maxStudy {
		return nil
	}
	b, err := json.Marshal(s)
	if err != nil || len(b) > maxStudy {
		return nil
	}
	return b
}

// leastStudy is fewer bytes than a study takes as JSON: what is far too large need
// not be written to find that out. The figures are the lengths of the fields' names.
func leastStudy(s *optimize.Study) int {
	const service, pod = 150, 50
	n := 0
	for i := range s.Input.Sidecars {
		n += service + len(s.Input.Sidecars[i].Service)
	}
	for _, pods := range s.Pods {
		for _, name := range pods {
			n += pod + len(name)
		}
	}
	return n
}

// NoStudyError says that a round is there, but not what it was made of.
type NoStudyError struct{ Number int }

// Error says what to do.
func (e *NoStudyError) Error() string {
	return fmt.Sprintf("round %d: what its plan was made of was not kept, for the mesh is too large or the round older than what-if: ask about another round, or use 'sluice whatif' on its request", e.Number)
}

// Study is what the plan of round n was made of. Errors are *GoneError and
// *NoStudyError.
func (s *Store) Study(n int) (*optimize.Study, error) {
	packed, err := s.packed(n)
	if err != nil {
		return nil, err
	}
	r, err := decode(packed, true)
	if err != nil {
		return nil, s.gone(n, err)
	}
	if len(r.study) == 0 {
		return nil, &NoStudyError{n}
	}
	study := new(optimize.Study)
	if err := json.Unmarshal(r.study, study); err != nil {
		return nil, s.gone(n, err)
	}
	return study, nil
}
