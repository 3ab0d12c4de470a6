package graph

import (
	"cmp"
	"math"
	"slices"
)

// A proxy may log one of its directions only in part: logging was switched on late, a
// capture holds so many lines of each direction, a filter keeps failures alone. What is
// there then looks as if that were all: a pod that received little and sent much for
// requests that it never got. findPartly tells such a side by what else is logged of the
// same requests. If it is there for a part of the time, only that counts; if it is there
// for a part of the calls, it counts as not logged for what is followed. Rates know by
// themselves which side missed calls; see pool.

// partly is whether a pod's proxy logs a direction only in part, by side and pod.
type partly [2][]bool

const (
	// minPartly is how many requests must lack a pod's line before its log is believed
	// to lack them: some do by chance, as one that was under way when the log ends.
	minPartly = 5
	// A side must lack this part of them, and this many times what the other side lacks:
	// a log that lost lines at random lost them on both sides alike, and what is then
	// missing of calls received is missing of what was sent for them. Where it is not
	// known what the other side lacks, it must be a quarter.
	leastLacking   = 0.02
	timesLacking   = 1.35
	unknownLacking = 0.25
)

// audit compares what pods logged of each direction with what else is there.
type audit struct {
	*survey
	pods  [2][]audited
	notes []auditNote
	// unnamed are the services that a request called by an address that tells no pod.
	unnamed []int32
	// hears is, by pod, where its log would show the call that it sent for.
	hears []window
	// lost is, by side, what the other sides of all pods lack.
	lost [2]lacked
}

// audited is what is known of one side of one pod.
type audited struct {
	// doubted is set where it is worth asking when its lines were written, shown is when,
	// if for a part of the pod's window only (file quiet.go); then outside counts the
	// requests elsewhere of which the pod must have a line but has none.
	doubted bool
	shown   window
	outside int
	// sending are the calls received within its lines, by whether anything was sent for
	// them; silent counts those outside of which nothing was.
	sending lacked
	silent  int
	// requests within its lines that must have one, and for what was sent the calls.
	requests, calls lacked
	// rates of its calls by its own lines and by the other ends'.
	own, told sideRate
	// both counts the requests of which a call is in its own log: those of which the other
	// end's has one too, and those that it lacks.
	both lacked
	// tries counts the other ends' lines of requests that its own log covers, and those of
	// earlier tries (file again.go).
	tries lacked
	// failing are those of the latter whose calls failed: these may never have come, and
	// then the other end does not tell of all.
	failing int
}

// lacked counts requests that must have a line: those that have one and those that lack it.
type lacked struct{ has, lacks int }

func (l *lacked) add(has bool) {
	l.has += b2i(has)
	l.lacks += b2i(!has)
}

func (l lacked) plus(o lacked) lacked { return lacked{l.has + o.has, l.lacks + o.lacks} }

func (l lacked) sum() int { return l.has + l.lacks }

// part is which part of them lacks it, with the variance of that.
func (l lacked) part() estimate {
	p := float64(l.lacks) / float64(max(1, l.sum()))
	return estimate{p, p * (1 - p) / float64(max(1, l.sum()))}
}

// auditNote is one hop of a request as it concerns one pod: node is whom it called,
// none for what it received.
type auditNote struct {
	pod, node int32
	kind      uint16
}

const (
	auditGot     uint16 = 1 << iota // the pod's own line of a call received
	auditWhole                      // such a call lies within its window
	auditSent                       // its own line of a call sent
	auditHeard                      // such a call lies where its cause would be logged
	auditCalled                     // a caller's line of a call received
	auditAnswer                     // a callee's line of a call sent
	auditBefore                     // the line was written when the other direction's were not
	auditFailed                     // a call sent that failed
	auditEarlier                    // a callee's line of a call sent that was tried again
)

// findPartly sets partly, and where each direction is logged. Most logs give no reason to
// look: then it costs nothing.
func (s *survey) findPartly() {
	s.partly = partly{make([]bool, len(s.pods)), make([]bool, len(s.pods))}
	a := audit{survey: s, pods: [2][]audited{make([]audited, len(s.pods)), make([]audited, len(s.pods))}}
	if s.vague > s.clear || !a.open() {
		return // when calls were under way nobody knows
	}
	a.findShown()
	a.look()
	a.leaveOutTries()
	a.sumLost()
	s.stands = a.standIns()
	for i := range s.pods {
		for side := range s.partly {
			s.partly[side][i] = a.narrow(side, i) || a.lacking(side, i)
		}
	}
}

// manyEvents are enough to tell by: of more, one request in so many is looked at.
const manyEvents = 1 << 18

// look goes over the requests, which are in an order that knows nothing of time.
func (a *audit) look() {
	every := 1 + a.events.count()/manyEvents
	var hops []hop
	p := pairer{j: a.join}
	n := 0
	for r := range a.events.requests() {
		if n++; n%every != 0 {
			continue
		}
		hops = a.resolve(hops[:0], r.events)
		if r.whole && unansweredHere(hops) {
			p.pair(hops) // which marks what was tried again
		}
		a.hearRates(hops, r.weight*float64(every))
		if r.whole {
			a.request(hops)
		}
	}
}

