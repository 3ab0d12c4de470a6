package api

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"
)

// browser is a headless Chromium. It is driven over a pipe, as its developer tools
// are: messages are JSON that ends in a zero byte. So this needs no other library.
type browser struct {
	t       *testing.T
	to      io.Writer
	answers chan message
	session string
	last    int
	// said is what pages wrote to the console, and what their policy stopped.
	said []string
}

// message is what goes either way.
type message struct {
	ID      int             `json:"id,omitempty"`
	Session string          `json:"sessionId,omitempty"`
	Method  string          `json:"method,omitempty"`
	Params  json.RawMessage `json:"params,omitempty"`
	Result  json.RawMessage `json:"result,omitempty"`
	Error   json.RawMessage `json:"error,omitempty"`
}

// browserTime is for a browser to begin or to answer, on a machine that is busy.
const browserTime = 60 * time.Second

// browse starts a browser with one empty tab, or skips the test where there is none.
func browse(t *testing.T) *browser {
	t.Helper()
	path := ""
	for _, name := range []string{"chromium", "chromium-browser", "google-chrome"} {
		if p, err := exec.LookPath(name); err == nil {
			path = p
			break
		}
	}
	if path == "" {
		t.Skip("there is no Chromium here: apt-get install chromium")
	}
	theirs, to := pipe(t)
	from, theirsToo := pipe(t)
	cmd := exec.Command(path, "--headless", "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
		"--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--user-data-dir="+t.TempDir(), "--remote-debugging-pipe", "about:blank")
	cmd.ExtraFiles = []*os.File{theirs, theirsToo} // 3 and 4 over there
	if err := cmd.Start(); err != nil {
		t.Skipf("Chromium does not start: %v", err)
	}
	theirs.Close()
	theirsToo.Close()
	b := &browser{t: t, to: to, answers: make(chan message, 1000)}
	go b.listen(from)
	t.Cleanup(func() {
		fmt.Fprint(to, `{"id":1000000,"method":"Browser.close"}`+"\x00")
		ended := make(chan error, 1)
		go func() { ended <- cmd.Wait() }()
		select {
		case <-ended:
		case <-time.After(10 * time.Second):
			_ = cmd.Process.Kill()
			<-ended
		}
	})
	b.open()
	return b
}

func pipe(t *testing.T) (r, w *os.File) {
	t.Helper()
	r, w, err := os.Pipe()
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { r.Close(); w.Close() })
	return r, w
}

func (b *browser) listen(from io.Reader) {
	defer close(b.answers)
	r := bufio.NewReader(from)
	for {
		text, err := r.ReadBytes(0)
		if err != nil {
			return
		}
		var m message
		if json.Unmarshal(bytes.TrimSuffix(text, []byte{0}), &m) == nil {
			b.answers <- m
		}
	}
}

// open attaches to a tab of its own.
func (b *browser) open() {
	var target struct {
		ID string `json:"targetId"`
	}
	b.call("Target.createTarget", map[string]any{"url": "about:blank"}, &target)
	var session struct {
		ID string `json:"sessionId"`
	}
	b.call("Target.attachToTarget", map[string]any{"targetId": target.ID, "flatten": true}, &session)
	b.session = session.ID
	for _, domain := range []string{"Page", "Runtime", "Log"} {
		b.call(domain+".enable", nil, nil)
	}
}

// call asks the browser and waits for its answer.
func (b *browser) call(method string, params, result any) {
	b.t.Helper()
	b.last++
	p, err := json.Marshal(params)
	if err != nil {
		b.t.Fatal(err)
	}
	if params == nil {
		p = []byte("{}")
	}
	text, err := json.Marshal(message{ID: b.last, Session: b.session, Method: method, Params: p})
	if err != nil {
		b.t.Fatal(err)
	}
	if _, err := b.to.Write(append(text, 0)); err != nil {
		b.t.Fatal(err)
	}
	m, err := b.await(func(m *message) bool { return m.ID == b.last })
	if err == nil && m.Error != nil {
		err = fmt.Errorf("%s", m.Error)
	}
	if err == nil && result != nil {
		err = json.Unmarshal(m.Result, result)
	}
	if err != nil {
		b.t.Fatalf("%s: %v", method, err)
	}
}

