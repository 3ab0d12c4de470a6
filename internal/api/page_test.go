package api

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

func TestPage(t *testing.T) {
	r := start(t, Options{Version: "v1.2.3"})
	r.post(fleet(mesh(t, t.TempDir(), 100), 3, 2, 2, 2e9))
	r.post(fleet("/nowhere", 3, 2, 2, 2e9))
	page := string(r.get("/").body)
	for _, want := range []string{"round 2", "<td>s0</td>", "cores", "/rounds/2/graph.dot", "Warnings", "does not exist", `href="/rounds/1"`, "v1.2.3"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not hold %q", want)
		}
	}
}

// The page's policy lets its own style in, and nothing else.
func TestPagePolicy(t *testing.T) {
	r := start(t, Options{})
	a := r.get("/")
	style := regexp.MustCompile(`(?s)<style>(.*)</style>`).FindSubmatch(a.body)
	if style == nil {
		t.Fatal("no style")
	}
	sum := sha256.Sum256(style[1])
	policy := a.header.Get("Content-Security-Policy")
	if !strings.Contains(policy, "'sha256-"+base64.StdEncoding.EncodeToString(sum[:])+"'") || !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") {
		t.Errorf("the policy is %q", policy)
	}
	if strings.Contains(string(a.body), "<script") {
		t.Error("there is a script")
	}
}

// Names are text on the page, whatever they hold.
func TestPageEscapes(t *testing.T) {
	r := start(t, Options{})
	for _, name := range []string{`<script>alert(1)</script>`, `"><img src=x onerror=alert(1)>`, `</title><svg onload=alert(1)>`, `{{.Style}}`, "javascript:alert(1)", "a&b<c"} {
		quoted, err := json.Marshal(name)
		if err != nil {
			t.Fatal(err)
		}
		if a := r.post(with(`"a"`, string(quoted))); a.status != 200 {
			t.Fatalf("%s: %d", name, a.status)
		}
		page := string(r.get("/").body)
		for _, bad := range []string{"<script", "<img", "<svg", "b<c"} {
			if strings.Contains(page, bad) {
				t.Errorf("%s: the page holds %s", name, bad)
			}
		}
	}
}

// A mesh of any size gives a page that can be read, and that says what it leaves out.
func TestPageIsBounded(t *testing.T) {
	r := start(t, Options{})
	for _, length := range []int{1, 1500} { // the longer names do not fit in the documents either
		var b strings.Builder
		for i := range 1000 {
			fmt.Fprintf(&b, `{"service_name": "%d%s", "pod_name": "p"},`, i, strings.Repeat("'<ü", length))
		}
		a := r.post(`{"accesslog_path": "/nowhere", "cpu_limit": 1e6, "memory_limit": 1e15, "containers": [` + b.String() + `]}`)
		if a.status != 200 {
			t.Fatalf("%d %.200s", a.status, a.body)
		}
		page := r.get("/").body
		more := regexp.MustCompile(`… and (\d+) more services`).FindSubmatch(page)
		if len(page) > 1_000_000 || more == nil || strings.Count(string(page), "<tr><td>")-2+atoi(more[1]) != 1000 {
			t.Errorf("%d bytes, %s", len(page), more)
		}
	}
}

func atoi(b []byte) int {
	n, _ := strconv.Atoi(string(b))
	return n
}
