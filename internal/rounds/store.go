package rounds

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"
	"syscall"
	"time"

	"github.com/sluice-mesh/sluice/internal/optimize"
	"github.com/sluice-mesh/sluice/internal/report"
)

// Options of a Store; the zero value means the defaults.
type Options struct {
	// Dir is the folder that rounds are kept in, made if it is missing; "" keeps
	// them in memory alone.
	Dir string
	// MaxRounds is how many rounds are kept, 1,000 by default.
	MaxRounds int
	// MaxBytes is how many bytes they may take, packed: 24 MiB in memory and
	// 1 GiB in a folder by default.
	MaxBytes int64
	// Now is the clock, time.Now by default.
	Now func() time.Time
}

const (
	defaultMaxRounds   = 1000
	defaultMemoryBytes = maxSpare
	defaultFolderBytes = 1 << 30
	// maxSpare is the bytes of rounds in memory, those too that wait for room on
	// the disk.
	maxSpare = 24 << 20
)

// kept is a round on the shelf.
type kept struct {
	number int
	bytes  int64
}

// Store keeps rounds. It is safe for concurrent use.
type Store struct {
	o      Options
	folder *folder // nil without Dir
	// turn is held by the one Add at work: rounds are planned and numbered one
	// after the other, so that each starts from what the one before it left.
	turn chan struct{}

	mu     sync.RWMutex // guards what is below
	meshes meshes
	kept   []kept // by number
	next   int
	// spare holds the rounds of a Store without a folder, and those that could
	// not be written to it, until they can.
	spare map[int][]byte
}

// Open makes a Store, with the rounds that its folder holds. Warnings tell which
// files in it were put aside. An error means that the folder cannot be used.
func Open(o Options) (s *Store, warnings []string, err error) {
	o.fill()
	s = &Store{o: o, turn: make(chan struct{}, 1), next: 1, spare: make(map[int][]byte)}
	if o.Dir == "" {
		return s, nil, nil
	}
	if s.folder, err = openFolder(o.Dir); err != nil {
		return nil, nil, err
	}
	warnings, err = s.restore()
	if err != nil {
		s.folder.close()
		return nil, nil, err
	}
	return s, warnings, nil
}

func (o *Options) fill() {
	if o.MaxRounds <= 0 {
		o.MaxRounds = defaultMaxRounds
	}
	if o.MaxBytes <= 0 {
		o.MaxBytes = defaultMemoryBytes
		if o.Dir != "" {
			o.MaxBytes = defaultFolderBytes
		}
	}
	if o.Now == nil {
		o.Now = time.Now
	}
}

// restore takes up what the folder holds.
func (s *Store) restore() (warnings []string, err error) {
	last, warnings, err := s.folder.read(func(r *record, size int) error {
		memory, err := readMemory(r.memory)
		if err != nil {
			return err
		}
		if memory != nil {
			s.meshes.learn(r, memory)
		}
		s.kept = append(s.kept, kept{r.Number, int64(size)})
		return nil
	})
	s.next = last + 1
	s.prune()
	return warnings, err
}

// Close writes what has waited for room, as far as there is some, and lets the folder
// go. No Add may be under way.
func (s *Store) Close() error {
	if s.folder == nil {
		return nil
	}
	err := s.saveLate()
	if n := s.Pending(); n > 0 {
		err = fmt.Errorf("%d rounds are lost, for the state folder cannot be written: %w", n, err)
	}
	return errors.Join(err, s.folder.close())
}

// Planner plans round n given what its mesh has taught, nil when that is nothing.
type Planner func(n int, prior *optimize.Memory) (*Draft, error)

// Add plans the round that obs belongs to, gives it its number and keeps it. When
// it returns, the round is on the disk, if there is a folder that can be written
// (see Round.Unsaved). An error of plan's, or of ctx while it waits for its turn,
// comes back as it is and uses up no number.
func (s *Store) Add(ctx context.Context, obs *optimize.Observation, plan Planner) (*Round, error) {
	select {
	case s.turn <- struct{}{}:
		defer func() { <-s.turn }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	n, id, prior, err := s.begin(obs)
	if err != nil {
		return nil, err
	}
	evidence := obs.Evidence
	obs = nil // plan may let go of it before the round is written
	draft, err := plan(n, prior)
	if err != nil {
		return nil, err
	}
	if err := ctx.Err(); err != nil {
		return nil, err // nobody is left to answer
	}
	return s.commit(&record{Number: n, Time: s.o.Now().UTC(), Mesh: id, Evidence: evidence, docs: draft.Documents, study: writeStudy(draft.Study)}, draft.Memory)
}

// begin is the number of the next round, its mesh, and what it starts from.
func (s *Store) begin(obs *optimize.Observation) (n, mesh int, prior *optimize.Memory, err error) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	m := s.meshes.find(obs.Services)
	prior, err = m.prior(obs.Evidence)
	if m == nil {
		return s.next, s.next, prior, err
	}
	return s.next, m.id, prior, err
}

