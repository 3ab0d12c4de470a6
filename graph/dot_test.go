package graph

import (
	"bytes"
	"errors"
	"flag"
	"math"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

var update = flag.Bool("update", false, "rewrite the golden files")

func golden(t *testing.T, file string, got []byte) {
	t.Helper()
	path := filepath.Join("testdata", file)
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatalf("%v; make it with go test ./graph -update", err)
	}
	if diff := cmp.Diff(string(want), string(got)); diff != "" {
		t.Errorf("%s differs (-want +got); if that is meant, run go test ./graph -update\n%s", path, diff)
	}
}

func TestWriteDOT(t *testing.T) {
	root := line{in: true, down: "10.9.9.9:0", up: "10.0.0.1:80", id: "r", dur: 50, start: 3}
	for _, c := range []struct {
		file  string
		graph *Graph
		o     DOTOptions
	}{
		{"empty.dot", &Graph{}, DOTOptions{}},
		{"one.dot", buildLines(listPods("a:10.0.0.1")), DOTOptions{Title: "one service"}},
		{"cycle.dot", buildLines(listPods("a:10.0.0.1 b:10.0.1.1"), root,
			line{down: "10.0.0.1:4", up: "10.0.1.1:80", host: fqdn("b"), id: "r", start: 5, dur: 12},
			line{down: "10.0.1.1:4", up: "10.0.0.1:80", host: fqdn("a"), id: "r", start: 6, dur: 3, code: 503},
			line{down: "10.0.1.1:5", up: "1.2.3.4:80", host: "api.example.com", id: "r", start: 9, dur: 1}),
			DOTOptions{Share: []float64{0, 0.5, math.NaN(), 2}}},
		{"names.dot", buildLines([]Pod{
			{Service: `say "hi" \n <b>&amp;</b>`, Name: "1", Address: "10.0.0.1"},
			{Service: "zwölf→мир\\", Name: "1", Address: "10.0.1.1"},
			{Service: RootName, Name: "1", Address: "10.0.2.1"},
		}, root, line{down: "10.0.0.1:4", up: "10.0.1.1:80", id: "r", start: 5, dur: 2}), DOTOptions{Title: `quotes " and` + "\nlines \xff"}},
	} {
		t.Run(c.file, func(t *testing.T) {
			var b bytes.Buffer
			if err := WriteDOT(&b, c.graph, c.o); err != nil {
				t.Fatal(err)
			}
			golden(t, c.file, b.Bytes())
		})
	}
}

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errors.New("disk full") }

func TestWriteDOTError(t *testing.T) {
	if err := WriteDOT(fullDisk{}, &Graph{}, DOTOptions{}); err == nil || err.Error() != "disk full" {
		t.Errorf("error %v, want the writer's", err)
	}
}
