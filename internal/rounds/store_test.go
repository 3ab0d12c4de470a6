package rounds

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/sluice-mesh/sluice/internal/optimize"
)

// fixed is a clock that stands.
func fixed() time.Time { return time.Date(2026, 1, 2, 3, 4, 5, 0, time.UTC) }

func open(t *testing.T, o Options) *Store {
	t.Helper()
	o.Now = fixed
	s, warnings, err := Open(o)
	if err != nil {
		t.Fatal(err)
	}
	if len(warnings) > 0 {
		t.Fatalf("warnings: %q", warnings)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// observed is what a round of the mesh with these services shows.
func observed(evidence uint64, services ...string) *optimize.Observation {
	return &optimize.Observation{Services: services, Evidence: evidence}
}

// documents are told apart by round and by what the round started from.
func documents(n int, prior *optimize.Memory) Documents {
	from, of := 0, 0
	if prior != nil {
		from, of = prior.Round, prior.Latest().Round
	}
	return Documents{Plan: fmt.Appendf(nil, "plan %d from %d of %d", n, from, of), Graph: fmt.Appendf(nil, "graph %d\x00\n", n), DOT: []byte("digraph {}\n")}
}

// add adds a round that counts what its mesh has taught, and returns it.
func add(t *testing.T, s *Store, obs *optimize.Observation) *Round {
	t.Helper()
	r, err := s.Add(t.Context(), obs, counting(obs, ""))
	if err != nil {
		t.Fatal(err)
	}
	return r
}

func counting(obs *optimize.Observation, size string) Planner {
	return func(n int, prior *optimize.Memory) (*Draft, error) {
		next := &optimize.Memory{Round: 1, Services: obs.Services}
		if prior != nil {
			next.Round = prior.Latest().Round + 1
		}
		docs := documents(n, prior)
		docs.Graph = append(docs.Graph, size...)
		return &Draft{Documents: docs, Memory: next}, nil
	}
}

// started is the number of observations that a round was planned from.
func started(t *testing.T, r *Round) (from int) {
	t.Helper()
	from, _ = startedOf(t, r)
	return from
}

// startedOf tells also of how many in all the scopes were made.
func startedOf(t *testing.T, r *Round) (from, of int) {
	t.Helper()
	var n int
	if _, err := fmt.Sscanf(string(r.Plan), "plan %d from %d of %d", &n, &from, &of); err != nil || n != r.Number {
		t.Fatalf("round %d has the plan %q: %v", r.Number, r.Plan, err)
	}
	return from, of
}

func TestAddNumbersFromOne(t *testing.T) {
	for _, dir := range []string{"", t.TempDir()} {
		s := open(t, Options{Dir: dir})
		if s.Latest() != 0 {
			t.Errorf("latest of none is %d", s.Latest())
		}
		for want := 1; want <= 3; want++ {
			r := add(t, s, observed(uint64(want), "a", "b"))
			if r.Number != want || r.Unsaved != nil || r.Untaught != nil || !r.Time.Equal(fixed()) {
				t.Errorf("round %d at %v, unsaved %v, untaught %v", r.Number, r.Time, r.Unsaved, r.Untaught)
			}
			again, err := s.Get(want)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(r, again); d != "" {
				t.Errorf("round %d is another when it is asked for: %s", want, d)
			}
		}
		if d := cmp.Diff([]int{1, 2, 3}, s.Numbers()); d != "" || s.Latest() != 3 {
			t.Errorf("numbers %v, latest %d", s.Numbers(), s.Latest())
		}
	}
}

// The rule of docs/adr/0002: new evidence starts from what all before it taught,
// evidence asked again from what was known before it, with scopes of all that was learned
// until it came last.
func TestAddStartsFromWhatWasKnownBefore(t *testing.T) {
	s := open(t, Options{})
	f := func(evidence uint64, want, wantOf int) {
		t.Helper()
		if from, of := startedOf(t, add(t, s, observed(evidence, "a", "b"))); from != want || of != wantOf {
			t.Errorf("evidence %d starts from %d of %d observations, want %d of %d", evidence, from, of, want, wantOf)
		}
	}
	f(10, 0, 0)
	f(10, 0, 0) // asked again at once
	f(20, 1, 1)
	f(30, 2, 2)
	f(10, 0, 3) // long ago: a round of its own for the scopes
	f(10, 0, 3) // the last one now
	f(20, 1, 4)
	f(30, 2, 5)
	f(30, 2, 5)
	f(40, 6, 6)
	f(40, 6, 6)
}

// A folder of before older evidence was a round of its own holds memories of it that lack
// what came since. They are passed over.
func TestOpenPassesOverMemoriesThatGoBack(t *testing.T) {
	dir := t.TempDir()
	s := open(t, Options{Dir: dir})
	old := func(obs *optimize.Observation) Planner {
		return func(n int, prior *optimize.Memory) (*Draft, error) {
			next := &optimize.Memory{Round: 1, Services: obs.Services}
			if prior != nil {
				next.Round = prior.Round + 1
			}
			return &Draft{Documents: documents(n, prior), Memory: next}, nil
		}
	}
	for _, evidence := range []uint64{1, 2, 3, 1} {
		obs := observed(evidence, "a")
		if _, err := s.Add(t.Context(), obs, old(obs)); err != nil {
			t.Fatal(err)
		}
	}
	s.Close()
	s = open(t, Options{Dir: dir})
	if from, of := startedOf(t, add(t, s, observed(4, "a"))); from != 3 || of != 3 {
		t.Errorf("new evidence starts from %d of %d observations, want all 3", from, of)
	}
}

func TestAddKeepsMeshesApart(t *testing.T) {
	s := open(t, Options{})
	f := func(want int, services ...string) {
		t.Helper()
		if got := started(t, add(t, s, observed(uint64(s.Latest()+100), services...))); got != want {
			t.Errorf("%v starts from %d observations, want %d", services, got, want)
		}
	}
	f(0, "a", "b", "c")
	f(0, "x", "y")
	f(1, "a", "b", "d") // two of four services are the same: it is the first mesh
	f(1, "x", "y")
	f(0, "d", "x") // one of three
	f(2, "a", "b", "d")
}

func TestAddForgetsMeshesNotUsed(t *testing.T) {
	s := open(t, Options{})
	for i := range maxMeshes {
		add(t, s, observed(1, fmt.Sprint("mesh", i)))
	}
	add(t, s, observed(2, "mesh0")) // used again
	add(t, s, observed(1, "one more"))
	if got := started(t, add(t, s, observed(3, "mesh0"))); got != 2 {
		t.Errorf("the mesh used last starts from %d, want 2", got)
	}
	if got := started(t, add(t, s, observed(3, "mesh1"))); got != 0 {
		t.Errorf("the mesh used longest ago starts from %d, want 0", got)
	}
}

func TestAddForgetsEvidenceAskedLongAgo(t *testing.T) {
	s := open(t, Options{})
	for i := range maxAsked + 1 {
		add(t, s, observed(uint64(i), "a"))
	}
	if got := started(t, add(t, s, observed(1, "a"))); got != 1 {
		t.Errorf("evidence still remembered starts from %d, want 1", got)
	}
	if got := started(t, add(t, s, observed(0, "a"))); got != maxAsked+2 {
		t.Errorf("evidence forgotten starts from %d, want %d: it is new, and the one before was a round too", got, maxAsked+2)
	}
}

// What a planner refuses takes no number, and leaves the store as it was.
func TestAddPassesErrors(t *testing.T) {
	s := open(t, Options{Dir: t.TempDir()})
	no := errors.New("no")
	if _, err := s.Add(t.Context(), observed(1, "a"), func(int, *optimize.Memory) (*Draft, error) { return nil, no }); !errors.Is(err, no) {
		t.Errorf("%v, want the planner's error", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	obs := observed(1, "a")
	_, err := s.Add(ctx, obs, func(n int, prior *optimize.Memory) (*Draft, error) {
		cancel()
		return counting(obs, "")(n, prior)
	})
	if !errors.Is(err, context.Canceled) || s.Latest() != 0 {
		t.Errorf("%v and %d rounds: nobody was left to answer", err, s.Latest())
	}
	if r := add(t, s, observed(1, "a")); r.Number != 1 || started(t, r) != 0 {
		t.Errorf("round %d from %d", r.Number, started(t, r))
	}
}

func TestAddWaitsNoLongerThanItsContext(t *testing.T) {
	s := open(t, Options{})
	inside, leave := make(chan bool), make(chan bool)
	go func() {
		_, _ = s.Add(context.Background(), observed(1, "a"), func(int, *optimize.Memory) (*Draft, error) {
			inside <- true
			<-leave
			return nil, errors.New("no")
		})
		inside <- true
	}()
	<-inside
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.Add(ctx, observed(1, "a"), counting(observed(1, "a"), "")); !errors.Is(err, context.Canceled) {
		t.Errorf("%v, want context.Canceled", err)
	}
	leave <- true
	<-inside
}

// Rounds that come at once are planned one after the other: none is lost, and
// each starts from all before it.
func TestAddAtOnce(t *testing.T) {
	s := open(t, Options{Dir: t.TempDir()})
	const n = 40
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() {
			obs := observed(uint64(i), "a")
			r, err := s.Add(t.Context(), obs, counting(obs, ""))
			if err != nil {
				t.Error(err)
				return
			}
			if got := started(t, r); got != r.Number-1 {
				t.Errorf("round %d starts from %d", r.Number, got)
			}
			if _, err := s.Get(r.Number); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if s.Latest() != n {
		t.Errorf("latest is %d, want %d", s.Latest(), n)
	}
}

// A round whose memory cannot be kept is answered all the same.
func TestAddWithoutMemory(t *testing.T) {
	s := open(t, Options{Dir: t.TempDir()})
	obs := observed(1, "a")
	r, err := s.Add(t.Context(), obs, func(n int, _ *optimize.Memory) (*Draft, error) { return &Draft{Documents: documents(n, nil)}, nil })
	if err != nil || r.Number != 1 || r.Untaught == nil {
		t.Fatalf("%+v, %v", r, err)
	}
	if r := add(t, s, obs); started(t, r) != 0 {
		t.Errorf("starts from %d", started(t, r))
	}
}

// Names beyond all measure are not remembered: a memory holds them several times.
func TestAddWithHugeNames(t *testing.T) {
	s := open(t, Options{})
	huge := strings.Repeat("n", maxNames+1)
	if r := add(t, s, observed(1, huge)); r.Untaught == nil || !strings.Contains(r.Untaught.Error(), "names") {
		t.Errorf("untaught: %v", r.Untaught)
	}
	if r := add(t, s, observed(2, huge)); started(t, r) != 0 {
		t.Errorf("starts from %d", started(t, r))
	}
}

func TestPrune(t *testing.T) {
	for name, o := range map[string]Options{
		"by number":           {MaxRounds: 5},
		"by bytes":            {MaxBytes: 2000},
		"by number, on disk":  {MaxRounds: 5, Dir: t.TempDir()},
		"by bytes, on disk":   {MaxBytes: 2000, Dir: t.TempDir()},
		"less than one round": {MaxBytes: 1},
	} {
		s := open(t, o)
		for i := range 20 {
			obs := observed(uint64(i), "a")
			if _, err := s.Add(t.Context(), obs, counting(obs, "")); err != nil {
				t.Fatal(err)
			}
		}
		if n := len(s.Numbers()); n > 8 || n < 1 || s.Latest() != 20 {
			t.Errorf("%s: kept %v", name, s.Numbers())
		}
		_, err := s.Get(1)
		if gone := (*GoneError)(nil); !errors.As(err, &gone) || !strings.Contains(err.Error(), "no longer kept") {
			t.Errorf("%s: %v", name, err)
		}
		if _, err := s.Get(20); err != nil {
			t.Errorf("%s: %v", name, err)
		}
	}
}

// The round that holds what an idle mesh has taught outlives younger ones.
func TestPruneKeepsWhatMeshesNeed(t *testing.T) {
	dir := t.TempDir()
	s := open(t, Options{Dir: dir, MaxRounds: 3})
	add(t, s, observed(1, "idle"))
	for i := range 10 {
		add(t, s, observed(uint64(i), "busy"))
	}
	if d := cmp.Diff([]int{1, 10, 11}, s.Numbers()); d != "" {
		t.Errorf("kept %v", s.Numbers())
	}
	s.Close()
	s = open(t, Options{Dir: dir, MaxRounds: 3})
	if got := started(t, add(t, s, observed(2, "idle"))); got != 1 {
		t.Errorf("starts from %d, want 1", got)
	}
}

func TestGone(t *testing.T) {
	s := open(t, Options{})
	f := func(n int, want string) {
		t.Helper()
		if _, err := s.Get(n); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("round %d: %v, want %q", n, err, want)
		}
	}
	f(1, "no round yet")
	add(t, s, observed(1, "a"))
	f(0, "there is no round 0")
	f(-1, "there is no round -1")
	f(2, "rounds 1 to 1 are kept")
}
