package critical

import (
	"cmp"
	"slices"
	"sort"

	"github.com/sluice-mesh/sluice/graph"
)

// tree is the calls of one trace, each hung under the call during which its
// caller sent it. It is reused from trace to trace and reads one in
// O(n log n) without recursion, so that a trace of any shape is harmless. Clocks
// that contradict one another can make calls each other's parents; as each has
// one parent, no way down from a call without a parent leads into such a loop.
type tree struct {
	m *mesh
	s *survey

	calls  []graph.Call
	events []event
	// parent of each call, none where the log shows none.
	parent []int32
	// sent is each call in its caller's clock, got in its callee's.
	sent, got []sight
	links     []link
	// kids of call i, by start, are kid[first[i]:first[i+1]]; those without a
	// parent come last, from first[len(calls)] on, pod by pod.
	first []int32
	kid   []int32

	stack []int32 // events
}

// sight is a window and how it is known.
type sight struct {
	window
	how how
}

// how a window is known: not at all, from the other side's line by way of the
// clocks, or from this side's own line.
type how uint8

const (
	unseen how = iota
	derived
	logged
)

// event is one call as one pod saw it.
type event struct {
	window
	pod, call int32
	// rank breaks ties of start: what is received comes before what is sent.
	rank uint8
}

const (
	rankReceived uint8 = iota
	rankSent
	// rankOwn is the receiving end of a pod's call to itself, which must not be
	// taken for the call that it was sent by.
	rankOwn
)

// read hangs up the calls of t.
func (b *tree) read(t *graph.Trace) {
	b.calls = t.Calls
	n := len(b.calls)
	b.parent = refill(b.parent, n, none)
	b.sent = refill(b.sent, n, sight{})
	b.got = refill(b.got, n, sight{})
	b.links = refill(b.links, n, link{})
	b.events = b.events[:0]
	for i := range b.calls {
		b.place(int32(i))
	}
	slices.SortFunc(b.events, event.compare)
	for i := 0; i < len(b.events); {
		j := i
		for j < len(b.events) && b.events[j].pod == b.events[i].pod {
			j++
		}
		b.nest(b.events[i:j])
		i = j
	}
	b.group()
}

func refill[T any](s []T, n int, v T) []T {
	if cap(s) < n {
		s = make([]T, n)
	}
	s = s[:n]
	for i := range s {
		s[i] = v
	}
	return s
}

// place finds the windows of a call in both pods' clocks.
func (b *tree) place(i int32) {
	c := &b.calls[i]
	p, q := b.m.caller(c), b.m.callee(c)
	out, sent := view(c.Out)
	in, got := view(c.In)
	l := b.s.clocks.link(p, q)
	b.links[i] = l
	if sent {
		b.sent[i] = sight{out, logged}
	} else if got && l.known {
		b.sent[i] = sight{in.shift(l.d), derived}
	}
	if got {
		b.got[i] = sight{in, logged}
	} else if sent && l.known {
		b.got[i] = sight{out.shift(-l.d), derived}
	}
	if s := b.sent[i]; s.how != unseen && !c.Earlier { // its caller waited for the call as a whole
		b.events = append(b.events, event{s.window, p, i, rankSent})
	}
	if s := b.got[i]; s.how != unseen {
		e := event{s.window, q, i, rankReceived}
		if p == q {
			e.rank, e.start = rankOwn, max(e.start, b.sent[i].start)
		}
		b.events = append(b.events, e)
	}
}

// compare orders by pod and start; of what starts together the longer comes
// first, since it may hold the shorter.
func (e event) compare(o event) int {
	switch {
	case e.pod != o.pod:
		return cmp.Compare(e.pod, o.pod)
	case e.start != o.start:
		return cmp.Compare(e.start, o.start)
	case e.rank != o.rank:
		return cmp.Compare(e.rank, o.rank)
	case e.end != o.end:
		return cmp.Compare(o.end, e.end)
	}
	return cmp.Compare(e.call, o.call)
}

// slack is how far beyond its parent's end a call may seem to end when start and
// duration were each cut to the grain.
func (b *tree) slack() micros { return 2 * b.s.grain() }

