package critical

import "slices"

// ties puts pods whose clocks are held together, directly or by others, into one
// frame of time: a union-find whose links carry offsets.
type ties struct {
	// up is the pod that each is tied to, itself at the top; d is what to add to
	// a pod's clock to get that of up.
	up []int32
	d  []micros
}

func newTies(pods int) ties {
	t := ties{make([]int32, pods), make([]micros, pods)}
	for i := range t.up {
		t.up[i] = int32(i)
	}
	return t
}

// top is the pod at the top, and what to add to pod's clock to get its.
func (t *ties) top(pod int32) (top int32, d micros) {
	for top = pod; t.up[top] != top; top = t.up[top] {
		d += t.d[top]
	}
	for at, rest := pod, d; at != top; { // shorten the way for the next
		next, step := t.up[at], t.d[at]
		t.up[at], t.d[at] = top, rest
		at, rest = next, rest-step
	}
	return top, d
}

// join ties two pods unless they are: d is to be added to b's clock to get a's.
func (t *ties) join(a, b int32, d micros) {
	p, dp := t.top(a)
	q, dq := t.top(b)
	if p != q {
		t.up[q], t.d[q] = p, d+dp-dq
	}
}

// offset is what to add to b's clock to get a's, if they are tied.
func (t *ties) offset(a, b int32) (d micros, ok bool) {
	p, dp := t.top(a)
	q, dq := t.top(b)
	return dq - dp, p == q
}

// mixed keeps the evidence of pods that several others called for one request,
// in a log of outbound lines: what such a pod sent lies within the calls that it
// received from all of them together, and those are on different clocks. It is
// worked out when the callers are tied to one another.
type mixed struct {
	of []mixture
	by []received
}

// mixture is one pod in one trace: what it sent lies within by[from:to].
type mixture struct {
	pod      int32
	sent     window
	from, to int32
}

// received is a call as the pod that sent it saw it.
type received struct {
	by int32
	window
}

// add notes one pod's received calls.
func (m *mixed) add(pod int32, sent window, by []received) {
	from := int32(len(m.by))
	m.by = append(m.by, by...)
	m.of = append(m.of, mixture{pod, sent, from, int32(len(m.by))})
}

// rounds bounds how many such pods may hang one behind the other.
const rounds = 16

// settle ties each pod to its callers, beginning with those whose callers are
// tied already, and lets go of the evidence.
func (m *mixed) settle(t *ties) {
	slices.SortStableFunc(m.of, func(a, b mixture) int { return int(a.pod) - int(b.pod) })
	for again, n := true, 0; again && n < rounds; n++ {
		again = false
		for of := range runs(m.of, func(a, b *mixture) bool { return a.pod == b.pod }) {
			again = m.tie(t, of) || again
		}
	}
	*m = mixed{}
}

// tie works out one pod; it reports whether it was tied now.
func (m *mixed) tie(t *ties, of []mixture) bool {
	pod, to := of[0].pod, m.stranger(t, of)
	if to == none {
		return false
	}
	bounds := make([]sample, 0, len(of))
	for i := range of {
		if w, ok := m.hull(t, to, &of[i]); ok {
			bounds = append(bounds, sample{d: window{w.start - of[i].sent.start, w.end - of[i].sent.end}})
		}
	}
	if len(bounds) == 0 {
		return false
	}
	d, _, ok := middle(bounds)
	if ok {
		t.join(to, pod, d)
	}
	return ok
}

// stranger is the first caller of a pod that is not tied to it, none without one.
func (m *mixed) stranger(t *ties, of []mixture) int32 {
	for i := range of {
		for _, r := range m.by[of[i].from:of[i].to] {
			if _, tied := t.offset(of[i].pod, r.by); !tied {
				return r.by
			}
		}
	}
	return none
}

// hull is the stretch from the first to the last of the calls that x received, in
// the clock of to. Calls that came back, made during what the pod had sent itself
// (give or take the rounding of the log), are within it anyway and are on clocks that
// are tied to the pod's, not to to's.
func (m *mixed) hull(t *ties, to int32, x *mixture) (w window, ok bool) {
	own := window{x.sent.start - millisecond, x.sent.end + millisecond}
	for _, r := range m.by[x.from:x.to] {
		if d, tied := t.offset(x.pod, r.by); tied && own.holds(r.shift(d)) {
			continue
		}
		d, tied := t.offset(to, r.by)
		if !tied {
			return w, false
		}
		if s := r.shift(d); ok {
			w = w.hull(s)
		} else {
			w, ok = s, true
		}
	}
	return w, ok
}
