package accesslog

import (
	"fmt"
	"strings"
	"testing"
	"time"
)

// shapes of what stands in the elements of an array, and between them.
var shapes = []struct{ name, inside, between string }{
	{"plain", ``, ","},
	{"spaced", ``, " , "},
	{"tabs", ``, "\t,\t\t"},
	{"arrays of objects", `,"tags":[{"a":1},{"b":{"c":[{}]}} , {"d":2}]`, ","},
	{"arrays of objects, spaced", `,"tags":[{"a":1},{"b":2}]`, " , "},
	{"strings like elements", `,"agent":"x},{},{\"},{ \\"`, ","},
	{"strings like where elements meet", `,"note":"},{"}`, ","},
}

// element is a line with what a shape has inside, before what else it has or, if it ends
// the line, behind.
func (s *shape) element(path string) string {
	if strings.HasSuffix(s.inside, `"}`) {
		return strings.TrimSuffix(good(path), "}") + s.inside
	}
	return strings.Replace(good(path), `{`, `{"n":0`+s.inside+`,`, 1)
}

type shape struct{ inside, between string }

// An array on one line that is cut at any byte: each element that is whole counts, and
// the one that is not counts as skipped.
func TestArraysCutAnywhere(t *testing.T) {
	for _, c := range shapes {
		s := shape{c.inside, c.between}
		one := []string{s.element("a"), s.element("b"), s.element("c")}
		all := "[" + strings.Join(one, s.between) + "]"
		var from, to []int
		for _, e := range one {
			at := strings.Index(all, e)
			from, to = append(from, at), append(to, at+len(e))
		}
		for at := range all {
			for _, front := range []bool{false, true} {
				text, used, torn := all[:at], 0, int64(0)
				if front {
					text = all[at:]
				}
				if strings.HasPrefix(strings.TrimLeft(text, ","), `{"},{`) {
					continue // it begins as a broken element does, of which others follow
				}
				for i := range one {
					used += b2i(front && from[i] >= at || !front && to[i] <= at)
					torn += int64(b2i(from[i] < at && at < to[i]))
				}
				r, paths := readText(t, text, Options{})
				// What begins within a string that looks like elements cannot be known to.
				alike := front && strings.HasPrefix(c.name, "strings like") && r.Skipped() > torn
				if n := len(strings.Fields(paths)); n != used || r.Skipped() != torn && !alike {
					t.Fatalf("%s, cut at %d, the end kept %v: %d used (%s), skipped %s; want %d and %d", c.name, at, front, n, paths, summary(r), used, torn)
				}
			}
		}
	}
}

// The same where the array is longer than a line may be, so that it is cut in pieces whose
// first begins within an element: of 400 elements all but the torn one count.
func TestLongArrayOfStringsLikeWhereElementsMeet(t *testing.T) {
	s := shape{inside: `,"note":"},{"}`}
	var one []string
	for i := range 401 {
		one = append(one, s.element(fmt.Sprint("p", i)))
	}
	all := strings.Join(one, ",")
	for _, at := range []int{1, 20, len(one[0]) - 6, len(one[0]) - 5, len(one[0]) - 2, len(one[0]) - 1} {
		r, paths := readText(t, all[at:]+"]", Options{MaxLine: 4096})
		if n := len(strings.Fields(paths)); n != 400 || r.Skipped() > 2 {
			t.Errorf("cut at %d: %d used, skipped %s; want 400", at, n, summary(r))
		}
	}
}

// Arrays of many times the longest line that is read.
func TestLongArrays(t *testing.T) {
	for _, c := range shapes {
		s := shape{c.inside, c.between}
		var elements, want []string
		for i := range 300 {
			elements, want = append(elements, s.element(fmt.Sprint(i))), append(want, fmt.Sprint(i))
		}
		for _, line := range []int{700, 1500, 10_000} {
			r, got := readText(t, "["+strings.Join(elements, s.between)+"]\n"+good("z")+"\n{bad\n", Options{MaxLine: line, block: 200})
			if got != strings.Join(want, " ")+" z" || summary(r) != "neither JSON nor Istio's text×1@3" {
				t.Errorf("%s in lines of %d: %d of %d used, skipped %s", c.name, line, len(strings.Fields(got)), len(want)+1, summary(r))
			}
		}
	}
}

// An element that is nested deeper than the scanner follows costs nothing but time.
func TestDeepElements(t *testing.T) {
	nested := strings.Replace(good("d"), `{`, `{"x":`+strings.Repeat("[", 99)+`"}]"`+strings.Repeat("]", 99)+`,`, 1)
	for _, c := range []struct {
		log, want string
		skipped   int64
	}{
		{"[" + nested + "," + good("a") + "]", "d a", 0},
		{"[" + good("a") + " , " + nested + "," + good("b") + "," + nested + "]", "a d b d", 0},
		{"[" + nested + `,{"x":},` + nested + "]", "d d", 1},
	} {
		if r, got := readText(t, c.log, Options{}); got != c.want || r.Skipped() != c.skipped {
			t.Errorf("%q used, skipped %s; want %q and %d", got, summary(r), c.want, c.skipped)
		}
	}
	// Beginnings without an end are looked through once.
	began := time.Now()
	readText(t, good("a")+","+strings.Repeat(`{"x":`+strings.Repeat("[", 99)+`{},{`, 9000), Options{})
	if d := time.Since(began); d > 5*time.Second {
		t.Errorf("a megabyte of beginnings took %v", d)
	}
}

// Elements that are broken, one by one.
func TestBrokenElements(t *testing.T) {
	f := func(log, wantPaths, wantSkips string) {
		t.Helper()
		if r, got := readText(t, log, Options{}); got != wantPaths || summary(r) != wantSkips {
			t.Errorf("%.100s…: %q used, skipped %s; want %q and %s", log, got, summary(r), wantPaths, wantSkips)
		}
	}
	a, b := good("a"), good("b")
	f("["+a+`,{"x":},{"y":},`+b+"]", "a b", "neither JSON nor Istio's text×2@1")
	f("["+a+`,{"x":1},{"y":2},`+b+"]", "a b", "no upstream_cluster of a mesh×2@1")
	f(`["x",`+a+","+b+"]", "b", "neither JSON nor Istio's text×1@1") // nothing says that a is no part of what is broken
	f("["+a+`,{"x":"`+"\x01"+`","tags":[{"p":1},{"q":2}]},`+b+"]", "a b", "neither JSON nor Istio's text×1@1")
}
