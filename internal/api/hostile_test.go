package api

import (
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// with is a good request in which old is replaced by new.
func with(old, new string) string {
	return strings.Replace(`{"containers": [{"service_name": "a", "pod_name": "a-1", "container": "istio-proxy", "ip": "10.0.0.1", "cpu": 0.05, "memory": 6e7}], "accesslog_path": "/nowhere", "cpu_limit": 2, "memory_limit": 1e9}`, old, new, 1)
}

// refused are bodies and the status and words that they are refused with.
var refused = []struct {
	name, body string
	status     int
	says       string
}{
	{"empty", "", 400, "empty"},
	{"white space", "  \n", 400, "ends"},
	{"not JSON", "hello", 400, "hello"},
	{"array", "[]", 400, "a list"},
	{"null", "null", 400, "null"},
	{"true", "true", 400, "true"},
	{"truncated", with("", "")[:60], 400, "ends"},
	{"two", with("", "") + with("", ""), 400, "nothing after"},
	{"garbage after", with("", "") + "x", 400, "nothing after"},
	{"not UTF-8", "{\"containers\": \"\xff\xfe\"}", 400, "UTF-8"},
	{"deep", strings.Repeat("[", 100_000), 400, "a list"},
	{"deep inside", with(`"cpu_limit"`, `"x": `+strings.Repeat(`{"a":[`, 50_000)+`, "cpu_limit"`), 400, "nested"},
	{"containers string", with(`[{`, `"x", "y": [{`), 400, `containers: found "x"`},
	{"containers of numbers", with(`[{`, `[1, {`), 400, "containers[0]: found 1"},
	{"no containers", with(`"containers"`, `"x"`), 400, "containers: missing"},
	{"containers empty", with(`[{`, `[], "y": [{`), 400, "containers: found an empty list"},
	{"no service", with(`"service_name"`, `"x"`), 400, "containers[0].service_name"},
	{"no pod", with(`"pod_name"`, `"x"`), 400, "containers[0].pod_name"},
	{"service with a control character", with(`"a"`, `"a\u0000"`), 400, "U+0000"},
	{"pod with a control character", with(`"a-1"`, `"a\u009f"`), 400, "U+009F"},
	{"cpu string", with(`0.05`, `"many"`), 400, `containers[0].cpu: found "many"`},
	{"cpu negative", with(`0.05`, `-0.05`), 400, "containers[0].cpu: found -0.05"},
	{"memory NaN", with(`6e7`, `NaN`), 400, "containers[0].memory: found NaN"},
	{"ip number", with(`"10.0.0.1"`, `10`), 400, "containers[0].ip: found 10"},
	{"no path", with(`"accesslog_path"`, `"x"`), 400, "accesslog_path: missing"},
	{"path empty", with(`"/nowhere"`, `""`), 400, "accesslog_path: missing"},
	{"path number", with(`"/nowhere"`, `7`), 400, "accesslog_path: found 7"},
	{"no cpu_limit", with(`"cpu_limit"`, `"x"`), 400, "cpu_limit: missing"},
	{"cpu_limit string", with(`: 2,`, `: "many",`), 400, `cpu_limit: found "many"`},
	{"cpu_limit negative", with(`: 2,`, `: -1,`), 400, "cpu_limit: found -1"},
	{"cpu_limit infinite", with(`: 2,`, `: Infinity,`), 400, "cpu_limit: found Infinity"},
	{"memory_limit huge", with(`1e9`, `1e999`), 400, "memory_limit: found 1e999"},
	{"memory_limit null", with(`1e9`, `null`), 400, "memory_limit: missing"},
	{"cpu under the floor", with(`: 2,`, `: 0.0999,`), 422, "0.1 cores"},
	{"cpu zero", with(`: 2,`, `: 0,`), 422, "0.1 cores"},
	{"memory under the floor", with(`1e9`, `127999999`), 422, "128000000 bytes"},
}

func TestOptimizeRefuses(t *testing.T) {
	r := start(t, Options{})
	for _, c := range refused {
		r.problem(c.name, r.post(c.body), c.status, c.says)
		// A body whose length nobody tells is refused in the same words.
		r.problem(c.name+", chunked", r.do("POST", "/optimize", struct{ *strings.Reader }{strings.NewReader(c.body)}), c.status, c.says)
	}
	t.Logf("%d bodies", 2*len(refused))
	if a := r.post(with("", "")); a.status != 200 {
		t.Errorf("the good one: %d %s", a.status, a.body)
	}
	if strings.Contains(r.log.String(), `"level":"error"`) {
		t.Errorf("the log has errors: %s", r.log)
	}
}

// accepted are requests that look odd and are none the worse for it.
func TestOptimizeAccepts(t *testing.T) {
	r := start(t, Options{})
	for name, body := range map[string]string{
		"limits equal to the floors": with(`"cpu_limit": 2, "memory_limit": 1e9`, `"cpu_limit": 0.1, "memory_limit": 128000000`),
		"the largest limits":         with(`"cpu_limit": 2, "memory_limit": 1e9`, `"cpu_limit": 1.7e308, "memory_limit": 1.7e308`),
		"huge usage":                 with(`0.05, "memory": 6e7`, `1e308, "memory": 1.7e308`),
		"tiny usage":                 with(`0.05, "memory": 6e7`, `1e-320, "memory": 1e-320`),
		"unknown everything":         with(`"container": "istio-proxy", "ip": "10.0.0.1", "cpu": 0.05, "memory": 6e7`, `"container": null, "ip": "", "cpu": null, "memory": null, "namespace": ""`),
		"comments and commas":        with(`"cpu_limit": 2,`, "/* , */ \"cpu_limit\": 2, // two\n"),
		"markup for names":           with(`"a", "pod_name": "a-1"`, `"<script>alert('x')</script>{{.}}", "pod_name": "../../etc/passwd"`),
		"quotes and spaces":          with(`"a", "pod_name": "a-1"`, `" \" ' \\ %s $(id)\u2028\u202e", "pod_name": "😀"`),
		"a long name":                with(`"a", "pod_name": "a-1"`, `"`+strings.Repeat("n", 100_000)+`", "pod_name": "`+strings.Repeat("p", 100_000)+`"`),
		"an odd address":             with(`10.0.0.1`, `[::1]:99999; DROP`),
	} {
		a := r.post(body)
		if a.status != 200 {
			t.Errorf("%s: %d %.300s", name, a.status, a.body)
		}
		for _, path := range []string{"/", "/rounds/latest", "/rounds/latest/graph", "/rounds/latest/graph.dot", "/rounds", "/metrics"} {
			if a := r.get(path); a.status != 200 || len(a.body) >= 2_000_000 {
				t.Errorf("%s: GET %s: %d, %d bytes", name, path, a.status, len(a.body))
			}
		}
	}
}

// A log that cannot be used is a warning, and the plan is feasible.
func TestOptimizeWithBadLogs(t *testing.T) {
	r := start(t, Options{})
	dir := t.TempDir()
	good, err := os.ReadFile(mesh(t, dir, 50))
	if err != nil {
		t.Fatal(err)
	}
	paths := map[string]string{"missing": filepath.Join(dir, "nowhere"), "a folder": dir, "a device": "/dev/zero", "a terminal": "/dev/tty", "below a file": filepath.Join(dir, "accesslog", "x"), "with a NUL": dir + "\x00", "much too long": "/" + strings.Repeat("x/", 10_000)}
	for name, b := range map[string]string{
		"empty": "", "binary": "\x00\xff\x1f\x8b\b", "cut": string(good[:len(good)/2+7]), "noise": "{bad\n", "nulls": strings.Repeat("null\n", 100),
		"wrong types": `{"downstream_remote_address": 5, "upstream_host": [1], "duration": "slow", "upstream_cluster": {}}` + "\n", "one long line": strings.Repeat("x", 5<<20),
	} {
		paths[name] = filepath.Join(dir, name)
		if err := os.WriteFile(paths[name], []byte(b), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	paths["a pipe"] = filepath.Join(dir, "pipe")
	if err := syscall.Mkfifo(paths["a pipe"], 0o600); err != nil {
		t.Fatal(err)
	}
	for name, path := range paths {
		req := fleet(strings.ToValidUTF8(path, "?"), 3, 2, 2, 1e9)
		req = strings.ReplaceAll(req, `\x00`, `\u0000`)
		feasible(t, req, r.post(req))
		if doc := r.get("/rounds/latest"); name != "cut" && !strings.Contains(string(doc.body), `"warnings": [`+"\n") {
			t.Errorf("%s: no warning in %s", name, doc.body)
		}
	}
}

// What is in a file that is no log comes out nowhere.
func TestNothingQuotesFiles(t *testing.T) {
	r := start(t, Options{})
	path := filepath.Join(t.TempDir(), "key")
	if err := os.WriteFile(path, []byte("-----BEGIN SECRET-----\nhunter2 {\"hunter3\": 4}\n[\"hunter5\"]\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	a := r.post(with("/nowhere", path))
	all := string(a.body) + r.log.String()
	for _, p := range []string{"/", "/rounds", "/rounds/1/graph", "/rounds/1/graph.dot", "/metrics"} {
		all += string(r.get(p).body)
	}
	for _, secret := range []string{"SECRET", "hunter"} {
		if strings.Contains(all, secret) {
			t.Errorf("%q is told", secret)
		}
	}
}

func TestContentEncodingIsRefused(t *testing.T) {
	r := start(t, Options{})
	req, _ := http.NewRequest("POST", r.http.URL+"/optimize", strings.NewReader(with("", "")))
	req.Header.Set("Content-Encoding", "gzip")
	r.problem("gzip", r.send(req), 415, "Content-Encoding")
}

// FuzzOptimize: whatever is posted, and whatever the log holds, the answer is a
// feasible plan or a refusal that names a field.
func FuzzOptimize(f *testing.F) {
	for _, c := range refused {
		if len(c.body) < 1000 {
			f.Add(c.body, "")
		}
	}
	good := `{"upstream_cluster": "inbound|9080||", "downstream_remote_address": "10.9.9.9:1", "upstream_host": "10.0.0.1:9080", "request_id": "r", "start_time": "2026-01-02T03:04:05.678Z", "duration": 5, "path": "/"}`
	f.Add(with("", ""), good+"\n"+good)
	f.Fuzz(func(t *testing.T, body, log string) {
		s, err := New(Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer s.Close()
		path := filepath.Join(t.TempDir(), "log")
		if err := os.WriteFile(path, []byte(log), 0o600); err != nil {
			t.Fatal(err)
		}
		a := serve(s, strings.Replace(body, "/nowhere", path, 1))
		switch a.status {
		case 200, 400, 413, 422:
		default:
			t.Fatalf("status %d: %s", a.status, a.body)
		}
		if a.status == 200 && a.header.Get("Content-Type") != "application/json" {
			t.Fatalf("%v", a.header)
		}
	})
}
