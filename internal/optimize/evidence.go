package optimize

import (
	"encoding/binary"
	"math"
	"math/bits"

	"github.com/cespare/xxhash/v2"
)

// digest hashes a sequence of strings and numbers without ambiguity.
type digest struct{ x *xxhash.Digest }

func newDigest() digest { return digest{xxhash.New()} }

func (d digest) text(s string) {
	d.number(uint64(len(s)))
	_, _ = d.x.WriteString(s)
}

func (d digest) number(n uint64) {
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], n)
	_, _ = d.x.Write(b[:])
}

func (d digest) float(f float64) { d.number(math.Float64bits(f)) }

func (d digest) amount(p *float64) {
	if p == nil {
		d.number(0)
		return
	}
	d.number(1)
	d.float(*p)
}

// evidence hashes what a round shows. Rows are hashed one by one and the hashes
// added, so that their order does not matter and two equal rows do not cancel; the
// graph hashes its lines in the same way.
func evidence(obs *Observation) uint64 {
	var rows uint64
	for _, c := range obs.Request.Containers {
		d := newDigest()
		for _, s := range []string{c.Service, c.Namespace, c.Pod, c.IP} {
			d.text(s)
		}
		if c.Sidecar {
			d.number(1)
		}
		d.amount(c.CPU)
		d.amount(c.Memory)
		if c.Sidecar && c.Spec != nil {
			d.amount(c.Spec.CPULimit)
			d.amount(c.Spec.MemoryLimit)
		}
		rows += bits.RotateLeft64(d.x.Sum64(), 17)
	}
	d := newDigest()
	d.number(rows)
	d.number(obs.Graph.Digest)
	return d.x.Sum64()
}
