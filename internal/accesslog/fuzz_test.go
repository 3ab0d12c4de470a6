package accesslog

import (
	"bytes"
	"context"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// FuzzRead reads arbitrary bytes as a whole log: however it is cut into blocks
// and whoever decodes them, the same comes out, and every line is accounted for.
func FuzzRead(f *testing.F) {
	a, b := good("a"), good("b")
	for _, log := range []string{a + "\n" + b, "[" + a + ",\n" + b + "]", gzipped(a + "\n" + b), zstded(a), "\x00\x00" + a, a[:40] + "\r\n\n" + b, "\xef\xbb\xbf{}\n{bad\n", "[" + a + "," + b + "]"} {
		f.Add([]byte(log))
	}
	f.Fuzz(func(t *testing.T, log []byte) {
		var want *Reading
		var wantSeen []string
		for _, o := range []Options{{Workers: 1}, {Workers: 2, block: 9}, {Workers: 1, block: 100}} {
			all := &common{}
			r, err := read(context.Background(), bytes.NewReader(log), int64(len(log)), o.withDefaults(), func() Sink { return all })
			if err != nil {
				t.Fatal(err)
			}
			slices.Sort(all.seen)
			if r.Total < r.Skipped() {
				t.Fatalf("%d lines of %d were skipped", r.Skipped(), r.Total)
			}
			if want == nil {
				want, wantSeen = r, all.seen
			} else if diff := cmp.Diff(want, r) + cmp.Diff(wantSeen, all.seen); diff != "" {
				t.Fatalf("%q: %+v differs:\n%s", log, o, diff)
			}
		}
	})
}
