package cli

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/http/pprof"
	"strings"
	"syscall"
	"time"

	"github.com/sirupsen/logrus"
	"github.com/spf13/cobra"

	"github.com/sluice-mesh/sluice/internal/api"
)

const serveLong = `Answers GET /ready and POST /optimize as the contest's harness asks, and tells about its
rounds: /rounds, /rounds/{n}, /rounds/latest, /rounds/{n}/graph, graph.dot, graph.svg,
curve, curve.svg, istio.yaml, /metrics, /healthz, and a page for people at /, which
follows the rounds.

Each 200 of /optimize is one round. What rounds teach about a mesh goes into the next
plan; with --state-dir it outlives the process, kill -9 included. The last 1,000 rounds are
kept, as many as fit into 1 GiB in the folder, 24 MiB without one, and what the last 8
meshes taught; the files of older rounds are deleted.

The log, one line a round, goes to standard error: text on a terminal, else JSON. On
SIGINT and SIGTERM requests under way are answered, and the exit status is 0.`

const serveExample = `  sluice serve --demo
  sluice serve --listen 127.0.0.1:8080 --log-root /var/log/mesh --state-dir /var/lib/sluice
  curl -s localhost:3001/optimize -d @REQUEST.json`

// serveCommand is `sluice serve`.
type serveCommand struct {
	env           *Env
	tune          tuning
	fields        fields
	listen, debug string
	level         choice
	api           api.Options
}

func newServe(env *Env) *cobra.Command {
	c := &serveCommand{env: env, level: choice{"info", []string{"debug", "info", "warning", "error"}}}
	cmd := &cobra.Command{
		Use:     "serve",
		Short:   "Run the HTTP service",
		Long:    serveLong,
		Example: serveExample,
		Args:    noArguments,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if cmd.Flags().Changed("log-root") && c.api.LogRoot == "" {
				// A variable that is not set must not open the whole file system.
				return usagef(`--log-root "": want a folder, or no --log-root where any log may be read`)
			}
			return c.run(cmd.Context())
		},
	}
	f := cmd.Flags()
	f.StringVar(&c.listen, "listen", ":3001", "address to answer on, host:port")
	f.BoolVar(&c.api.Demo, "demo", false, "begin with the embedded capture as round 1")
	f.StringVar(&c.api.LogRoot, "log-root", "", "folder that access logs must lie in (default anywhere)")
	f.StringVar(&c.api.StateDir, "state-dir", "", "folder to keep rounds in (default none: they end with the process)")
	f.StringVar(&c.api.TempDir, "temp-dir", "", "folder for long bodies while they come in (default the system's)")
	f.StringVar(&c.debug, "debug-listen", "", "loopback address for /debug/pprof, such as 127.0.0.1:6060 (default none)")
	f.Var(&c.level, "log-level", "least weight of what is logged")
	_ = cmd.RegisterFlagCompletionFunc("log-level", cobra.FixedCompletions(c.level.of, cobra.ShellCompDirectiveNoFileComp))
	for _, dir := range []string{"log-root", "state-dir", "temp-dir"} {
		_ = cmd.MarkFlagDirname(dir)
	}
	c.fields.flags(cmd)
	c.tune.flags(cmd)
	c.tune.spending.flags(cmd)
	return cmd
}

func (c *serveCommand) run(ctx context.Context) error {
	if err := c.check(); err != nil {
		return err
	}
	log := c.logger()
	err := c.serve(ctx, log)
	if line := message(err); line != "" {
		// Who collects a server's lines wants the last one like the others.
		log.Error(line)
		err = quiet(err)
	}
	return err
}

// serve runs the server until ctx ends.
func (c *serveCommand) serve(ctx context.Context, log *logrus.Logger) error {
	// The port first: a second server must not touch the first one's state.
	l, err := listen(c.listen)
	if err != nil {
		return err
	}
	defer l.Close()
	if c.debug != "" {
		stop, err := debugServer(c.debug, log)
		if err != nil {
			return err
		}
		defer stop()
	}
	o := c.api
	o.Run, o.Log, o.Version = c.tune.Options, log, thisBuild().Version
	server, err := api.New(o)
	if err != nil {
		return err
	}
	log.WithField("address", l.Addr().String()).Info("ready")
	return errors.Join(server.Serve(ctx, l), server.Close())
}

// check refuses flags that cannot mean anything.
func (c *serveCommand) check() error {
	if !portOf(c.listen) {
		return usagef("--listen %s: want host:port or :port, such as :3001, with a port up to 65535", c.listen)
	}
	if c.debug != "" && !(loopback(c.debug) && portOf(c.debug)) {
		return usagef("--debug-listen %s: want a loopback address such as 127.0.0.1:6060, since profiles show what is in memory", c.debug)
	}
	return errors.Join(c.fields.apply(&c.tune.Log), c.tune.check())
}

// portOf tells whether address ends in a port that there can be, by number or name.
func portOf(address string) bool {
	_, port, err := net.SplitHostPort(address)
	if err != nil || port == "" {
		return false
	}
	_, err = net.LookupPort("tcp", port)
	return err == nil
}

// loopback tells whether address can be reached from this machine alone.
func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// logger writes text for people and JSON for collectors.
func (c *serveCommand) logger() *logrus.Logger {
	log := logrus.New()
	log.SetOutput(c.env.Stderr)
	log.SetFormatter(&logrus.JSONFormatter{TimestampFormat: time.RFC3339Nano})
	if c.env.terminal(c.env.Stderr) {
		log.SetFormatter(&logrus.TextFormatter{DisableColors: !c.env.colour(c.env.Stderr), FullTimestamp: true})
	}
	level, err := logrus.ParseLevel(c.level.value)
	if err == nil { // the flag takes only levels that there are
		log.SetLevel(level)
	}
	return log
}

func listen(address string) (net.Listener, error) {
	l, err := net.Listen("tcp", address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("%w: choose another address with --listen, or end what uses this one", err)
	case err != nil:
		return nil, fmt.Errorf("%w: choose another address with --listen", err)
	}
	return l, nil
}

// debugServer answers /debug/pprof on an address of its own until stop is called.
func debugServer(address string, log *logrus.Logger) (stop func() error, err error) {
	l, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("--debug-listen: %w", err)
	}
	mux := http.NewServeMux()
	mux.HandleFunc("/debug/pprof/", pprof.Index)
	mux.HandleFunc("/debug/pprof/cmdline", pprof.Cmdline)
	mux.HandleFunc("/debug/pprof/profile", pprof.Profile)
	mux.HandleFunc("/debug/pprof/symbol", pprof.Symbol)
	mux.HandleFunc("/debug/pprof/trace", pprof.Trace)
	server := &http.Server{Handler: localOnly(mux), ReadHeaderTimeout: 10 * time.Second, ErrorLog: api.ErrorLog(log)}
	go func() { _ = server.Serve(l) }() // it ends with stop
	log.WithField("address", l.Addr().String()).Info("profiles are served")
	return server.Close, nil
}

// localOnly refuses requests that a page of another site sent through this
// machine's browser: their Host names that site.
func localOnly(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		host := r.Host
		if !strings.Contains(host, ":") {
			host += ":80"
		}
		if !loopback(host) {
			http.Error(w, "profiles are for this machine alone", http.StatusForbidden)
			return
		}
		next.ServeHTTP(w, r)
	})
}
