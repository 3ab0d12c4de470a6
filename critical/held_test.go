package critical

import (
	"testing"
	"time"
)

// A call is held by a sidecar for its line's duration less upstream_service_time: by the
// callee's for what it received, by the caller's for what it sent. A stall counts as 3 ms.
func TestHeld(t *testing.T) {
	w := newWorld(t).
		times(3, "gw>a - 0+12/10 \n a>b 1+5/4 2+3/3").
		times(1, "gw>a - 0+80/10 \n a>b 1+40/2 2+3/-7").   // the last: no such time
		times(1, "gw>a - 0+13/10 failed \n a>b 1+5 2+3/4") // failed, without, longer than it took
	r := w.result()
	ms := func(f float64) time.Duration { return time.Duration(f * 1e6) }
	for _, c := range []struct {
		node           string
		received, sent Held
	}{
		{"a", Held{4, ms(9. / 4), 3, ms(2)}, Held{4, ms(6. / 4), 3, ms(1)}},
		{"b", Held{3, 0, 3, 0}, Held{}},
		{"gw", Held{}, Held{}},
	} {
		s := w.share(r, c.node)
		if s.HeldReceived != c.received || s.HeldSent != c.sent {
			t.Errorf("%s: received %+v, sent %+v, want %+v, %+v", c.node, s.HeldReceived, s.HeldSent, c.received, c.sent)
		}
	}
}
