package critical

import (
	"cmp"
	"encoding/binary"
	"slices"
	"strings"
	"time"
)

// maxPaths is how many paths a Result has at most.
const maxPaths = 20

// maxPathBytes bounds what distinct paths may take in memory while they are
// counted; of a log with more, those that come after (in the fixed order of the
// traces) are counted but not listed, as none of them is worth the name.
const maxPathBytes = 8 << 20

// pathCount counts the ways of complete external requests.
type pathCount struct {
	counts map[string]*pathSum
	bytes  int
	// all is the number of requests followed to the end.
	all int

	seen []int32 // by node: the walk it was last met in
	walk int32
	key  []byte
}

type pathSum struct {
	requests int
	latency  micros
}

func newPathCount(nodes int) pathCount {
	return pathCount{counts: map[string]*pathSum{}, seen: make([]int32, nodes)}
}

func (p *pathCount) begin() {
	p.walk++
	p.key = p.key[:0]
}

// step goes on to a node. A node met before is not listed again: in a cycle the
// path goes round, but it is the same way.
func (p *pathCount) step(node int) {
	if p.seen[node] != p.walk {
		p.seen[node] = p.walk
		p.key = binary.BigEndian.AppendUint32(p.key, uint32(node))
	}
}

func (p *pathCount) end(latency micros) {
	p.all++
	s := p.counts[string(p.key)]
	if s == nil {
		if p.bytes+len(p.key) > maxPathBytes {
			return
		}
		p.bytes += len(p.key)
		s = &pathSum{}
		p.counts[string(p.key)] = s
	}
	s.requests++
	s.latency += latency
}

// list is the counted paths.
func (p *pathCount) list() []Path {
	var r []Path
	for k, s := range p.counts {
		r = append(r, Path{
			Nodes: nodesOf(k),
			Share: float64(s.requests) / float64(p.all),
			Mean:  duration(float64(s.latency) / float64(s.requests)),
		})
	}
	return r
}

func nodesOf(key string) []int {
	r := make([]int, 0, len(key)/4)
	for b := []byte(key); len(b) >= 4; b = b[4:] {
		r = append(r, int(binary.BigEndian.Uint32(b)))
	}
	return r
}

// rank orders paths by falling share, then by names, and keeps the first.
func (m *mesh) rank(paths []Path) []Path {
	slices.SortFunc(paths, func(a, b Path) int {
		return cmp.Or(cmp.Compare(b.Share, a.Share), slices.CompareFunc(a.Nodes, b.Nodes, func(i, j int) int {
			return cmp.Or(strings.Compare(m.g.Nodes[i].Name, m.g.Nodes[j].Name), cmp.Compare(i, j))
		}))
	})
	return paths[:min(len(paths), maxPaths)]
}

// duration converts microseconds.
func duration(us float64) time.Duration { return time.Duration(us * float64(time.Microsecond)) }
