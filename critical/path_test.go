package critical

import (
	"fmt"
	"slices"
	"testing"
	"time"
)

// Of 101 requests, 1 is cut off by the beginning of the log, 60 wait longest for
// b and 40 for c.
func TestPathsAreRanked(t *testing.T) {
	w := newWorld(t)
	w.times(41, "gw>a - 0+200 \n a>b 10+30 10+30 \n a>c 50+90 50+90")
	w.times(60, "gw>a - 0+100 \n a>b 10+30 10+30 \n a>c 50+20 50+20")
	r := w.result()
	if len(r.Paths) != 2 || r.Complete != 100 || r.Traces != 101 {
		t.Fatalf("%d of %d requests, paths %+v", r.Complete, r.Traces, r.Paths)
	}
	for i, want := range []struct {
		nodes []string
		share float64
		mean  time.Duration
	}{{[]string{"a", "b"}, 0.6, 100 * time.Millisecond}, {[]string{"a", "c"}, 0.4, 200 * time.Millisecond}} {
		p := r.Paths[i]
		if got := w.names(p.Nodes); !slices.Equal(got, want.nodes) || p.Mean != want.mean {
			t.Errorf("path %v of %v, want %v of %v", got, p.Mean, want.nodes, want.mean)
		}
		near(t, "share", p.Share, want.share, 1e-9)
	}
}

func TestPathsAreBounded(t *testing.T) {
	w := newWorld(t)
	w.trace("gw>a - 0+100")
	for i := range 100 {
		w.base += ms(1000)
		w.trace(fmt.Sprintf("gw>a - 0+100 \n a>s%02d 10+30 10+30", i%50))
	}
	r := w.result()
	if len(r.Paths) != maxPaths {
		t.Fatalf("%d paths, want %d", len(r.Paths), maxPaths)
	}
	if got := w.names(r.Paths[0].Nodes); !slices.Equal(got, []string{"a", "s00"}) {
		t.Errorf("%v comes first among equals", got)
	}
}

// More distinct ways than may be kept are counted, not kept.
func TestPathMemoryIsBounded(t *testing.T) {
	const nodes = 3000
	p := newPathCount(nodes)
	for walk := range nodes {
		p.begin()
		for n := range nodes {
			p.step((walk + n) % nodes)
		}
		p.end(1)
	}
	if p.bytes > maxPathBytes || p.all != nodes || len(p.counts) >= nodes {
		t.Errorf("%d bytes in %d paths of %d", p.bytes, len(p.counts), p.all)
	}
}
