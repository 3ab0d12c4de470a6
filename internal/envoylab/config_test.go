//go:build linux

package envoylab

import (
	"encoding/json"
	"path/filepath"
)

// object and list are JSON as Envoy's configuration takes it.
type (
	object = map[string]any
	list   = []any
)

const (
	typeURL = "type.googleapis.com/"
	// The ports of a pod: the application, the sidecar outward, inward, its admin.
	appPort, outPort, inPort, adminPort = 9080, 15001, 15006, 15000
)

// accessFields are those of Istio's JSON log that matter here.
var accessFields = object{
	"authority": "%REQ(:AUTHORITY)%", "start_time": "%START_TIME%", "duration": "%DURATION%", "request_id": "%REQ(X-REQUEST-ID)%",
	"upstream_cluster": "%UPSTREAM_CLUSTER%", "upstream_host": "%UPSTREAM_HOST%", "upstream_local_address": "%UPSTREAM_LOCAL_ADDRESS%",
	"downstream_local_address": "%DOWNSTREAM_LOCAL_ADDRESS%", "downstream_remote_address": "%DOWNSTREAM_REMOTE_ADDRESS%",
	"requested_server_name": "%REQUESTED_SERVER_NAME%", "path": "%REQ(:PATH)%", "protocol": "%PROTOCOL%", "method": "%REQ(:METHOD)%",
	"response_code": "%RESPONSE_CODE%", "response_flags": "%RESPONSE_FLAGS%", "bytes_sent": "%BYTES_SENT%", "bytes_received": "%BYTES_RECEIVED%",
	"upstream_service_time": "%RESP(X-ENVOY-UPSTREAM-SERVICE-TIME)%",
}

// bootstrap is the configuration of s's sidecar, which sees what the hosts of its
// Sidecar name (nil: all of the mesh).
func (m *mesh) bootstrap(s *service, hosts []string, dir string) ([]byte, error) {
	clusters := list{inbound(s)}
	var routes list
	for _, to := range m.services {
		if !to.sees(hosts, s.namespace) {
			continue
		}
		target := to
		if to.canary != "" {
			// Destinations of a VirtualService that applies are added by istiod.
			target = m.find(to.namespace, to.canary)
		}
		clusters = append(clusters, outbound(s, target, dir))
		if target != to {
			clusters = append(clusters, outbound(s, to, dir))
		}
		routes = append(routes, virtualHost(to.host, names(to, s.namespace), clusterName(target)))
	}
	// What is not in sight passes through in Istio, without mutual TLS; peers that
	// insist on that refuse it. Here nobody answers for it.
	routes = append(routes, object{"name": "allow_any", "domains": list{"*"}, "routes": list{
		object{"match": object{"prefix": "/"}, "direct_response": object{"status": 502}}}})
	log := filepath.Join(dir, s.podName()+".log")
	return json.Marshal(object{
		"node":  object{"id": s.podName(), "cluster": s.name},
		"admin": object{"address": socket(s.pod, adminPort)},
		"static_resources": object{
			"clusters": unique(clusters),
			"listeners": list{
				listener("virtualOutbound", s.pod, outPort, manager("outbound", routes, log), nil),
				listener("virtualInbound", s.pod, inPort, manager("inbound", list{virtualHost("inbound", list{"*"}, "inbound|80||")}, log), downstreamTLS(dir)),
			},
		},
	})
}

// unique drops the clusters that a canary brought in twice.
func unique(clusters list) list {
	seen := map[any]bool{}
	var out list
	for _, c := range clusters {
		if name := c.(object)["name"]; !seen[name] {
			seen[name] = true
			out = append(out, c)
		}
	}
	return out
}

func socket(ip string, port int) object {
	return object{"socket_address": object{"address": ip, "port_value": port}}
}

func clusterName(s *service) string { return "outbound|80||" + s.host }

