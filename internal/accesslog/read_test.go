package accesslog

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/sluice-mesh/sluice/graph"
)

// notes is a sink that writes down what it is given.
type notes struct {
	paths []string
	lines []string
}

func (s *notes) Add(r *graph.Record) bool {
	s.paths = append(s.paths, string(r.Path))
	return r.Downstream != nil && r.Duration != graph.Missing
}

// readAll reads a text into one sink by one worker.
func readAll(t *testing.T, log string, o Options) (*Reading, *notes) {
	t.Helper()
	s := &notes{}
	o.Workers = 1
	r, err := read(context.Background(), strings.NewReader(log), int64(len(log)), o.withDefaults(), func() sink { return s })
	if err != nil {
		t.Fatal(err)
	}
	return r, s
}

func line(path string) string {
	return fmt.Sprintf(`{"upstream_cluster":"outbound|80||b","downstream_remote_address":"10.0.0.1:9","duration":5,"path":%q}`, path)
}

func TestSmoke(t *testing.T) {
	log := line("/a") + "\n\n" + "{bad\n" + line("/b") + "\r\n" + "[" + line("/c") + "," + line("/d") + "]\n" + line("/e")
	r, s := readAll(t, log, Options{})
	if got := strings.Join(s.paths, ""); got != "/a/b/c/d/e" || r.Total != 6 {
		t.Errorf("%q %+v", got, r)
	}
	_ = bytes.MinRead
}
