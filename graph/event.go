package graph

import (
	"cmp"
	"encoding/binary"
	"math"

	"github.com/cespare/xxhash/v2"
)

// event is one distinct log line in 56 bytes: two million of them must fit
// beside everything else in the memory that contract.md allows.
type event struct {
	// id is a hash of all that makes two lines one event.
	id uint64
	// key is the hash of request_id, or id where the line had none: what is
	// sampled and capped together.
	key               uint64
	start             Micros
	duration, service span
	// down, up and local are ids in Builder.addresses: the downstream, the
	// upstream, and the end that is the proxy's own (of the connection that it
	// accepted for an inbound line, of the one it opened for an outbound line). Where
	// isAimed is set it opened none, and local is the address that was asked for.
	down, up, local uint32
	// name is an id in Builder.names.
	name uint32
	// sent is bytes_sent, noBytes when missing.
	sent uint32
	// lines is how often the event was repeated in the log, itself included.
	lines uint16
	flags flags
}

type flags uint8

const (
	isInbound flags = 1 << iota
	isFailed
	// isTraced marks an event whose key is that of a request.
	isTraced
	// isEither marks an outbound event that may as well be an inbound one: the line
	// named no cluster, and its addresses do not tell.
	isEither
	// isForwarded marks an event whose downstream has the port 0: no connection has
	// one, so it is the client's address that a header told (X-Forwarded-For).
	isForwarded
	// isAimed marks an outbound event that no route led anywhere, whose local is the
	// address that its connection was for (its original destination).
	isAimed
	// isUnreached marks an outbound event of a call that never came to its callee's
	// sidecar (file unreached.go).
	isUnreached

	allFlags = isInbound | isFailed | isTraced | isEither | isForwarded | isAimed | isUnreached

	// isGivenUp marks an inbound event of a call that ended without any code (file
	// again.go). No inbound call is unreached, so the two share a bit.
	isGivenUp = isUnreached
)

const noBytes = math.MaxUint32

func (e *event) inbound() bool   { return e.flags&isInbound != 0 }
func (e *event) failed() bool    { return e.flags&isFailed != 0 }
func (e *event) traced() bool    { return e.flags&isTraced != 0 }
func (e *event) either() bool    { return e.flags&isEither != 0 }
func (e *event) forwarded() bool { return e.flags&isForwarded != 0 }
func (e *event) aimed() bool     { return e.flags&isAimed != 0 }
func (e *event) unreached() bool { return e.flags&(isUnreached|isInbound) == isUnreached }
func (e *event) timed() bool     { return e.start != Missing }

// end is when Envoy wrote the line. A line without a duration ended as it began.
func (e *event) end() Micros {
	if e.duration == noSpan {
		return e.start
	}
	return e.start + e.duration.micros()
}

// seconds that the call took, 0 where nobody knows.
func (e *event) seconds() float64 {
	if e.duration == noSpan {
		return 0
	}
	return float64(e.duration.micros()) / 1e6
}

// span is a length of time in 32 bits: whole microseconds up to 35 minutes,
// whole milliseconds, marked by the top bit, up to 24 days. Its order as a
// number is its order in time, noSpan (missing) being last.
type span uint32

const (
	noSpan span = math.MaxUint32
	inMS   span = 1 << 31
)

func packSpan(d Micros) span {
	switch {
	case d < 0:
		return noSpan
	case d < Micros(inMS):
		return span(d)
	}
	return inMS | span(min(d/1000, Micros(inMS)-2))
}

func (s span) micros() Micros {
	switch {
	case s == noSpan:
		return Missing
	case s&inMS != 0:
		return Micros(s&^inMS) * 1000
	}
	return Micros(s)
}

// compareEvents is the canonical order: requests together, and within one the
// events by their hash, which says nothing about time or order of arrival.
func compareEvents(a, b *event) int {
	if a.key != b.key {
		return cmp.Compare(a.key, b.key)
	}
	return cmp.Compare(a.id, b.id)
}

// latestStart keeps start+duration far from overflow; later than the year 5000.
const latestStart = Micros(100e15)

func clampStart(t Micros) Micros {
	if t < 0 || t > latestStart {
		return Missing
	}
	return t
}

// identify appends to buf what makes two lines one event and returns it with
// its hash. The text of the line is no part of it: repeats in real captures
// have their fields in another order.
func identify(buf []byte, r *Record) ([]byte, uint64) {
	buf = append(buf[:0], byte(r.Direction))
	for _, f := range [...][]byte{r.RequestID, r.Path, r.Downstream, r.Upstream, r.DownstreamLocal, r.UpstreamLocal} {
		if n := len(f); n < 0x80 { // one byte, as nearly always
			buf = append(append(buf, byte(n)), f...)
			continue
		}
		buf = append(binary.AppendUvarint(buf, uint64(len(f))), f...)
	}
	buf = binary.LittleEndian.AppendUint64(buf, uint64(r.Start))
	buf = binary.LittleEndian.AppendUint64(buf, uint64(r.Duration))
	return buf, xxhash.Sum64(buf)
}
