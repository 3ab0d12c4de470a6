package accesslog

import "encoding/binary"

// field is a column of the log that is kept. The zero field takes the values of
// all others, so that storing needs no branch on whether a value is wanted.
type field uint8

const (
	ignored field = iota
	downstreamRemote
	downstreamLocal
	upstreamHost
	upstreamLocal
	upstreamCluster
	requestID
	requestIDHeader
	path
	pathHeader
	authority
	authorityFor
	authorityHeader
	serverName
	startTime
	duration
	serviceTime
	serviceTimeHeader
	responseCode
	responseFlags
	bytesSent
	bytesReceived
	fields
)

// fieldNames are the keys by which Istio and ASM write the fields, and some by
// which others do: Envoy Gateway names a few after the header that they show,
// ASM has authority_for beside authority. Case counts: Envoy writes the keys of
// its configuration as they are, so a key in another case is somebody else's
// field (encoding/json would take it).
var fieldNames = [fields]string{
	downstreamRemote:  "downstream_remote_address",
	downstreamLocal:   "downstream_local_address",
	upstreamHost:      "upstream_host",
	upstreamLocal:     "upstream_local_address",
	upstreamCluster:   "upstream_cluster",
	requestID:         "request_id",
	requestIDHeader:   "x-request-id",
	path:              "path",
	pathHeader:        "x-envoy-origin-path",
	authority:         "authority",
	authorityFor:      "authority_for",
	authorityHeader:   ":authority",
	serverName:        "requested_server_name",
	startTime:         "start_time",
	duration:          "duration",
	serviceTime:       "upstream_service_time",
	serviceTimeHeader: "x-envoy-upstream-service-time",
	responseCode:      "response_code",
	responseFlags:     "response_flags",
	bytesSent:         "bytes_sent",
	bytesReceived:     "bytes_received",
}

// longestKey bounds the text of a key with escapes that can still be one of
// ours: the longest of them with each of its characters written as \u0000.
const longestKey = 6 * len("x-envoy-upstream-service-time")

// lookup finds the field that a key names.
func lookup(key []byte) field {
	if len(key) == 0 {
		return ignored
	}
	s := &slots[slotOf(len(key), key[0])]
	if string(key) == fieldNames[s.field] {
		return s.field
	}
	return ignored
}

// slot is a known key: name and mask are its bytes and all ones for each.
type slot struct {
	name, mask [4]uint64
	length     int
	field      field
}

// slotOf finds a slot by the length of a key and its first letter, which no two
// of the names share.
func slotOf(length int, first byte) int { return (length<<5 | int(first&31)) % slotCount }

const slotCount = 1024

var slots = func() (t [slotCount]slot) {
	for f, name := range fieldNames {
		if name == "" {
			continue
		}
		s := &t[slotOf(len(name), name[0])]
		if s.field != ignored {
			panic("accesslog: two fields have names of one length and first letter: " + name)
		}
		s.length, s.field = len(name), field(f)
		for i := range len(name) {
			s.name[i/8] |= uint64(name[i]) << (i % 8 * 8)
			s.mask[i/8] |= 0xff << (i % 8 * 8)
		}
	}
	return t
}()

// known is lookup for the key p[i:end], without a branch that depends on the key
// and could be guessed wrong. There must be 32 bytes of p to look at.
func known(p []byte, i, end int) field {
	n := end - i
	slot := &slots[slotOf(n, p[i])]
	key := (*[32]byte)(p[i:])
	off := (binary.LittleEndian.Uint64(key[0:])^slot.name[0])&slot.mask[0] |
		(binary.LittleEndian.Uint64(key[8:])^slot.name[1])&slot.mask[1] |
		(binary.LittleEndian.Uint64(key[16:])^slot.name[2])&slot.mask[2] |
		(binary.LittleEndian.Uint64(key[24:])^slot.name[3])&slot.mask[3] |
		uint64(n^slot.length)
	same := (off|-off)>>63 ^ 1
	return slot.field & -field(same)
}

// kind is what JSON says a value is.
type kind uint8

const (
	absent kind = iota
	null
	text    // a string that stands in the line as it is
	escaped // a string with escapes or bytes over 0x7f, to be unquoted
	number
	verbatim // text in which nothing is escaped, of any bytes
	other    // a boolean, an array or an object
)

// value is where a field's value lies in the text that was scanned: without the
// quotes for strings.
type value struct {
	start, end int32
	kind       kind
}
