package request

import "strings"

// gatewayNames are the Services of Istio's own gateways, for pods whose labels nobody
// told.
var gatewayNames = map[string]bool{"istio-ingressgateway": true, "istio-egressgateway": true, "istio-eastwestgateway": true}

// IsGateway is whether a pod with these labels (none where nobody told) of that service
// is a gateway or waypoint: one of Istio's charts or operator, or made by istiod for a
// Gateway of the Kubernetes API.
func IsGateway(service string, labels map[string]string) bool {
	if len(labels) == 0 {
		return gatewayNames[service]
	}
	for _, key := range []string{"gateway.networking.k8s.io/gateway-name", "gateway.istio.io/managed"} {
		if labels[key] != "" {
			return true
		}
	}
	return strings.HasSuffix(labels["istio"], "gateway") || strings.HasSuffix(labels["operator.istio.io/component"], "Gateways")
}

// IsAmbient is whether a pod with these labels is in the ambient mesh: it has no
// sidecar, whatever containers it has.
func IsAmbient(labels map[string]string) bool {
	return labels["istio.io/dataplane-mode"] == "ambient"
}
