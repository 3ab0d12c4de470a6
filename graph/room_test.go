package graph

import (
	"reflect"
	"runtime"
	"testing"
)

// However many processors there are, the graph is the same to the last bit, of a log long
// enough for all of them: with hosts outside, a service's own address, an unlisted pod, and
// lines that lack their cluster.
func TestProcessors(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	m := shop()
	m.gateway = true
	rs := m.lines(3 * worthRelay)
	for i := range rs {
		switch r := &rs[i]; {
		case i%50 == 0:
			r.Cluster, r.Authority = []byte("PassthroughCluster"), []byte("pay.example.com")
		case i%50 == 1 && r.Direction == Outbound:
			r.Upstream = []byte("10.96.0.1:80")
		case i%50 == 2 && r.Direction == Inbound:
			r.Downstream = []byte("10.7.7.7:4000")
		case i%50 == 3:
			r.Cluster, r.Direction = nil, Unknown
		case i%50 == 4:
			r.RequestID = nil
		}
	}
	b := collect(rs, Options{})
	runtime.GOMAXPROCS(1)
	want := b.Build(m.pods(), 0)
	for _, processors := range []int{2, 8} {
		runtime.GOMAXPROCS(processors)
		if got := collect(rs, Options{}).Build(m.pods(), 0); !reflect.DeepEqual(got, want) {
			t.Errorf("%d processors make another graph", processors)
		}
	}
}

// What is expected changes no figure, however wrong it is. Where it is right, room is made
// once: 16 shards of 80,000 events in all have 5,000 on average, and a sixteenth more room.
func TestExpect(t *testing.T) {
	m := shop()
	rs := m.lines(80_000)
	want := collect(rs, Options{}).Build(m.pods(), 0)
	for _, expected := range []int64{0, -1, 100, 80_000, 1 << 60} {
		b := NewBuilder(Options{})
		b.Expect(expected)
		for i := range rs {
			b.Add(&rs[i])
		}
		for i := range b.shards {
			if room := cap(b.shards[i].events); expected == 80_000 && room != 5000+5000/16 {
				t.Errorf("shard %d has room for %d events", i, room)
			}
		}
		if got := b.Build(m.pods(), 0); !reflect.DeepEqual(got, want) {
			t.Errorf("with %d records expected the graph is another", expected)
		}
	}
}

// A log that says each thing four times is held once or little more while it is read: of
// 150,000 lines, to be told from 600,000, no more are kept than twice as many and what
// comes before the first look (4,096 events in 16 shards).
func TestRepeatsAreDroppedOnTheWay(t *testing.T) {
	m := shop()
	rs := m.lines(150_000)
	b := NewBuilder(Options{})
	for at := 0; at < len(rs); at += 100 {
		for range 4 {
			for i := at; i < min(at+100, len(rs)); i++ {
				b.Add(&rs[i])
			}
		}
	}
	if most := 2*len(rs) + 16*4096; b.Len() > most {
		t.Errorf("%d events are kept of %d different lines, want at most %d", b.Len(), len(rs), most)
	}
	if got := b.Build(m.pods(), 0).Lines; got.Used != int64(len(rs)) || got.Total != 4*got.Used {
		t.Errorf("lines are %+v, want %d used of four times as many", got, len(rs))
	}
}

// A shard is sorted on the way only for repeats that are there: what was added is where it
// was added, but for a log of one request, which is cut to MaxTrace events.
func TestNoRepeatsNoSorting(t *testing.T) {
	b := NewBuilder(Options{MaxTrace: 50})
	base := line{down: "10.0.0.1:4", up: "10.0.1.1:80", host: fqdn("b"), path: "/p", dur: 3}
	for i := range 100_000 {
		base.start = int64(i)
		r := base.record()
		b.Add(&r)
	}
	if b.Len() != 100_000 {
		t.Errorf("%d of 100,000 events are kept", b.Len())
	}
	for i := range b.shards {
		for k, e := range b.shards[i].events[1:] {
			if e.start < b.shards[i].events[k].start {
				t.Fatalf("shard %d was sorted", i)
			}
		}
	}
	base.id = "one"
	one := NewBuilder(Options{MaxTrace: 50})
	for i := range 100_000 {
		base.start = int64(i)
		r := base.record()
		one.Add(&r)
	}
	if one.Len() > 8192 {
		t.Errorf("%d events of one request are kept", one.Len())
	}
}

// Where a sample of a quarter was kept, or less, room for four times as much is given back.
func TestRoomIsGivenBack(t *testing.T) {
	m := shop()
	b := collect(m.lines(290_000), Options{MaxEvents: 130_000})
	b.Build(m.pods(), 0)
	for i := range b.shards {
		if n, room := len(b.shards[i].events), cap(b.shards[i].events); room > n+n/2 {
			t.Errorf("shard %d has %d events and room for %d", i, n, room)
		}
	}
}
