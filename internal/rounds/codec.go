package rounds

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/sluice-mesh/sluice/internal/optimize"
)

// A file of a round is one line of text, "sluice-round VERSION SHA256", and after
// it what the sum is of, which is gzip of: a header in JSON on one line and the
// sections whose lengths it gives. People read it with `tail -n +2 FILE | zcat`,
// and a later version can tell what it has before it.
const (
	magic   = "sluice-round"
	version = "1"
	// maxSection is the most that a section may take; documents are under 2 MB
	// each, and see maxNames for memories.
	maxSection = 64 << 20
)

// record is what is kept of a round, in memory and in files alike.
type record struct {
	Number int       `json:"number"`
	Time   time.Time `json:"time"`
	// Mesh is the number of the round that founded the mesh.
	Mesh int `json:"mesh"`
	// Evidence of the round, see optimize.Observation.
	Evidence uint64 `json:"evidence"`
	// Sizes of the sections: plan, graph, DOT, memory, study. Files of before there
	// were studies have four.
	Sizes [5]int `json:"sizes"`

	docs   Documents
	study  []byte // optimize.Study as JSON, empty when it is not kept
	memory []byte // optimize.Memory as JSON, empty when it taught nothing
}

func (r *record) sections() [5]*[]byte {
	return [5]*[]byte{&r.docs.Plan, &r.docs.Graph, &r.docs.DOT, &r.memory, &r.study}
}

// writers are reused: one is a megabyte to make.
var writers = sync.Pool{New: func() any {
	w, err := gzip.NewWriterLevel(nil, gzip.BestSpeed)
	if err != nil {
		panic("rounds: " + err.Error()) // the level is constant
	}
	return w
}}

// pack compresses parts, one behind the other.
func pack(parts ...[]byte) []byte {
	var b bytes.Buffer
	w := writers.Get().(*gzip.Writer)
	defer writers.Put(w)
	w.Reset(&b)
	for _, p := range parts {
		_, _ = w.Write(p) // a Buffer takes all that it is given
	}
	_ = w.Close()
	return bytes.Clone(b.Bytes()) // it is kept for long: without the room to grow
}

func unpack(packed []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	return io.ReadAll(io.LimitReader(r, maxSection))
}

// encode is r as it is kept.
func (r *record) encode() ([]byte, error) {
	for i, s := range r.sections() {
		r.Sizes[i] = len(*s)
	}
	header, err := json.Marshal(r)
	if err != nil {
		return nil, fmt.Errorf("rounds: %w", err)
	}
	parts := [][]byte{append(header, '\n')}
	for _, s := range r.sections() {
		parts = append(parts, *s)
	}
	packed := pack(parts...)
	line := fmt.Appendf(nil, "%s %s %s\n", magic, version, sum(packed))
	return slices.Concat(line, packed), nil
}

// decode reads what encode has written; an error says what is wrong with b. Who
// wants only the documents is spared the memory, which can be the larger part.
func decode(b []byte, memory bool) (*record, error) {
	line, packed, _ := bytes.Cut(b, []byte{'\n'})
	field := strings.Split(string(line[:min(len(line), 128)]), " ")
	switch {
	case len(field) < 2 || field[0] != magic:
		return nil, errors.New("it is no round of sluice, or its beginning is lost")
	case field[1] != version:
		return nil, fmt.Errorf("it is of version %.20q, and this sluice reads version %s", field[1], version)
	case len(field) != 3 || field[2] != sum(packed):
		return nil, errors.New("it is torn: its checksum does not match")
	}
	plain, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, fmt.Errorf("it does not unpack: %w", err)
	}
	r := new(record)
	wanted := r.sections()
	if !memory {
		return r, r.read(bufio.NewReader(plain), wanted[:3])
	}
	return r, r.read(bufio.NewReader(plain), wanted[:])
}

// read takes the header and as many sections as are wanted.
func (r *record) read(plain *bufio.Reader, wanted []*[]byte) error {
	header, err := plain.ReadSlice('\n')
	if err == nil {
		err = json.Unmarshal(header, r)
	}
	if err != nil {
		return fmt.Errorf("its header is broken: %w", err)
	}
	for i, s := range wanted {
		n := r.Sizes[i]
		if n < 0 || n > maxSection {
			return errors.New("its sections are larger than any can be")
		}
		*s = make([]byte, n)
		if _, err := io.ReadFull(plain, *s); err != nil {
			return errors.New("its sections are not as long as its header says")
		}
	}
	return nil
}

// maxNames is the bytes of services' names with which a memory is kept; it holds
// each several times. 10,000 services with names as long as Kubernetes lets them be
// take less.
const maxNames = 3 << 20

// writeMemory is what a round has taught as a section.
func writeMemory(m *optimize.Memory) ([]byte, error) {
	if m == nil {
		return nil, errors.New("there is nothing")
	}
	names := 0
	for _, s := range m.Services {
		names += len(s)
	}
	if names > maxNames {
		return nil, fmt.Errorf("the names of its %d services take %d bytes, more than %d", len(m.Services), names, maxNames)
	}
	return json.Marshal(m)
}

// readMemory reads the section that holds what a round has taught, nil for nothing.
func readMemory(section []byte) (*optimize.Memory, error) {
	if len(section) == 0 {
		return nil, nil
	}
	memory := new(optimize.Memory)
	if err := json.Unmarshal(section, memory); err != nil {
		return nil, fmt.Errorf("what it has taught cannot be read: %w", err)
	}
	return memory, nil
}

func sum(b []byte) string {
	h := sha256.Sum256(b)
	return hex.EncodeToString(h[:])
}
