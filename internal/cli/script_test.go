package cli_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"os/signal"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/sluice-mesh/sluice/internal/cli"
)

// TestMain lets scripts run this test binary as the commands that they need.
func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"sluice": sluice, "curl": curl})
}

// sluice is cmd/sluice.
func sluice() {
	signal.Ignore(syscall.SIGPIPE)
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	os.Exit(cli.Main(ctx, cli.System(), os.Args[1:]))
}

// curl is as much of curl as the README uses, for machines that have none.
func curl() {
	method, url, body := http.MethodGet, "", io.Reader(nil)
	for i := 1; i < len(os.Args); i++ {
		switch a := os.Args[i]; {
		case a == "-d":
			i++
			method, body = http.MethodPost, curlBody(os.Args[i])
		case !strings.HasPrefix(a, "-"):
			url = a
		}
	}
	if !strings.Contains(url, "://") {
		url = "http://" + url
	}
	req, err := http.NewRequest(method, url, body)
	if err != nil {
		fail(err)
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		fail(err)
	}
	defer resp.Body.Close()
	if _, err := io.Copy(os.Stdout, resp.Body); err != nil {
		fail(err)
	}
	if resp.StatusCode >= 400 {
		fail(errors.New(resp.Status))
	}
}

func curlBody(arg string) io.Reader {
	name, ok := strings.CutPrefix(arg, "@")
	if !ok {
		return strings.NewReader(arg)
	}
	f, err := os.Open(name)
	if err != nil {
		fail(err)
	}
	return f
}

func fail(err error) {
	fmt.Fprintln(os.Stderr, "curl:", err)
	os.Exit(22)
}

func TestScript(t *testing.T) {
	p := params()
	p.Dir = "testdata/script"
	testscript.Run(t, p)
}

// params is what all scripts have: the commands below, and free ports in $PORT and $DEBUGPORT.
func params() testscript.Params {
	return testscript.Params{
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"status": status,
			"member": member,
			"ready":  ready,
			"tear": func(ts *testscript.TestScript, _ bool, args []string) {
				text := ts.ReadFile(args[0])
				ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(text[:len(text)/2]), 0o644))
			},
			"oneline": func(ts *testscript.TestScript, _ bool, args []string) {
				if text := ts.ReadFile(args[0]); strings.Count(text, "\n") != 1 {
					ts.Fatalf("want one line in %s:\n%s", args[0], text)
				}
			},
		},
		Setup: func(env *testscript.Env) error {
			for _, name := range []string{"PORT", "DEBUGPORT"} {
				port, err := freePort()
				if err != nil {
					return err
				}
				env.Setenv(name, port)
			}
			return nil
		},
	}
}

// status CODE COMMAND… runs a command, which must end with that exit status.
func status(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		var exit *exec.ExitError
		if !errors.As(err, &exit) {
			ts.Fatalf("%v", err)
		}
		got = exit.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit status %d, want %d", got, want)
	}
}

// member FILE KEY… [= VALUE] looks a value up in a JSON document: keys name
// members and number elements.
func member(ts *testscript.TestScript, neg bool, args []string) {
	var v any
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &v))
	want, compare := "", false
	keys := args[1:]
	if n := len(keys); n > 2 && keys[n-2] == "=" {
		want, compare, keys = keys[n-1], true, keys[:n-2]
	}
	for _, k := range keys {
		next, ok := lookup(v, k)
		if !ok {
			if neg {
				return
			}
			ts.Fatalf("no %s in %s", strings.Join(keys, "."), args[0])
		}
		v = next
	}
	got, err := json.Marshal(v)
	ts.Check(err)
	if compare && (strings.Trim(string(got), `"`) == want) == neg {
		ts.Fatalf("%s is %s, want %s", strings.Join(keys, "."), got, want)
	}
}

func lookup(v any, key string) (any, bool) {
	switch v := v.(type) {
	case map[string]any:
		next, ok := v[key]
		return next, ok
	case []any:
		i, err := strconv.Atoi(key)
		if err != nil || i >= len(v) {
			return nil, false
		}
		return v[i], true
	}
	return nil, false
}

// ready URL waits until a server answers there.
func ready(ts *testscript.TestScript, _ bool, args []string) {
	var err error
	for range 300 {
		var resp *http.Response
		if resp, err = http.Get(args[0] + "/ready"); err == nil {
			resp.Body.Close()
			if resp.StatusCode == http.StatusOK {
				return
			}
			err = errors.New(resp.Status)
		}
		time.Sleep(50 * time.Millisecond)
	}
	ts.Fatalf("no server is ready: %v", err)
}

// freePort is a port that nobody listens on just now.
func freePort() (string, error) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return "", err
	}
	defer l.Close()
	_, port, err := net.SplitHostPort(l.Addr().String())
	return port, err
}
