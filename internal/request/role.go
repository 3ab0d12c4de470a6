package request

import "strings"

// gatewayNames are what Istio's own charts call its gateways: the Service, and the label
// app of the pods, by which those are known of which no more was told.
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
	app, istio := labels["app"], labels["istio"]
	if gatewayNames[app] || istio != "" && istio == strings.TrimPrefix(app, "istio-") {
		return true // the chart "gateway" names both labels after its release
	}
	return strings.HasSuffix(istio, "gateway") || strings.HasSuffix(labels["operator.istio.io/component"], "Gateways")
}

// IsAmbient is whether a pod with these labels is in the ambient mesh: it has no
// sidecar, whatever containers it has.
func IsAmbient(labels map[string]string) bool {
	return labels["istio.io/dataplane-mode"] == "ambient"
}
