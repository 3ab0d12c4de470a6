package graph

import "math"

// Lines get lost: a log's writer was slow, a collector dropped some. Of a call whose line is
// lost at one end the other end's line tells, if that end logs: what a pod sent for a
// request is what either end shows, and what it sent for a call of which only its caller
// tells was sent for no unknown one.

// wholly is the part of a pod's lines that must have a request_id for one that is not there to
// be thought lost: else it is there, and of no request.
const wholly = 0.98

// losesLines reports whether what a pod's log lacks of a request is lost: the pod logs both
// directions, as far as is known, with request_ids.
func (s *survey) losesLines(pod int32) bool {
	w := &s.writers[pod]
	return !s.crowded[pod] && !s.deaf(pod) && !s.dumb(pod) && s.unit[pod] == pod && w.nameless(inSide) < 1-wholly && w.nameless(outSide) < 1-wholly
}

// innerWindows are, by pod, the stretches of its time so far from the ends that all that it
// did for a request lies in the pod's window if a part of it lies there.
func (s *survey) innerWindows() []window {
	longest := Micros(0)
	for i := range s.pods {
		longest = max(longest, s.writers[i].long())
	}
	inner := make([]window, len(s.pods))
	for i := range s.pods {
		inner[i] = s.writers[i].window.shorten(2 * longest).shift(longest)
	}
	return inner
}

// findCrowded marks the pods at an address of several: whose a call is may be a guess there.
func (s *survey) findCrowded() {
	s.crowded = make([]bool, len(s.pods))
	for i := range s.places {
		if pods := s.places[i].pods; len(pods) > 1 {
			for _, p := range pods {
				s.crowded[p] = true
			}
		}
	}
}

// gatherLone lists the calls of a request that show a pod's line to be lost, and marks those
// that failed at the other end.
//
// Of a call that failed for its callee the caller may have made another, and one that failed for
// its caller may never have come. So what a pod sent is told by answered calls, for the others
// too (see loneFailed), and what it sent for calls of which only a failed caller's line tells
// counts for none of those that it is known to have received (see perhapsLost).
func (f *follower) gatherLone(hops []hop, pairs []pairing) {
	for _, p := range pairs {
		switch {
		case p.out < 0:
			if h := &hops[p.in]; h.fromPod != none && h.fromPod != h.toPod && !h.implied && !h.event.unanswered() && f.losesLines(h.fromPod) {
				f.visits = append(f.visits, visit{h.fromPod, p.in, sentAlone})
			}
		case p.in < 0:
			if h := &hops[p.out]; h.toPod != none && h.fromPod != h.toPod && !h.unreached() && f.losesLines(h.toPod) && !f.passedBy(h) {
				kind := receivedAlone
				if h.event.failed() {
					kind = perhapsAlone
				}
				f.visits = append(f.visits, visit{h.toPod, p.out, kind})
			}
		default:
			hops[p.in].failedThere = hops[p.out].event.failed()
			hops[p.out].failedThere = hops[p.in].event.unanswered()
		}
	}
}

// setLone parts a unit's visits from those of which its own line is lost, which come last.
func (f *follower) setLone(visits []visit) (own, lone []visit) {
	n := len(visits)
	for n > 0 && visits[n-1].kind >= sentAlone {
		n--
	}
	return visits[:n], visits[n:]
}

// loneCalls are the calls of a request to a pod of which only the callers' lines tell, each
// weighing as much as the others of the request do: as one of several was going on when
// what was sent for it was sent, for all that anybody knows.
type loneCalls struct{ weight, received float64 }

// lonely is what the lone visits to a pod stand for. It is nothing where the pod's log may
// not show all that it did for the request.
func (f *follower) lonely(pod int32, lone []visit) (l loneCalls) {
	received, _ := receivedLone(lone)
	if len(lone) == 0 || len(f.begun) == 0 {
		return l
	}
	window := &f.writers[pod].window
	all := f.begun[0].block()
	for _, e := range f.begun {
		at := window.weight(e.start, e.end())
		if at == 0 {
			return loneCalls{}
		}
		all.extend(e.block(), false)
		l.weight += at / float64(len(f.begun))
	}
	if (received > 0 || !f.heard[f.node(pod)].once()) && !f.inner[pod].covers(all.first, all.last) {
		return loneCalls{}
	}
	l.received = float64(received) * l.weight
	return l
}