// nest finds the parents of what one pod sent: of the calls it was serving then,
// the one received last that also lasts until the sent call's end; failing that
// the one received last that had not ended at the start (it did not wait).
//
// The stack holds the calls being served. One that began earlier and ended
// earlier than a newcomer can never be preferred to it, so it leaves; the ends
// then fall from bottom to top and a binary search finds the answer.
func (b *tree) nest(frame []event) {
	only, single := b.single(frame)
	b.stack = b.stack[:0]
	for k := range frame {
		e := &frame[k]
		switch {
		case e.rank != rankSent:
			for len(b.stack) > 0 && frame[b.stack[len(b.stack)-1]].end < e.end {
				b.stack = b.stack[:len(b.stack)-1]
			}
			b.stack = append(b.stack, int32(k))
		case single && only != e.call:
			b.parent[e.call] = only
		default:
			b.parent[e.call] = b.fair(frame, e, b.serving(frame, e))
		}
	}
}

// crowd is the most calls received by one pod for one request among which what it
// sent is shared out.
const crowd = 64

// fair shares out what a pod sent while it served several calls of one caller
// for the same request: they look alike, and all of it cannot have been sent for
// the one received last. Of those that could have sent it, the one that sent least
// to that callee so far is taken, and the earliest of equals, as queues go.
func (b *tree) fair(frame []event, e *event, last int32) int32 {
	if last == none || len(frame) > crowd {
		return last
	}
	best, least := last, b.sentFor(frame, e, last)
	for k := len(frame) - 1; k >= 0; k-- {
		r := &frame[k]
		if r.rank != rankReceived || r.start > e.start || r.end+b.slack() < e.end || r.call == e.call ||
			b.calls[r.call].From != b.calls[last].From {
			continue
		}
		if n := b.sentFor(frame, e, r.call); n <= least {
			best, least = r.call, n
		}
	}
	return best
}

// sentFor counts the calls to e's callee that were found to be sent for a call.
func (b *tree) sentFor(frame []event, e *event, call int32) int {
	n := 0
	for k := range frame {
		s := &frame[k]
		if s.rank == rankSent && s.call != e.call && b.parent[s.call] == call && b.calls[s.call].To == b.calls[e.call].To {
			n++
		}
	}
	return n
}

// single reports whether the pod received just one call: then all it sent for
// this request was sent for that one, whatever the clocks say.
func (b *tree) single(frame []event) (call int32, ok bool) {
	call = none
	for k := range frame {
		if frame[k].rank == rankSent {
			continue
		}
		if call != none {
			return none, false
		}
		call = frame[k].call
	}
	return call, call != none
}

func (b *tree) serving(frame []event, e *event) int32 {
	for _, need := range [...]micros{e.end - b.slack(), e.start} {
		n := sort.Search(len(b.stack), func(i int) bool { return frame[b.stack[i]].end < need })
		for n--; n >= 0; n-- {
			if call := frame[b.stack[n]].call; call != e.call {
				return call
			}
		}
	}
	return none
}

// group lists each call's kids. Events are ordered by pod and start, and a
// call's kids are all at one pod, so filling in that order sorts them.
func (b *tree) group() {
	n := len(b.calls)
	b.first = refill(b.first, n+2, 0)
	b.kid = refill(b.kid, n, 0)
	kids := int32(0)
	for k := range b.events {
		if e := &b.events[k]; e.rank == rankSent {
			b.first[b.slot(e.call)+1]++
			kids++
		}
	}
	for i := range n + 1 {
		b.first[i+1] += b.first[i]
	}
	b.kid = b.kid[:kids]
	// Filling from the back leaves first[i] where call i's kids begin.
	for k := len(b.events) - 1; k >= 0; k-- {
		if e := &b.events[k]; e.rank == rankSent {
			at := &b.first[b.slot(e.call)+1]
			*at--
			b.kid[*at] = e.call
		}
	}
	copy(b.first, b.first[1:])
	b.first[n+1] = kids
}

// slot is where a call is listed: its parent's number, or one past the last.
func (b *tree) slot(call int32) int32 {
	if p := b.parent[call]; p != none {
		return p
	}
	return int32(len(b.calls))
}

// kidsOf lists the calls sent during call i, by start.
func (b *tree) kidsOf(i int32) []int32 { return b.kid[b.first[i]:b.first[i+1]] }

// orphans lists the calls without a parent, by pod and start.
func (b *tree) orphans() []int32 { return b.kidsOf(int32(len(b.calls))) }
