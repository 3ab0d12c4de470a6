package accesslog

import (
	"fmt"
	"slices"
	"strings"
)

// renames are the keys of a log that has names of its own for some fields. A
// field that was given another name is no longer found under its usual one.
type renames map[string]field

// of is the field that a key stands for, where usual is what it would be else.
func (m renames) of(key []byte, usual field) field {
	if f, ok := m[string(key)]; ok {
		return f
	}
	return usual
}

// newRenames reads Options.Fields, nil for none. A field that there is not is
// left out: CheckField tells.
func newRenames(names map[string]string) renames {
	if len(names) == 0 {
		return nil
	}
	m := make(renames, 2*len(names))
	for _, usual := range names {
		m[usual] = ignored
	}
	for key, usual := range names {
		if f := slices.Index(fieldNames[:], usual); f > 0 {
			m[key] = field(f)
		}
	}
	return m
}

// CheckField says what is wrong with an entry of Options.Fields.
func CheckField(name, field string) error {
	known := slices.Sorted(slices.Values(fieldNames[1:]))
	if name == "" || !slices.Contains(known, field) {
		return fmt.Errorf("want NAME=FIELD, the log's own name for one of %s", strings.Join(known, ", "))
	}
	return nil
}
