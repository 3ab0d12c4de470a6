package api

import (
	"context"
	"io"
	"net/http"
	"time"
)

// How much of a body is passed by after its answer has gone out: clients that
// write all before they read would otherwise find the connection broken, and never
// see why.
const (
	drainTime  = 5 * time.Second
	drainBytes = 1 << 30
)

// watched is a body of which is known how far it was read.
type watched struct {
	io.ReadCloser
	begun, ended bool
}

func (b *watched) Read(p []byte) (int, error) {
	b.begun = true
	n, err := b.ReadCloser.Read(p)
	b.ended = b.ended || err != nil
	return n, err
}

type watchedKey struct{}

// unread tells whether there is more of r's body to come.
func unread(r *http.Request) bool {
	b, ok := r.Context().Value(watchedKey{}).(*watched)
	return ok && !b.ended
}

// drain lets clients finish what they send, if next has answered before.
func drain(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Body == nil || r.Body == http.NoBody {
			next.ServeHTTP(w, r)
			return
		}
		b := &watched{ReadCloser: r.Body}
		with := r.WithContext(context.WithValue(r.Context(), watchedKey{}, b))
		with.Body = b
		conn := http.NewResponseController(w)
		// Else the server would read on before it writes. HTTP/2 needs no leave.
		_ = conn.EnableFullDuplex()
		next.ServeHTTP(w, with)
		// Who asks first whether to send (Expect) has not begun, and will not.
		if b.ended || r.Header.Get("Expect") != "" && !b.begun {
			return
		}
		if conn.Flush() != nil || conn.SetReadDeadline(time.Now().Add(drainTime)) != nil {
			return
		}
		_, _ = io.CopyN(io.Discard, b, drainBytes)
	})
}
