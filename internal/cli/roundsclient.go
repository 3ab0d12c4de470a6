package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"
	"time"
)

// roundDocument is what `sluice rounds` reads of a round's document.
type roundDocument struct {
	Round  int `json:"round"`
	Totals struct {
		CPU         float64 `json:"cpu"`
		CPULimit    float64 `json:"cpu_limit"`
		Memory      float64 `json:"memory"`
		MemoryLimit float64 `json:"memory_limit"`
	} `json:"totals"`
	Observed  gatewayFigures `json:"observed"`
	Predicted gatewayFigures `json:"predicted"`
	Sidecars  []struct {
		Service string  `json:"service"`
		CPU     float64 `json:"cpu"`
	} `json:"sidecars"`
	Warnings []string `json:"warnings"`

	// Time at which it was answered, zero when the server does not tell.
	Time time.Time `json:"-"`
}

// gatewayFigures speak of requests at the gateway; nil is unknown.
type gatewayFigures struct {
	Mean *float64 `json:"mean_ms"`
	Rate *float64 `json:"requests_per_second"`
}

// goneError says that there is no such round.
type goneError struct{ detail string }

func (e *goneError) Error() string { return e.detail }

// A document is under 2 MB; more is no document of ours. And no server of ours needs
// longer to send it.
const (
	maxRoundDocument = 4 << 20
	roundsTime       = 30 * time.Second
)

// roundsClient asks a server for its rounds.
type roundsClient struct {
	base string
	http http.Client
	// tag is that of the latest round that was answered.
	tag string
}

func newRoundsClient(base string) (*roundsClient, error) {
	u, err := url.Parse(base)
	if err != nil || u.Scheme != "http" && u.Scheme != "https" || u.Host == "" {
		return nil, usagef("%q is no URL of a server: want one such as http://127.0.0.1:3001", base)
	}
	// No proxy: the server is this machine's own, or named on purpose.
	return &roundsClient{base: strings.TrimSuffix(base, "/"), http: http.Client{Timeout: roundsTime, Transport: &http.Transport{Proxy: nil}}}, nil
}

// latest is the last round, nil when it is the one that latest returned before or
// when there has been none.
func (c *roundsClient) latest(ctx context.Context) (*roundDocument, error) {
	d, tag, err := c.get(ctx, "latest", c.tag)
	if _, none := err.(*goneError); none {
		return nil, nil
	}
	if err == nil && d != nil {
		c.tag = tag
	}
	return d, err
}

// round is round n; *goneError says that the server does not have it.
func (c *roundsClient) round(ctx context.Context, n int) (*roundDocument, error) {
	d, _, err := c.get(ctx, fmt.Sprint(n), "")
	return d, err
}

// get is the round of that name, nil when it has that tag.
func (c *roundsClient) get(ctx context.Context, name, tag string) (d *roundDocument, newTag string, err error) {
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, c.base+"/rounds/"+name, nil)
	if err != nil {
		return nil, "", err
	}
	if tag != "" {
		req.Header.Set("If-None-Match", tag)
	}
	resp, err := c.http.Do(req)
	if err != nil {
		return nil, "", fmt.Errorf("no server answers: %w", err)
	}
	defer resp.Body.Close()
	if resp.StatusCode == http.StatusNotModified && tag != "" {
		return nil, tag, nil
	}
	body, err := io.ReadAll(io.LimitReader(resp.Body, maxRoundDocument))
	if err != nil {
		return nil, "", fmt.Errorf("the server's answer breaks off: %w", err)
	}
	d, err = readRound(req.URL.String(), resp, body)
	return d, resp.Header.Get("ETag"), err
}

// readRound is the round in a server's answer.
func readRound(from string, resp *http.Response, body []byte) (*roundDocument, error) {
	var problem struct {
		Title  string `json:"title"`
		Detail string `json:"detail"`
	}
	if resp.StatusCode == http.StatusNotFound && json.Unmarshal(body, &problem) == nil && problem.Detail != "" {
		return nil, &goneError{problem.Detail}
	}
	if resp.StatusCode != http.StatusOK {
		return nil, fmt.Errorf("%s answers %s: is it the URL of a 'sluice serve'?", from, resp.Status)
	}
	d := new(roundDocument)
	if err := json.Unmarshal(body, d); err != nil || d.Round < 1 {
		return nil, fmt.Errorf("%s answers with what is no round: is it the URL of a 'sluice serve'?", from)
	}
	if at, err := http.ParseTime(resp.Header.Get("Last-Modified")); err == nil {
		d.Time = at
	}
	return d, nil
}
