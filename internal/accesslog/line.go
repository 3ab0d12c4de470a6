package accesslog

import (
	"bytes"
	"encoding/json"

	"github.com/sluice-mesh/sluice/graph"
	"github.com/sluice-mesh/sluice/internal/decode"
)

// Sink takes records. It keeps nothing of a record's memory and reports whether
// it could use it; *graph.Builder is one.
type Sink interface {
	Add(*graph.Record) bool
}

// decoder turns lines into records for one sink. It belongs to one goroutine.
type decoder struct {
	scan    scanner
	record  record
	sink    Sink
	maxLine int
	tally   tally
}

// lines decodes the lines of p[:n], which ends in a newline and has padding
// bytes after it; the first of them is line number first of the log.
func (d *decoder) lines(p []byte, n int, first int64) {
	for i, line := 0, first; i < n; line++ {
		if p[i] == '\n' {
			i++
			continue
		}
		i = d.line(p, i, line)
	}
}

// line decodes the line at p[i] and returns the index of the next. The common
// line, one object and nothing else, is dealt with here and gone over once.
func (d *decoder) line(p []byte, i int, number int64) int {
	if p[i] == '[' && p[i+1]-'0' <= 9 {
		return d.plainText(p, i, number)
	}
	if p[i] == '{' {
		end, v := d.scan.object(p, i)
		switch {
		case v == complete && end-i <= d.maxLine:
			if p[end] == '\r' {
				end++
			}
			if p[end] == '\n' {
				d.take(number)
				return end + 1
			}
		case v == cut && end-i <= d.maxLine:
			d.tally.lose(cutShort, 1, number)
			return end + 1 + bytes.IndexByte(p[end:], '\n')
		}
	}
	end := i + bytes.IndexByte(p[i:], '\n')
	d.odd(p, i, end, number)
	return end + 1
}

// plainText decodes the line at p[i] as one of the formats that are no JSON.
func (d *decoder) plainText(p []byte, i int, number int64) int {
	end := i + bytes.IndexByte(p[i:], '\n')
	switch {
	case end-i > d.maxLine:
		d.tally.lose(tooLong, 1, number)
	case !d.scan.plainText(p, i, end):
		d.tally.lose(notObject, 1, number)
	case d.scan.values[upstreamCluster].kind == absent:
		d.tally.lose(noClusterText, 1, number)
	default:
		d.take(number)
	}
	return end + 1
}

// take hands over the object that was scanned last. What is no line of a sidecar
// at all is not worth reading further.
func (d *decoder) take(line int64) {
	if !d.scan.has(upstreamCluster) && !d.scan.has(upstreamHost) && !d.wish() {
		d.tally.lose(noCluster, 1, line)
		return
	}
	d.record.fill(&d.scan)
	r := &d.record.Record
	if r.Direction == graph.Unknown && r.Cluster != nil || !d.sink.Add(r) {
		d.tally.lose(lacking(r), 1, line)
		return
	}
	d.tally.used++
	if d.record.bad != 0 {
		d.tally.misread(d.record.bad, line)
	}
}

// wish reports whether the object that was scanned last tells who asked for whom,
// though no route led there.
func (d *decoder) wish() bool {
	return d.scan.has(downstreamRemote) && (d.scan.has(authority) || d.scan.has(authorityFor) || d.scan.has(authorityHeader))
}

// odd decodes the line p[i:end] if it is anything but one plain object: blank,
// with brackets and commas about it because it comes from an array of lines, a
// whole array, broken, or with zeros before it where a rotation cut the file
// under its writer. Each object counts as a line; text without any counts as
// one, into however many pieces its brackets make it fall.
func (d *decoder) odd(p []byte, i, end int, number int64) {
	var lost [reasons]int64
	start, first, objects := i, used, 0
	for i = lead(p, i); i < end; {
		next, why := d.element(p, i, end, first == used && objects == 0)
		i = next
		if why == used {
			objects++
			d.take(number)
			continue
		}
		lost[why]++
		if first == used {
			first = why
		}
	}
	if objects == 0 && first != used {
		if end-start > d.maxLine {
			first = tooLong
		}
		lost = [reasons]int64{}
		lost[first] = 1
	}
	for why, n := range lost {
		d.tally.lose(reason(why), n, number)
	}
}

// element scans the object that should be at p[i] and returns the index of the
// next one, or end. Only what an array has may stand between them. The general
// scanner does it, because the swift one looks at the line up to its end, which
// would be done again for each element.
func (d *decoder) element(p []byte, i, end int, alone bool) (next int, why reason) {
	if p[i] != '{' {
		return resume(p, i, end), notObject
	}
	after, v := d.scan.general(p, i)
	if v == deep && alone {
		after, v = d.deep(p, i, end)
	}
	if v != complete {
		return resume(p, after, end), because(v)
	}
	next, comma := trail(p, after)
	switch {
	case next < end && (p[next] != '{' || !comma):
		return resume(p, next, end), notObject
	case after-i > d.maxLine:
		return next, tooLong
	}
	return next, used
}

// deep decodes the object p[i:end] by way of a map. It is meant for one object a
// line, because the library copies all that it is given.
func (d *decoder) deep(p []byte, i, end int) (int, verdict) {
	after := i + bytes.LastIndexByte(p[i:end], '}') + 1
	var object map[string]json.RawMessage
	if decode.JSON(p[i:after], &object) != nil {
		return end, malformed
	}
	d.scan.load(object)
	return after, complete
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
		j := bytes.Index(p[i:end], []byte("},"))
		if j < 0 {
			break
		}
		if i = space(p, i+j+2); p[i] == '{' {
			return i
		}
	}
	return end
}
