package graph

import (
	"bytes"
	"cmp"
	"math"
	"slices"

	"github.com/cespare/xxhash/v2"
)

// Defaults of Options.
const (
	DefaultMaxEvents    = 2 << 20
	DefaultMaxAddresses = 1 << 18
	DefaultMaxNames     = 1 << 16
	DefaultMaxTrace     = 10_000
)

// Options bound what a Builder keeps. A field that is zero or less means its
// default.
type Options struct {
	// MaxEvents is how many distinct events are kept exactly; past it a sample
	// of whole external requests, chosen by the hash of request_id, is kept.
	MaxEvents int
	// MaxAddresses is how many distinct addresses are told apart. Those past it
	// count as clients outside the mesh.
	MaxAddresses int
	// MaxNames is how many distinct pairs of a cluster and an authority are told
	// apart. Past it a line's authority is forgotten, then its cluster too.
	MaxNames int
	// MaxTrace is how many events of one request are kept; of a larger one a
	// sample of its events is kept, which counts but makes no trace.
	MaxTrace int
}

func (o Options) withDefaults() Options {
	set := func(v *int, d int) {
		if *v <= 0 {
			*v = d
		}
	}
	set(&o.MaxEvents, DefaultMaxEvents)
	set(&o.MaxAddresses, DefaultMaxAddresses)
	set(&o.MaxNames, DefaultMaxNames)
	set(&o.MaxTrace, DefaultMaxTrace)
	return o
}

const (
	// shardCount slices of events, so that growing copies a sixteenth at a time.
	shardCount = 16
	// firstShard is a shard's first capacity, in events.
	firstShard = 64
	// firstCompact is how many events a shard takes before repeats are looked for.
	firstCompact = 4096
	// longestAddress and longestName in bytes: a DNS name has at most 253.
	longestAddress = 255
	longestName    = 1024
)

// shard holds the events whose key ends in its number.
type shard struct {
	events []event
	// compactAt is the length at which repeats are looked for next.
	compactAt int
}

// Builder collects records into a Graph. The zero value is not ready; see
// NewBuilder. It must not be used by several goroutines at once: give each its
// own and Merge them. What it keeps and what Build makes of it does not depend
// on the order of the records, nor on how they were spread over Builders, as
// long as MaxAddresses and MaxNames were not reached.
type Builder struct {
	options   Options
	addresses table
	names     table
	shards    [shardCount]shard
	kept      int // events in all shards
	expected  int // events in all, 0 where nobody said; see Expect
	added     int64
	// level: an event is kept when the top level bits of its key are zero.
	level  uint
	buf    []byte
	shared bool // a Graph reads the shards
}

// NewBuilder returns an empty Builder. A zero field of o means its default.
func NewBuilder(o Options) *Builder {
	o = o.withDefaults()
	return &Builder{
		options:   o,
		addresses: newTable(o.MaxAddresses, longestAddress),
		// Twice: once for pairs, then as many again for clusters alone.
		names: newTable(2*o.MaxNames, longestName),
	}
}

// Add takes one record; it keeps nothing of r's memory. It reports whether the
// record could be used at all: it has a direction, or addresses that tell one, and
// says who was called. One that could not is the caller's to count among the skipped.
func (b *Builder) Add(r *Record) bool {
	sure := true
	if r.Direction == Unknown && len(r.Cluster) == 0 {
		guessed := *r
		guessed.Direction, sure = r.guess()
		r = &guessed
	}
	if !usable(r) {
		return false
	}
	b.added++
	var e event
	b.buf, e.id = identify(b.buf, r)
	e.key = e.id
	if len(r.RequestID) > 0 {
		e.key = xxhash.Sum64(r.RequestID)
		e.flags |= isTraced
	}
	if !sure {
		e.flags |= isEither
	}
	if !b.sampled(e.key) {
		return true
	}
	b.fill(&e, r)
	b.push(&e)
	return true
}

func usable(r *Record) bool {
	switch r.Direction {
	case Inbound:
		return len(r.Upstream) > 0 || len(r.DownstreamLocal) > 0 || len(r.ServerName) > 0 || len(r.Authority) > 0
	case Outbound:
		return len(r.Upstream) > 0 || len(r.Cluster) > 0 || len(r.asked()) > 0 || len(r.aim()) > 0
	}
	return false
}

// sampled reports whether events of this key are kept at the present level.
func (b *Builder) sampled(key uint64) bool { return key>>(63-b.level)>>1 == 0 }