// partial is how many proxies log a direction only in part.
func (s *survey) partial() (n int) {
	for i := range s.pods {
		n += b2i(s.partly[inSide][i] || s.partly[outSide][i] || s.writers[i].narrowed)
	}
	return n
}

// open reports whether anything is to be looked into: the other ends of calls logged more
// of some pod's than the pod itself did, or one direction's lines cover a part of the
// other's. Of calls sent those that failed may never have come to the other ends.
func (a *audit) open() (doubts bool) {
	more := func(told int32, own int) bool { return own > 0 && float64(told) > 1.02*float64(own)+2 }
	a.hears = make([]window, len(a.survey.pods))
	for i, ref := range a.survey.pods {
		w := &a.writers[i]
		a.hears[i] = w.window.shorten(w.long())
		told := a.told[inSide][i] + a.toldNode[ref.node]/int32(len(a.nodes[ref.node].Pods))
		in, out := &a.pods[inSide][i], &a.pods[outSide][i]
		in.doubted = more(told, w.in) || w.late(inSide)
		out.doubted = more(a.told[outSide][i], w.out-w.failing()) || w.late(outSide)
		doubts = doubts || in.doubted || out.doubted || a.silentPod(i)
	}
	return doubts
}

// logged is how many lines there are of one direction.
func (w *writer) logged(side int) int {
	if side == inSide {
		return w.in
	}
	return w.out
}

// hearRates sums the rates of pods' calls by their own lines and by the other ends'.
func (a *audit) hearRates(hops []hop, weight float64) {
	for i := range hops {
		h := &hops[i]
		pod, side := h.toPod, inSide
		if h.in {
			pod, side = h.fromPod, outSide
		}
		if own := h.own(); own != none && !h.implied {
			r := &a.pods[1-side][own].own
			r.add(weight/a.writers[own].exposure, a.writers[own].bursts, false)
			r.open += weight / a.writers[own].exposure * h.event.seconds()
		}
		if pod == none || h.implied || side == inSide && (h.event.failed() || a.writers[pod].in > 0 && a.around(h)) {
			continue // what failed may never have come
		}
		w := &a.writers[a.writerOf(h)]
		r := &a.pods[side][pod].told
		r.add(weight/w.exposure, w.bursts, false)
		r.open += weight / w.exposure * h.event.seconds()
	}
}

// around reports whether a call that was sent is of those that the callee's sidecars
// never log, whatever else they do.
func (a *audit) around(h *hop) bool {
	return h.from >= 0 && h.to >= 0 && a.edge(h.from, h.to).unheard()
}

// request notes which pods have the lines of one request that they must have: who sent
// for it was called for it, if a caller says so, and whom a callee names as its caller
// called it, if it logged its own call from start to end.
func (a *audit) request(hops []hop) {
	a.notes, a.unnamed = a.notes[:0], a.unnamed[:0]
	for i := range hops {
		h := &hops[i]
		switch {
		case h.implied:
		case h.in:
			a.noteIn(h)
		default:
			a.noteOut(h)
		}
	}
	slices.SortFunc(a.notes, func(x, y auditNote) int { return cmp.Or(cmp.Compare(x.pod, y.pod), cmp.Compare(x.node, y.node)) })
	for of := range runs(a.notes, func(x, y auditNote) bool { return x.pod == y.pod }) {
		a.judge(of)
	}
}

func (a *audit) add(pod, node int32, kind uint16) {
	if pod != none {
		a.notes = append(a.notes, auditNote{pod, node, kind})
	}
}

func (a *audit) noteIn(h *hop) {
	kind, e := auditGot, h.event
	if h.toPod != none && e.timed() && a.writers[h.toPod].window.covers(e.start, e.end()) {
		kind |= auditWhole | a.before(h.toPod, outSide, e)
	}
	a.add(h.toPod, none, kind)
	switch {
	case h.to < 0 || h.fromPod == h.toPod:
	case h.try == earlier: // the caller has no line of it
		a.add(h.fromPod, h.to, auditEarlier)
	default:
		a.add(h.fromPod, h.to, auditAnswer)
	}
}

func (a *audit) noteOut(h *hop) {
	kind, e := auditSent, h.event
	if e.failed() {
		kind |= auditFailed
	}
	if h.fromPod != none && e.timed() && a.hears[h.fromPod].covers(e.end(), e.end()) {
		kind |= auditHeard | a.before(h.fromPod, inSide, e)
	}
	if h.to >= 0 {
		a.add(h.fromPod, h.to, kind)
	}
	if h.fromPod == h.toPod || a.around(h) {
		return
	}
	if a.add(h.toPod, none, auditCalled); h.toPod == none && h.to >= 0 {
		a.unnamed = append(a.unnamed, h.to)
	}
}

