package report

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
)

// document is a JSON object under construction. Its members keep their order; the
// first error stays.
type document struct {
	members []member
	err     error
}

// member is one key with a value, or with the rows of a list.
type member struct {
	key   string
	value []byte
	rows  []row
	list  bool
	// rank orders lists for what room there is: rank 1 is served first.
	rank int
}

// row is one element of a list, ready to print.
type row struct {
	full []byte
	// brief is the row without its long text, nil when it has none.
	brief []byte
	// weight tells which rows to keep where not all fit: the heaviest.
	weight float64
	keep   fit
}

// fit is how much of a row is printed.
type fit uint8

const (
	whole fit = iota
	short
	none
)

// bytes is what is printed of r.
func (r *row) bytes() []byte {
	switch {
	case r.keep == none:
		return nil
	case r.keep == short && r.brief != nil:
		return r.brief
	}
	return r.full
}

// set adds a member with one value.
func (d *document) set(key string, v any) {
	d.members = append(d.members, member{key: key, value: d.encode(v)})
}

// encode is v as JSON; it keeps the first error.
func (d *document) encode(v any) []byte {
	b, err := encode(v)
	if err != nil && d.err == nil {
		d.err = err
	}
	return b
}

// list adds a member that is a list.
func (d *document) list(key string, rank int, rows []row) {
	d.members = append(d.members, member{key: key, list: true, rank: rank, rows: rows})
}

// rowsOf makes the rows of a list whose elements have no brief form. weight may
// be nil: then the first are kept.
func rowsOf[T any](d *document, vs []T, weight func(T) float64) []row {
	rows := make([]row, len(vs))
	for i, v := range vs {
		rows[i].full = d.encode(v)
		if weight != nil {
			rows[i].weight = weight(v)
		}
	}
	return rows
}

// finish prints the document in at most limit bytes, 0 for no limit.
func (d *document) finish(limit int) ([]byte, error) {
	if d.err != nil {
		return nil, d.err
	}
	if limit > 0 && d.size() > limit {
		d.cut(limit)
	}
	if d.err != nil {
		return nil, d.err
	}
	return d.print(), nil
}

// overhead bounds what print adds to a row or to a key.
const overhead = 8

// size bounds the bytes that print would write.
func (d *document) size() int {
	n := overhead
	for i := range d.members {
		m := &d.members[i]
		n += len(m.key) + len(m.value) + 2*overhead
		for j := range m.rows {
			if m.rows[j].keep != none {
				n += len(m.rows[j].bytes()) + overhead
			}
		}
	}
	return n
}

// truncation says how many rows of a list a cut document holds.
type truncation struct {
	List string `json:"list"`
	Kept int    `json:"kept"`
	Of   int    `json:"of"`
	// Brief rows are there without their reason.
	Brief int `json:"brief,omitempty"`
}

// cut makes the document fit: it empties every list, then fills them again by
// rank, the heaviest rows first, each row briefly before any in full.
func (d *document) cut(limit int) {
	var lists []*member
	for i := range d.members {
		if m := &d.members[i]; m.list {
			lists = append(lists, m)
			for j := range m.rows {
				m.rows[j].keep = none
			}
		}
	}
	const reserve = 1024 // for the member truncated, a few short rows
	room := limit - reserve - d.size()
	slices.SortStableFunc(lists, func(a, b *member) int { return cmp.Compare(a.rank, b.rank) })
	var said []truncation
	for _, m := range lists {
		room = m.refill(room)
		if t := m.truncation(); t.Kept < t.Of || t.Brief > 0 {
			said = append(said, t)
		}
	}
	d.set("truncated", said)
	d.note(fmt.Sprintf("this document was cut to %d bytes: \"truncated\" counts what is left of each list", limit))
}

// note adds a warning to the list of them, if there is one.
func (d *document) note(warning string) {
	for i := range d.members {
		if m := &d.members[i]; m.list && m.key == "warnings" {
			m.rows = append(m.rows, row{full: d.encode(warning)})
		}
	}
}

// refill keeps what rows have room, and returns the room that is left.
func (m *member) refill(room int) int {
	order := make([]int, len(m.rows))
	for i := range order {
		order[i] = i
	}
	slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(m.rows[b].weight, m.rows[a].weight) })
	for _, to := range []fit{short, whole} {
		for _, i := range order {
			r := m.rows[i]
			if to == whole && r.keep == none {
				continue
			}
			before := len(r.bytes())
			r.keep = to
			need := len(r.bytes()) - before
			if to == short {
				need += overhead
			}
			if need <= room {
				room -= need
				m.rows[i] = r
			}
		}
	}
	return room
}

// truncation counts what was kept of m.
func (m *member) truncation() truncation {
	t := truncation{List: m.key, Of: len(m.rows)}
	for i := range m.rows {
		r := &m.rows[i]
		if r.keep != none {
			t.Kept++
		}
		if r.keep == short && r.brief != nil {
			t.Brief++
		}
	}
	return t
}

// print writes a line for each member and each row.
func (d *document) print() []byte {
	var b bytes.Buffer
	b.Grow(d.size())
	b.WriteByte('{')
	for i := range d.members {
		if i > 0 {
			b.WriteByte(',')
		}
		b.WriteByte('\n')
		m := &d.members[i]
		b.WriteString(`"` + m.key + `": `)
		if !m.list {
			b.Write(m.value)
			continue
		}
		m.print(&b)
	}
	b.WriteString("\n}\n")
	return b.Bytes()
}

func (m *member) print(b *bytes.Buffer) {
	b.WriteByte('[')
	first := true
	for i := range m.rows {
		if m.rows[i].keep == none {
			continue
		}
		if !first {
			b.WriteByte(',')
		}
		first = false
		b.WriteString("\n  ")
		b.Write(m.rows[i].bytes())
	}
	if !first {
		b.WriteByte('\n')
	}
	b.WriteByte(']')
}
