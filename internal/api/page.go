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
)

// What is made of them is made when a page is first asked for: commands that serve
// nothing begin sooner without.
var (
	pageStyle    = sync.OnceValue(func() string { return pageRules + report.PictureStyle() })
	pageTemplate = sync.OnceValue(func() *template.Template {
		return template.Must(template.New("page").Funcs(pageFunctions).Parse(pageText))
	})
	// pagePolicy lets the page run its own script and style and ask this server, and
	// nothing else.
	pagePolicy = sync.OnceValue(func() string {
		return fmt.Sprintf("default-src 'none'; style-src '%s'; script-src '%s'; connect-src 'self'; img-src data:; base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
			hashOf(pageStyle()), hashOf(pageScript))
	})
)

var pageFunctions = template.FuncMap{
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
}

func figure(f *float64) string {
	if f == nil {
		return "–"
	}
	return fmt.Sprintf("%.4g", *f)
}

// hashOf names an inline text as policies do.
func hashOf(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "sha256-" + base64.StdEncoding.EncodeToString(sum[:])
}

// pages makes one page at a time, so that many who watch take no more memory than
// one, and keeps that of the last round.
type pages struct {
	mu      sync.Mutex
	number  int // of the round whose page is kept
	kept    document
	history history
}

// document is a page with what names it.
type document struct {
	tag  string
	html []byte
}

// page is GET /: the last round for people, or with ?round=N another one, from its
// documents. The page asks for itself again with the tag that it has, and is told
// when there is nothing new.
func (s *Server) page(w http.ResponseWriter, r *http.Request) {
	d, err := s.pageOf(r)
	if err != nil {
		s.fail(w, r, err)
		return
	}
	if s.unchanged(w, r, d.tag) {
		return
	}
	w.Header().Set("Content-Security-Policy", pagePolicy())
	w.Header().Set("Referrer-Policy", "no-referrer")
	s.send(w, r, http.StatusOK, "text/html; charset=utf-8", d.html)
}

// pageOf is the page that r asks for.
func (s *Server) pageOf(r *http.Request) (document, error) {
	n, pinned := s.store.Latest(), false
	if asked := r.URL.Query().Get("round"); asked != "" {
		number, err := s.number(asked)
		if err != nil {
			return document{}, err
		}
		n, pinned = number, number != n
	}
	s.pages.mu.Lock()
	defer s.pages.mu.Unlock()
	if !pinned && s.pages.kept.html != nil && s.pages.number == n {
		return s.pages.kept, nil
	}
	d, err := s.render(n, pinned)
	if err == nil && !pinned {
		s.pages.number, s.pages.kept = n, d
	}
	return d, err
}

// render makes the page of round n, 0 for none yet.
func (s *Server) render(n int, pinned bool) (d document, err error) {
	v := view{Style: template.CSS(pageStyle()), Script: template.JS(pageScript), Version: s.o.Version, Latest: s.store.Latest(), Pinned: pinned}
	var round *rounds.Round
	if n > 0 {
		if round, err = s.store.Get(n); err != nil {
			return d, err
		}
		line, before := s.pages.history.of(s.store, round)
		if err := v.show(round, line, before); err != nil {
			return d, err
		}
	}
	v.Tag = s.pageTag(round, pinned)
	var b bytes.Buffer
	err = pageTemplate().Execute(&b, &v)
	return document{v.Tag, b.Bytes()}, err
}

// pageTag changes with what the page shows: its round, and whether that is the last.
// Another run of the server may have another round of that number.
func (s *Server) pageTag(round *rounds.Round, pinned bool) string {
	h := sha256.New()
	fmt.Fprintln(h, s.o.Version, pinned, pagePolicy())
	if round != nil {
		fmt.Fprintln(h, round.Number, round.Time.UnixNano())
	}
	return `"` + hex.EncodeToString(h.Sum(nil)[:12]) + `"`
}