// judge counts what the notes of one request say of one pod.
func (a *audit) judge(of []auditNote) {
	pod := of[0].pod
	var received, sent uint16
	for _, n := range of {
		if n.node == none {
			received |= n.kind
		} else {
			sent |= n.kind
		}
	}
	in := &a.pods[inSide][pod]
	if received&auditGot != 0 {
		in.both.add(received&auditCalled != 0)
	}
	if sent&auditHeard != 0 {
		called := received&auditCalled != 0 || slices.Contains(a.unnamed, a.node(pod))
		in.count(received&auditGot != 0, sent&auditBefore != 0, called || in.shown.blocks != nil)
	}
	out := &a.pods[outSide][pod]
	whole := received&auditWhole != 0
	switch {
	case !whole:
	case received&auditBefore == 0:
		out.sending.add(sent != 0)
	default:
		out.silent += b2i(sent == 0)
	}
	for to := range runs(of, func(x, y auditNote) bool { return x.node == y.node }) {
		sends, answers, failed, earlier := 0, 0, 0, 0
		for _, n := range to {
			sends += b2i(n.kind&auditSent != 0)
			answers += b2i(n.kind&auditAnswer != 0)
			failed += b2i(n.kind&auditFailed != 0)
			earlier += b2i(n.kind&auditEarlier != 0)
		}
		if sends > 0 {
			out.both.add(answers > 0)
			out.failing += b2i(answers == 0 && failed > 0)
		}
		if sends > 0 || whole && received&auditBefore == 0 {
			out.tries = out.tries.plus(lacked{answers, earlier})
		}
		if whole {
			out.count(sends > 0, received&auditBefore != 0, answers > 0)
			out.calls.has += min(sends, answers)
			out.calls.lacks += max(0, answers-sends)
		}
	}
}

// count takes up a request of which the pod must have a line, has it or not.
func (p *audited) count(has, outside, must bool) {
	switch {
	case !must:
	case outside:
		p.outside += b2i(!has)
	default:
		p.requests.add(has)
	}
}

// among reports whether nearly all calls that a pod logged as received are among those that
// its callers logged, who have more of them over a time as long. Where it lacks those of a
// stretch of time, its whole log may: that is no reason to do without the others.
func (p *audited) among() bool {
	return p.shown.blocks == nil && p.both.has >= 2*minPartly && p.both.part().value < 1-nearlyAll && p.own.gapsBeside(p.told) &&
		p.told.events-p.own.events >= minPartly
}

// ofService sums what requests tell of one side of all pods of a pod's service, which are
// told alike what to log.
func (a *audit) ofService(side, pod int) (all audited) {
	for _, i := range a.podsOfNode(a.node(int32(pod))) {
		p := &a.pods[side][i]
		all.requests, all.calls = all.requests.plus(p.requests), all.calls.plus(p.calls)
	}
	return all
}

// usual is what part of its lines a log may lack on one side: as much as the pod's other
// side lacks or, where that is not known, as those of all pods.
func (a *audit) usual(side int, other audited) estimate {
	lacks := other.other(side)
	if lacks.sum() < 2*minPartly {
		lacks = a.lost[side]
	}
	if lacks.sum() < 2*minPartly {
		return estimate{value: unknownLacking}
	}
	p := lacks.part()
	return estimate{leastLacking + timesLacking*p.value, sq(timesLacking) * p.variance}
}

// other is what a pod's other side lacks, for comparing a side with it.
func (p *audited) other(side int) lacked {
	if side == inSide {
		return p.calls
	}
	return p.requests
}

// sumLost adds up what the other sides of all pods lack.
func (a *audit) sumLost() {
	for side := range a.lost {
		for i := range a.pods[1-side] {
			a.lost[side] = a.lost[side].plus(a.pods[1-side][i].other(side))
		}
	}
}

// nameless is the part of a side's lines that have no request_id.
func (w *writer) nameless(side int) float64 {
	all, named := w.in, w.named
	if side == outSide {
		all, named = w.out, w.namedOut
	}
	if all == 0 {
		return 0
	}
	return 1 - float64(named)/float64(all)
}

// lacking reports whether one side of a pod's log is there for a part of its calls: requests
// tell or, as a filter may leave those alone that could, the rates.
func (a *audit) lacking(side, pod int) bool {
	p, o, w := a.pods[side][pod], a.pods[1-side][pod], &a.writers[pod]
	if w.logged(side) == 0 {
		return false // all of it is not there, as everybody sees
	}
	longer := w.exposure / w.exposed[side]
	own, told := estimate{p.own.rate * longer, p.own.variance * longer * longer}, p.told.estimate()
	if own.value < 0.8*told.value && told.value-own.value > 3*math.Sqrt(told.variance+own.variance) {
		return true
	}
	if side == inSide && p.among() { // without what was sent, counts would be all that is left
		return true
	}
	if p.requests.sum() < 2*minPartly {
		p, o = a.ofService(side, pod), a.ofService(1-side, pod)
	}
	if p.requests.sum() < 2*minPartly {
		return false
	}
	lacks, may := p.requests.part(), a.usual(side, o)
	may.value += w.nameless(side) // such a line is there, and of no request
	return p.requests.lacks >= minPartly && lacks.value > may.value+2*math.Sqrt(lacks.variance+may.variance)
}