func (b *Builder) fill(e *event, r *Record) {
	e.start = clampStart(r.Start)
	e.duration, e.service = packSpan(r.Duration), packSpan(r.ServiceTime)
	e.down, e.up = b.addresses.id(clientOf(r.Downstream)), b.addresses.id(hostOf(r.Upstream))
	local := r.UpstreamLocal
	if r.Direction == Inbound {
		local = r.DownstreamLocal
		e.flags |= isInbound
	} else if len(r.Upstream) == 0 {
		if aim := r.aim(); len(aim) > 0 {
			local = aim
			e.flags |= isAimed
		}
	}
	e.local = b.addresses.id(hostOf(local))
	e.name = b.name(r)
	if r.Code >= 500 || len(r.Upstream) == 0 {
		e.flags |= isFailed
	}
	if r.unreached() {
		e.flags |= isUnreached
	}
	if r.givenUp() {
		e.flags |= isGivenUp
	}
	e.sent = noBytes
	if r.BytesSent >= 0 {
		e.sent = uint32(min(r.BytesSent, noBytes-1))
	}
	if bytes.HasSuffix(r.Downstream, []byte(":0")) {
		e.flags |= isForwarded
	}
	e.lines = 1
}

// name interns by what name the callee was called: the cluster of an outbound
// line, the server name of an inbound one (with mutual TLS it holds the
// caller's cluster), and beside it the name the client used.
func (b *Builder) name(r *Record) uint32 {
	primary, kind := r.Cluster, byte(nameCluster)
	if r.Direction == Inbound && !namesHost(r.Cluster) {
		primary, kind = r.ServerName, nameServer
	}
	asked := r.asked()
	if len(primary) == 0 && len(asked) == 0 {
		return absent
	}
	b.buf = append(append(b.buf[:0], kind), primary...)
	if n := len(b.buf); len(asked) > 0 {
		b.buf = append(append(b.buf, 0), asked...)
		if len(b.names.ids) >= b.options.MaxNames && !b.names.has(b.buf) {
			b.buf = b.buf[:n] // authorities may be anything; clusters are few
		}
	}
	return b.names.id(b.buf)
}

// namesHost reports whether an inbound cluster names its service, as Istio
// before 1.8 did: "inbound|9080|http|reviews.default.svc.cluster.local".
func namesHost(cluster []byte) bool {
	return len(cluster) > 0 && cluster[len(cluster)-1] != '|' && bytes.Count(cluster, []byte("|")) == 3
}

// push stores e and compacts where a bound is reached.
func (b *Builder) push(e *event) {
	b.unshare()
	s := &b.shards[e.key%shardCount]
	if len(s.events) == cap(s.events) {
		b.grow(s, 1)
	}
	s.events = append(s.events, *e)
	b.kept++
	b.bound(s)
}

// take stores all events of a shard of another Builder, which were sampled already.
func (b *Builder) take(s *shard, es []event) {
	if len(es) > cap(s.events)-len(s.events) {
		b.grow(s, len(es))
	}
	s.events = append(s.events, es...)
	b.kept += len(es)
	b.bound(s)
}

// bound compacts what has reached a bound.
func (b *Builder) bound(s *shard) {
	if len(s.events) >= s.compactAt {
		if s.compactAt == 0 {
			s.compactAt = firstCompact
		} else if s.repeats() {
			b.kept -= b.compact(s)
		} else {
			s.compactAt *= 2
		}
	}
	if b.kept > b.full() {
		b.shrink()
	}
}

// full is how many events are kept, repeats among them, before the Builder shrinks.
func (b *Builder) full() int { return b.options.MaxEvents + b.options.MaxEvents/8 }

// unshare copies what a Graph reads, so that a Builder may go on after Build.
func (b *Builder) unshare() {
	if !b.shared {
		return
	}
	for i := range b.shards {
		b.shards[i].events = slices.Clone(b.shards[i].events)
	}
	b.shared = false
}

// compact sorts a shard, makes repeats one, and caps each request at MaxTrace
// events: those of the smallest hashes, and one more as the mark that there
// were others. Both are functions of the set of events, whatever their order. It
// changes nothing but s, and returns how many events are gone.
func (b *Builder) compact(s *shard) (gone int) {
	sortEvents(s.events, 0)
	before, out, n, run := len(s.events), s.events, 0, 0
	for i := range s.events {
		e := &s.events[i]
		if n > 0 && out[n-1].key == e.key {
			if out[n-1].id == e.id {
				b.fold(&out[n-1], e)
				continue
			}
			run++
		} else {
			run = 0
		}
		if run <= b.options.MaxTrace {
			if n < i {
				out[n] = *e
			}
			n++
		}
	}
	out = out[:n]
	s.events = out
	s.compactAt = max(firstCompact, 2*len(out))
	if before-len(out) < before/8 { // few repeats: no hurry to look for more
		s.compactAt *= 2
	}
	return before - len(out)
}

