package cli

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"net/url"
	"path/filepath"
	"time"

	"github.com/google/renameio/v2"
	"github.com/spf13/cobra"

	"github.com/sluice-mesh/sluice/internal/collect"
)

const collectLong = `Makes a REQUEST.json, the body of POST /optimize, of a live mesh's own data: its pods
with their services and addresses, and what their containers use. Pods count that have
a container istio-proxy (a native sidecar too) beside another; gateways are left out.

--cpu-limit and --memory-limit are what all sidecars together may use. Where they are
not given they are what the sidecars have now, as far as that can be told. --log is the
access log that the request names; without one the plan is made from use alone.`

const collectPromLong = `Asks a Prometheus, or what speaks its API, for what containers used: the rate of
container_cpu_usage_seconds_total and container_memory_working_set_bytes, from cAdvisor.

Addresses, owners, labels and limits are kube-state-metrics' (kube_pod_info,
kube_pod_labels, kube_pod_container_resource_limits); without them pods have no address,
so that no access log can be joined with them, and are named by their workloads. For
labels they need --metric-labels-allowlist=pods=[app,app.kubernetes.io/name].`

const collectKubeLong = `Asks Kubernetes' API for the pods that run, the Services that select them (a pod's
service is the one of its app label, where several do) and, from metrics.k8s.io, what
their containers use. It goes in as kubectl does: by --kubeconfig, $KUBECONFIG, the home
folder or, in a pod, by its service account, which has to be allowed to list pods,
services and pods.metrics.k8s.io, and with --fetch-logs to get pods/log.

--fetch-logs writes what the sidecars logged in the window into the file of --log, at
most --log-bytes of each.`

const collectPromExample = `  sluice collect prometheus --url http://localhost:9090 --log access.log -o REQUEST.json
  sluice collect prometheus --url http://localhost:9090 --namespace shop --cpu-limit 4 --memory-limit 2e9 | sluice plan -`

const collectKubeExample = `  sluice collect kube --namespace shop --log access.log --fetch-logs -o REQUEST.json
  sluice plan REQUEST.json`

func newCollect(env *Env) *cobra.Command {
	cmd := &cobra.Command{
		Use:     "collect (prometheus | kube)",
		Short:   "Make a REQUEST.json of a live mesh's own data",
		Long:    collectLong,
		Example: collectPromExample + "\n" + collectKubeExample,
	}
	cmd.AddCommand(newCollectPrometheus(env), newCollectKube(env))
	return cmd
}

// collectCommand is what both kinds have in common.
type collectCommand struct {
	env     *Env
	options collect.Options
	output  string
	timeout time.Duration
}

func (c *collectCommand) flags(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringSliceVar(&c.options.Namespaces, "namespace", nil, "namespace to look into; may be repeated (default all)")
	f.DurationVar(&c.options.Window, "window", 5*time.Minute, "time that use is averaged over, and that logs go back")
	f.StringVar(&c.options.LabelKey, "label-key", "app", "label that holds a service's name")
	f.Float64Var(&c.options.CPULimit, "cpu-limit", 0, "cores that all sidecars together may use (default what they have)")
	f.Float64Var(&c.options.MemoryLimit, "memory-limit", 0, "bytes that all sidecars together may use (default what they have)")
	f.StringVar(&c.options.Log, "log", "", "access log that the request names")
	f.StringVarP(&c.output, "output", "o", "-", "file to write, '-' for standard output")
	f.DurationVar(&c.timeout, "timeout", 2*time.Minute, "time that all of it may take")
	_ = cmd.MarkFlagFilename("log")
}

// check refuses what cannot mean anything, and makes the log's path one that holds
// wherever the request is read.
func (c *collectCommand) check(cmd *cobra.Command) error {
	o := &c.options
	switch {
	case cmd.Flags().Changed("cpu-limit") && !(o.CPULimit > 0 && o.CPULimit < 1e9):
		return usagef("--cpu-limit %g: want a number of cores", o.CPULimit)
	case cmd.Flags().Changed("memory-limit") && !(o.MemoryLimit > 0 && o.MemoryLimit < 1e18):
		return usagef("--memory-limit %g: want a number of bytes", o.MemoryLimit)
	case o.Window < time.Second:
		return usagef("--window %s: want a second at least", o.Window)
	case c.timeout <= 0:
		return usagef("--timeout %s: want a time", c.timeout)
	case o.LabelKey == "":
		return usagef("--label-key '': want the key of a label, such as app")
	case o.Log == "":
		o.Log = noLog
		c.env.warn([]string{"no --log: the request names " + noLog + ", and where there is none plans are made from use alone"})
		return nil
	}
	abs, err := filepath.Abs(o.Log)
	o.Log = abs
	if out, e := filepath.Abs(c.output); e == nil && c.output != "-" && out == abs {
		return usagef("--log and -o both name %s: the one would overwrite the other", abs)
	}
	return err
}

