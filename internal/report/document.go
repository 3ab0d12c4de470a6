package report

import (
	"bytes"
	"cmp"
	"encoding/json"
	"fmt"
	"slices"
)

// document is a JSON object under construction. Its members keep their order; the
// first error stays. Rows are encoded when they are printed and not kept: those of
// 100,000 services would take more memory than all else.
type document struct {
	members []member
	err     error

	scratch bytes.Buffer
	encoder *json.Encoder // into scratch
}

// member is one key with a value, or with the rows of a list.
type member struct {
	key   string
	value []byte
	list  bool
	rows  rows
	// rank orders lists for what room there is: rank 1 is served first.
	rank int
	// cut says that only kept is printed, in place of the rows.
	cut  bool
	kept []kept
	// more is a row behind the others, nil for none.
	more []byte
}

// rows are the elements of a list, made when they are printed.
type rows struct {
	n    int
	full func(i int) any
	// brief is a row without its long text, nil where rows have none.
	brief func(i int) any
	// weight tells which rows to keep where not all fit: the heaviest. nil keeps the
	// first.
	weight func(i int) float64
}

// kept is a row that has room in a document that was cut.
type kept struct {
	at    int
	bytes []byte
	brief bool
}

// set adds a member with one value.
func (d *document) set(key string, v any) {
	d.members = append(d.members, member{key: key, value: bytes.Clone(d.encode(v))})
}

// encode is v as JSON on one line, valid until the next call; the first error is
// kept. HTML stays as it is (pages escape for themselves), the control characters
// that encoding/json lets through do not.
func (d *document) encode(v any) []byte {
	if d.encoder == nil {
		d.encoder = json.NewEncoder(&d.scratch)
		d.encoder.SetEscapeHTML(false)
	}
	d.scratch.Reset()
	if err := d.encoder.Encode(v); err != nil {
		d.err = cmp.Or(d.err, fmt.Errorf("report: %w", err))
		return nil
	}
	return escapeControls(bytes.TrimSuffix(d.scratch.Bytes(), []byte("\n")))
}

// list adds a member that is a list.
func (d *document) list(key string, rank int, r rows) {
	d.members = append(d.members, member{key: key, list: true, rank: rank, rows: r})
}

// rowsOf makes the rows of a list whose elements have no brief form. weight may
// be nil: then the first are kept.
func rowsOf[T any](vs []T, weight func(T) float64) rows {
	r := rows{n: len(vs), full: func(i int) any { return vs[i] }}
	if weight != nil {
		r.weight = func(i int) float64 { return weight(vs[i]) }
	}
	return r
}

// finish prints the document in at most limit bytes, 0 for no limit.
func (d *document) finish(limit int) ([]byte, error) {
	out, fits := d.print(limit)
	if !fits && d.err == nil {
		d.cut(limit)
		out, _ = d.print(0)
	}
	if d.err != nil {
		return nil, d.err
	}
	return out, nil
}

// overhead bounds what print adds to a row or to a key.
const overhead = 8

// fixed bounds the bytes that print writes when no list has a row.
func (d *document) fixed() int {
	n := overhead
	for i := range d.members {
		m := &d.members[i]
		n += len(m.key) + len(m.value) + 2*overhead
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
			m.cut = true
			lists = append(lists, m)
		}
	}
	const reserve = 1024 // for the member truncated, a few short rows
	room := limit - reserve - d.fixed()
	slices.SortStableFunc(lists, func(a, b *member) int { return cmp.Compare(a.rank, b.rank) })
	var said []truncation
	for _, m := range lists {
		room = d.refill(m, room)
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
			m.more = bytes.Clone(d.encode(warning))
		}
	}
}

// mostMisses is how many rows in a row may find no room before the lighter ones
// behind them are no longer tried.
const mostMisses = 1000

// refill keeps what rows of m have room, and returns the room that is left.
func (d *document) refill(m *member, room int) int {
	brief := m.rows.full
	if m.rows.brief != nil {
		brief = m.rows.brief
	}
	misses := 0
	for _, i := range m.rows.order() {
		if misses == mostMisses || room <= overhead {
			break
		}
		b := d.encode(brief(i))
		if len(b)+overhead > room {
			misses++
			continue
		}
		misses = 0
		room -= len(b) + overhead
		m.kept = append(m.kept, kept{i, bytes.Clone(b), m.rows.brief != nil})
	}
	if m.rows.brief != nil {
		room = d.complete(m, room)
	}
	slices.SortFunc(m.kept, func(a, b kept) int { return a.at - b.at })
	return room
}

// complete prints brief rows in full while there is room.
func (d *document) complete(m *member, room int) int {
	misses := 0
	for k := range m.kept {
		if misses == mostMisses || room <= 0 {
			break
		}
		row := &m.kept[k]
		b := d.encode(m.rows.full(row.at))
		if more := len(b) - len(row.bytes); more <= room {
			row.bytes, row.brief = bytes.Clone(b), false
			room -= more
			misses = 0
		} else {
			misses++
		}
	}
	return room
}

// order is the rows' numbers, the heaviest first.
func (r *rows) order() []int {
	order := make([]int, r.n)
	for i := range order {
		order[i] = i
	}
	if r.weight != nil {
		slices.SortStableFunc(order, func(a, b int) int { return cmp.Compare(r.weight(b), r.weight(a)) })
	}
	return order
}

// truncation counts what was kept of m.
func (m *member) truncation() truncation {
	t := truncation{List: m.key, Kept: len(m.kept), Of: m.rows.n}
	for _, k := range m.kept {
		if k.brief {
			t.Brief++
		}
	}
	return t
}

// print writes a line for each member and each row. Past limit bytes, 0 for no
// limit, it gives up.
func (d *document) print(limit int) (out []byte, fits bool) {
	var b bytes.Buffer
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
		if !d.printList(&b, m, limit) {
			return nil, false
		}
	}
	b.WriteString("\n}\n")
	return b.Bytes(), limit <= 0 || b.Len() <= limit
}

// printList writes m's rows, unless they are too long for limit.
func (d *document) printList(b *bytes.Buffer, m *member, limit int) (fits bool) {
	l := listWriter{b: b, begun: b.Len(), limit: limit}
	if m.cut {
		for _, k := range m.kept {
			l.row(k.bytes)
		}
	} else {
		l.all = m.rows.n
		for i := range m.rows.n {
			l.row(d.encode(m.rows.full(i)))
			if limit > 0 && b.Len() > limit {
				return false
			}
		}
	}
	if m.more != nil {
		l.row(m.more)
	}
	l.end()
	return true
}

// listWriter writes a list, a line for each row.
type listWriter struct {
	b *bytes.Buffer
	// begun is where the list begins, n how many rows there are so far, all how many
	// are to be expected, 0 when that is not known.
	begun, n, all int
	limit         int // of b, 0 for none
}

// foretold is after how many rows the room for the others is told from their length:
// a buffer that doubles holds the longest answer three times over.
const foretold = 256

func (l *listWriter) row(row []byte) {
	head := ",\n  "
	if l.n == 0 {
		head = "[\n  "
	}
	l.b.WriteString(head)
	l.b.Write(row)
	if l.n++; l.n == foretold && l.all > l.n {
		each := (l.b.Len() - l.begun) / l.n
		room := (each + each/16 + overhead) * (l.all - l.n)
		if l.limit > 0 {
			room = min(room, l.limit)
		}
		l.b.Grow(room)
	}
}

func (l *listWriter) end() {
	if l.n == 0 {
		l.b.WriteByte('[')
	} else {
		l.b.WriteByte('\n')
	}
	l.b.WriteByte(']')
}