// fold makes e one with its repeat. Where the two differ in what does not tell
// events apart, the one that is smaller by content stays.
func (b *Builder) fold(kept, e *event) {
	lines := uint16(min(uint32(kept.lines)+uint32(e.lines), math.MaxUint16))
	if b.content(e, kept) < 0 {
		*kept = *e
	}
	kept.lines = lines
}

// content orders two events that are the same but for what identify leaves out.
func (b *Builder) content(x, y *event) int {
	return cmp.Or(
		cmp.Compare(x.flags, y.flags),
		cmp.Compare(x.service, y.service),
		cmp.Compare(x.sent, y.sent),
		cmp.Compare(b.names.texts[x.name], b.names.texts[y.name]),
	)
}

// shrink drops repeats everywhere and then, while there is still too much,
// every other request by hash.
func (b *Builder) shrink() {
	var gone [shardCount]int
	b.eachShard(func(i int) { gone[i] = b.compact(&b.shards[i]) })
	for _, n := range gone {
		b.kept -= n
	}
	for b.kept > b.options.MaxEvents && b.level < 63 {
		b.raise(b.level + 1)
	}
}

// raise keeps only what is sampled at a level. The level reached in the end is
// the least at which the distinct events fit: it depends on the set of them.
func (b *Builder) raise(level uint) {
	b.level = level
	b.kept = 0
	for i := range b.shards {
		s := &b.shards[i]
		s.events = slices.DeleteFunc(s.events, func(e event) bool { return !b.sampled(e.key) })
		b.kept += len(s.events)
	}
}

// settle makes the numbers in the events independent of the order of arrival.
func (b *Builder) settle() {
	b.unshare()
	b.shrink()
	for i := range b.shards {
		b.shards[i].fit()
	}
	var addresses, names [shardCount][]bool
	b.eachShard(func(i int) {
		address, name := make([]bool, len(b.addresses.texts)), make([]bool, len(b.names.texts))
		for k := range b.shards[i].events {
			e := &b.shards[i].events[k]
			address[e.down], address[e.up], address[e.local], name[e.name] = true, true, true, true
		}
		addresses[i], names[i] = address, name
	})
	address, name := b.addresses.sort(anyOf(addresses[:])), b.names.sort(anyOf(names[:]))
	b.eachShard(func(i int) {
		for k := range b.shards[i].events {
			e := &b.shards[i].events[k]
			e.down, e.up, e.local, e.name = address[e.down], address[e.up], address[e.local], name[e.name]
		}
	})
}

// anyOf is what any of the marks mark.
func anyOf(marks [][]bool) []bool {
	all := marks[0]
	for _, m := range marks[1:] {
		for i, marked := range m {
			all[i] = all[i] || marked
		}
	}
	return all
}

// eachShard does something with each shard and nothing else, side by side where there are
// events enough.
func (b *Builder) eachShard(f func(i int)) {
	if b.kept >= worthRelay {
		beside(shardCount, func() func(int) { return f })
		return
	}
	for i := range b.shards {
		f(i)
	}
}

func (b *Builder) each(f func(*event)) {
	for i := range b.shards {
		for k := range b.shards[i].events {
			f(&b.shards[i].events[k])
		}
	}
}

// Merge adds what o collected, as if its records had been added here. o is
// empty then and may collect again.
func (b *Builder) Merge(o *Builder) {
	if o == nil || o == b {
		return
	}
	b.unshare()
	o.unshare()
	addr, name := b.addresses.absorb(&o.addresses), b.names.absorb(&o.names)
	b.added += o.added
	if o.level > b.level {
		b.raise(o.level)
	}
	empty := NewBuilder(o.options)
	for i := range o.shards {
		es := o.shards[i].events
		if b.level > o.level { // which may have been raised by what came before
			es = slices.DeleteFunc(es, func(e event) bool { return !b.sampled(e.key) })
		}
		for k := range es {
			e := &es[k]
			e.down, e.up, e.local, e.name = addr[e.down], addr[e.up], addr[e.local], name[e.name]
		}
		b.take(&b.shards[i], es)
		empty.shards[i].events = es[:0] // room for as many again
	}
	*o = *empty
	o.level = b.level // what is not kept here need not be collected there again
}

// Len is how many events are kept at present, repeats not yet dropped included.
func (b *Builder) Len() int { return b.kept }
