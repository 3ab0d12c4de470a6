package rounds

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
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
	// maxRecord is the most that a record may unpack to; documents are under 2 MB
	// each, and a memory of 10,000 services takes a few.
	maxRecord = 128 << 20
)

// record is what is kept of a round, in memory and in files alike.
type record struct {
	Number int       `json:"number"`
	Time   time.Time `json:"time"`
	// Mesh is the number of the round that founded the mesh.
	Mesh int `json:"mesh"`
	// Evidence of the round, see optimize.Observation.
	Evidence uint64 `json:"evidence"`
	// Sizes of the sections: plan, graph, DOT, memory.
	Sizes [4]int `json:"sizes"`

	docs   Documents
	memory []byte // optimize.Memory as JSON, empty when it taught nothing
}

func (r *record) sections() [4]*[]byte {
	return [4]*[]byte{&r.docs.Plan, &r.docs.Graph, &r.docs.DOT, &r.memory}
}

// writers are reused: one is a megabyte to make.
var writers = sync.Pool{New: func() any {
	w, err := gzip.NewWriterLevel(nil, gzip.BestSpeed)
	if err != nil {
		panic("rounds: " + err.Error()) // the level is constant
	}
	return w
}}

func pack(plain []byte) []byte {
	var b bytes.Buffer
	w := writers.Get().(*gzip.Writer)
	defer writers.Put(w)
	w.Reset(&b)
	// A Buffer takes all that it is given.
	_, _ = w.Write(plain)
	_ = w.Close()
	return b.Bytes()
}

func unpack(packed []byte) ([]byte, error) {
	r, err := gzip.NewReader(bytes.NewReader(packed))
	if err != nil {
		return nil, err
	}
	plain, err := io.ReadAll(io.LimitReader(r, maxRecord))
	if err == nil && len(plain) == maxRecord {
		err = errors.New("it is larger than any round")
	}
	return plain, err
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
	plain := append(header, '\n')
	for _, s := range r.sections() {
		plain = append(plain, *s...)
	}
	packed := pack(plain)
	line := fmt.Appendf(nil, "%s %s %s\n", magic, version, sum(packed))
	return append(line, packed...), nil
}

// decode reads what encode has written; an error says what is wrong with b.
func decode(b []byte) (*record, error) {
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
	plain, err := unpack(packed)
	if err != nil {
		return nil, fmt.Errorf("it does not unpack: %w", err)
	}
	return parse(plain)
}

// parse takes the header and cuts the sections.
func parse(plain []byte) (*record, error) {
	header, rest, _ := bytes.Cut(plain, []byte{'\n'})
	r := new(record)
	if err := json.Unmarshal(header, r); err != nil {
		return nil, fmt.Errorf("its header is broken: %w", err)
	}
	for i, s := range r.sections() {
		n := r.Sizes[i]
		if n < 0 || n > len(rest) {
			return nil, errors.New("its sections are not as long as its header says")
		}
		*s, rest = rest[:n:n], rest[n:]
	}
	return r, nil
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
