package graph

// Direction tells which way a sidecar logged a call: what its pod received or
// what its pod sent.
type Direction uint8

// The directions a line can have. A line whose upstream_cluster begins neither
// "inbound|" nor "outbound|" still goes outward when it is the passthrough
// cluster; any other cluster is Unknown and is not used. Without a cluster the
// addresses tell (file direction.go).
const (
	Unknown Direction = iota
	Inbound
	Outbound
)

// Micros is a point in time or a length of time in whole microseconds. Points
// count from the Unix epoch. Whole numbers make sums independent of the order
// in which they are added, so that partial readings merge to the same bits.
type Micros = int64

// Missing marks a Micros or a count that the line did not carry.
const Missing = -1

// Record is one log line: one sidecar's view of one call. Addresses are as
// logged, host and port; nil means absent, null or "-". The byte slices belong
// to the reader and are valid until it hands over the next record.
type Record struct {
	Direction Direction
	// Cluster is upstream_cluster, such as "outbound|9080||reviews.default.svc.cluster.local".
	Cluster []byte
	// Downstream and Upstream are downstream_remote_address and upstream_host.
	Downstream, Upstream []byte
	// DownstreamLocal and UpstreamLocal are the proxy's own ends of the two connections.
	DownstreamLocal, UpstreamLocal []byte
	RequestID, Path                []byte
	// Authority is the Host header, ServerName the SNI (requested_server_name).
	Authority, ServerName []byte
	// Start is Missing when absent. Duration and ServiceTime (upstream_service_time)
	// are Missing when absent.
	Start, Duration, ServiceTime Micros
	// Code is the HTTP response code, 0 when absent or not HTTP.
	Code int
	// Flags is response_flags, nil for "-".
	Flags []byte
	// BytesSent and BytesReceived are Missing when absent.
	BytesSent, BytesReceived int64
}
