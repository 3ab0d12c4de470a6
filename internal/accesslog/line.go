package accesslog

import (
	"bytes"

	"github.com/sluice-mesh/sluice/graph"
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

// wish reports whether the object that was scanned last tells who asked for whom, or for
// what address, though no route led there.
func (d *decoder) wish() bool {
	s := &d.scan
	return s.has(downstreamRemote) && (s.has(downstreamLocal) || s.has(authority) || s.has(authorityFor) || s.has(authorityHeader) || s.has(serverName))
}