// await is the first message of that kind; what pages say on the way is kept.
func (b *browser) await(wanted func(*message) bool) (*message, error) {
	late := time.After(browserTime)
	for {
		select {
		case m, ok := <-b.answers:
			switch {
			case !ok:
				return nil, errors.New("the browser has ended")
			case m.Method == "Runtime.exceptionThrown" || m.Method == "Runtime.consoleAPICalled" || m.Method == "Log.entryAdded" || m.Method == "Page.javascriptDialogOpening":
				b.said = append(b.said, m.Method+" "+string(m.Params))
			}
			if wanted(&m) {
				return &m, nil
			}
		case <-late:
			return nil, errors.New("the browser does not answer")
		}
	}
}

// visit loads a page.
func (b *browser) visit(url string) {
	b.t.Helper()
	b.call("Page.navigate", map[string]any{"url": url}, nil)
	if _, err := b.await(func(m *message) bool { return m.Method == "Page.loadEventFired" }); err != nil {
		b.t.Fatalf("%s: %v", url, err)
	}
}

// eval is the value of an expression in the page, awaited where it is a promise.
func (b *browser) eval(expression string) any {
	b.t.Helper()
	var got struct {
		Result    struct{ Value any }
		Exception json.RawMessage `json:"exceptionDetails"`
	}
	b.call("Runtime.evaluate", map[string]any{"expression": expression, "returnByValue": true, "awaitPromise": true}, &got)
	if got.Exception != nil {
		b.t.Fatalf("%s: %s", expression, got.Exception)
	}
	return got.Result.Value
}

// want checks the value of an expression.
func (b *browser) want(expression string, want any) {
	b.t.Helper()
	if got := b.eval(expression); got != want {
		b.t.Errorf("%s is %v, want %v", expression, got, want)
	}
}

// until waits until an expression is true.
func (b *browser) until(expression string) {
	b.t.Helper()
	b.want(`new Promise(done => { const end = Date.now() + 40000; (function ask() { if (`+expression+`) done(true); else if (Date.now() > end) done("it never came to be"); else setTimeout(ask, 50) })() })`, true)
}

// press types a key, as people without a mouse do.
func (b *browser) press(key string, code int) {
	b.t.Helper()
	for _, kind := range []string{"keyDown", "keyUp"} {
		p := map[string]any{"type": kind, "key": key, "code": key, "windowsVirtualKeyCode": code}
		if key == "Enter" && kind == "keyDown" {
			p["text"] = "\r"
		}
		b.call("Input.dispatchKeyEvent", p, nil)
	}
}

// quietly checks that pages have had nothing to complain of, and opened no dialogs.
func (b *browser) quietly() {
	b.t.Helper()
	b.eval("1")
	for _, s := range b.said {
		if !strings.Contains(s, "net::ERR_CONNECTION_REFUSED") { // the server that was stopped
			b.t.Errorf("the browser says %.600s", s)
		}
	}
}

// The page in a browser: the demo, then a round that comes in while it is open.
func TestBrowser(t *testing.T) {
	b := browse(t)
	r := start(t, Options{Demo: true})
	b.visit(r.http.URL)
	b.want(`document.title`, "sluice: round 1")
	b.want(`document.querySelectorAll(".picture svg").length >= 2`, true) // mesh, rounds
	b.want(`document.querySelector(".picture svg").getAttribute("role")`, "img")
	b.want(`getComputedStyle(document.querySelector(".dr-main")).fill`, "none") // the style is let in

	const cores = `[...document.querySelectorAll("table[data-sort=sidecars] tbody tr")].map(r => parseFloat(r.cells[2].textContent))`
	const head = `document.querySelectorAll("table[data-sort=sidecars] th[scope=col]")[2]`
	b.want(head+`.getAttribute("aria-sort")`, "none")
	b.eval(head + `.querySelector("button").focus()`)
	b.press("Enter", 13)
	b.want(head+`.getAttribute("aria-sort")`, "descending")
	b.want(`(v => v.length === 4 && v.every((x, i) => i === 0 || v[i-1] >= x))(`+cores+`)`, true)
	b.press("Enter", 13)
	b.want(`(v => v.every((x, i) => i === 0 || v[i-1] <= x))(`+cores+`)`, true)
	b.want(`document.querySelectorAll("table[data-sort=sidecars] [aria-sort]:not([aria-sort=none])").length`, 1.0)

	r.post(fleet(mesh(t, t.TempDir(), 100), 3, 2, 2, 2e9))
	b.until(`document.title === "sluice: round 2"`)
	b.want(`document.getElementById("live").textContent`, "Round 2 has come in.")
	b.want(head+`.getAttribute("aria-sort")`, "ascending")         // it is sorted as before
	b.want(`document.activeElement === `+head+`.firstChild`, true) // and the focus is where it was
	b.quietly()
}

