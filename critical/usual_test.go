package critical

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

func times(parts ...any) []micros {
	var v []micros
	for i := 0; i < len(parts); i += 2 {
		for range parts[i].(int) {
			v = append(v, ms(parts[i+1].(float64)))
		}
	}
	slices.Sort(v)
	return v
}

func TestUsual(t *testing.T) {
	for _, c := range []struct {
		name string
		v    []micros
		want float64 // ms
	}{
		{"a constant is itself", times(20, 7.0), 7},
		{"one call", times(1, 7.0), 7},
		// Low 9.5 + 0.5·(2/10)…, mid 10: the cut lies near 13; three of 40 and one
		// of 90 are beyond. Mean of the rest: (10·9 + 80·10 + 6·12) / 96 = 10.02.
		{"a tail is not usual", times(10, 9.0, 80, 10.0, 6, 12.0, 3, 40.0, 1, 90.0), 962.0 / 96},
		// Evenly 5…15: the cut lies past 15, so that all is usual.
		{"an uneven application", times(10, 5.0, 10, 7.0, 10, 9.0, 10, 11.0, 10, 13.0, 10, 15.0), 10},
		// Seven of ten are held up by 90 ms. The low percentile, 10 of 3 that are
		// spread over 9.5…10.5, is 9.83: twice it and a millisecond is 20.67.
		{"most calls held up", times(30, 10.0, 70, 100.0), 2*(10+1.0*(10.0/30-0.5)) + 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := usual(c.v, millisecond, spread(millisecond)).mean
			near(t, "usual in ms", got/1000, c.want, 1e-9)
		})
	}
}

// Three waits of up to 60 ms that nine in ten meet add up to times as far below their
// median as above; an application's reach farther up, stay close together, or are short.
func TestHeldUp(t *testing.T) {
	for _, c := range []struct {
		name           string
		low, mid, high float64 // ms
		want           float64
	}{
		{"evenly to either side", 38, 81, 124, 1},
		{"half-way", 38, 81, 81 + 1.35*43, 0.5},
		{"log-normal, as much longer as 81 is over 38", 38, 81, 81 * 81 / 38, 0},
		{"close together", 60, 81, 102, 0},
		{"too short for a stall", 4, 10, 16, 0},
		{"all the same", 50, 50, 50, 0},
	} {
		near(t, c.name, heldUp(c.low*1000, c.mid*1000, c.high*1000), c.want, 1e-9)
	}
}

// Lags are small when nothing stalls, whatever the offset that they contain.
func TestUsualLag(t *testing.T) {
	near(t, "lag", usual(times(30, 0.0, 70, 50.0), millisecond, traversal).mean/1000, 10.0/30-0.5+2, 1e-9)
	near(t, "lag", usual(times(30, -500.0, 70, -450.0), millisecond, traversal).mean/1000, -500+10.0/30-0.5+2, 1e-9)
}

// 20 of 100 calls of a take 50 ms longer than the other 80, which take 10: the
// mean above the usual is 20·50/100 = 10. b never does. One more call comes
// first, because before its first line ends nobody knows what a log lacks. The
// gateway waits (81·25 + 20·75)/101 ms on average, of which 10 are a's.
func TestExcessByHand(t *testing.T) {
	w := newWorld(t)
	w.times(81, "gw>a - 0+25 \n a>b 5+15 6+5").times(20, "gw>a - 0+75 \n a>b 5+15 6+5")
	r := w.result()
	a, b := w.share(r, "a"), w.share(r, "b")
	nearTime(t, "a self", a.Self, 20)
	nearTime(t, "a work", a.Work, 10)
	nearTime(t, "a excess", a.Excess, 10)
	nearTime(t, "a low", a.Low, 10)
	nearTime(t, "a sidecar", a.Sidecar, 10)
	near(t, "a latency", a.Latency, 10.0/((81*25+20*75)/101.0), 1e-6)
	nearTime(t, "b sidecar", b.Sidecar, 0)
	// The 10 ms between the two sidecars are always there: no delay.
	e := w.edge(r, "a", "b")
	nearTime(t, "gap", e.Gap, 10)
	nearTime(t, "start lag", e.StartLag, 0)
	nearTime(t, "reply lag", e.ReplyLag, 0)
}

// One call in five is taken up 30 ms late by b's sidecar (start 6 → 36), another
// one in five is handed back 20 ms late by a's: 6 and 4 ms a call.
func TestLagsByHand(t *testing.T) {
	w := newWorld(t)
	w.skew["b"] = 86_400_000_000
	w.times(60, "gw>a - 0+60 \n a>b 5+7 6+5")
	w.times(20, "gw>a - 0+60 \n a>b 5+37 36+5")
	w.times(20, "gw>a - 0+60 \n a>b 5+27 6+5")
	r := w.result()
	e := w.edge(r, "a", "b")
	nearTime(t, "start lag", e.StartLag, 6)
	nearTime(t, "reply lag", e.ReplyLag, 4)
	nearTime(t, "gap", e.Gap, 2+6+4)
	nearTime(t, "b sidecar", w.share(r, "b").Sidecar, 6)
}