// noteTold counts the calls that a pod received for a request by whether its own lines and
// its callers' tell of them. Which lines are lost is told by calls that did not fail: of others
// some never came.
func (f *follower) noteTold(hops []hop, pod int32, visits, lone []visit) {
	t := &f.byPod[pod]
	for _, v := range visits {
		switch h := &hops[v.hop]; {
		case v.kind == sentHere || !h.event.timed():
		case !h.met:
			t.untold++
		default:
			t.told++
			t.toldFailed += float64(b2i(h.failedThere))
			t.receivedLost.add(b2i(!h.failedThere), 0)
		}
	}
	received, perhaps := receivedLone(lone)
	t.receivedLost.add(0, received)
	t.perhaps += float64(perhaps)
}

// noteLone counts the calls that a pod sent of which only its callees' lines tell. They were
// sent for the calls that it received, if its log would show all of it.
func (f *follower) noteLone(hops []hop, lone []visit, weight float64) {
	if weight == 0 {
		return
	}
	for _, v := range lone {
		if h := &hops[v.hop]; v.kind == sentAlone && h.try != earlier {
			f.note(h, weight, 0)
		}
	}
}

// lostLines are calls of which the other end's line is there, by whether one's own is.
type lostLines struct{ has, lacks float64 }

func (l *lostLines) add(has, lacks int) {
	l.has += float64(has)
	l.lacks += float64(lacks)
}

// usualLoss is how many calls of all pods' count beside a pod's own: what loses lines is as a
// rule the same for all.
const usualLoss = 50

// odds are how many lines of one side of a pod are lost for one that is not.
func (s *survey) odds(side, pod int) float64 {
	all, own := s.lostMeanwhile[side], s.byPod[pod].lost(side)
	if side == inSide && all.has == 0 { // nobody logs the calls that it receives
		return s.odds(outSide, pod)
	}
	if own.lacks+all.lacks == 0 {
		return 0
	}
	return (own.lacks + usualLoss*all.lacks/max(1, all.has)) / (own.has + usualLoss)
}

func (p *podTally) lost(side int) lostLines {
	if side == inSide {
		return p.receivedLost
	}
	return p.sentLost
}

// sumLostLines adds up what all pods' logs lost.
func (s *survey) sumLostLines() {
	for side := range s.lostMeanwhile {
		for i := range s.byPod {
			l := s.byPod[i].lost(side)
			s.lostMeanwhile[side].has += l.has
			s.lostMeanwhile[side].lacks += l.lacks
		}
	}
	lost := s.lostMeanwhile[outSide]
	s.lossy = lost.lacks > mostLost*lost.has
}

// mostLost is for how many lines of calls, as a part of those that are there, lines may be
// lost for the two ends' lines of several calls alike to be told apart, as a rule.
const mostLost = 0.2

// ratioOf is the ratio of calls made to calls received of one unit. Where nothing tells what
// its log lost, it is that of the unit's own lines alone, of which both lost alike.
func (s *survey) ratioOf(unit int, at followed) estimate {
	t := s.byPod[unit]
	if s.byOwn(at) && t.seen > t.seenLone {
		at.c, t.seen = at.c-at.lone, t.seen-t.seenLone
		at.lone = 0
		return t.ratio(at, 0)
	}
	return t.ratio(at, s.odds(outSide, unit))
}

// fewAnswered is the part of an edge's calls of which both ends' lines are there that must have
// been answered for answered ones to tell how many lost their caller's line.
const fewAnswered = 0.5

// byOwn reports whether what a unit sent along an edge is told by its own lines alone: where a
// log lost much, or most calls failed.
func (s *survey) byOwn(at followed) bool {
	return s.lossy || at.failed > (1-fewAnswered)*at.met
}

