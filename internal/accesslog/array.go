package accesslog

import (
	"bytes"
	"encoding/json"

	"github.com/sluice-mesh/sluice/internal/decode"
)

// odd decodes the line p[i:end] if it is anything but one plain object: blank,
// with brackets and commas about it because it comes from an array of lines, a
// whole array, broken, or with zeros before it where a rotation cut the file
// under its writer. Each object counts as a line; text without any counts as
// one, into however many pieces its brackets make it fall.
func (d *decoder) odd(p []byte, i, end int, number int64) {
	a := array{first: used, lost: true, mayBeDeep: true, again: end - i}
	start := i
	for i = lead(p, i); i < end; {
		next, why := d.element(p, i, end, &a)
		i = next
		if why == used && (!a.lost || d.scan.ofLog()) {
			a.found()
			d.take(number)
			continue
		}
		if why == used {
			why = noCluster
		}
		a.lose(why)
	}
	a.settle(end-start > d.maxLine)
	for why, n := range a.skips {
		d.tally.lose(reason(why), n, number)
	}
}

// array is what became of the elements of one line so far.
type array struct {
	objects int
	first   reason // why the first was not used that was not
	skips   [reasons]int64
	// lost is set at the beginning, which may be within an element, and after something
	// that is none, until one is found for sure: what looks like elements may lie within
	// that. They are counted in within, of them whole objects in held. counted is set once
	// it is counted itself, torn where what follows was seen to lie within it.
	lost, counted, torn bool
	within              [reasons]int64
	held                int
	// mayBeDeep is unset once an object was seen to have no end.
	mayBeDeep bool
	// again is how many bytes may be scanned again in search of the first element.
	again int
}

// outside is the verdict on what is followed by no element, or is none.
const outside = reasons

// found takes up an element that is one: so were those before it.
func (a *array) found() {
	a.objects++
	a.keep()
	a.lost, a.counted, a.torn = false, false, false
}

// keep counts what was held back.
func (a *array) keep() {
	for why, n := range a.within {
		a.skips[why] += n
	}
	a.objects += a.held
	a.within, a.held = [reasons]int64{}, 0
}

// lose takes up what was not used. What leads out of an array or object shows that
// all since the one before was within what was lost there.
func (a *array) lose(why reason) {
	out := why == outside
	if out {
		why = notObject
	}
	if a.first == used {
		a.first = why
	}
	switch {
	case a.lost && out:
		a.within, a.held = [reasons]int64{}, 0
		a.skips[why] += int64(b2i(!a.counted))
		a.counted, a.torn = true, true
	case a.torn:
	case a.lost:
		a.within[why]++
		a.held += b2i(why == noCluster)
	default:
		a.skips[why]++
		a.lost, a.counted = true, true
		a.objects += b2i(why == noCluster)
	}
}

func b2i(b bool) int {
	if b {
		return 1
	}
	return 0
}

// settle makes a line without an object one that was lost.
func (a *array) settle(long bool) {
	a.keep()
	if a.objects == 0 && a.first != used {
		if long {
			a.first = tooLong
		}
		a.skips = [reasons]int64{}
		a.skips[a.first] = 1
	}
}

// element scans the object that should be at p[i] and returns the index of the
// next one, or end. Only what an array has may stand between them. The general
// scanner does it, because the swift one looks at the line up to its end, which
// would be done again for each element.
func (d *decoder) element(p []byte, i, end int, a *array) (next int, why reason) {
	if p[i] != '{' {
		return resume(p, i, end), outside
	}
	after, v := d.scan.general(p, i)
	if v == deep && a.mayBeDeep {
		after, v, a.mayBeDeep = d.deep(p, i, end)
	}
	if v != complete {
		return resume(p, a.from(i, after), end), because(v)
	}
	next, comma := trail(p, after)
	switch {
	case next < end && (p[next] != '{' || !comma):
		return resume(p, next, end), outside
	case after-i > d.maxLine:
		return next, tooLong
	}
	return next, used
}

