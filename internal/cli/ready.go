package cli

import (
	"context"
	"fmt"
	"net/http"
	"time"

	"github.com/spf13/cobra"
)

// probeTime is how long a server may take to say that it is ready; the
// contract's own bound under load is 3 s.
const probeTime = 3 * time.Second

const readyLong = `Asks a server whether it is ready (GET /ready): exit status 0 when it is, 1 when not.
This is the health check of the container image, which has no shell and no curl.

URL is the server's, http://127.0.0.1:3001 unless it is given.`

func newReady(env *Env) *cobra.Command {
	return &cobra.Command{
		Use:     "ready [URL]",
		Short:   "Ask a running server whether it is ready",
		Long:    readyLong,
		Example: "  sluice ready\n  sluice ready http://sluice.default:3001",
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			url := "http://127.0.0.1:3001"
			if len(args) > 0 {
				url = args[0]
			}
			return runReady(cmd.Context(), env, url)
		},
	}
}

func runReady(ctx context.Context, env *Env, url string) error {
	ctx, cancel := context.WithTimeout(ctx, probeTime)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, url+"/ready", nil)
	if err != nil {
		return usagef("%q is no URL of a server: want one such as http://127.0.0.1:3001", url)
	}
	// No proxy: the server is this container's own, or named on purpose.
	client := http.Client{Transport: &http.Transport{Proxy: nil}}
	resp, err := client.Do(req)
	if err != nil {
		return fmt.Errorf("not ready: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode != http.StatusOK {
		return fmt.Errorf("not ready: %s answers %s", req.URL, resp.Status)
	}
	return env.print([]byte("ready\n"))
}
