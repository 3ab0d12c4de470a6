package accesslog

import (
	"bytes"
	"encoding/json"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/sluice-mesh/sluice/graph"
)

// labLine is what the truth is made of, by another decoder.
type labLine struct {
	Cluster  string  `json:"upstream_cluster"`
	Down     string  `json:"downstream_remote_address"`
	Up       string  `json:"upstream_host"`
	Start    string  `json:"start_time"`
	Duration float64 `json:"duration"`
}

func (l *labLine) inbound() bool { return strings.HasPrefix(l.Cluster, "inbound") }

// writer is the pod whose sidecar wrote the line.
func (l *labLine) writer() string {
	if l.inbound() {
		return strings.Split(l.Up, ":")[0]
	}
	return strings.Split(l.Down, ":")[0]
}

// lab is a log of the lab's generator: its lines, its pods, and its truth.
type lab struct {
	lines [][]byte
	pods  []graph.Pod
	// seconds that the log covers, durations in ms by "from>to".
	seconds   float64
	durations map[string][]float64
}

// newLab has the generator write a log, if it is there: it is no part of this
// repository.
func newLab(t *testing.T, args ...string) *lab {
	t.Helper()
	dir := os.Getenv("SLUICE_LAB")
	if dir == "" {
		dir = "../../../shared/lab"
	}
	dir = filepath.Join(dir, "tools", "genlog")
	if _, err := os.Stat(dir); err != nil || testing.Short() {
		t.Skip("the lab's generator is not at ../shared/lab or $SLUICE_LAB, or -short is given")
	}
	out := t.TempDir()
	cmd := exec.Command("go", append([]string{"run", ".", "-out", out}, args...)...)
	cmd.Dir = dir
	if text, err := cmd.CombinedOutput(); err != nil {
		t.Skipf("the lab's generator does not run: %v: %s", err, text)
	}
	return readLab(t, out)
}

func readLab(t *testing.T, dir string) *lab {
	text, err := os.ReadFile(filepath.Join(dir, "accesslog.txt"))
	if err != nil {
		t.Fatal(err)
	}
	l := &lab{lines: bytes.SplitAfter(bytes.TrimSuffix(text, []byte("\n")), []byte("\n")), durations: map[string][]float64{}}
	pods, err := os.ReadFile(filepath.Join(dir, "pods.json"))
	if err != nil {
		t.Fatal(err)
	}
	var rows []struct {
		Service string `json:"service_name"`
		Name    string `json:"pod_name"`
		Address string `json:"ip"`
	}
	if err := json.Unmarshal(pods, &rows); err != nil {
		t.Fatal(err)
	}
	service := map[string]string{}
	for _, r := range rows {
		if service[r.Address] == "" {
			l.pods = append(l.pods, graph.Pod{Service: r.Service, Name: r.Name, Address: r.Address})
		}
		service[r.Address] = r.Service
	}
	var first, last time.Time
	for _, line := range l.lines {
		var one labLine
		if err := json.Unmarshal(line, &one); err != nil {
			t.Fatal(err)
		}
		at, _ := time.Parse(time.RFC3339Nano, one.Start)
		if first.IsZero() || at.Before(first) {
			first = at
		}
		if at.After(last) {
			last = at
		}
		from, to := service[strings.Split(one.Down, ":")[0]], service[strings.Split(one.Up, ":")[0]]
		if from == "" {
			from = graph.RootName
		} else if one.inbound() {
			continue // its caller's line is there too
		}
		l.durations[from+">"+to] = append(l.durations[from+">"+to], one.Duration)
	}
	l.seconds = last.Sub(first).Seconds()
	return l
}

// capture is what of the log is there: the first or last lines of each proxy,
// proxy by proxy, each as often as repeats says; calls received or not.
func (l *lab) capture(t *testing.T, most int, tail, inbound bool, repeats int) []byte {
	byPod := map[string][][]byte{}
	var order []string
	for _, line := range l.lines {
		var one labLine
		if err := json.Unmarshal(line, &one); err != nil {
			t.Fatal(err)
		}
		// Without them the gateway's own calls would be gone as well.
		if one.inbound() && !inbound && !strings.HasPrefix(one.Down, "172.31.") {
			continue
		}
		w := one.writer()
		if byPod[w] == nil {
			order = append(order, w)
		}
		byPod[w] = append(byPod[w], line)
	}
	var out []byte
	for range repeats {
		for _, w := range order {
			lines := byPod[w]
			if tail {
				lines = lines[max(0, len(lines)-most):]
			}
			for _, line := range lines[:min(most, len(lines))] {
				out = append(append(out, bytes.TrimSpace(line)...), '\n')
			}
		}
	}
	return out
}

// TestLab reads what the lab's generator wrote as captures have it. With enough
// events behind a figure it lies within the bounds that the issue of this reader
// set; with few, in its own interval, as 95 of 100 must.
func TestLab(t *testing.T) {
	l := newLab(t, "-lines", "120000", "-services", "8", "-pods", "16", "-seed", "5")
	for _, c := range []struct {
		name          string
		most          int
		tail, inbound bool
		repeats       int
	}{
		{"whole", math.MaxInt, false, true, 1},
		{"whole, every line twice", math.MaxInt, false, true, 2},
		{"outbound only", math.MaxInt, false, false, 1},
		{"heads of 3000", 3000, false, true, 2},
		{"tails of 3000, outbound only", 3000, true, false, 1},
		{"heads of 400", 400, false, true, 2},
	} {
		r, err := Read(t.Context(), bytes.NewReader(l.capture(t, c.most, c.tail, c.inbound, c.repeats)), -1, Options{})
		if err != nil {
			t.Fatal(err)
		}
		g := r.Builder.Build(l.pods, r.Skipped())
		outside := 0
		for i := range g.Edges {
			e := &g.Edges[i]
			name := g.Nodes[e.From].Name + ">" + g.Nodes[e.To].Name
			made := l.durations[name]
			slices.Sort(made)
			rate, mean, p99 := float64(len(made))/l.seconds, 0.0, made[(99*len(made)+99)/100-1]
			for _, d := range made {
				mean += d / float64(len(made))
			}
			off := func(got, want float64) float64 { return math.Abs(got-want) / want }
			// The rate of the whole log is not quite that of a capture's span: one of a
			// few hundred events may be a chance further off.
			sure := e.Calls >= 1000 && off(e.Rate, rate) > 0.1
			chance := (e.Calls < 200 || off(e.Rate, rate) > 0.1) && (rate < e.RateLow || rate > e.RateHigh)
			if outside += b2i(chance); sure {
				t.Errorf("%s: %s: %.2f calls/s of %d events, the truth is %.2f", c.name, name, e.Rate, e.Calls, rate)
			}
			ms := func(d time.Duration) float64 { return float64(d) / 1e6 }
			if e.Calls >= 1000 && (off(ms(e.P99), p99) > 0.1 && (p99 < ms(e.P99Low) || p99 > ms(e.P99High)) || off(ms(e.Mean), mean) > 0.05) {
				t.Errorf("%s: %s: mean %v, p99 %v of %d events, the truth is %.2f ms and %.2f ms", c.name, name, e.Mean, e.P99, e.Calls, mean, p99)
			}
		}
		if outside > 1+len(g.Edges)/10 || len(g.Edges) != len(l.durations) {
			t.Errorf("%s: %d rates lie outside of their intervals; %d of %d edges were found", c.name, outside, len(g.Edges), len(l.durations))
		}
	}
}