// loneFailed is how many more calls lack their caller's line, for those of which the callee's
// tells that they were answered: as many fail for each of them as do where both lines are there.
func (f *followed) loneFailed() float64 {
	if f.lone == 0 || f.failed == f.met {
		return 0
	}
	return f.lone * f.failed / (f.met - f.failed)
}

// enoughLost calls, and the part partLost of all, must lack a line before it is believed that
// any are lost: some do at the ends of every log.
const enoughLost, partLost = 10, 0.01

// told reports whether lines are lost for all that the log tells.
func (l lostLines) told() bool { return l.lacks >= enoughLost && l.lacks >= partLost*l.has }

// lostOf is the odds of losing a line of one side of a node's pods, 0 where that is chance:
// rates count such lines as well. The root's are lost as those of all are.
func (s *survey) lostOf(node int32, side int) float64 {
	if !s.lostMeanwhile[side].told() {
		return 0
	}
	pods := s.podsOfNode(node)
	if len(pods) == 0 {
		return s.lostMeanwhile[side].lacks / s.lostMeanwhile[side].has
	}
	sum := 0.0
	for _, p := range pods {
		sum += s.odds(side, int(p))
	}
	return sum / float64(len(pods))
}

// restore is a side's rate with what its log lost.
func (s sideRate) restore(odds float64) sideRate {
	f := 1 + odds
	s.rate, s.mute, s.gone, s.failing, s.open = s.rate*f, s.mute*f, s.gone*f, s.failing*f, s.open*f
	s.square, s.variance = s.square*f*f, s.variance*f*f
	return s
}

// receivedLone is how many calls of a request to a pod only its callers' lines tell of, and how
// many more perhaps came.
func receivedLone(lone []visit) (n, perhaps int) {
	for _, v := range lone {
		n += b2i(v.kind == receivedAlone)
		perhaps += b2i(v.kind == perhapsAlone)
	}
	return n, perhaps
}

// causeOf is what callers' lines alone tell of what a pod was called for when it sent something
// during none of the calls that its own lines tell of.
func (f *follower) causeOf(lone []visit) cause {
	switch received, perhaps := receivedLone(lone); {
	case len(f.begun) == 0 && received > 0:
		return lostCause
	case perhaps > 0:
		return perhapsCause
	}
	return noCause
}

// cause tells of a call that was sent during none received whether it was sent for one of which
// the caller's line is there: perhapsCause where that one failed.
type cause uint8

const (
	noCause cause = iota
	lostCause
	perhapsCause
)

// perhapsLost is the part of the failed calls to a pod of which only the callers' lines tell whose
// own lines are lost by chance, as those of others are: where more lack them, these are missing
// for another reason, and what was sent meanwhile was sent for nothing that counts as received.
func (s *survey) perhapsLost(pod int) float64 {
	t := &s.byPod[pod]
	due := t.toldFailed * s.odds(inSide, pod)
	if t.perhaps-due <= unsureArrival*math.Sqrt(due) {
		return 1
	}
	return due / t.perhaps
}

// strayed is how many of the calls that a pod sent along an edge were sent for none received.
func (s *survey) strayed(pod int, at followed) float64 {
	if s.byOwn(at) {
		return float64(at.strays + at.excused + at.perhaps)
	}
	n := float64(at.strays)
	if at.perhaps > 0 {
		n += (1 - s.perhapsLost(pod)) * float64(at.perhaps)
	}
	return n
}

// again reports whether requests call a pod more than once each, but for a retry in twenty.
func (p *podTally) again() bool { return p.seenSquare > 1.05*p.seen }

// lostCauses is how many of a pod's calls look stray because the line of what they were sent
// for is lost, and its caller's is not there to tell of it.
func (s *survey) lostCauses(pod int, at followed) float64 {
	t := &s.byPod[pod]
	if s.byOwn(at) || t.untold == 0 || !s.losesLines(int32(pod)) {
		return 0
	}
	return at.c * s.odds(inSide, pod) * t.untold / (t.untold + t.told)
}