// commit keeps a round that has been planned.
func (s *Store) commit(r *record, memory *optimize.Memory) (*Round, error) {
	var dumb, unsaved error
	if r.memory, dumb = writeMemory(memory); dumb != nil {
		dumb = fmt.Errorf("round %d teaches nothing: %w", r.Number, dumb)
	}
	packed, err := r.encode()
	if err != nil {
		return nil, err
	}
	if s.folder != nil {
		if unsaved = s.save(r.Number, packed); unsaved != nil {
			if packed, unsaved, err = s.warn(r, unsaved); err != nil {
				return nil, err
			}
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.folder == nil || unsaved != nil {
		s.spare[r.Number] = packed
	}
	s.next = r.Number + 1
	s.kept = append(s.kept, kept{r.Number, int64(len(packed))})
	if dumb == nil {
		s.meshes.learn(r, memory)
	}
	s.prune()
	return &Round{Number: r.Number, Time: r.Time, Mesh: r.Mesh, Documents: r.docs, Unsaved: unsaved, Untaught: dumb}, nil
}

// warn has a round that could not be written say so in its document, and its number
// remembered as given.
func (s *Store) warn(r *record, unsaved error) (packed []byte, why error, err error) {
	cause := "see the server's log"
	var no syscall.Errno
	if errors.As(unsaved, &no) {
		cause = no.Error()
	}
	number := "its number is not given again"
	if err := s.folder.mark(r.Number); err != nil {
		unsaved = errors.Join(unsaved, err)
		number = "its number may be given again"
	}
	r.docs.Plan = report.Warn(r.docs.Plan, fmt.Sprintf(
		"the state folder cannot be written (%s): this round was answered and is in memory alone; it is written once there is room, a crash before that loses it, and then %s", cause, number))
	packed, err = r.encode()
	return packed, unsaved, err
}

// Pending is how many rounds are in memory alone because they could not be written.
func (s *Store) Pending() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if s.folder == nil {
		return 0
	}
	return len(s.spare)
}

// save writes a round to the folder, after those that could not be written before.
func (s *Store) save(n int, packed []byte) error {
	if err := s.saveLate(); err != nil {
		return err
	}
	return s.folder.put(n, packed)
}

// saveLate writes the rounds that could not be written before.
func (s *Store) saveLate() error {
	for _, k := range s.kept {
		late, ok := s.spare[k.number]
		if !ok {
			continue
		}
		if err := s.folder.put(k.number, late); err != nil {
			return err
		}
		s.mu.Lock()
		delete(s.spare, k.number)
		s.mu.Unlock()
	}
	return nil
}

// prune lets the oldest rounds go while there are too many, but not the last one,
// nor those that the memory of a mesh is in.
func (s *Store) prune() {
	var bytes, spare int64
	for _, k := range s.kept {
		bytes += k.bytes
		spare += int64(len(s.spare[k.number]))
	}
	rounds := len(s.kept)
	s.kept = slices.DeleteFunc(s.kept, func(k kept) bool {
		inMemory := int64(len(s.spare[k.number]))
		fits := rounds <= s.o.MaxRounds && bytes <= s.o.MaxBytes && (inMemory == 0 || spare <= maxSpare)
		if fits || k.number == s.next-1 || s.meshes.need(k.number) {
			return false
		}
		rounds--
		bytes -= k.bytes
		spare -= inMemory
		s.drop(k.number)
		return true
	})
}

func (s *Store) drop(n int) {
	delete(s.spare, n)
	if s.folder != nil {
		s.folder.drop(n)
	}
}

// Latest is the number of the last round, 0 when there has been none.
func (s *Store) Latest() int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	if len(s.kept) == 0 {
		return 0
	}
	return s.kept[len(s.kept)-1].number
}

// Numbers are those of the rounds kept, rising.
func (s *Store) Numbers() []int {
	s.mu.RLock()
	defer s.mu.RUnlock()
	numbers := make([]int, len(s.kept))
	for i, k := range s.kept {
		numbers[i] = k.number
	}
	return numbers
}

// Get is round n. The only error is *GoneError.
func (s *Store) Get(n int) (*Round, error) {
	packed, err := s.packed(n)
	if err != nil {
		return nil, err
	}
	r, err := decode(packed, false)
	if err != nil {
		return nil, s.gone(n, err)
	}
	return &Round{Number: r.Number, Time: r.Time, Mesh: r.Mesh, Documents: r.docs}, nil
}

// packed is round n as it is kept.
func (s *Store) packed(n int) ([]byte, error) {
	s.mu.RLock()
	spare, ok := s.spare[n]
	_, found := slices.BinarySearchFunc(s.kept, n, func(k kept, n int) int { return k.number - n })
	s.mu.RUnlock()
	switch {
	case ok:
		return spare, nil
	case !found || s.folder == nil:
		return nil, s.gone(n, nil)
	}
	packed, err := s.folder.get(n)
	if err != nil {
		return nil, s.gone(n, err)
	}
	return packed, nil
}

func (s *Store) gone(n int, cause error) error {
	e := &GoneError{Number: n, Cause: cause}
	if numbers := s.Numbers(); len(numbers) > 0 {
		e.First, e.Last = numbers[0], numbers[len(numbers)-1]
	}
	return e
}
