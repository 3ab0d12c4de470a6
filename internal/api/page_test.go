package api

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"github.com/sluice-mesh/sluice/internal/optimize"
	"github.com/sluice-mesh/sluice/internal/rounds"
)

func TestPage(t *testing.T) {
	r := start(t, Options{Version: "v1.2.3"})
	r.post(fleet(mesh(t, t.TempDir(), 100), 3, 2, 2, 2e9))
	r.post(fleet("/nowhere", 3, 2, 1, 2e9))
	page := string(r.get("/").body)
	for _, want := range []string{"Round 2", `<th scope="row">s0</th>`, "cores", "/rounds/2/graph.dot", "Warnings", "does not exist", `href="/?round=1"`, "v1.2.3",
		"What changed since round 1", "1 cores instead of 2", "No longer seen: ", "s0 → s1", "apiVersion: networking.istio.io", "<svg", "download"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not hold %q", want)
		}
	}
	first := string(r.get("/?round=1").body)
	if !strings.Contains(first, "<h1>Round 1</h1>") || !strings.Contains(first, "This is an earlier round") || !strings.Contains(first, "data-pinned") || strings.Contains(first, "What changed") {
		t.Error("/?round=1 is not the first round's page")
	}
	for _, path := range []string{"/?round=3", "/?round=0", "/?round=x"} {
		r.problem(path, r.get(path), 404, "")
	}
}

// A page that is asked for again is sent when there is another round, and not before.
func TestPageTag(t *testing.T) {
	r := start(t, Options{})
	again := func(tag string) answer {
		req, err := http.NewRequest(http.MethodGet, r.http.URL+"/", nil)
		if err != nil {
			t.Fatal(err)
		}
		req.Header.Set("If-None-Match", tag)
		return r.send(req)
	}
	for n := range 3 {
		a := r.get("/")
		tag := a.header.Get("ETag")
		if !strings.Contains(string(a.body), `data-tag="`+strings.ReplaceAll(tag, `"`, "&#34;")+`"`) {
			t.Errorf("round %d: the page does not know its tag %s", n, tag)
		}
		if b := again(tag); b.status != 304 || len(b.body) > 0 {
			t.Errorf("round %d: %d with %d bytes, want 304", n, b.status, len(b.body))
		}
		r.post(fleet("/nowhere", 3, 2, 2, 2e9))
		if b := again(tag); b.status != 200 || !strings.Contains(string(b.body), fmt.Sprintf("<h1>Round %d</h1>", n+1)) {
			t.Errorf("round %d: %d after another one", n, b.status)
		}
	}
}

// The page's policy lets its own style and script in, and nothing else.
func TestPagePolicy(t *testing.T) {
	r := start(t, Options{Demo: true})
	a := r.get("/")
	policy := a.header.Get("Content-Security-Policy")
	if !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
		t.Errorf("the policy is %q", policy)
	}
	for _, tag := range []string{"style", "script"} {
		all := regexp.MustCompile(`(?s)<`+tag+`\b[^>]*>(.*?)</`+tag+`>`).FindAllSubmatch(a.body, -1)
		if len(all) != 1 {
			t.Fatalf("%d times %s, want one", len(all), tag)
		}
		sum := sha256.Sum256(all[0][1])
		if want := tag + "-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"; !strings.Contains(policy, want) {
			t.Errorf("the policy %q has no %s", policy, want)
		}
	}
	if regexp.MustCompile(`<[^>]* (style|on\w+)=`).Match(a.body) {
		t.Error("an element has a style or a handler of its own, which the policy forbids")
	}
	svg := r.get("/rounds/1/graph.svg")
	style := regexp.MustCompile(`(?s)<style>(.*)</style>`).FindSubmatch(svg.body)
	sum := sha256.Sum256(style[1])
	if policy := svg.header.Get("Content-Security-Policy"); !strings.Contains(policy, base64.StdEncoding.EncodeToString(sum[:])) {
		t.Errorf("the picture's policy is %q", policy)
	}
}

