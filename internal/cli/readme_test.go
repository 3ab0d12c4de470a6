package cli_test

import (
	"bytes"
	"context"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/sluice-mesh/sluice/internal/cli"
)

// fence is a fenced block of a page: what follows the fence, and the text in it.
type fence struct{ kind, text string }

func fences(t *testing.T, page string) []fence {
	t.Helper()
	b, err := os.ReadFile(page)
	if err != nil {
		t.Fatal(err)
	}
	var all []fence
	for _, m := range regexp.MustCompile("(?ms)^```(\\w*)\n(.*?)^```$").FindAllStringSubmatch(string(b), -1) {
		all = append(all, fence{m[1], m[2]})
	}
	return all
}

// TestReadme runs the commands of the README's sh blocks, in their order: the
// server on a port of its own, and the JSON that is shown as request.json.
func TestReadme(t *testing.T) {
	script, files := pageScript(t, "../../README.md")
	for _, want := range []string{"sluice serve --demo", "sluice plan", "curl "} {
		if !strings.Contains(script, want) {
			t.Errorf("the README does not show %q", want)
		}
	}
	runScript(t, script+"kill -INT server\nwait server\n"+files)
}

// TestManuals runs the commands of the sh blocks in the other pages for users.
func TestManuals(t *testing.T) {
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	commands := 0
	for _, page := range pages {
		script, files := pageScript(t, page)
		if n := strings.Count(script, "exec "); n > 0 {
			commands += n
			t.Run(filepath.Base(page), func(t *testing.T) { runScript(t, script+files) })
		}
	}
	if commands < 5 {
		t.Errorf("only %d commands were found", commands)
	}
}

// pageScript is the commands that a page shows, and the files that they read.
func pageScript(t *testing.T, page string) (string, string) {
	t.Helper()
	var script, files strings.Builder
	for _, f := range fences(t, page) {
		switch f.kind {
		case "json":
			files.WriteString("-- request.json --\n" + f.text)
		case "sh":
			for line := range strings.Lines(f.text) {
				script.WriteString(scriptLine(t, line))
			}
		}
	}
	return script.String(), files.String()
}

func runScript(t *testing.T, text string) {
	t.Helper()
	file := filepath.Join(t.TempDir(), "page.txtar")
	if err := os.WriteFile(file, []byte(text), 0o644); err != nil {
		t.Fatal(err)
	}
	p := params()
	p.Files = []string{file}
	testscript.Run(t, p)
}

// scriptLine is a line of the README as a script has it.
func scriptLine(t *testing.T, line string) string {
	t.Helper()
	line, _, _ = strings.Cut(line, " #")
	line = strings.TrimSpace(line)
	line = strings.ReplaceAll(line, "localhost:3001", "127.0.0.1:$PORT")
	args, ours := strings.CutPrefix(strings.TrimPrefix(line, "go run ./cmd/"), "sluice ")
	switch {
	case line == "", line == "go test ./...": // the latter is what runs this
		return "\n"
	case ours && strings.HasPrefix(args, "serve"):
		return "exec sluice " + args + " --listen 127.0.0.1:$PORT &server&\nready http://127.0.0.1:$PORT\n"
	case ours:
		return "exec sluice " + args + "\nstdout .\n"
	case strings.HasPrefix(line, "curl "):
		return "exec " + line + "\nstdout .\n"
	}
	t.Errorf("this test does not know how to run a page's %q: teach it, or use a console block for what cannot be run here", line)
	return "\n"
}

// TestReadmeCommands: whatever `sluice WORD` the pages mention is a command.
func TestReadmeCommands(t *testing.T) {
	var help bytes.Buffer
	cli.Main(context.Background(), cli.Env{Stdout: &help}, []string{"--help"})
	var commands []string
	for _, m := range regexp.MustCompile(`(?m)^  (\w+) +[A-Z]`).FindAllStringSubmatch(help.String(), -1) {
		commands = append(commands, m[1])
	}
	if len(commands) < 7 {
		t.Fatalf("the help lists only %q", commands)
	}
	mention := regexp.MustCompile("`sluice ([a-z]+)")
	pages, err := filepath.Glob("../../docs/*.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, page := range append(pages, "../../README.md", "../../CHANGELOG.md") {
		b, err := os.ReadFile(page)
		if err != nil {
			t.Fatal(err)
		}
		for _, m := range mention.FindAllStringSubmatch(string(b), -1) {
			if !slices.Contains(commands, m[1]) {
				t.Errorf("%s mentions `sluice %s`, which is no command", page, m[1])
			}
		}
	}
}