// noLog stands for a log that was not named; requests must name one.
const noLog = "access.log"

// write writes the request and tells the warnings.
func (c *collectCommand) write(r *collect.Request, warnings []string, err error) error {
	switch {
	case errors.Is(err, collect.ErrLimits):
		return usagef("%v", err)
	case errors.Is(err, context.DeadlineExceeded):
		return fmt.Errorf("%w: --timeout %s is over", err, c.timeout)
	case err != nil:
		return err
	}
	c.env.warn(warnings)
	var b bytes.Buffer
	if err := r.Write(&b); err != nil {
		return err
	}
	if c.output == "-" {
		return c.env.print(b.Bytes())
	}
	return renameio.WriteFile(c.output, b.Bytes(), 0o644)
}

func newCollectPrometheus(env *Env) *cobra.Command {
	c := &collectCommand{env: env}
	var server collect.Server
	cmd := &cobra.Command{
		Use:     "prometheus --url URL",
		Short:   "Collect from a Prometheus",
		Long:    collectPromLong,
		Example: collectPromExample,
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			u, err := url.Parse(server.URL)
			if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
				return usagef("--url %q: want the address of a Prometheus, such as http://localhost:9090", collect.Masked(server.URL))
			}
			if err := c.check(cmd); err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), c.timeout)
			defer cancel()
			return c.write(collect.Prometheus(ctx, server, c.options))
		},
	}
	cmd.Flags().StringVar(&server.URL, "url", "", "address of the server, http or https")
	cmd.Flags().StringVar(&server.TokenFile, "token-file", "", "file with a bearer token to send along")
	c.flags(cmd)
	return cmd
}

func newCollectKube(env *Env) *cobra.Command {
	c := &collectCommand{env: env}
	var cluster collect.Cluster
	var fetch bool
	cmd := &cobra.Command{
		Use:     "kube",
		Short:   "Collect from Kubernetes' API",
		Long:    collectKubeLong,
		Example: collectKubeExample,
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			switch {
			case fetch && c.options.Log == "":
				return usagef("--fetch-logs: name the file to write them into with --log")
			case cluster.LogBytes < 1<<10:
				return usagef("--log-bytes %d: want 1024 at least", cluster.LogBytes)
			}
			if err := c.check(cmd); err != nil {
				return err
			}
			ctx, cancel := context.WithTimeout(cmd.Context(), c.timeout)
			defer cancel()
			if !fetch {
				return c.write(collect.Kube(ctx, cluster, c.options))
			}
			return c.fetched(ctx, cluster)
		},
	}
	f := cmd.Flags()
	f.StringVar(&cluster.Kubeconfig, "kubeconfig", "", "kubeconfig to go in by (default kubectl's)")
	f.StringVar(&cluster.Context, "context", "", "context of the kubeconfig (default its current one)")
	f.BoolVar(&fetch, "fetch-logs", false, "write the sidecars' logs into the file of --log")
	f.Int64Var(&cluster.LogBytes, "log-bytes", collect.DefaultLogBytes, "most bytes of each sidecar's log")
	_ = cmd.MarkFlagFilename("kubeconfig")
	c.flags(cmd)
	return cmd
}

// fetched collects with the logs, which are there whole or not at all, like the
// request. A log that is there already keeps its mode, and all of it where no other
// could be read in its place.
func (c *collectCommand) fetched(ctx context.Context, cluster collect.Cluster) error {
	log, err := renameio.NewPendingFile(c.options.Log, renameio.WithPermissions(0o644), renameio.WithExistingPermissions())
	if err != nil {
		return fmt.Errorf("--log: %w", err)
	}
	defer func() { _ = log.Cleanup() }() // nothing is left of one that was not replaced
	cluster.Logs = io.Writer(log)
	r, warnings, err := collect.Kube(ctx, cluster, c.options)
	switch {
	case errors.Is(err, collect.ErrLogs):
		warnings = append(warnings, fmt.Sprintf("%v: %s stays as it was, or is not there", err, c.options.Log))
		err = nil
	case err == nil:
		if err = log.CloseAtomicallyReplace(); err != nil {
			err = fmt.Errorf("--log: %w", err)
		}
	}
	return c.write(r, warnings, err)
}