// from is from where on the next element is looked for, when what seemed to be one from i
// on is broken before after. Where the beginning is within an element, what looks like
// others may lie within a string of it: "},{" is in step with the quotes of nobody's
// strings, and each scan from there would take strings for what is between them. Then the
// next is looked for within what was scanned, as long as that costs no more than the line.
func (a *array) from(i, after int) int {
	if !a.torn || a.again < after-i {
		return after
	}
	a.again -= after - i
	return i + 1
}

// ofLog reports whether the object scanned last has what only a line of a log has.
func (s *scanner) ofLog() bool { return s.has(upstreamCluster) || s.has(upstreamHost) }

// deep decodes the object at p[i] by way of a map; ok is false where it has no end
// before end, so that looking for it again is not worth the time.
func (d *decoder) deep(p []byte, i, end int) (after int, v verdict, ok bool) {
	if after = objectEnd(p[:end], i); after < 0 {
		return end, malformed, false
	}
	var object map[string]json.RawMessage
	if decode.JSON(p[i:after], &object) != nil {
		return after, malformed, true
	}
	d.scan.load(object)
	return after, complete, true
}

// objectEnd is the index after the object at p[i], -1 if p ends before. It only looks at
// brackets and strings.
func objectEnd(p []byte, i int) int {
	for depth := 0; i < len(p); i++ {
		switch p[i] {
		case '{', '[':
			depth++
		case '}', ']':
			if depth--; depth == 0 {
				return i + 1
			}
		case '"':
			for i++; i < len(p) && p[i] != '"'; i++ {
				if p[i] == '\\' {
					i++
				}
			}
		}
	}
	return -1
}

// lead skips what may stand before the first object of a line.
func lead(p []byte, i int) int {
	for {
		switch p[i] {
		case ' ', '\t', '\r', '[', ']', ',', 0:
			i++
		default:
			return i
		}
	}
}

// trail skips what may stand after an object and tells whether there was a comma.
func trail(p []byte, i int) (next int, comma bool) {
	for {
		switch p[i] {
		case ',':
			comma = true
		case ' ', '\t', '\r', ']':
		default:
			return i, comma
		}
		i++
	}
}

// resume finds where, after p[i], an element of an array seems to begin. It goes
// on from where the scan stopped and not from where it started, so that the work
// stays in proportion to the line.
func resume(p []byte, i, end int) int {
	for i < end {
		j := bytes.IndexByte(p[i:end], '}')
		if j < 0 {
			break
		}
		if i = space(p, i+j+1); p[i] != ',' {
			continue
		}
		if i = space(p, i+1); p[i] == '{' {
			return i
		}
	}
	return end
}

// lastElement is the index behind the last whole element of an array of objects that
// p begins with, -1 if there is none. p may begin within an element. Where its brackets
// do not tell, it is the last byte that seems to begin an element.
func lastElement(p []byte) int {
	last := -1
	padded := append(p[:len(p):len(p)], '\n') // ends the loops of the scanner
	i := lead(padded, 0)
	if padded[i] != '{' {
		i = firstElement(padded, i, len(p))
	}
	for i < len(p) && padded[i] == '{' {
		after := objectEnd(p, i)
		if after < 0 || after == len(p) {
			break // p may end within what follows
		}
		next, comma := trail(padded, after)
		if next < len(p) && (padded[next] != '{' || !comma) { // this was within one
			next = resume(padded, next, len(p))
		} else {
			last = after
		}
		i = next
	}
	if last < 0 {
		return seemingElement(padded)
	}
	return last
}

// firstElement is the index of the first whole element of an array of which p[i:end] begins
// within one, or else of what seems to be one: see array.from.
func firstElement(p []byte, i, end int) int {
	again := end - i
	for i = resume(p, i, end); i < end; i = resume(p, i+1, end) {
		after := objectEnd(p[:end], i)
		if after < 0 {
			after = end
		} else if json.Valid(p[i:after]) {
			break
		}
		if again -= after - i; again < 0 {
			break
		}
	}
	return i
}

// seemingElement is the index of the last byte that looks like the beginning of an
// element.
func seemingElement(p []byte) int {
	for end := len(p); ; {
		at := bytes.LastIndexByte(p[:end], '}')
		if at < 0 {
			return -1
		}
		if i := space(p, at+1); p[i] == ',' {
			if i = space(p, i+1); p[i] == '{' {
				return i
			}
		}
		end = at
	}
}