// hostileNames would be tags, attributes, templates or addresses if they were not text.
var hostileNames = []string{`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `</title><svg onload=alert(1)>`, `</style><script>alert(1)</script>`,
	`{{.Style}}`, "javascript:alert(1)", "a&b<c", "' onmouseover='alert(1)", "<!--", "]]>"}

// Names are text on the page and in the picture, whatever they hold.
func TestPageEscapes(t *testing.T) {
	r := start(t, Options{})
	tags := regexp.MustCompile(`<[a-zA-Z!/]+`)
	count := func(path string) map[string]int {
		n := make(map[string]int)
		for _, tag := range tags.FindAllString(string(r.get(path).body), -1) {
			n[tag]++
		}
		return n
	}
	post := func(name string) {
		quoted, err := json.Marshal(name)
		if err != nil {
			t.Fatal(err)
		}
		if a := r.post(with(`"a"`, string(quoted))); a.status != 200 {
			t.Fatalf("%s: %d", name, a.status)
		}
	}
	paths := []string{"/", "/rounds/latest/graph.svg"}
	post("plain")
	var want [2]map[string]int
	for i, path := range paths {
		want[i] = count(path + "?round=1")
	}
	for _, name := range hostileNames {
		post(name)
		for i, path := range paths {
			got := count(path)
			for _, tag := range []string{"<script", "<img", "<svg", "<title", "<style", "<c", "<!"} {
				if got[tag] != want[i][tag] {
					t.Errorf("%s: %s holds %d times %s, want %d", name, path, got[tag], tag, want[i][tag])
				}
			}
		}
	}
}

// A mesh of any size gives a page that can be read, and that says what it leaves out.
func TestPageIsBounded(t *testing.T) {
	r := start(t, Options{})
	for _, length := range []int{1, 500} { // the longer names do not fit in the documents either
		var b strings.Builder
		for i := range 3000 {
			fmt.Fprintf(&b, `{"service_name": "%d%s", "pod_name": "p"},`, i, strings.Repeat("'<ü", length))
		}
		a := r.post(`{"accesslog_path": "/nowhere", "cpu_limit": 1e6, "memory_limit": 1e15, "containers": [` + b.String() + `]}`)
		if a.status != 200 {
			t.Fatalf("%d %.200s", a.status, a.body)
		}
		page := string(r.get("/").body)
		more := regexp.MustCompile(`there are (\d+) more services`).FindStringSubmatch(page)
		_, table, _ := strings.Cut(page, `<table data-sort="sidecars">`)
		table, _, _ = strings.Cut(table, "</table>")
		if len(page) > 1_500_000 || more == nil || strings.Count(table, `<th scope="row">`)+atoi([]byte(more[1])) != 3000 {
			t.Errorf("%d bytes, %s", len(page), more)
		}
	}
}

func atoi(b []byte) int {
	n, _ := strconv.Atoi(string(b))
	return n
}

// The page tells how well each round was foreseen, in its own mesh.
func TestPageHistory(t *testing.T) {
	r := start(t, Options{})
	log := mesh(t, t.TempDir(), 100)
	for range 3 {
		r.post(fleet(log, 3, 2, 2, 2e9))
		r.post(fleet(log, 9, 1, 2, 4e9)) // another mesh
	}
	page := string(r.get("/").body)
	rows := regexp.MustCompile(`<a href="/\?round=(\d+)">`).FindAllStringSubmatch(page, -1)
	var numbers []string
	for _, m := range rows {
		numbers = append(numbers, m[1])
	}
	if got := strings.Join(numbers, " "); got != "6 4 2" {
		t.Errorf("the last round's mesh has the rounds %s, want 6 4 2", got)
	}
	if !strings.Contains(page, "What changed since round 4") {
		t.Error("the page does not compare with the mesh's round before")
	}
	if n := len(r.server.pages.history.known); n != 6 {
		t.Errorf("%d summaries are kept of 6 rounds", n)
	}
}

// What is kept for pages does not grow with the rounds.
func TestHistoryIsBounded(t *testing.T) {
	var h history
	s, _, err := rounds.Open(rounds.Options{})
	if err != nil {
		t.Fatal(err)
	}
	obs := &optimize.Observation{Services: []string{"a"}}
	for range maxLook + 50 {
		if _, err := s.Add(t.Context(), obs, func(n int, _ *optimize.Memory) (*rounds.Draft, error) {
			return &rounds.Draft{Documents: rounds.Documents{Plan: []byte(`{"predicted": {"mean_ms": 1}}`)}, Memory: &optimize.Memory{Services: []string{"a"}}}, nil
		}); err != nil {
			t.Fatal(err)
		}
		last, err := s.Get(s.Latest())
		if err != nil {
			t.Fatal(err)
		}
		line, _ := h.of(s, last)
		if want := min(last.Number, maxPast); len(line) != want || len(h.known) > maxLook {
			t.Fatalf("round %d: %d rows of %d, %d summaries", last.Number, len(line), want, len(h.known))
		}
	}
}

func TestChanged(t *testing.T) {
	round := func(n int, plan, graph string) *rounds.Round {
		return &rounds.Round{Number: n, Documents: rounds.Documents{Plan: []byte(plan), Graph: []byte(graph)}}
	}
	before := round(1, `{"totals": {"cpu_limit": 1, "memory_limit": 1e9}, "sidecars": [{"service": "a", "cpu": 0.5}, {"service": "b", "cpu": 0.1}, {"service": "c", "cpu": 0.2}]}`,
		`{"edges": [{"from": "a", "to": "b"}]}`)
	now := new(view)
	if err := now.read(round(2, `{"totals": {"cpu_limit": 2, "memory_limit": 1e9}, "sidecars": [{"service": "a", "cpu": 0.3, "reason": "less"}, {"service": "b", "cpu": 0.1}, {"service": "d", "cpu": 0.15}]}`,
		`{"edges": [{"from": "a", "to": "d"}]}`)); err != nil {
		t.Fatal(err)
	}
	c, err := changed(before, now)
	if err != nil {
		t.Fatal(err)
	}
	f := func(v float64) *float64 { return &v }
	want := &change{Before: 1, Budget: []string{"2 cores instead of 1"}, NewCalls: []string{"a → d"}, OldCalls: []string{"a → b"}, Rows: []changeRow{
		{"a", f(0.5), f(0.3), -0.2, "less"},
		{"c", f(0.2), nil, -0.2, "it is not in this round's request"},
		{"d", nil, f(0.15), 0.15, ""},
	}}
	if d := cmp.Diff(want, c, cmpopts.EquateApprox(0, 1e-12)); d != "" {
		t.Error(d)
	}
}

// A picture is that of its round, whichever was asked for before.
func TestPictureOfEachRound(t *testing.T) {
	r := start(t, Options{Demo: true})
	r.post(fleet("/nowhere", 3, 2, 2, 2e9))
	for _, n := range []string{"1", "2", "1", "1", "latest", "2"} {
		a := r.get("/rounds/" + n + "/graph.svg")
		if got := strings.Contains(string(a.body), ">s1<"); got != (n != "1") {
			t.Errorf("round %s is drawn as the other one", n)
		}
	}
}

// The YAML to download is what the plan holds, a document each.
func TestYAML(t *testing.T) {
	r := start(t, Options{Demo: true})
	var plan struct {
		Resources []string `json:"istio_cr"`
	}
	if err := json.Unmarshal(r.get("/rounds/1").body, &plan); err != nil {
		t.Fatal(err)
	}
	a := r.get("/rounds/1/istio.yaml")
	if got := strings.Split(string(a.body), "---\n"); len(got) != len(plan.Resources) || got[0] != plan.Resources[0] {
		t.Errorf("%d documents of %d", len(got), len(plan.Resources))
	}
	if d := a.header.Get("Content-Disposition"); d != `attachment; filename="istio-round-1.yaml"` {
		t.Errorf("disposition %q", d)
	}
}
