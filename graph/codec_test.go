package graph

import (
	"bufio"
	"bytes"
	"encoding/binary"
	"errors"
	"reflect"
	"slices"
	"strings"
	"testing"
)

func coded(tb testing.TB, b *Builder) []byte {
	var w bytes.Buffer
	if err := b.Encode(&w); err != nil {
		tb.Fatal(err)
	}
	return w.Bytes()
}

func decoded(p []byte, o Options) (*Builder, error) {
	return Decode(bufio.NewReader(bytes.NewReader(p)), o)
}

// Two halves read apart, written, read again and merged are the whole, bit for
// bit, whether a bound was hit or not, and write the same bytes.
func TestCodedHalves(t *testing.T) {
	m := shop()
	m.seconds, m.repeat, m.gateway = 3, 2, true
	rs := m.run()
	rs[3].Start, rs[4].BytesSent, rs[5].RequestID, rs[6].Duration = Missing, Missing, nil, Missing
	for _, o := range []Options{{}, {MaxEvents: 1000}, {MaxTrace: 3}} {
		whole := collect(rs, o)
		want := whole.Build(m.pods(), 2)
		var halves []*Builder
		for _, half := range [][]Record{rs[:len(rs)/3], rs[len(rs)/3:]} {
			b, err := decoded(coded(t, collect(half, o)), o)
			if err != nil {
				t.Fatal(err)
			}
			halves = append(halves, b)
		}
		halves[1].Merge(halves[0])
		if got := halves[1].Build(m.pods(), 2); !reflect.DeepEqual(got, want) {
			t.Errorf("%+v: two halves are not the whole", o)
		}
		if !bytes.Equal(coded(t, halves[1]), coded(t, whole)) {
			t.Errorf("%+v: two halves write other bytes than the whole", o)
		}
	}
}

// Of a reading that hit the bound of events the sample stands for the whole: its
// rates are off by no more than a sample of that size must be.
func TestCodedSample(t *testing.T) {
	m := shop()
	m.seconds = 20
	rs := m.run()
	o := Options{MaxEvents: len(rs) / 4}
	b, err := decoded(coded(t, collect(rs[:len(rs)/2], o)), o)
	if err != nil {
		t.Fatal(err)
	}
	b.Merge(collect(rs[len(rs)/2:], o))
	g, exact := b.Build(m.pods(), 0), collect(rs, Options{}).Build(m.pods(), 0)
	if len(g.Warnings) != 1 || !strings.Contains(g.Warnings[0], "of every 8 external requests one was kept") && !strings.Contains(g.Warnings[0], "of every 4 external requests one was kept") {
		t.Errorf("warnings %q do not tell the sample's size", g.Warnings)
	}
	for i, e := range exact.Edges {
		near(t, "rate", g.Edges[i].Rate, e.Rate, 0.15)
		near(t, "mean", float64(g.Edges[i].Mean), float64(e.Mean), 0.15)
	}
}

func TestDecodeRefuses(t *testing.T) {
	m := shop()
	m.seconds = 0.2
	whole := coded(t, collect(m.run(), Options{}))
	for n := range len(whole) {
		if _, err := decoded(whole[:n], Options{}); err == nil {
			t.Fatalf("cut after %d of %d bytes, and not an error", n, len(whole))
		}
	}
	if _, err := decoded(whole, Options{MaxTrace: 7}); !errors.Is(err, ErrCoded) {
		t.Errorf("made with another MaxTrace: %v", err)
	}
	numbers := func(ns ...uint64) (p []byte) {
		for _, n := range ns {
			p = binary.AppendUvarint(p, n)
		}
		return p
	}
	for name, p := range map[string][]byte{
		"a level past all bits": numbers(DefaultMaxTrace, 64, 0, 0, 0, 0, 0, 0, 0, 0),
		"absurd lines":          numbers(DefaultMaxTrace, 0, 1<<60, 0, 0, 0, 0, 0, 0, 0),
		"absurd addresses":      numbers(DefaultMaxTrace, 0, 0, 0, 0, 1<<40),
		"a long address":        numbers(DefaultMaxTrace, 0, 0, 0, 0, 1, 1<<20),
		"absurd events":         numbers(DefaultMaxTrace, 0, 0, 0, 0, 0, 0, 0, 0, 1<<60),
		"an address of nobody":  slices.Concat(numbers(DefaultMaxTrace, 0, 0, 0, 0, 0, 0, 0, 0, 1), make([]byte, 9), numbers(0, 0, 0, 2, 0, 0, 0, 0, 1)),
		"flags of tomorrow":     slices.Concat(numbers(DefaultMaxTrace, 0, 0, 0, 0, 0, 0, 0, 0, 1), []byte{0x80}, make([]byte, 8), numbers(0, 0, 0, 0, 0, 0, 0, 0, 1)),
		"a start before 1970":   slices.Concat(numbers(DefaultMaxTrace, 0, 0, 0, 0, 0, 0, 0, 0, 1), make([]byte, 9), numbers(99, 0, 0, 0, 0, 0, 0, 0, 1)),
	} {
		if _, err := decoded(p, Options{}); !errors.Is(err, ErrCoded) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// FuzzDecode: whatever is read, no panic, no more than the bounds, and a graph.
func FuzzDecode(f *testing.F) {
	m := shop()
	m.seconds, m.gateway = 0.05, true
	rs := m.run()
	f.Add(coded(f, NewBuilder(Options{})))
	f.Add(coded(f, collect(rs, Options{})))
	f.Add(coded(f, collect(rs, Options{MaxEvents: 20})))
	pods := m.pods()
	f.Fuzz(func(t *testing.T, p []byte) {
		o := Options{MaxEvents: 100, MaxAddresses: 20, MaxNames: 10}
		b, err := decoded(p, o)
		if err != nil {
			return
		}
		if b.Len() > 2*o.MaxEvents {
			t.Fatalf("%d events are kept", b.Len())
		}
		g := b.Build(pods, 0)
		for range g.Traces() {
		}
		again, err := decoded(coded(t, b), o)
		if err != nil {
			t.Fatalf("cannot read what was written: %v", err)
		}
		again.Build(pods, 0)
	})
}
