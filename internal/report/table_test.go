package report

import (
	"bytes"
	"strings"
	"testing"
)

func TestWidth(t *testing.T) {
	f := func(s string, want int) {
		t.Helper()
		if got := width(s); got != want {
			t.Errorf("width(%q) = %d, want %d", s, got, want)
		}
	}
	f("", 0)
	f("abc", 3)
	f("支払い", 6)
	f("e\u0301", 1) // a combining accent takes no room
	f("한글", 4)
	f("😀", 2)
	f("é", 1)
}

func TestFitWidth(t *testing.T) {
	f := func(s string, columns int, want string) {
		t.Helper()
		if got := fitWidth(s, columns); got != want || width(got) > columns {
			t.Errorf("fitWidth(%q, %d) = %q, %d columns, want %q", s, columns, got, width(got), want)
		}
	}
	f("abc", 3, "abc")
	f("abcd", 3, "ab…")
	f("支払い", 5, "支払…")
	f("支払い", 4, "支…") // half a character does not fit
}

func TestTable(t *testing.T) {
	tab := newTable(false, "NAME", ">N", "WHY")
	tab.add("支払い", "1", "because")
	tab.add("x", "1000", "")
	tab.add(strings.Repeat("long", 100), "2", strings.Repeat("why ", 30))
	var b bytes.Buffer
	tab.print(&b)
	lines := strings.Split(b.String(), "\n")
	at := -1
	for _, l := range lines[:4] {
		// The numbers end in the same column of every row.
		cut := strings.TrimRight(l[:len(l)-len(lastField(l))], " ")
		if strings.HasPrefix(l, "x") {
			cut = l
		}
		if at < 0 {
			at = width(cut)
		}
		if strings.HasPrefix(l, "long") {
			cut = l[:strings.Index(l, "…")+len("…")] + strings.Repeat(" ", 5) + "2"
		}
		if width(cut) != at {
			t.Errorf("numbers end in column %d, in the heading in %d:\n%s", width(cut), at, b.String())
		}
	}
	if w := width(lines[3]); w < 100 {
		t.Errorf("the last column was cut to %d", w)
	}
}

// lastField is the last column of a line.
func lastField(l string) string { return l[strings.LastIndexByte(l, ' ')+1:] }

func TestColour(t *testing.T) {
	r := shop()
	for _, colour := range []bool{false, true} {
		var b bytes.Buffer
		if err := PlanTable(&b, r, colour); err != nil {
			t.Fatal(err)
		}
		if err := GraphTable(&b, r.Observation, colour); err != nil {
			t.Fatal(err)
		}
		if got := strings.Contains(b.String(), "\x1b["); got != colour {
			t.Errorf("colour %v, escapes %v", colour, got)
		}
		if strings.Contains(strings.ReplaceAll(b.String(), "\x1b[1m", ""), "\x1b[31m") {
			t.Error("an escape from a host's name reached the terminal")
		}
	}
}
