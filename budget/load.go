package budget

import (
	"math"
	"sync"
)

// Scaled has the load times x, whichever way it comes.
func (s *Study) Scaled(x float64) (*Study, error) {
	if err := between("load", x, 1/mostFactor, mostFactor); err != nil {
		return nil, err
	}
	if x == 1 {
		return s, nil
	}
	how := closedLoad
	if s.b.open() {
		how = openLoad
	}
	return s.loaded(how, x*s.b.gateway.Rate, x*s.b.inFlight), nil
}

// Open has requests come at a rate per second, whatever becomes of them.
func (s *Study) Open(rate float64) (*Study, error) {
	if err := between("rate", rate, 1e-3, mostRate); err != nil {
		return nil, err
	}
	inFlight := s.b.inFlight
	if s.b.gateway.Rate > 0 {
		inFlight *= rate / s.b.gateway.Rate
	}
	return s.loaded(openLoad, rate, inFlight), nil
}

// Closed keeps a number of requests in flight.
func (s *Study) Closed(clients float64) (*Study, error) {
	if err := between("clients", clients, 1, mostInFlight); err != nil {
		return nil, err
	}
	rate := s.b.gateway.Rate
	if s.b.inFlight > 0 {
		rate *= clients / s.b.inFlight
	}
	return s.loaded(closedLoad, rate, clients), nil
}

// family is the studies of one mesh under other loads. What rehearsals have to find
// out of each, how services lean and where the knee is, takes ten times as long as to
// foresee one plan, and changes little with the load: so it is found out at a few
// loads, the anchors, and read off the straight line over logarithms between two of
// them. What an anchor is does not depend on which were asked for before it.
type family struct {
	of      *Study // before its load was changed
	lock    sync.Mutex
	anchors map[anchor]*Study
}

// anchor is a load: 2^(at/anchorsPerOctave) times that of the round.
type anchor struct {
	how arrival
	at  int
}

// anchorsPerOctave is how many loads are tuned for from one to twice as much. Tuned at
// each load the sample's knees scatter by a tenth from one load to the next, as the
// steps that they are looked for with are; a line over half octaves is no further off.
const anchorsPerOctave = 2

// loaded is the mesh under another load.
func (s *Study) loaded(how arrival, rate, inFlight float64) *Study {
	b, f := s.b.underLoad(how, rate, inFlight), s.loads
	out := newStudy(s.in, b, b.playable())
	out.loads = f
	low, high, part := f.around(how, rate)
	if low == nil {
		return out
	}
	if b.ladder != nil {
		b.ladder = low.b.ladder.towards(high.b.ladder, part)
	}
	out.knee = sync.OnceValue(func() float64 { return along(low.knee(), high.knee(), part) })
	return out
}

// underLoad is b under another load, its tuning as it was.
func (b *believed) underLoad(how arrival, rate, inFlight float64) *believed {
	c := b.copy()
	c.arrives, c.gateway.Rate, c.inFlight = how, rate, inFlight
	c.onlyMix()
	c.knees = knees{} // they were another load's
	c.settle()
	return c
}

// around is the anchors on both sides of a load and how far it lies from the first to
// the second; twice the highest that can be played for loads above it. They are nil
// where none can be.
func (f *family) around(how arrival, rate float64) (low, high *Study, part float64) {
	of := f.of.b.gateway.Rate
	if !(of > 0 && rate > 0) {
		return nil, nil, 0
	}
	place := anchorsPerOctave * math.Log2(rate/of)
	at := int(math.Floor(place))
	low, part = f.anchor(how, at), place-float64(at)
	if part > 0 && low.played {
		if high = f.anchor(how, at+1); high.played {
			return low, high, part
		}
	}
	for range lowestAnchor {
		if low.played {
			return low, low, 0
		}
		at--
		low = f.anchor(how, at)
	}
	return nil, nil, 0
}

// lowestAnchor is how far below a load that is too much to play one is looked for.
const lowestAnchor = 60

// anchor is the study of one, made when it is first asked for.
func (f *family) anchor(how arrival, at int) *Study {
	f.lock.Lock()
	defer f.lock.Unlock()
	key := anchor{how, at}
	if s := f.anchors[key]; s != nil {
		return s
	}
	x := math.Exp2(float64(at) / anchorsPerOctave)
	b := f.of.b.underLoad(how, x*f.of.b.gateway.Rate, x*f.of.b.inFlight)
	s := newStudy(f.of.in, b, b.playable())
	if s.played && b.ladder != nil {
		b.climb()
	}
	s.loads = f
	if f.anchors == nil {
		f.anchors = map[anchor]*Study{}
	}
	f.anchors[key] = s
	return s
}

// along is the way from one figure to another, over logarithms.
func along(from, to, part float64) float64 {
	if part == 0 || from == to || !(from > 0 && to > 0) {
		return from
	}
	return math.Pow(from, 1-part) * math.Pow(to, part)
}

// towards is the way from one ladder to another of the same mesh, rung by rung: both
// have theirs at the same levels. Leans stay within their bounds, so that needs do not
// fall as the level rises.
func (l *ladder) towards(other *ladder, part float64) *ladder {
	if part == 0 {
		return l
	}
	return &ladder{first: l.first, tune: func(level float64) []float64 {
		k := int(math.Round(math.Log(level/l.first) / math.Log(rungRatio)))
		from, to := l.rung(k), other.rung(k)
		out := make([]float64, len(from))
		for i := range out {
			out[i] = along(from[i], to[i], part)
		}
		return out
	}}
}