// The curve is asked for when somebody comes to where it stands, drawn for each round
// that comes in, and where there is none the page says why.
func TestBrowserCurve(t *testing.T) {
	b := browse(t)
	r := start(t, Options{Demo: true})
	b.visit(r.http.URL)
	const box = `document.querySelector("[data-curve]")`
	b.want(box+`.textContent`, "It is drawn when somebody comes here.") // it is far below
	b.want(`[...document.querySelectorAll("main a")].filter(a => /curve/.test(a.href)).length`, 2.0)
	b.eval(box + `.scrollIntoView()`)
	b.until(box + `.querySelector("svg[role=img]") !== null`)
	b.want(`["knee", "limit"].filter(m => [...`+box+`.querySelectorAll("text")].some(t => t.textContent === m)).join()`, "knee,limit")
	b.want(box+`.querySelectorAll("style, rect, svg > title").length`, 0.0) // the page has them
	b.want(`getComputedStyle(`+box+`.querySelector(".dr-line0")).fill`, "none")
	b.want(box+`.querySelectorAll("g > title").length > 20`, true) // what a point tells when pointed at

	r.post(fleet(mesh(t, t.TempDir(), 100), 3, 2, 2, 2e9))
	b.until(`document.title === "sluice: round 2"`)
	b.want(box+`.dataset.curve`, "/rounds/2/curve.svg")
	b.eval(box + `.scrollIntoView()`)
	b.until(box + `.querySelector("svg") !== null`)
	b.quietly()

	r.post(fleet("/nowhere", 9, 1, 2, 4e9)) // another mesh, of which nothing is seen
	b.until(`document.title === "sluice: round 3"`)
	b.eval(box + `.scrollIntoView()`)
	b.until(box + `.textContent.startsWith("There is no curve: round 3: its log shows no request")`)
	b.eval(`window.fetchReal = window.fetch; window.fetch = u => String(u).includes("curve") ? new Promise(() => {}) : window.fetchReal(u); 1`)
	r.post(fleet("/nowhere", 9, 1, 2, 4e9))
	b.until(`document.title === "sluice: round 4"`)
	b.eval(box + `.scrollIntoView()`)
	b.until(box + `.textContent.startsWith("It is being computed")`)
}

// One can come to everything by the keyboard, and the first stop is a way past all
// the links.
func TestBrowserKeyboard(t *testing.T) {
	b := browse(t)
	r := start(t, Options{Demo: true})
	b.visit(r.http.URL)
	b.press("Tab", 9)
	b.want(`document.activeElement.className`, "skip")
	b.want(`document.activeElement.getBoundingClientRect().left >= 0`, true)
	b.press("Enter", 13)
	b.until(`location.hash === "#plan"`)
	b.press("Tab", 9)
	b.want(`document.activeElement.closest("table").dataset.sort`, "sidecars")
	b.want(`getComputedStyle(document.activeElement).outlineStyle`, "solid")
	for _, bad := range []string{`a:not([href])`, `th:not([scope])`, `table:not(:has(caption))`, `button:not([type])`, `section:not([aria-labelledby])`, `[tabindex]:not([tabindex="0"]):not([tabindex="-1"])`} {
		b.want(fmt.Sprintf(`document.querySelectorAll(%q).length`, "main "+bad), 0.0)
	}
	b.want(`[...document.querySelectorAll("[aria-labelledby]")].every(e => document.getElementById(e.getAttribute("aria-labelledby")))`, true)
	b.want(`new Set([...document.querySelectorAll("[id]")].map(e => e.id)).size === document.querySelectorAll("[id]").length`, true)
	b.quietly()
}

