package rounds

import (
	"bytes"
	"fmt"
	"slices"

	"github.com/sluice-mesh/sluice/internal/optimize"
)

// Bounds on what is remembered of meshes, besides their rounds.
const (
	maxMeshes = 8
	maxAsked  = 64
	// maxMemories is the bytes that all earlier memories of all meshes may take,
	// compressed.
	maxMemories = 12 << 20
)

// meshes are those remembered, the one used last at the end.
type meshes []*mesh

// mesh is what the rounds of one mesh have left.
type mesh struct {
	// id is the number of the round that founded it, latest that of the last one
	// that advanced it.
	id, latest int
	services   []string
	// memory after the last evidence, as compressed JSON: a plan made after a
	// restart starts from the same bytes as one made without it.
	memory []byte
	// round is what memory says of how many observations went into it.
	round int
	// asked is the evidence seen, that asked longest ago first; before is the memory as
	// it was when the last of it came.
	asked  []asked
	before []byte
}

// asked is evidence and the memory as it was when it first came, nil for the first.
type asked struct {
	evidence uint64
	before   []byte
}

// find is the mesh with these services, nil when it is a new one.
func (ms meshes) find(services []string) *mesh {
	memories := make([]*optimize.Memory, len(ms))
	for i, m := range ms {
		memories[i] = &optimize.Memory{Services: m.services}
	}
	if i := optimize.Recall(memories, services); i >= 0 {
		return ms[i]
	}
	return nil
}

// prior is the memory that evidence is to be planned from: all that is known where it is
// new, what was known before it where it was asked last. That of an earlier round gives
// the amounts that it got then, and scopes of all that was learned since.
func (m *mesh) prior(evidence uint64) (*optimize.Memory, error) {
	if m == nil {
		return nil, nil
	}
	i := m.seen(evidence)
	if i < 0 {
		return thaw(m.memory)
	}
	then, now := m.asked[i].before, m.memory
	if i == len(m.asked)-1 {
		now = m.before
	}
	prior, err := thaw(then)
	if err != nil || bytes.Equal(then, now) {
		return prior, err
	}
	if prior == nil {
		prior = new(optimize.Memory)
	}
	prior.Since, err = thaw(now)
	return prior, err
}

// thaw is a memory that was packed, nil for none.
func thaw(packed []byte) (*optimize.Memory, error) {
	if packed == nil {
		return nil, nil
	}
	plain, err := unpack(packed)
	if err != nil {
		return nil, fmt.Errorf("rounds: a memory does not unpack: %w", err)
	}
	return readMemory(plain)
}

// seen is the place of evidence among those asked, -1 when it is new.
func (m *mesh) seen(evidence uint64) int {
	return slices.IndexFunc(m.asked, func(a asked) bool { return a.evidence == evidence })
}

// learn takes what r has taught, the memory that it left. It is the same for a round just
// answered and for one read from the folder. The last evidence asked again replaces the
// memory it left, for the plan in force is now this one; any earlier evidence is then
// the last, and stays what it was planned from. Files of before that was so hold of such
// a round a memory that lacks what came since: their count of observations tells.
func (ms *meshes) learn(r *record, left *optimize.Memory) {
	m := ms.use(r.Mesh)
	switch i := m.seen(r.Evidence); {
	case i < 0:
		m.asked = append(m.asked, asked{evidence: r.Evidence, before: m.memory})
		m.before = m.memory
	case i < len(m.asked)-1:
		if left.Round <= m.round {
			return
		}
		again := m.asked[i]
		m.asked = append(slices.Delete(m.asked, i, i+1), again)
		m.before = m.memory
	}
	m.latest, m.services, m.round, m.memory = r.Number, left.Services, left.Round, pack(r.memory)
	ms.bound()
}

// use finds the mesh with that id, or founds it, and puts it last.
func (ms *meshes) use(id int) *mesh {
	i := slices.IndexFunc(*ms, func(m *mesh) bool { return m.id == id })
	m := &mesh{id: id}
	if i >= 0 {
		m = (*ms)[i]
		*ms = slices.Delete(*ms, i, i+1)
	}
	*ms = append(*ms, m)
	return m
}

// bound forgets what is over the bounds: whole meshes, then the evidence that was
// asked longest ago, first of the meshes not used for long.
func (ms *meshes) bound() {
	if over := len(*ms) - maxMeshes; over > 0 {
		*ms = slices.Delete(*ms, 0, over)
	}
	total := 0
	for _, m := range *ms {
		m.forget(max(0, len(m.asked)-maxAsked))
		total += m.size()
	}
	for _, m := range *ms {
		for total > maxMemories && len(m.asked) > 1 {
			total -= len(m.asked[0].before)
			m.forget(1)
		}
	}
}

func (m *mesh) forget(n int) { m.asked = slices.Delete(m.asked, 0, n) }

// size is the bytes of the memories that m keeps for evidence asked again.
func (m *mesh) size() int {
	n := 0
	for _, a := range m.asked {
		n += len(a.before)
	}
	return n
}

// need tells whether a mesh's memory is the one that round n left.
func (ms meshes) need(n int) bool {
	return slices.ContainsFunc(ms, func(m *mesh) bool { return m.latest == n })
}
