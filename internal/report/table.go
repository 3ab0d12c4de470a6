package report

import (
	"bytes"
	"strings"
)

// table lays cells out in columns by their width on a terminal; text/tabwriter
// counts runes, which misplaces every row with a wide or combining one.
type table struct {
	// right marks columns of numbers.
	right []bool
	rows  [][]string
	// widths of the columns so far.
	widths []int
	colour bool
}

// maxCell is the widest a cell other than the last of its row gets, in columns.
const maxCell = 48

// newTable starts a table; a heading that begins with ">" is one of numbers.
func newTable(colour bool, headings ...string) *table {
	t := &table{right: make([]bool, len(headings)), widths: make([]int, len(headings)), colour: colour}
	cells := make([]string, len(headings))
	for i, h := range headings {
		cells[i], t.right[i] = strings.CutPrefix(h, ">")
	}
	t.add(cells...)
	return t
}

// add takes a row, with one cell for each heading.
func (t *table) add(cells ...string) {
	row := make([]string, len(cells))
	for i, c := range cells {
		row[i] = Printable(c, 4*maxCell*4)
		if i < len(cells)-1 {
			row[i] = fitWidth(row[i], maxCell)
			t.widths[i] = max(t.widths[i], width(row[i]))
		}
	}
	t.rows = append(t.rows, row)
}

// print writes the table; the last column is as wide as its text.
func (t *table) print(b *bytes.Buffer) {
	for i, row := range t.rows {
		line := t.line(row)
		if i == 0 && t.colour {
			line = "\x1b[1m" + line + "\x1b[0m"
		}
		b.WriteString(line + "\n")
	}
}

func (t *table) line(row []string) string {
	var b strings.Builder
	for i, cell := range row {
		if i > 0 {
			b.WriteString("  ")
		}
		pad := strings.Repeat(" ", max(t.widths[i]-width(cell), 0))
		switch {
		case t.right[i]:
			b.WriteString(pad + cell)
		case i == len(row)-1:
			b.WriteString(cell)
		default:
			b.WriteString(cell + pad)
		}
	}
	return strings.TrimRight(b.String(), " ")
}