// Text is readable by light and by dark: 4.5 to 1, as WCAG asks of small text.
func TestBrowserContrast(t *testing.T) {
	b := browse(t)
	r := start(t, Options{Demo: true})
	for _, scheme := range []string{"light", "dark"} {
		b.call("Emulation.setEmulatedMedia", map[string]any{"features": []map[string]string{{"name": "prefers-color-scheme", "value": scheme}}}, nil)
		b.visit(r.http.URL)
		b.want(`(() => {
			const rgb = s => s.match(/[\d.]+/g).map(Number);
			const light = c => { const [r, g, b] = c.map(v => (v /= 255) <= 0.03928 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4); return 0.2126 * r + 0.7152 * g + 0.0722 * b };
			const ratio = (a, b) => { const [x, y] = [light(a), light(b)]; return (Math.max(x, y) + 0.05) / (Math.min(x, y) + 0.05) };
			const ground = e => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c.length < 4 || c[3] > 0) return c.slice(0, 3) } return [255, 255, 255] };
			const bad = [];
			for (const e of document.querySelectorAll("h1, h2, p, a:not(.skip), td, th, button, caption, li, span, pre")) {
				const of = ratio(rgb(getComputedStyle(e).color).slice(0, 3), ground(e));
				if (of < 4.5) bad.push(e.tagName + " " + of.toFixed(2));
			}
			for (const g of document.querySelectorAll("svg g")) { // a box and its text
				const box = g.querySelector("path"), text = g.querySelector("text");
				if (!text) continue;
				const of = ratio(rgb(getComputedStyle(text).fill), rgb(getComputedStyle(box).fill));
				if (of < 3) bad.push(text.textContent + " " + of.toFixed(2)); // it is bold, and repeated in the table
			}
			return bad.join(", ") + " on " + getComputedStyle(document.body).backgroundColor;
		})()`, map[string]string{"light": " on rgb(255, 255, 255)", "dark": " on rgb(22, 24, 29)"}[scheme])
	}
	b.quietly()
}

// Names that would be tags or scripts are text to a browser, in the first page and in
// one that is taken over; the YAML is copied as it is.
func TestBrowserHostileNames(t *testing.T) {
	b := browse(t)
	r := start(t, Options{})
	b.visit(r.http.URL)
	var body strings.Builder
	for i, name := range hostileNames {
		quoted, err := json.Marshal(name)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&body, `{"service_name": %s, "pod_name": "p%d"},`, quoted, i)
	}
	r.post(`{"accesslog_path": "/nowhere", "cpu_limit": 9, "memory_limit": 9e9, "containers": [` + body.String() + `]}`)
	b.until(`document.title === "sluice: round 1"`)
	names, err := json.Marshal(hostileNames)
	if err != nil {
		t.Fatal(err)
	}
	for range 2 {
		b.want(fmt.Sprintf(`%s.filter(n => ![...document.querySelectorAll("table[data-sort=sidecars] tbody th")].some(th => th.textContent === n)).join(" and ")`, names), "")
		b.want(`document.querySelectorAll("main script, main img, main iframe, [onload], [onerror], [onmouseover]").length`, 0.0)
		b.visit(r.http.URL + "/?round=1")
	}
	b.visit(r.http.URL + "/rounds/1/graph.svg")
	b.want(`document.querySelectorAll("script, img, [onload]").length`, 0.0)
	b.quietly()
}

// A page whose server has gone says so, and goes on when it is back.
func TestBrowserServerGone(t *testing.T) {
	b := browse(t)
	r := start(t, Options{Demo: true})
	b.visit(r.http.URL)
	b.eval(`window.fetchReal = window.fetch; window.fetch = () => Promise.reject(new TypeError("gone")); 1`)
	b.until(`document.getElementById("live").textContent.startsWith("The server does not answer")`)
	b.eval(`window.fetch = window.fetchReal; 1`)
	b.until(`document.getElementById("live").textContent === ""`)
	b.want(`document.title`, "sluice: round 1")
	b.quietly()
}
