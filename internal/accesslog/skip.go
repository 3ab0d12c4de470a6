package accesslog

import (
	"fmt"
	"math/bits"
	"slices"

	"github.com/sluice-mesh/sluice/graph"
)

// reason is why a line was not used.
type reason uint8

const (
	used reason = iota
	notObject
	cutShort
	tooLong
	noCluster
	noAddresses
	noStart
	noDuration
	noUse
	noClusterText
	reasons
)

// The reasons for which a line is skipped, as Skip.Reason has them. A line that
// has several is counted under the first.
const (
	ReasonNotObject   = "neither JSON nor Istio's text"
	ReasonCutShort    = "cut short"
	ReasonTooLong     = "too long"
	ReasonNoCluster   = "no upstream_cluster of a mesh"
	ReasonNoAddresses = "no addresses"
	ReasonNoStart     = "no usable start_time"
	ReasonNoDuration  = "no usable duration"
	ReasonNoUse       = "no use to the graph"
	// ReasonNoClusterText is that of Envoy's own default format.
	ReasonNoClusterText = "Envoy's default text, which has no upstream_cluster and no downstream address"
)

var reasonTexts = [reasons]string{
	notObject:   ReasonNotObject,
	cutShort:    ReasonCutShort,
	tooLong:     ReasonTooLong,
	noCluster:   ReasonNoCluster,
	noAddresses: ReasonNoAddresses,
	noStart:     ReasonNoStart,
	noDuration:  ReasonNoDuration,
	noUse:       ReasonNoUse,

	noClusterText: ReasonNoClusterText,
}

// because turns a verdict on a line into the reason to skip it.
func because(v verdict) reason {
	if v == cut {
		return cutShort
	}
	return notObject
}

// lacking tells what a record that nobody could use lacks.
func lacking(r *graph.Record) reason {
	switch {
	case r.Direction == graph.Unknown:
		return noCluster
	case r.Downstream == nil && r.Upstream == nil:
		return noAddresses
	case r.Start == graph.Missing:
		return noStart
	case r.Duration == graph.Missing:
		return noDuration
	}
	return noUse
}

// reasonOf is the reason with that text.
func reasonOf(text string) reason {
	return reason(max(slices.Index(reasonTexts[:], text), 0))
}

// tally counts lines by what became of them. Tallies of parts of a log add up to
// that of the whole, whatever the parts and their order.
type tally struct {
	used  int64
	skips [reasons]Skip
	// bad counts the lines used in which a field's value was not.
	bad [fields]misreadings
}

// misreadings are lines, the first of them line number first.
type misreadings struct{ lines, first int64 }

func (m *misreadings) add(o misreadings) {
	if o.lines > 0 && (m.lines == 0 || o.first < m.first) {
		m.first = o.first
	}
	m.lines += o.lines
}

// misread counts a line that is used without the fields of which bad has the bits.
func (t *tally) misread(bad uint32, line int64) {
	for ; bad != 0; bad &= bad - 1 {
		t.bad[bits.TrailingZeros32(bad)].add(misreadings{1, line})
	}
}

// warnings are sentences about the fields that were not used, in their own fixed order.
func (t *tally) warnings() []string {
	var list []string
	for f, m := range t.bad {
		switch {
		case m.lines == 1:
			list = append(list, fmt.Sprintf("line %d of the access log has a %s of a wrong type or out of range, which counts as unknown", m.first, fieldNames[f]))
		case m.lines > 1:
			list = append(list, fmt.Sprintf("%d lines of the access log, the first of them line %d, have a %s of a wrong type or out of range, which counts as unknown", m.lines, m.first, fieldNames[f]))
		}
	}
	return list
}

// lose counts n lines that are not used, the first of them line number first.
func (t *tally) lose(why reason, n, first int64) {
	s := &t.skips[why]
	if n > 0 && (s.Lines == 0 || first < s.First) {
		s.First = first
	}
	s.Lines += n
}

func (t *tally) add(o *tally) {
	t.used += o.used
	for why, s := range o.skips {
		t.lose(reason(why), s.Lines, s.First)
	}
	for f, m := range o.bad {
		t.bad[f].add(m)
	}
}

// total is the number of lines, blank ones left out.
func (t *tally) total() int64 {
	n := t.used
	for _, s := range t.skips {
		n += s.Lines
	}
	return n
}

// list is the reasons that occurred, in their own fixed order.
func (t *tally) list() []Skip {
	var list []Skip
	for i, s := range t.skips {
		if s.Lines > 0 {
			s.Reason = reasonTexts[i]
			list = append(list, s)
		}
	}
	return list
}

// String is a sentence for people.
func (s Skip) String() string {
	of := ""
	if s.Log != "" {
		of = " of " + s.Log
	}
	if s.Lines == 1 {
		return fmt.Sprintf("line %d%s of the access log was skipped: %s", s.First, of, s.Reason)
	}
	return fmt.Sprintf("%d lines of the access log were skipped, the first of them line %d%s: %s", s.Lines, s.First, of, s.Reason)
}
