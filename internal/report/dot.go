package report

import (
	"bytes"
	"fmt"
	"math"

	"github.com/sluice-mesh/sluice/internal/draw"
	"github.com/sluice-mesh/sluice/internal/optimize"
)

// maxLabel is how much of a name a drawing shows, in bytes.
const maxLabel = 200

// leastSpot is the fewest bytes that a node takes: more of them than fit need not be
// tried, and of very many that would take long.
const leastSpot = 64

// DOT is GET /rounds/{n}/graph.dot. Where the whole mesh does not fit in
// MaxDocument, it is the busiest part of it, as the title then says.
func DOT(o *optimize.Observation) ([]byte, error) { return DOTWithin(o, MaxDocument) }

// DOTWithin is the mesh for Graphviz in at most limit bytes, 0 for no limit: the
// nodes with the highest rates, and the edges between them.
func DOTWithin(o *optimize.Observation, limit int) ([]byte, error) {
	most := math.MaxInt
	if limit > 0 {
		most = limit / leastSpot
	}
	s, all := sketchWithin(o, most)
	for keep := len(s.spots); ; keep /= 2 {
		s.busiest(keep, len(s.hops))
		var b bytes.Buffer
		if err := draw.DOT(&b, s.mesh(busiestTitle(s, all), nil)); err != nil {
			return nil, fmt.Errorf("report: %w", err)
		}
		if limit <= 0 || b.Len() <= limit || keep <= 1 {
			return b.Bytes(), nil
		}
	}
}

// busiestTitle tells how much of a mesh is left of all spots, "" for all.
func busiestTitle(s *sketch, all int) string {
	if len(s.spots) == all {
		return ""
	}
	return fmt.Sprintf("The busiest %d of %d services and upstreams", max(len(s.spots)-1, 0), all-1)
}
