package budget

import (
	"errors"
	"math"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestStudyAgreesWithPour: for the limits of its round a Study plans and foresees
// what Pour does, to the digit, whether the mesh is small enough to be played or not.
func TestStudyAgreesWithPour(t *testing.T) {
	inputs := []Input{otherWindow(4200), largeInput(8, 2), largeInput(200, 3)}
	for seed := range int64(30) {
		inputs = append(inputs, anyInput(seed, seed%2 == 0))
	}
	for i, in := range inputs {
		want, err := Pour(in)
		s := NewStudy(in)
		got, gotErr := s.Plan(in.Limits)
		if (err == nil) != (gotErr == nil) {
			t.Fatalf("input %d: Pour: %v, Study: %v", i, err, gotErr)
		}
		if err != nil {
			continue
		}
		if diff := cmp.Diff(mustJSON(t, want), mustJSON(t, got)); diff != "" {
			t.Errorf("input %d: the plan differs (-Pour +Study):\n%s", i, diff)
		}
		seen, err := s.Foresee(in.Limits)
		if err != nil {
			t.Fatal(err)
		}
		if seen.Mean != want.Predicted.Mean || seen.Rate != want.Predicted.Rate || seen.CPU != want.CPU {
			t.Errorf("input %d: foresees %v %v/s %dm, Pour promises %v %v/s %dm", i, seen.Mean, seen.Rate, seen.CPU, want.Predicted.Mean, want.Predicted.Rate, want.CPU)
		}
		byHand := s.Predict(seen.Given)
		if byHand.Played && (byHand.Mean != seen.Mean || byHand.P99 != seen.P99) {
			t.Errorf("input %d: the same allotment by hand gives %v, not %v", i, byHand.Mean, seen.Mean)
		}
	}
}

// near fails unless got is within part of want.
func near(t *testing.T, what string, got, want, part float64) {
	t.Helper()
	if math.Abs(got-want) > part*want {
		t.Errorf("%s: %v, want %v within %.0f %%", what, got, want, 100*part)
	}
}

func mustStudy(t *testing.T) func(*Study, error) *Study {
	return func(s *Study, err error) *Study {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
}

// TestClosedLoop: by Little's law the requests in flight are rate times mean.
func TestClosedLoop(t *testing.T) {
	in := otherWindow(4200)
	s := mustStudy(t)(NewStudy(in).Closed(24))
	o, err := s.Foresee(in.Limits)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "in flight", o.Rate*o.Mean.Seconds(), 24, 0.1)
	if o.P50 > o.P99 || o.P50 <= 0 {
		t.Errorf("p50 %v, p99 %v", o.P50, o.P99)
	}
}

// TestOpenLoad: what gets through comes through, what does not is said.
func TestOpenLoad(t *testing.T) {
	in := otherWindow(4200)
	must := mustStudy(t)
	calm, err := must(NewStudy(in).Open(50)).Foresee(in.Limits)
	if err != nil {
		t.Fatal(err)
	}
	near(t, "rate", calm.Rate, 50, 0.15)
	flood, err := must(NewStudy(in).Open(20000)).Foresee(in.Limits)
	if err != nil {
		t.Fatal(err)
	}
	if calm.Flooded || !flood.Flooded || flood.Mean < calm.Mean {
		t.Errorf("calm %+v, flood %+v", calm.Flooded, flood.Flooded)
	}
}

// TestEditsChangeNothingElse: a Study is what it was after others were made of it.
func TestEditsChangeNothingElse(t *testing.T) {
	in := otherWindow(4200)
	must := mustStudy(t)
	s := NewStudy(in)
	before, _ := s.Plan(in.Limits)
	want := mustJSON(t, before)
	e := s.Edges()[1]
	e.Count = 3
	for _, c := range []*Study{must(s.Scaled(3)), must(s.Closed(99)), must(s.Replicas(0, 7)), must(s.WithWork(1, time.Second)), must(s.Costlier(0, 4)), must(s.WithEdge(e))} {
		if _, err := c.Plan(Limits{CPU: 1 << 40, Memory: 1 << 50}); err != nil {
			t.Fatal(err)
		}
	}
	again, _ := NewStudy(in).Plan(in.Limits)
	after, _ := s.Plan(in.Limits)
	if mustJSON(t, after) != want || mustJSON(t, again) != want {
		t.Error("the plan is another after edits of copies")
	}
}

// TestReplicasDivideTheWork: twice the pods need half the cores each, floors aside.
func TestReplicasDivideTheWork(t *testing.T) {
	in := otherWindow(9000)
	s := NewStudy(in)
	before, _ := s.Foresee(in.Limits)
	i := before.First
	after := mustStudy(t)(s.Replicas(i, 2*s.Pods(i))).Predict(before.Given)
	if u, v := before.Sidecars[i].Utilization, after.Sidecars[i].Utilization; v > 0.75*u {
		t.Errorf("utilization %v with twice the pods, %v before", v, u)
	}
}

// TestEdges: a call more visits its callee more, none not at all, and a cycle is refused.
func TestEdges(t *testing.T) {
	in := otherWindow(9000)
	s := NewStudy(in)
	for _, e := range s.Edges() {
		if e.From == AtGateway {
			continue
		}
		twice, none := e, e
		twice.Count, none.Count = 2*e.Count, 0
		at := s.place[e.To]
		more, less := mustStudy(t)(s.WithEdge(twice)), mustStudy(t)(s.WithEdge(none))
		if !(less.b.halves[at] < s.b.halves[at] && s.b.halves[at] < more.b.halves[at]) {
			t.Errorf("calls %+v: halves %v without, %v as is, %v with twice", e, less.b.halves[at], s.b.halves[at], more.b.halves[at])
		}
		same := mustStudy(t)(s.WithEdge(e))
		near(t, "halves of the same calls", same.b.halves[at], s.b.halves[at], 1e-9)
		if _, err := s.WithEdge(Edge{From: e.To, To: e.From, Count: 1 / e.Count}); err == nil {
			t.Errorf("calls back from %d to %d for each call have no end, and were taken", e.To, e.From)
		}
		// Half of the calls come back: of v visits v/2 are those, so v doubles.
		half := mustStudy(t)(s.WithEdge(Edge{From: e.To, To: e.From, Count: 0.5 / e.Count}))
		before, _ := s.b.flow()
		after, err := half.b.flow()
		if err != nil {
			t.Fatal(err)
		}
		from := s.place[e.From]
		near(t, "visits of a caller that is called back", after.visits[from], 2*before.visits[from], 1e-4)
	}
}

// TestEditsRefuse: what is no number or out of bounds is an error, never a panic.
func TestEditsRefuse(t *testing.T) {
	s := NewStudy(otherWindow(4200))
	for _, x := range []float64{math.NaN(), math.Inf(1), -1, 0, 1e300} {
		_, a := s.Scaled(x)
		_, b := s.Open(x)
		_, c := s.Closed(x)
		_, d := s.Costlier(0, x)
		if a == nil || b == nil || c == nil || d == nil {
			t.Errorf("%v was taken: %v %v %v %v", x, a, b, c, d)
		}
	}
	for _, n := range []int{-1, 0, MostPods + 1} {
		if _, err := s.Replicas(0, n); err == nil {
			t.Errorf("%d pods were taken", n)
		}
	}
	var short *InfeasibleError
	if _, err := s.Foresee(Limits{CPU: 1, Memory: 1}); !errors.As(err, &short) {
		t.Errorf("limits under the floors: %v", err)
	}
}

// TestStudyInParallel is for the race detector: one Study, many askers, one answer.
func TestStudyInParallel(t *testing.T) {
	in := otherWindow(4200)
	s := NewStudy(in)
	want, _ := s.Foresee(in.Limits)
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			got, err := s.Foresee(in.Limits)
			if err != nil || got.Mean != want.Mean {
				t.Errorf("%v %v, want %v", got.Mean, err, want.Mean)
			}
			for cpu := in.Limits.CPU; cpu > s.Floors().CPU; cpu -= 500 {
				_, _ = s.Foresee(Limits{cpu, in.Limits.Memory})
			}
		})
	}
	wg.Wait()
}

// BenchmarkSweep is a thousand limits of one mesh.
func BenchmarkSweep(b *testing.B) {
	for name, in := range map[string]Input{"played": largeInput(4, 2), "services=1000": largeInput(1000, 10)} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				s := NewStudy(in)
				floors := s.Floors()
				for k := range 1000 {
					if _, err := s.Foresee(Limits{floors.CPU + floors.CPU*MilliCPU(k)/200, in.Limits.Memory}); err != nil {
						b.Fatal(err)
					}
				}
			}
		})
	}
}
