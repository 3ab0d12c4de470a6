package accesslog

import (
	"bytes"
	"unicode/utf8"

	"github.com/sluice-mesh/sluice/graph"
)

// Values beyond these say that a line is damaged, and count as unknown. They
// also keep sums over millions of lines within an int64.
const (
	maxDuration = 30 * 24 * 3600 * 1_000_000 // microseconds
	maxBytes    = 1 << 40
)

// record turns scanned values into a Record. Its slices lie in the scanned text
// or in scratch, which the next line overwrites.
type record struct {
	graph.Record
	clock   clock
	scratch []byte
	// bad has a bit for each field whose value is there and cannot be used.
	bad uint32
}

// fill reads every field. One of a wrong type counts as unknown, so that one
// field gone wrong does not cost the line; bad tells which.
func (r *record) fill(s *scanner) {
	r.scratch, r.bad = r.scratch[:0], 0
	r.Downstream = r.text(s, downstreamRemote)
	r.DownstreamLocal = r.text(s, downstreamLocal)
	r.Upstream = r.text(s, upstreamHost)
	r.UpstreamLocal = r.text(s, upstreamLocal)
	// Istio 1.23 and 1.24 end it with a semicolon (istio/istio#54219).
	r.Cluster = bytes.TrimSuffix(r.text(s, upstreamCluster), []byte{';'})
	r.RequestID = r.first(s, requestID, requestIDHeader)
	r.Path = r.first(s, path, pathHeader)
	if r.Authority = r.text(s, authority); r.Authority == nil {
		r.Authority = r.first(s, authorityFor, authorityHeader)
	}
	r.ServerName = r.text(s, serverName)
	r.Flags = r.text(s, responseFlags)
	r.Direction = direction(r.Cluster)
	r.Start = r.start(s)
	r.Duration = r.count(s, duration, 3, maxDuration)
	if r.ServiceTime = r.count(s, serviceTime, 3, maxDuration); r.ServiceTime == graph.Missing {
		r.ServiceTime = r.count(s, serviceTimeHeader, 3, maxDuration)
	}
	r.Code = int(max(r.count(s, responseCode, 0, 999), 0))
	r.BytesSent = r.count(s, bytesSent, 0, maxBytes)
	r.BytesReceived = r.count(s, bytesReceived, 0, maxBytes)
}

// first is the text of the one of two fields that has any.
func (r *record) first(s *scanner, one, other field) []byte {
	if t := r.text(s, one); t != nil {
		return t
	}
	return r.text(s, other)
}

// text is the string of a field, nil where there is none or Envoy's "-" for none.
func (r *record) text(s *scanner, f field) []byte {
	v := &s.values[f]
	t := s.src[v.start:v.end:v.end]
	switch v.kind {
	case text:
	case verbatim:
		if !utf8.Valid(t) {
			t = bytes.ToValidUTF8(t, []byte("\uFFFD"))
		}
	case escaped:
		at := len(r.scratch)
		r.scratch = unquote(r.scratch, t)
		t = r.scratch[at:len(r.scratch):len(r.scratch)]
	case absent, null:
		return nil
	default:
		return r.untexted(f, v.kind, t)
	}
	if len(t) == 0 || len(t) == 1 && t[0] == '-' {
		return nil
	}
	return t
}

// untexted is the text of a value that is no string: none, but for an id.
//
//go:noinline
func (r *record) untexted(f field, k kind, t []byte) []byte {
	if k == number && (f == requestID || f == requestIDHeader) {
		return t // what is counted up is as good an id as any
	}
	r.bad |= 1 << f
	return nil
}

// count is the whole part of a number, or of a string that holds one, times ten
// to the power of shift; Missing where there is none from 0 to most.
func (r *record) count(s *scanner, f field, shift int, most int64) int64 {
	v := &s.values[f]
	n, ok := int64(0), false
	if v.kind == number || v.kind == text {
		if n, ok = eightDigits(s.src[v.start:], v.end-v.start); ok {
			n *= powers[shift]
		}
	}
	if !ok {
		return r.longCount(s, f, shift, most)
	}
	if n > most {
		r.bad |= 1 << f
		return graph.Missing
	}
	return n
}

// longCount is count for what is not one to eight digits.
func (r *record) longCount(s *scanner, f field, shift int, most int64) int64 {
	t := r.figures(s, f)
	if t == nil {
		return graph.Missing
	}
	n, ok := decimal(t, shift)
	if !ok || n > most {
		r.bad |= 1 << f
		return graph.Missing
	}
	return n
}

func (r *record) start(s *scanner) graph.Micros {
	t := r.figures(s, startTime)
	if t == nil {
		return graph.Missing
	}
	at, ok := r.clock.read(t)
	if !ok {
		r.bad |= 1 << startTime
		return graph.Missing
	}
	return at
}

// figures is the text of a number or string.
func (r *record) figures(s *scanner, f field) []byte {
	if v := &s.values[f]; v.kind == number {
		return s.src[v.start:v.end]
	}
	return r.text(s, f)
}

// direction tells from upstream_cluster which way the sidecar logged a call.
// What went through no cluster of the mesh has names of its own: the passthrough
// clusters, and the black hole for what may not leave.
func direction(cluster []byte) graph.Direction {
	for _, d := range directions {
		if bytes.HasPrefix(cluster, d.prefix) {
			return d.direction
		}
	}
	return graph.Unknown
}

var directions = []struct {
	prefix    []byte
	direction graph.Direction
}{
	{[]byte("outbound|"), graph.Outbound},
	{[]byte("inbound|"), graph.Inbound},
	{[]byte("outbound_."), graph.Outbound}, // as gateways write it under AUTO_PASSTHROUGH
	{[]byte("PassthroughCluster"), graph.Outbound},
	{[]byte("BlackHoleCluster"), graph.Outbound},
	{[]byte("InboundPassthroughCluster"), graph.Inbound}, // …Ipv4, …Ipv6
	{[]byte("inbound-vip|"), graph.Inbound},              // waypoints
}
