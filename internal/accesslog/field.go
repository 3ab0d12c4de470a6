package accesslog

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
	path
	authority
	authorityFor
	serverName
	startTime
	duration
	serviceTime
	responseCode
	responseFlags
	bytesSent
	bytesReceived
	fields
)

// fieldNames are the keys by which Istio and ASM write the fields. Case counts:
// Envoy writes the keys of its configuration as they are, so a key in another
// case is somebody else's field (encoding/json would take it).
var fieldNames = [fields]string{
	downstreamRemote: "downstream_remote_address",
	downstreamLocal:  "downstream_local_address",
	upstreamHost:     "upstream_host",
	upstreamLocal:    "upstream_local_address",
	upstreamCluster:  "upstream_cluster",
	requestID:        "request_id",
	path:             "path",
	authority:        "authority",
	authorityFor:     "authority_for",
	serverName:       "requested_server_name",
	startTime:        "start_time",
	duration:         "duration",
	serviceTime:      "upstream_service_time",
	responseCode:     "response_code",
	responseFlags:    "response_flags",
	bytesSent:        "bytes_sent",
	bytesReceived:    "bytes_received",
}

// longestKey bounds the text of a key with escapes that can still be one of
// ours: the longest of them with each of its characters written as \u0000.
const longestKey = 6 * len("downstream_remote_address")

// lookup finds the field that a key names. A switch on the string compiles to a
// search by length and first bytes and needs no hashing.
func lookup(key []byte) field {
	switch string(key) {
	case "downstream_remote_address":
		return downstreamRemote
	case "downstream_local_address":
		return downstreamLocal
	case "upstream_host":
		return upstreamHost
	case "upstream_local_address":
		return upstreamLocal
	case "upstream_cluster":
		return upstreamCluster
	case "request_id":
		return requestID
	case "path":
		return path
	case "authority":
		return authority
	case "authority_for":
		return authorityFor
	case "requested_server_name":
		return serverName
	case "start_time":
		return startTime
	case "duration":
		return duration
	case "upstream_service_time":
		return serviceTime
	case "response_code":
		return responseCode
	case "response_flags":
		return responseFlags
	case "bytes_sent":
		return bytesSent
	case "bytes_received":
		return bytesReceived
	}
	return ignored
}

// kind is what JSON says a value is.
type kind uint8

const (
	absent kind = iota
	null
	text    // a string that stands in the line as it is
	escaped // a string with escapes or bytes over 0x7f, to be unquoted
	number
	other // a boolean, an array or an object
)

// value is where a field's value lies in the text that was scanned: without the
// quotes for strings.
type value struct {
	start, end int32
	kind       kind
}
