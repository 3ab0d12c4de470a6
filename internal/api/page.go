package api

import (
	"bytes"
	"crypto/sha256"
	_ "embed"
	"encoding/base64"
	"encoding/hex"
	"fmt"
	"html/template"
	"net/http"
	"sync"

	"github.com/sluice-mesh/sluice/internal/report"
	"github.com/sluice-mesh/sluice/internal/request"
	"github.com/sluice-mesh/sluice/internal/rounds"
)

var (
	//go:embed page.html
	pageText string
	//go:embed page.css
	pageRules string
	//go:embed page.js
	pageScript string

	pageStyle = pageRules + report.PictureStyle()
)

var pageTemplate = template.Must(template.New("page").Funcs(template.FuncMap{
	"cores":  func(f float64) string { return fmt.Sprintf("%.3g", f) },
	"mega":   func(f float64) string { return fmt.Sprintf("%.0f", f/1e6) },
	"share":  func(f float64) string { return fmt.Sprintf("%.0f %%", 100*f) },
	"signed": func(f float64) string { return fmt.Sprintf("%+.3g", f) },
	"figure": figure,
	"raw": func(f *float64) string { // what a column is sorted by
		if f == nil {
			return ""
		}
		return fmt.Sprint(*f)
	},
	"short": request.Shorten,
	"long":  func(s string) string { return request.Cut(s, 3*request.MaxQuoted) },
}).Parse(pageText))

func figure(f *float64) string {
	if f == nil {
		return "–"
	}
	return fmt.Sprintf("%.4g", *f)
}

// pagePolicy lets the page run its own script and style and ask this server, and
// nothing else.
var pagePolicy = fmt.Sprintf("default-src 'none'; style-src '%s'; script-src '%s'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
	hashOf(pageStyle), hashOf(pageScript))

// hashOf names an inline text as policies do.
func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// pages makes one page at a time, and keeps that of the last round: many may watch.
type pages struct {
	mu      sync.Mutex
	tag     string
	html    []byte
	history history
}

// page is GET /: the last round for people, or with ?round=N another one, from its
// documents. The page asks for itself again with the tag that it has, and is told
// when there is nothing new.
func (s *Server) page(w http.ResponseWriter, r *http.Request) {
	round, pinned, err := s.pageRound(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	tag := s.pageTag(round, pinned)
	if s.unchanged(w, r, tag) {
		return
	}
	html, err := s.render(round, pinned, tag)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	w.Header().Set("Content-Security-Policy", pagePolicy)
	w.Header().Set("Referrer-Policy", "no-referrer")
	s.send(w, r, http.StatusOK, "text/html; charset=utf-8", html)
}

// pageRound is the round to show, nil for none yet, and whether it was asked for.
func (s *Server) pageRound(r *http.Request) (round *rounds.Round, pinned bool, err error) {
	n := s.store.Latest()
	if asked := r.URL.Query().Get("round"); asked != "" {
		if n, err = s.number(asked); err != nil {
			return nil, false, err
		}
		pinned = n != s.store.Latest()
	}
	if n == 0 {
		return nil, false, nil
	}
	round, err = s.store.Get(n)
	return round, pinned, err
}

// pageTag changes with what the page shows: its round, and whether that is the last.
func (s *Server) pageTag(round *rounds.Round, pinned bool) string {
	h := sha256.New()
	fmt.Fprintln(h, s.o.Version, pinned, pagePolicy)
	if round != nil {
		fmt.Fprintln(h, round.Number, round.Time.UnixNano())
		h.Write(round.Plan)
	}
	return `"` + hex.EncodeToString(h.Sum(nil)[:12]) + `"`
}

// render is the page, or the one that was made before.
func (s *Server) render(round *rounds.Round, pinned bool, tag string) ([]byte, error) {
	s.pages.mu.Lock()
	defer s.pages.mu.Unlock()
	if s.pages.tag == tag {
		return s.pages.html, nil
	}
	v := view{Style: template.CSS(pageStyle), Script: template.JS(pageScript), Version: s.o.Version, Tag: tag, Latest: s.store.Latest(), Pinned: pinned}
	if round != nil {
		line, before := s.pages.history.of(s.store, round)
		if err := v.show(round, line, before); err != nil {
			return nil, err
		}
	}
	var b bytes.Buffer
	if err := pageTemplate.Execute(&b, &v); err != nil {
		return nil, err
	}
	if !pinned {
		s.pages.tag, s.pages.html = tag, b.Bytes()
	}
	return b.Bytes(), nil
}
