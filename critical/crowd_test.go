package critical

import (
	"fmt"
	"testing"
	"time"
)

// Four calls of one request stand in one pod's sidecar at a time, and each sends
// one on. All four that were sent lie within all four that were received, so
// containment alone would hang them all under one; a fourth each is right:
// every call waits 100 − 60 = 40 for its own, and every one of its own is waited for.
func TestCallsOfOneRequestInOnePodShareWhatItSent(t *testing.T) {
	w := newWorld(t)
	for range 12 {
		w.trace("gw>a - 0+200 \n" +
			"a>b 10+110 10+100/90 \n a>b 10+110 11+100/90 \n a>b 10+110 12+100/90 \n a>b 10+110 13+100/90 \n" +
			"b>c 20+60 20+5 \n b>c 21+60 21+5 \n b>c 22+60 22+5 \n b>c 23+60 23+5")
	}
	r := w.result()
	b := w.share(r, "b")
	if b.Self != 40*time.Millisecond {
		t.Errorf("self time of b is %v, want 40ms", b.Self)
	}
	if got := w.edge(r, "b", "c").Serial; got != 1 {
		t.Errorf("b waits for %v of its calls to c, want for each", got)
	}
}

// A sidecar so short of CPU that every call stands in its queue has no quick call
// to compare with: the application takes 4 of 500 ms and more in each. What the
// sidecar says it waited for the application tells, being the 4 ms and the 60 that
// the application's own call took.
func TestAlwaysHeldUpIsNotWork(t *testing.T) {
	w := newWorld(t)
	for i := range 40 {
		wait := 400 + 5*(i%20)
		w.trace(fmt.Sprintf("gw>a - 0+%d/64 \n a>b 300+60 310+5/5", wait+64))
	}
	a := w.share(w.result(), "a")
	if a.Work > 6*time.Millisecond {
		t.Errorf("work of a is %v, want its 4ms", a.Work)
	}
	if a.Sidecar < 400*time.Millisecond {
		t.Errorf("delay at a's sidecar is %v, want the 447ms that calls stood there", a.Sidecar)
	}
}