// Only a's lines: one call in five spends 40 ms in a's own sidecar, by what
// upstream_service_time leaves of the duration.
func TestTollByHand(t *testing.T) {
	w := newWorld(t)
	w.times(80, "gw>a 0+100/99 - \n a>b 10+12/11 -").times(20, "gw>a 0+140/139 - \n a>b 10+51/11 -")
	r := w.result()
	e := w.edge(r, "a", "b")
	nearTime(t, "reply lag", e.ReplyLag, 8-0.2)
	if e.Both != 0 || e.StartLag != 0 {
		t.Errorf("both sides seen in %+v", e)
	}
	nearTime(t, "b low", w.share(r, "b").Low, 11)
	if got := w.share(r, "b"); got.Excess != 0 {
		t.Errorf("b has an excess of %v that is a's", got.Excess)
	}
}

// Two kinds of call to a: 5 ms that send nothing, and 30 ms that call b. Neither
// is delayed, so neither is the other's excess.
func TestEndpointsAreNotDelay(t *testing.T) {
	w := newWorld(t)
	w.times(81, "gw>a - 0+5").times(20, "gw>a - 0+40 \n a>b 5+10 5+10")
	r := w.result()
	if got := w.share(r, "a"); got.Excess != 0 || got.Self != 10*time.Millisecond {
		t.Errorf("self %v, excess %v, want 10ms and none", got.Self, got.Excess)
	}
}

// b.1 is far away: 20 ms on the way, always. That is no sidecar's delay.
func TestDistantPodIsNotLate(t *testing.T) {
	w := newWorld(t)
	w.times(30, "gw>a - 0+60 \n a>b 5+10 5+10").times(10, "gw>a - 0+60 \n a>b.1 5+30 15+10")
	r := w.result()
	if e := w.edge(r, "a", "b"); e.StartLag != 0 || e.ReplyLag != 0 || e.Gap != 5*time.Millisecond {
		t.Errorf("%+v, want no lag and a gap of 5ms", e)
	}
}

// Six pods of b with five calls each, their clocks hours apart: too few to say
// what is usual for one, enough to say it for all. One call of each is 30 late.
func TestFewCallsAPod(t *testing.T) {
	w := newWorld(t)
	for pod := range 6 {
		b := fmt.Sprintf("b.%d", pod)
		w.skew[b] = micros(pod-3) * 3_600_000_000
		w.times(4, "gw>a - 0+60 \n a>"+b+" 5+10 5+10").times(1, "gw>a - 0+60 \n a>"+b+" 5+40 35+10")
	}
	nearTime(t, "start lag", w.edge(w.result(), "a", "b").StartLag, 6)
}

// b's lines are lost for half of its calls, which the caller saw take 25 and
// spend 20 in its own sidecar. What b's own lines say stands: 5, and no lag.
func TestLostLinesOfCallee(t *testing.T) {
	w := newWorld(t)
	w.times(21, "gw>a - 0+60 \n a>b 5+25/5 15+5").times(21, "gw>a - 0+60 \n a>b 5+25/5 -").times(5, "gw>a - 0+100 \n a>b 5+65/5 -")
	r := w.result()
	nearTime(t, "b self", w.share(r, "b").Self, 5)
	if e := w.edge(r, "a", "b"); e.ReplyLag != 0 || e.Both != 21 {
		t.Errorf("%+v, want no lag by 21 calls", e)
	}
}

// Of 40 calls of known role 20 are critical, so Serial is a half, and 20 calls
// of which a's own line is lost count half: 10 of them are taken up 30 late.
// (0·20 + ½·10·30) / (20 + ½·20) = 5.
func TestCallsOfUnknownRole(t *testing.T) {
	w := newWorld(t)
	w.times(20, "gw>a - 0+60 \n a>b 10+20 10+20").times(20, "gw>a - 0+60 \n a>b 10+20 10+20 \n a>c 10+40 10+40")
	w.times(10, "a>b 10+20 10+20").times(10, "a>b 10+50 40+20")
	r := w.result()
	e := w.edge(r, "a", "b")
	near(t, "serial", e.Serial, 0.5, 1e-9)
	nearTime(t, "start lag", e.StartLag, 5)
}

// Both pods of a have as many lines in the log, but nine calls of ten go to the
// quick one: 0.9·10 + 0.1·110 = 20.
func TestPodsCountByTheirRates(t *testing.T) {
	w := newWorld(t)
	w.times(21, "gw>a - 0+10").times(21, "gw>a.1 - 0+110")
	pods := w.graph().Nodes[w.nodes["a"]].Pods
	pods[0].ReceivedRate, pods[1].ReceivedRate = 90, 10
	nearTime(t, "self", w.share(w.result(), "a").Self, 20)
}
