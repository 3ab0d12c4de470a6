package collect

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// Bounds on what is read of an API server.
const (
	pageItems = 500
	maxPage   = 64 << 20
	maxPages  = 10_000
	// maxRelists is how often a list is begun again whose continuation has expired.
	maxRelists = 3
	// maxTries is how often a server that is busy is asked, longestWait the most that it
	// is believed about when to come again.
	maxTries    = 5
	longestWait = 30 * time.Second
)

// list calls take with each item, a page of pageItems after the other. A list whose
// continuation has expired meanwhile (410) is begun again: take may get an item twice.
func list[T any](ctx context.Context, k *cluster, path string, take func(T)) error {
	query := url.Values{"limit": {fmt.Sprint(pageItems)}}
	relists := 0
	for range maxPages {
		body, err := k.get(ctx, path, query)
		var status *statusError
		if errors.As(err, &status) && status.code == http.StatusGone && query.Has("continue") && relists < maxRelists {
			relists++
			query.Del("continue")
			continue
		}
		if err != nil {
			return err
		}
		next, err := readPage(body, take)
		body.Close()
		if err != nil {
			return fmt.Errorf("collect: %s answers %s with what is no list: %w", k.base.Host, path, err)
		}
		if next == "" {
			return nil
		}
		query.Set("continue", next)
	}
	return fmt.Errorf("collect: the list %s does not end", path)
}

// readPage reads one page, an item at a time, and returns where the next one begins.
func readPage[T any](body io.Reader, take func(T)) (next string, err error) {
	in := &io.LimitedReader{R: body, N: maxPage}
	d := json.NewDecoder(in)
	defer func() {
		if err != nil && in.N <= 0 {
			err = fmt.Errorf("a page of it is longer than %d MB: %w", maxPage>>20, err)
		}
	}()
	if err := expect(d, json.Delim('{')); err != nil {
		return "", err
	}
	for d.More() {
		key, err := d.Token()
		if err != nil {
			return "", err
		}
		switch key {
		case "items":
			err = items(d, take)
		case "metadata":
			var meta struct {
				Continue string `json:"continue"`
			}
			err = d.Decode(&meta)
			next = meta.Continue
		default:
			var other json.RawMessage
			err = d.Decode(&other)
		}
		if err != nil {
			return "", err
		}
	}
	return next, expect(d, json.Delim('}'))
}

func items[T any](d *json.Decoder, take func(T)) error {
	open, err := d.Token()
	switch {
	case err != nil || open == nil: // null is an empty list
		return err
	case open != json.Delim('['):
		return fmt.Errorf("found %v, expected a list of items", open)
	}
	for d.More() {
		var item T
		if err := d.Decode(&item); err != nil {
			return err
		}
		take(item)
	}
	return expect(d, json.Delim(']'))
}

func expect(d *json.Decoder, want json.Delim) error {
	got, err := d.Token()
	if err == nil && got != want {
		err = fmt.Errorf("found %v, expected %v", got, want)
	}
	return err
}

// get asks for a path, and returns the body of a 200. A server that is busy is asked
// again when it says.
func (k *cluster) get(ctx context.Context, path string, query url.Values) (io.ReadCloser, error) {
	u := k.base.JoinPath(path)
	u.RawQuery = query.Encode()
	for try := 1; ; try++ {
		r, err := http.NewRequestWithContext(ctx, http.MethodGet, u.String(), nil)
		if err != nil {
			return nil, fmt.Errorf("collect: %w", err)
		}
		r.Header.Set("Accept", "application/json")
		answer, err := k.http.Do(r)
		if err != nil {
			return nil, fmt.Errorf("collect: %w", err)
		}
		if answer.StatusCode == http.StatusOK {
			return answer.Body, nil
		}
		wait, again := later(answer)
		err = refused(answer, path)
		answer.Body.Close()
		if !again || try == maxTries {
			return nil, err
		}
		select {
		case <-time.After(wait):
		case <-ctx.Done():
			return nil, errors.Join(err, ctx.Err())
		}
	}
}

// later is whether and when to ask again: of 429 always, of others where they say when.
func later(answer *http.Response) (wait time.Duration, again bool) {
	said := answer.Header.Get("Retry-After")
	if answer.StatusCode != http.StatusTooManyRequests && (answer.StatusCode < 500 || said == "") {
		return 0, false
	}
	seconds, err := strconv.Atoi(said)
	if err != nil || seconds < 0 {
		seconds = 1
	}
	return min(time.Duration(seconds)*time.Second, longestWait), true
}

// statusError is an answer that is no 200.
type statusError struct {
	code int
	text string
}

// Error says what was asked for, and what came.
func (e *statusError) Error() string { return e.text }

// refused says why an API server did not answer, in its own words where it has some.
func refused(answer *http.Response, path string) error {
	text, err := io.ReadAll(io.LimitReader(answer.Body, 4<<10))
	var status struct {
		Message string `json:"message"`
	}
	said := strings.TrimSpace(string(text))
	if json.Unmarshal(text, &status) == nil && status.Message != "" {
		said = status.Message
	}
	e := &statusError{answer.StatusCode, fmt.Sprintf("collect: %s answers %s with %s: %.300s", answer.Request.URL.Host, path, answer.Status, said)}
	if err != nil {
		return errors.Join(e, err)
	}
	return e
}
