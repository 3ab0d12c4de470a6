package budget

import (
	"math"
	"math/bits"
)

// agenda is what is to happen in a rehearsal, the soonest first: a heap of four
// children a node. Half of a rehearsal's time goes into it, most of that into guesses
// of the processor at which child is the soonest, so it is written for there to be none
// to guess: times are compared as integers, and past the last there is never.
type agenda struct {
	n     int
	queue []moment
}

// moment is when a frame goes on. Times are not negative, and so stand in the order of
// their bits.
type moment struct {
	at    uint64
	frame int32
}

// never is after all times.
const never = math.MaxUint64

func (a *agenda) push(t float64, frame int32) {
	if a.n+4 > len(a.queue) {
		a.grow()
	}
	q, m := a.queue, moment{math.Float64bits(t), frame}
	i := a.n
	a.n++
	for i > 0 {
		up := (i - 1) / 4
		if q[up].at <= m.at {
			break
		}
		q[i] = q[up]
		i = up
	}
	q[i] = m
}

// grow makes room for as many again, and for three that never come.
func (a *agenda) grow() {
	q := make([]moment, 2*a.n+64)
	for i := range q[copy(q, a.queue):] {
		q[len(a.queue)+i].at = never
	}
	a.queue = q
}

// pop takes the first of an agenda that is not empty.
func (a *agenda) pop() (t float64, frame int32) {
	a.n--
	q, n := a.queue, a.n
	top, last := q[0], q[n]
	q[n].at = never
	i := 0
	for c := 1; c < n; c = 4*i + 1 {
		four := (*[4]moment)(q[c : c+4])
		k, l := sooner(four[1].at, four[0].at), 2+sooner(four[3].at, four[2].at)
		k ^= (k ^ l) & -sooner(four[l&3].at, four[k&3].at)
		best := four[k&3]
		if last.at <= best.at {
			break
		}
		q[i] = best
		i = c + k
	}
	if n > 0 {
		q[i] = last
	}
	return math.Float64frombits(top.at), top.frame
}

// sooner is 1 where a is before b, else 0, without a jump.
func sooner(a, b uint64) int {
	_, before := bits.Sub64(a, b, 0)
	return int(before)
}
