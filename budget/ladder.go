package budget

import (
	"math"
	"sync"
)

// A ladder holds how services lean at a few levels, each twice the one below. It is
// for rounds in which no allotment was in force that could be tuned: what is tuned has
// to be the same for every limit, or more budget could lower a service. So each rung
// is tuned for the CPU that its own level takes, and between rungs lean is read off
// the straight line over logarithms.
//
// A need is level times lean. Lean stays within the root of two of even, either way,
// so that from one rung to the next it at most halves while the level doubles: needs
// never fall.
type ladder struct {
	// first is the level at which the first service leaves the floor.
	first float64
	once  [rungs]sync.Once
	leans [rungs][]float64
	// tune makes the lean of a rung.
	tune func(level float64) []float64
}

const (
	rungs     = 7
	rungRatio = 2
	// mostRungLean is a hair under the root of rungRatio, for needs are rounded.
	mostRungLean = 1.41
)

// rung is the lean at rung k, tuned when it is first asked for: what a rung is does
// not depend on which were asked for before it.
func (l *ladder) rung(k int) []float64 {
	l.once[k].Do(func() { l.leans[k] = l.tune(l.level(k)) })
	return l.leans[k]
}

// level is that of rung k.
func (l *ladder) level(k int) float64 { return l.first * math.Pow(rungRatio, float64(k)) }

// leanAt is what service i gets over an even share at a level.
func (m *model) leanAt(i int, level float64) float64 {
	l := m.ladder
	if l == nil {
		return m.lean[i]
	}
	at := math.Log(level/l.first) / math.Log(rungRatio)
	switch {
	case !(at > 1): // nearly all is on the floor below the first rung that can be tuned
		return l.rung(1)[i]
	case at >= rungs-1:
		return l.rung(rungs - 1)[i]
	}
	k := int(at)
	t := at - float64(k)
	return math.Pow(l.rung(k)[i], 1-t) * math.Pow(l.rung(k + 1)[i], t)
}
