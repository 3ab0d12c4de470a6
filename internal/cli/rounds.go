package cli

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/spf13/cobra"
)

const roundsLong = `Watches a server's rounds: what was observed in each, what the round before predicted
for it, what it gives, and which sidecar it changed most. First come the rounds that
there are (the last few), then each one as it is answered, until it is interrupted.

  -o table  a line for each round
  -o json   the same for programs, one JSON object a line

Latencies are means at the ingress gateway. URL is the server's, http://127.0.0.1:3001
unless it is given. A server that stops answering is waited for.`

const roundsExample = `  sluice rounds
  sluice rounds http://sluice.default:3001 --once
  sluice rounds -o json | jq 'select(.warnings > 0)'`

// roundsCommand is `sluice rounds`.
type roundsCommand struct {
	env   *Env
	form  choice
	once  bool
	last  int
	every time.Duration
}

// The least time between two questions, and the longest wait for a server that does
// not answer.
const (
	leastPoll   = 100 * time.Millisecond
	longestWait = 30 * time.Second
)

func newRounds(env *Env) *cobra.Command {
	c := &roundsCommand{env: env, form: choice{"table", []string{"table", "json"}}}
	cmd := &cobra.Command{
		Use:     "rounds [URL]",
		Short:   "Watch a server's rounds",
		Long:    roundsLong,
		Example: roundsExample,
		Args:    cobra.MaximumNArgs(1),
		RunE: func(cmd *cobra.Command, args []string) error {
			url := "http://127.0.0.1:3001"
			if len(args) > 0 {
				url = args[0]
			}
			return c.run(cmd.Context(), url)
		},
	}
	c.form.flag(cmd)
	f := cmd.Flags()
	f.BoolVar(&c.once, "once", false, "print the rounds that there are, and end")
	f.IntVar(&c.last, "last", 20, "how many of the rounds that there are")
	f.DurationVar(&c.every, "interval", 2*time.Second, "how often the server is asked")
	return cmd
}

func (c *roundsCommand) run(ctx context.Context, url string) error {
	switch {
	case c.last < 0:
		return usagef("--last %d: want 0 or more rounds", c.last)
	case c.every < leastPoll:
		return usagef("--interval %s: want %s or more", c.every, leastPoll)
	}
	server, err := newRoundsClient(url)
	if err != nil {
		return err
	}
	p := &roundsPrinter{env: c.env, json: c.form.is("json")}
	err = c.watch(ctx, server, p)
	if ctx.Err() != nil {
		return nil // to be interrupted is how watching ends
	}
	return err
}

// watch prints rounds until ctx ends. A server that does not answer at first is an
// error: the URL may be wrong.
func (c *roundsCommand) watch(ctx context.Context, server *roundsClient, p *roundsPrinter) error {
	latest, err := server.latest(ctx)
	if err != nil {
		return err
	}
	seen := 0
	if latest != nil {
		if seen = latest.Round; c.last > 0 {
			first := max(seen-c.last, 0)
			if before, err := server.round(ctx, first); err == nil {
				p.line(before) // the first line that is printed is compared, too
			}
			if err := c.catchUp(ctx, server, p, first, latest); err != nil {
				return err
			}
		}
	}
	if c.once {
		if latest == nil {
			fmt.Fprintln(c.env.Stderr, "there has been no round yet")
		}
		return nil
	}
	wait, away := c.every, false
	for sleep(ctx, wait) {
		latest, err := server.latest(ctx)
		if err != nil {
			if ctx.Err() == nil && !away {
				fmt.Fprintf(c.env.Stderr, "%s; waiting for it\n", message(err))
			}
			away, wait = true, min(2*wait, max(longestWait, c.every))
			continue
		}
		if away {
			fmt.Fprintln(c.env.Stderr, "the server answers again")
		}
		away, wait = false, c.every
		if latest == nil {
			continue
		}
		if latest.Round <= seen {
			fmt.Fprintln(c.env.Stderr, "the server has begun anew")
			seen = latest.Round - 1
		}
		if err := c.catchUp(ctx, server, p, max(seen, latest.Round-maxCatchUp), latest); err != nil {
			return err
		}
		seen = latest.Round
	}
	return nil
}

// maxCatchUp is how many rounds are fetched that came in between two questions.
const maxCatchUp = 1000

// catchUp prints the rounds after seen up to the latest. Those that the server no
// longer keeps are left out.
func (c *roundsCommand) catchUp(ctx context.Context, server *roundsClient, p *roundsPrinter, seen int, latest *roundDocument) error {
	for n := seen + 1; n < latest.Round; n++ {
		d, err := server.round(ctx, n)
		var gone *goneError
		if errors.As(err, &gone) {
			continue
		}
		if err != nil {
			return err
		}
		if err := p.print(d); err != nil {
			return err
		}
	}
	return p.print(latest)
}

// sleep waits, and tells whether ctx goes on.
func sleep(ctx context.Context, d time.Duration) bool {
	t := time.NewTimer(d)
	defer t.Stop()
	select {
	case <-ctx.Done():
		return false
	case <-t.C:
		return true
	}
}
