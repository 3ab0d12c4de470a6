package cli

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/sluice-mesh/sluice/internal/optimize"
)

// tuning is the flags of a run. Left out, they are zero, which crgen takes for
// its defaults; the help texts repeat those (TestTuningDefaults).
type tuning struct{ optimize.Options }

// flags adds them to cmd.
func (t *tuning) flags(cmd *cobra.Command) {
	f, r := cmd.Flags(), &t.Resources
	f.StringVar(&r.APIVersion, "istio-api", "", `version of Istio's API to write, v1beta1 or v1 (default v1beta1)`)
	f.StringVar(&r.LabelKey, "label-key", "", `pod label that holds the service's name, by which Istio resources select pods (default app)`)
	f.StringVar(&r.ClusterDomain, "cluster-domain", "", `domain of the cluster's services (default cluster.local)`)
	f.StringVar(&r.Namespace, "namespace", "", `namespace of workloads that name none (default default)`)
	f.StringVar(&r.RootNamespace, "root-namespace", "", `namespace of the mesh's own configuration, left as it is (default istio-system)`)
	f.StringSliceVar(&r.Providers, "provider", nil, `namespace/fqdn of a service that the sidecars themselves call, such as a tracer; may be repeated`)
	f.IntVar(&r.MinRequests, "min-requests", 0, `requests that a workload must have been seen to handle before its scope is narrowed (default 50)`)
	f.BoolVar(&r.NoDefault, "no-default-scope", false, `leave out the namespaces' default Sidecars`)
}

// check refuses what Istio would.
func (t *tuning) check() error {
	if err := t.Resources.Check(); err != nil {
		return usagef("%s", strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	return nil
}
