package graph

import (
	"iter"
	"reflect"
	"runtime"
	"testing"
	"time"
)

func cloned(traces iter.Seq[*Trace], most int) (all []Trace) {
	for t := range traces {
		if all = append(all, Trace{t.Request, append([]Call(nil), t.Calls...)}); len(all) == most {
			break
		}
	}
	return all
}

// Traces prepared ahead are those prepared in turn, however many are wanted, and
// nothing runs on behind those who have seen enough.
func TestAhead(t *testing.T) {
	m := shop()
	m.seconds = 12
	g := collect(m.run(), Options{}).Build(m.pods(), 0)
	if g.traces.events.count() < worthRelay {
		t.Fatal("too few events to try")
	}
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4))
	before := runtime.NumGoroutine()
	want := cloned(g.inTurn(), -1)
	for _, most := range []int{-1, 1, 700, len(want)} {
		got := cloned(g.Traces(), most)
		if n := len(got); !reflect.DeepEqual(got, want[:n]) || most > 0 && n != most || most < 0 && n != len(want) {
			t.Errorf("%d wanted: %d traces, and not as in turn", most, n)
		}
	}
	for range 100 {
		if runtime.NumGoroutine() <= before {
			return
		}
		time.Sleep(10 * time.Millisecond)
	}
	t.Errorf("%d goroutines, %d before", runtime.NumGoroutine(), before)
}