// names by which a service is called from a namespace, as istiod writes them.
func names(s *service, from string) list {
	out := list{s.host, s.host + ":80"}
	if s.external {
		return out
	}
	short := []string{s.name + "." + s.namespace + ".svc", s.name + "." + s.namespace}
	if from == s.namespace {
		short = append(short, s.name)
	}
	for _, n := range short {
		out = append(out, n, n+":80")
	}
	return out
}

func virtualHost(name string, domains list, cluster string) object {
	return object{"name": name, "domains": domains, "routes": list{object{
		"name": "default", "match": object{"prefix": "/"}, "route": object{"cluster": cluster, "timeout": "20s"}}}}
}

// manager is the HTTP connection manager of one direction.
func manager(name string, hosts list, log string) object {
	return object{"name": "envoy.filters.network.http_connection_manager", "typed_config": object{
		"@type":       typeURL + "envoy.extensions.filters.network.http_connection_manager.v3.HttpConnectionManager",
		"stat_prefix": name, "route_config": object{"name": name, "virtual_hosts": hosts},
		"http_filters": list{object{"name": "envoy.filters.http.router", "typed_config": object{
			"@type": typeURL + "envoy.extensions.filters.http.router.v3.Router"}}},
		"access_log": list{object{"name": "file", "typed_config": object{
			"@type": typeURL + "envoy.extensions.access_loggers.file.v3.FileAccessLog",
			"path":  log, "log_format": object{"json_format": accessFields}}}},
	}}
}

func listener(name, ip string, port int, manager, tls object) object {
	chain := object{"filters": list{manager}}
	if tls != nil {
		chain["transport_socket"] = tls
	}
	return object{"name": name, "address": socket(ip, port), "filter_chains": list{chain}}
}

func endpoints(name, ip string, port int) object {
	return object{"cluster_name": name, "endpoints": list{object{"lb_endpoints": list{object{"endpoint": object{"address": socket(ip, port)}}}}}}
}

// inbound leads to the application.
func inbound(s *service) object {
	return object{"name": "inbound|80||", "type": "STATIC", "connect_timeout": "5s",
		"upstream_bind_config": object{"source_address": object{"address": "127.0.0.6", "port_value": 0}},
		"load_assignment":      endpoints("inbound|80||", s.pod, appPort)}
}

// outbound leads from one service's sidecar to another's, by mutual TLS.
func outbound(from, to *service, dir string) object {
	ip, port := to.pod, inPort
	if ip == "" {
		ip = "127.66.255.1" // nobody: a filler is never called
	}
	if to.external {
		port = appPort
	}
	c := object{"name": clusterName(to), "type": "STATIC", "connect_timeout": "5s",
		"upstream_bind_config": object{"source_address": object{"address": from.pod, "port_value": 0}},
		"load_assignment":      endpoints(clusterName(to), ip, port)}
	if !to.external {
		c["transport_socket"] = object{"name": "envoy.transport_sockets.tls", "typed_config": object{
			"@type": typeURL + "envoy.extensions.transport_sockets.tls.v3.UpstreamTlsContext",
			"sni":   "outbound_.80_._." + to.host, "common_tls_context": tlsContext(dir)}}
	}
	return c
}

func downstreamTLS(dir string) object {
	return object{"name": "envoy.transport_sockets.tls", "typed_config": object{
		"@type":                      typeURL + "envoy.extensions.transport_sockets.tls.v3.DownstreamTlsContext",
		"require_client_certificate": true, "common_tls_context": tlsContext(dir)}}
}

func tlsContext(dir string) object {
	return object{
		"alpn_protocols": list{"istio", "http/1.1"},
		"tls_certificates": list{object{
			"certificate_chain": object{"filename": filepath.Join(dir, "leaf.pem")},
			"private_key":       object{"filename": filepath.Join(dir, "leaf.key")}}},
		"validation_context": object{"trusted_ca": object{"filename": filepath.Join(dir, "ca.pem")}},
	}
}
