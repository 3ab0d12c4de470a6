package cli

import (
	"fmt"
	"io"
	"maps"
	"os"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"
	"sigs.k8s.io/yaml"

	"github.com/sluice-mesh/sluice/internal/optimize"
)

// tuning is the flags of a run. Left out, they are zero, which crgen takes for
// its defaults; the help texts repeat those (TestTuningDefaults).
type tuning struct {
	optimize.Options
	// labels is the file of --labels.
	labels string
	// spending is for the commands that plan.
	spending spending
	// given is the command whose flags these are.
	given *cobra.Command
}

// flags adds them to cmd.
func (t *tuning) flags(cmd *cobra.Command) {
	f, r := cmd.Flags(), &t.Resources
	f.StringVar(&r.APIVersion, "istio-api", "", `version of Istio's API to write, v1beta1 or v1 (default v1beta1)`)
	f.StringVar(&r.LabelKey, "label-key", "", `pod label that holds the service's name, by which Istio resources select pods (default app)`)
	f.StringVar(&r.ClusterDomain, "cluster-domain", "", `domain of the cluster's services (default cluster.local)`)
	f.StringVar(&r.Namespace, "namespace", "", `namespace of workloads that name none, in place of that in which hosts call them (default default)`)
	f.StringVar(&r.RootNamespace, "root-namespace", "", `namespace of the mesh's own configuration, left as it is (default istio-system)`)
	f.StringSliceVar(&r.Providers, "provider", nil, `namespace/fqdn of a service that the sidecars themselves call, such as a tracer; may be repeated`)
	f.IntVar(&r.MinRequests, "min-requests", 0, `requests that a workload must have been seen to handle before its scope is narrowed (default 50)`)
	f.IntVar(&r.KeepRounds, "keep-rounds", 0, `rounds that a host stays in a scope after the last in which it was called (default 10)`)
	f.StringVar(&t.labels, "labels", "", `YAML or JSON file with the labels that select each service's pods, by service or namespace/service`)
	f.BoolVar(&r.NoDefault, "no-default-scope", false, `leave out the namespaces' default Sidecars`)
	t.given = cmd
}

// unset refuses what a flag that was given would leave at its default: text that is
// empty, numbers under 1.
func (t *tuning) unset() error {
	if t.given == nil {
		return nil
	}
	for _, name := range []string{"istio-api", "label-key", "cluster-domain", "namespace", "root-namespace", "labels"} {
		if f := t.given.Flags().Lookup(name); f.Changed && f.Value.String() == "" {
			return usagef("--%s is given, but empty: leave it out for its default", name)
		}
	}
	for _, name := range []string{"min-requests", "keep-rounds"} {
		if n, err := t.given.Flags().GetInt(name); err == nil && n < 1 && t.given.Flags().Changed(name) {
			return usagef("--%s %d: want a number from 1 on", name, n)
		}
	}
	return nil
}

// maxLabels is the largest file of labels that is read.
const maxLabels = 16 << 20

// readLabels reads the file of --labels, such as
//
//	cart: {app.kubernetes.io/name: cart}
//	shop/web: {app: web, track: stable}
func (t *tuning) readLabels() error {
	if t.labels == "" {
		return nil
	}
	f, err := os.Open(t.labels)
	if err != nil {
		return fmt.Errorf("--labels: %w", err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxLabels+1))
	if err != nil {
		return fmt.Errorf("--labels: %w", err)
	}
	if len(text) > maxLabels {
		return usagef("--labels %s: longer than the %d MB that are read", t.labels, maxLabels>>20)
	}
	t.Resources.Labels = nil
	if err := yaml.UnmarshalStrict(text, &t.Resources.Labels); err != nil {
		return usagef("--labels %s: want services with their labels, such as 'cart: {app.kubernetes.io/name: cart}': %v", t.labels, err)
	}
	return nil
}

// check reads what flags name and refuses what Istio would.
func (t *tuning) check() error {
	if err := t.unset(); err != nil {
		return err
	}
	if err := t.spending.apply(&t.Budget); err != nil {
		return err
	}
	if err := t.readLabels(); err != nil {
		return err
	}
	if err := t.Resources.Check(); err != nil {
		return usagef("%s", strings.ReplaceAll(err.Error(), "\n", "; "))
	}
	return nil
}

// unused are warnings about keys of --labels that name no workload of the round: a name
// that is spelt wrong would leave its workload with an assumption.
func (t *tuning) unused(obs *optimize.Observation) []string {
	if len(t.Resources.Labels) == 0 {
		return nil
	}
	known := optimize.Workloads(obs, t.Options)
	var lost []string
	for _, key := range slices.Sorted(maps.Keys(t.Resources.Labels)) {
		if !known[key] {
			lost = append(lost, strconv.Quote(key))
		}
	}
	if len(lost) == 0 {
		return nil
	}
	some, more := lost[:min(len(lost), 10)], ""
	if n := len(lost) - len(some); n > 0 {
		more = fmt.Sprintf(" and %d more", n)
	}
	return []string{fmt.Sprintf("--labels %s: %s%s name no workload of this round, by SERVICE or NAMESPACE/SERVICE, and do nothing", t.labels, strings.Join(some, ", "), more)}
}
